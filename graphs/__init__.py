if not __name__.startswith("mirrorplay."):
    raise ImportError("import mirrorplay.graphs, not graphs")
