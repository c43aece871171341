"""`python -m mirrorplay.runs.cli`, where the script `mirrorplay` is not on the path."""

from mirrorplay.runs.cli import main

main()
