if not __name__.startswith("mirrorplay."):
    raise ImportError("import mirrorplay.personas, not personas")
