"""An item of an instrument: what it rates, on which scale, and how it is worked out.

Items are data, one YAML file an instrument: what its items share (`low`, `high`, `direction`,
`source`, …) and `items`. `subsets` names instruments that are some of these items under an id of
their own. An item is one of three things:

    terms     low + (high - low) * clamp(base + sum(weight * min(1, feature / full_at)))
              over features in [0, 1]
    measure   a figure read off the tape on its own scale, held to [low, high]
    mean_of   the mean of other items of the same instrument

A term whose feature cannot be told drops out and the other positive terms take over its weight; an
item that loses more than half of its weight, or a feature it `needs`, is absent. All weights are
hypotheses (H) of this project, not estimates. Texts are paraphrases in our own words; the
publishers' texts are not shipped.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, model_validator

from mirrorplay.personas.document import Marked, read_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen, Unit
from mirrorplay.policies.instruments.features import FEATURES, MEASURES

FILES = ("ctrs11", "wai12", "panas", "miti", "rupture", "resistance_trajectory", "talk",
         "disclosure", "fidelity")  # fmt: skip
Sheet = TypeVar("Sheet", bound=Frozen)
Direction = Literal["higher_is_better", "higher_is_worse", "neither"]


class Term(Frozen):
    """One feature of the tape in an item's formula."""

    feature: str
    weight: Annotated[float, Field(ge=-1.0, le=1.0)]
    full_at: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """The value at which the feature counts in full."""


class Item(Frozen):
    """`direction` says what a high value means. `low` and `high` are the ends of the scale."""

    instrument: str
    item: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    low: float
    high: float
    direction: Direction
    paraphrase: Annotated[str, Field(min_length=1, max_length=300)]
    source: Annotated[str, Field(min_length=1, max_length=300)]
    imputed: bool = False
    """The original is a self-report; here an observer guesses it from a transcript."""
    base: Unit = 0.0
    terms: tuple[Term, ...] = ()
    needs: tuple[str, ...] = ()
    """Features without which there is nothing to rate."""
    measure: str | None = None
    mean_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> "Item":
        if not self.low < self.high:
            raise ValueError(f"the scale runs from {self.low:g} to {self.high:g}")
        if sum((bool(self.terms), self.measure is not None, bool(self.mean_of))) != 1:
            raise ValueError("an item has terms, a measure or mean_of: exactly one of them")
        return self


@dataclass(frozen=True, slots=True)
class Instrument:
    """A set of items under one id. `imputed`: the original is a self-report, guessed here.
    `whole` is the instrument it is a subset of, or its own id."""

    id: str
    title: str
    source: str
    imputed: bool
    items: tuple[Item, ...]
    whole: str


@lru_cache(maxsize=1)
def instruments() -> tuple[Instrument, ...]:
    """Every instrument: its items with range, direction and source."""
    folder = Path(__file__).parent
    return tuple(one for name in FILES for one in read_instruments(folder / f"{name}.yaml"))


def items() -> tuple[Item, ...]:
    """Every item of every instrument, in the order of the files."""
    return tuple(item for instrument in instruments() for item in instrument.items)


def items_of(instrument: str) -> tuple[Item, ...]:
    """The items of one instrument. Raises UserError when there is no such instrument."""
    return instrument_of(instrument).items


def instrument_of(name: str) -> Instrument:
    """The instrument of this id. Raises UserError when there is no such instrument."""
    known = _by_id()
    if name not in known:
        raise UserError(
            f"no instrument {name!r}",
            where="instruments",
            allowed=known,
            hint=nearest(name, known),
        )
    return known[name]


@lru_cache(maxsize=1)
def _by_id() -> dict[str, Instrument]:
    return {one.id: one for one in instruments()}


class _Subset(Frozen):
    title: str
    items: tuple[str, ...] = Field(min_length=1)


class _Sheet(Frozen):
    """What a file says besides what its items share."""

    instrument: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    items: tuple[dict[str, Any], ...] = Field(min_length=1)
    subsets: dict[str, _Subset] = Field(default_factory=dict)


def read_instruments(path: Path) -> tuple[Instrument, ...]:
    """The instrument of a file and its subsets. Raises UserError, naming the line, for a feature,
    item or measure that there is not, a value out of range, or an item that is there twice."""
    document = read_yaml(path)
    table: Any = document.value
    if not isinstance(table, dict):
        raise UserError("not an instrument", where=document.name, allowed="a table with items")
    own = {name: table[name] for name in _Sheet.model_fields if name in table}
    sheet = _valid(_Sheet, own, document, ())
    shared = {"instrument": sheet.instrument}
    shared |= {name: value for name, value in table.items() if name not in _Sheet.model_fields}
    read: dict[str, Item] = {}
    for at, entry in enumerate(sheet.items):
        item = _valid(Item, {**shared, **entry}, document, ("items", at))
        if item.item in read:
            raise UserError(f"{item.item!r} is there twice", where=document.where(("items", at)))
        _check_names(item, at, document, read)
        read[item.item] = item
    found = [_instrument(sheet.instrument, sheet.title, tuple(read.values()), sheet.instrument)]
    for name, subset in sheet.subsets.items():
        for member in subset.items:
            if member not in read:
                raise UserError(
                    f"{name!r} has no item {member!r}",
                    where=document.where(("subsets", name)),
                    allowed=read,
                )
        chosen = tuple(read[member] for member in subset.items)
        found.append(_instrument(name, subset.title, chosen, sheet.instrument))
    return tuple(found)


def _valid(
    model: type[Sheet], data: dict[str, Any], document: Marked, at: tuple[str | int, ...]
) -> Sheet:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        named = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{named + ': ' if named else ''}{first['msg']}",
            where=document.where((*at, *first["loc"])),
        ) from None


def _instrument(name: str, title: str, chosen: tuple[Item, ...], whole: str) -> Instrument:
    renamed = tuple(item.model_copy(update={"instrument": name}) for item in chosen)
    return Instrument(
        id=name,
        title=title,
        source=chosen[0].source,
        imputed=any(item.imputed for item in chosen),
        items=renamed,
        whole=whole,
    )


def _check_names(item: Item, at: int, document: Marked, earlier: dict[str, Item]) -> None:
    """Every feature, measure and item that is named must exist."""
    asked = [*(term.feature for term in item.terms), *item.needs]
    for kind, names, known in (
        ("feature", asked, list(FEATURES)),
        ("measure", [item.measure] if item.measure else [], list(MEASURES)),
        ("earlier item", item.mean_of, list(earlier)),
    ):
        for name in names:
            if name not in known:
                raise UserError(
                    f"{item.item!r}: no {kind} {name!r}",
                    where=document.where(("items", at)),
                    allowed=known,
                    hint=nearest(name, known),
                )
