"""An item of an instrument: what it rates, on which scale, and the formula that rates it.

Items are data (`items.yaml`). An item's value is

    low + (high - low) * clamp(base + sum(weight * min(1, feature / full_at)))

over the features of `tape.py`, each in [0, 1]. All weights are hypotheses (H) of this project, not
estimates. Item texts are paraphrases in our own words; the publishers' texts are not shipped.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from mirrorplay.personas.document import read_yaml
from mirrorplay.personas.schema import Frozen, Unit


class Term(Frozen):
    """One feature of the tape in an item's formula."""

    feature: str
    weight: Annotated[float, Field(ge=-1.0, le=1.0)]
    full_at: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """The share at which the feature counts in full."""


class Item(Frozen):
    """`direction` says what a high value means: "higher_is_better" or "higher_is_worse"."""

    instrument: str
    item: str
    low: float
    high: float
    direction: str
    paraphrase: str
    source: str
    imputed: bool = False
    """The original is a self-report; here an observer guesses it from a transcript."""
    base: Unit = 0.0
    terms: tuple[Term, ...] = ()


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """Every item of every instrument, in the order of the file."""
    tables: list[dict[str, Any]] = read_yaml(Path(__file__).with_name("items.yaml")).value
    found: list[Item] = []
    for table in tables:
        shared = {key: value for key, value in table.items() if key != "items"}
        found += [Item.model_validate({**shared, **item}) for item in table["items"]]
    return tuple(found)


def items_of(instrument: str) -> tuple[Item, ...]:
    """The items of one instrument. Raises KeyError when there is no such instrument."""
    found = tuple(item for item in items() if item.instrument == instrument)
    if not found:
        raise KeyError(instrument)
    return found
