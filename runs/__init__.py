if not __name__.startswith("mirrorplay."):
    raise ImportError("import mirrorplay.runs, not runs")
