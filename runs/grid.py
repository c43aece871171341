"""The cells of an ablation: every combination of the grid's levels, as configurations.

A level is a plain value, a block, or `{name, value}`; a block replaces the whole block. Keys joined
by a comma vary together. `exclude` lists combinations to leave out. Only what happens in a session
may vary: who is sampled, and how a run is executed, is the same for all cells.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from math import prod
from typing import Any, Final

from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.personas.schema import Frozen
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.draft import Draft
from mirrorplay.runs.mistakes import Where, known_keys, unknown_key, validated
from mirrorplay.runs.values import shown

MAX_CELLS: Final = 10_000
MAX_NAME: Final = 100
"""Characters of a cell's name."""

_VARYING_BLOCKS: Final = frozenset(
    {"graph", "client", "face", "perceiver", "therapist", "supervisor", "judge"}
)
_VARYING_KEYS: Final = frozenset({"session.max_exchanges", "sample.resistance", "sample.intensity"})
_VARYING: Final = ", ".join(
    [f"{block}.*" for block in sorted(_VARYING_BLOCKS)] + sorted(_VARYING_KEYS)
)
_UNSAFE = re.compile(r"[^A-Za-z0-9=,+._-]+")

Origin = Callable[[str], str | None]
"""Where a dotted key of the grid, or `exclude`, came from."""


class Cell(Frozen):
    """One combination. An empty grid is one cell named `all`."""

    name: str
    """Short and unique in the grid: `mode=text,dynamics=full`."""
    factors: dict[str, Any]
    """Dotted key → level: the value, or its name where it has one."""
    config: RunConfig
    """What this cell runs; its own grid is empty."""


@dataclass(frozen=True, slots=True)
class _Level:
    """Keys that are set together, what the factor column says, and the piece of the cell's name."""

    values: dict[str, Any]
    factors: dict[str, Any]
    label: str


def factor_keys(config: RunConfig) -> tuple[str, ...]:
    """The dotted keys that the grid varies."""
    return tuple(key for joined in config.grid if joined != "exclude" for key in _split(joined))


def cells(config: RunConfig, where: Where | None = None) -> tuple[Cell, ...]:
    """Every cell, validated, in the order of the grid with the last factor fastest.

    where: origin of a key path, for messages. Raises UserError for a key that is unknown or may not
    vary, levels that are no list, an impossible or excluded-away grid, more than 10,000 cells.
    """

    def origin(key: str) -> str | None:
        joined = next((j for j in config.grid if key in _split(j)), None)
        return where(("grid", joined) if joined else ("grid",)) if where else None

    keys = factor_keys(config)
    _check_keys(keys, origin)
    factors = [
        _levels(joined, given, keys, origin(_split(joined)[0]))
        for joined, given in config.grid.items()
        if joined != "exclude"
    ]
    if prod(map(len, factors)) > MAX_CELLS:
        raise UserError(
            f"grid has {prod(map(len, factors)):,} combinations",
            where=origin(""),
            allowed=f"up to {MAX_CELLS:,}",
            hint="join keys that vary together with a comma",
        )
    excluded = _exclusions(config.grid.get("exclude", []), factors, origin("exclude"))
    kept = [combination for combination in product(*factors) if not _drops(excluded, combination)]
    if not kept:
        raise UserError("grid.exclude leaves no combination", where=origin("exclude"))
    base = {**config.model_dump(), "grid": {}}
    return tuple(
        _cell(name, combination, base, config, origin)
        for name, combination in zip(_names(kept), kept, strict=True)
    )


def _split(joined: str) -> list[str]:
    return [key.strip() for key in joined.split(",")]


def _check_keys(keys: Sequence[str], origin: Origin) -> None:
    known = known_keys()
    for key in keys:
        where = origin(key)
        arguments = any(key.startswith(f"{k}.") for k in known if k.endswith(".args"))
        if key not in known and not arguments:
            raise unknown_key(key, where)
        if key.partition(".")[0] not in _VARYING_BLOCKS and key not in _VARYING_KEYS:
            raise UserError(
                f"{key!r} cannot vary in a grid",
                where=where,
                allowed=_VARYING,
                hint="use sample.replicates for other draws" if key == "seed" else None,
            )
        for other in keys:
            if other.startswith(f"{key}.") or keys.count(key) > 1:
                raise UserError(
                    f"{key!r} and {other!r} both vary" if other != key else f"{key!r} varies twice",
                    where=where,
                    hint="join them with a comma, or give whole blocks",
                )


def _levels(joined: str, given: Any, keys: Sequence[str], where: str | None) -> list[_Level]:
    if not isinstance(given, list | tuple) or not given:
        raise UserError(
            f"grid.{joined}: {shown(given)} is not a list of values",
            where=where,
            allowed="a list with at least one value",
            hint="write dotted keys: grid: {therapist.mode: [text, p]}"
            if isinstance(given, dict)
            else None,
        )
    levels = [_level(joined, value, index, keys, where) for index, value in enumerate(given, 1)]
    for index, level in enumerate(levels):
        if any(other.factors == level.factors for other in levels[:index]):
            raise UserError(f"grid.{joined} holds {shown(given[index])} twice", where=where)
    labels = Counter(level.label for level in levels)
    return [
        level
        if labels[level.label] == 1
        else _Level(level.values, level.factors, f"{level.label}-{n}")
        for n, level in enumerate(levels, 1)
    ]


def _level(joined: str, value: Any, index: int, keys: Sequence[str], where: str | None) -> _Level:
    name = None
    if isinstance(value, dict) and value.keys() == {"name", "value"}:
        name, value = value["name"], value["value"]
        if not isinstance(name, str) or not _UNSAFE.sub("", name):
            raise UserError(
                f"grid.{joined}: {shown(name)} is not a name", where=where, allowed="text"
            )
    own = _split(joined)
    if len(own) == 1:
        values = {own[0]: value}
    elif isinstance(value, list | tuple) and len(value) == len(own):
        values = dict(zip(own, value, strict=True))
    else:
        raise UserError(
            f"grid.{joined}: {shown(value)} does not fit the {len(own)} keys",
            where=where,
            allowed=f"lists of {len(own)} values, one for each key",
        )
    if name is not None and len(own) == 1:
        return _Level(values, {own[0]: name}, f"{_short(own[0], keys)}={name}")
    label = name or ",".join(f"{_short(k, keys)}={_label(v, index)}" for k, v in values.items())
    return _Level(values, values, label)


def _short(key: str, keys: Sequence[str]) -> str:
    """The last part of a key, or all of it where two factors share that part."""
    last = _last(key)
    return last if sum(_last(other) == last for other in keys) == 1 else key


def _last(key: str) -> str:
    return key.removesuffix(".kind").rpartition(".")[2]


def _label(value: Any, index: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return str(value.get("kind", index))
    if isinstance(value, list | tuple):
        return "+".join(_label(part, index) for part in value)
    return json.dumps(value)


def _exclusions(
    given: Any, factors: Sequence[Sequence[_Level]], where: str | None
) -> list[dict[str, Any]]:
    if not isinstance(given, list | tuple):
        raise UserError(
            f"grid.exclude: {shown(given)} is not a list", where=where, allowed="a list of mappings"
        )
    known: dict[str, list[Any]] = {}
    for level in (level for levels in factors for level in levels):
        for key in level.values:
            known.setdefault(key, []).extend([level.values[key], level.factors[key]])
    for one in given:
        if not isinstance(one, dict) or not one:
            raise UserError(
                f"grid.exclude: {shown(one)} is not a combination",
                where=where,
                allowed="a mapping of grid keys to values, such as {therapist.mode: text}",
            )
        for key, value in one.items():
            if key not in known:
                raise UserError(
                    f"grid.exclude: {key!r} is not a key of this grid",
                    where=where,
                    allowed=list(known),
                    hint=nearest(key, known),
                )
            if value not in known[key]:
                texts = list(dict.fromkeys(shown(level) for level in known[key]))
                raise UserError(
                    f"grid.exclude: {key}: {shown(value)} is not a value of this grid",
                    where=where,
                    allowed=texts,
                )
    return list(given)


def _drops(excluded: Sequence[dict[str, Any]], combination: Sequence[_Level]) -> bool:
    values = {key: value for level in combination for key, value in level.values.items()}
    named = {key: value for level in combination for key, value in level.factors.items()}
    return any(
        all(value in (values[key], named[key]) for key, value in one.items()) for one in excluded
    )


def _names(combinations: Sequence[Sequence[_Level]]) -> Iterator[str]:
    names = [_UNSAFE.sub("-", ",".join(level.label for level in one)) for one in combinations]
    count = Counter(names)
    for name, combination in zip(names, combinations, strict=True):
        if not combination:
            yield "all"
        elif len(name) <= MAX_NAME and count[name] == 1:
            yield name
        else:
            factors = json.dumps([level.factors for level in combination], sort_keys=True)
            mark = blake2b(factors.encode(), digest_size=4).hexdigest()
            yield f"{name[: MAX_NAME - 9]}-{mark}"


def _cell(
    name: str,
    combination: Sequence[_Level],
    base: dict[str, Any],
    config: RunConfig,
    origin: Origin,
) -> Cell:
    draft = Draft(base, {})
    try:
        for level in combination:
            for key, value in level.values.items():
                draft.assign(tuple(key.split(".")), value, origin(key) or "")
        checked = validated(draft.settled(), draft.where)
        _check_restriction(config, checked, origin("sample.resistance"))
    except UserError as error:
        raise UserError(
            f"in cell {name!r}: {error.what}",
            where=error.where or None,
            allowed=error.allowed,
            hint=error.hint,
        ) from None
    factors = {key: value for level in combination for key, value in level.factors.items()}
    return Cell(name=name, factors=factors, config=checked)


def _check_restriction(base: RunConfig, cell: RunConfig, where: str | None) -> None:
    """A cell can leave clients out; it cannot bring in others."""
    clients, kept = base.sample.resistance, cell.sample.resistance
    if "default" in (clients, kept):
        return
    added = [one for one in kept if one not in clients]
    if added:
        raise UserError(
            f"sample.resistance {added[0]!r} is not among the clients of the run",
            where=where,
            allowed=clients,
            hint="a grid restricts sample.resistance: list every type there",
        )
