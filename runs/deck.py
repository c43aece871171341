"""Faces of a finished run, for controls that show a client somebody else's."""

from functools import lru_cache

from mirrorplay.agents.faces.controls import Deck, Owner
from mirrorplay.policies.expression import Expression
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.store import iter_rows

COLUMNS = ("cell", "persona", "resistance", "replicate", "turns.expression")


@lru_cache(maxsize=2)
def read_deck(run: str) -> Deck:
    """The expressions of each session of a run, read once in each process. Of several cells the
    first counts: its clients are everybody's. Raises UserError for a directory that is no run."""
    import json

    cards: dict[Owner, tuple[Expression, ...]] = {}
    first: str | None = None
    for row in iter_rows(RunDirectory.open(run).path, COLUMNS):
        first = first or row["cell"]
        if row["cell"] != first:
            continue
        persona = json.loads(row["persona"])
        owner = (
            persona.get("twin_of") or persona["id"],
            row["resistance"]["type"],
            row["replicate"],
        )
        cards[owner] = tuple(
            Expression.model_validate(turn["expression"])
            for turn in row["turns"]
            if turn["expression"] is not None
        )
    return cards
