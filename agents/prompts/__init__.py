"""What models are told, as data files, and the loader that fills them in."""
