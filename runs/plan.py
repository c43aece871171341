"""Which sessions a run consists of, in which order, under which ids and seeds.

Clients (persona × resistance × replicate) come from `sample`, cells from `grid`; every cell runs
every client that it does not leave out. The plan is a table, not a list of objects, so that a
million sessions take tens of megabytes. Shards are cut from the order, never from the number of
workers.

A session's id is a hash of the run seed, the client, the factors and whatever of the
configuration changes what is said or drawn; not of name, executor, output, limits of time, or the
size of the sample. The same session has the same id in a larger run.
"""

import json
import os
import random
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Any, Final, Protocol, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.sampling import sample_personas
from mirrorplay.personas.schema import (
    RESISTANCE_TYPES,
    Frozen,
    Persona,
    PersonaId,
    ResistanceType,
)
from mirrorplay.policies.seeds import seed_of
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.grid import Cell, cells, factor_keys

PLAN_VERSION: Final = 1
MAX_SESSIONS: Final = 10_000_000

_CONTENT: Final = ("graph", "client", "face", "perceiver", "therapist", "supervisor", "judge")
_BATCH: Final = 65_536
_PERSONA_IDS: Final = TypeAdapter(list[PersonaId])
_VERSION_KEY: Final = b"mirrorplay.plan"
_SESSION_ID = r"^[0-9a-f]{16}$"
_NAMES: Final = pa.dictionary(pa.int32(), pa.string())
_SCHEMA: Final = pa.schema(
    [
        pa.field("session_id", pa.string(), nullable=False),
        pa.field("cell", _NAMES, nullable=False),
        pa.field("persona_id", _NAMES, nullable=False),
        pa.field("resistance", _NAMES, nullable=False),
        pa.field("replicate", pa.int32(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
    ]
)


class PlannedSession(Frozen):
    """One session to run. `resistance` is the type it is run with, also under `default`."""

    session_id: str
    """16 hexadecimal digits."""
    cell: str
    persona_id: str
    resistance: ResistanceType
    replicate: int
    """From 0."""
    seed: int
    """63 bits, of the run seed, persona and replicate: the same in every cell."""
    shard: int


class Plan(Sequence[PlannedSession]):
    """The planned sessions in order: a sequence over a table. Slices are tuples."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, index: int) -> PlannedSession: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PlannedSession, ...]: ...
    def __getitem__(self, index: int | slice) -> PlannedSession | tuple[PlannedSession, ...]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return tuple(self[i] for i in range(start, stop, step))
            return tuple(_sessions(self._table.slice(start, max(0, stop - start))))
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(index)
        return next(_sessions(self._table.slice(position, 1)))

    def __iter__(self) -> Iterator[PlannedSession]:
        return _sessions(self._table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and bool(self._table.equals(other._table))

    __hash__ = None  # type: ignore[assignment]  # compared by content, as a list is

    @property
    def table(self) -> pa.Table:
        """The columns, for whoever counts or joins."""
        return self._table

    @property
    def shards(self) -> int:
        """How many shards there are, numbered from 0."""
        return 1 + int(self._table["shard"][-1].as_py()) if len(self) else 0

    @property
    def session_ids(self) -> list[str]:
        """Every id, in order."""
        ids: list[str] = self._table["session_id"].to_pylist()
        return ids

    @property
    def persona_ids(self) -> frozenset[str]:
        """Every persona that is met."""
        return frozenset(pc.unique(self._table["persona_id"]).to_pylist())

    def shard(self, number: int) -> tuple[PlannedSession, ...]:
        """The sessions of one shard."""
        size = shard_size(len(self))
        return self[number * size : (number + 1) * size]


def plan_of(sessions: Sequence[PlannedSession]) -> Plan:
    """A plan of sessions chosen one by one; their shards follow from the order."""
    if isinstance(sessions, Plan):
        return sessions
    columns = {
        name: [getattr(session, name) for session in sessions] for name in _SCHEMA.names[:-1]
    }
    return Plan(pa.table({**columns, "shard": _shards(len(sessions))}, _SCHEMA))


def _sessions(table: pa.Table) -> Iterator[PlannedSession]:
    for batch in table.to_batches(max_chunksize=4096):
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield PlannedSession.model_construct(**dict(zip(_SCHEMA.names, row, strict=True)))


def shard_size(sessions: int) -> int:
    """Sessions a shard: a 64th of them, 1 to 128."""
    return min(128, max(1, ceil(sessions / 64)))


def select_personas(config: RunConfig, personas: Sequence[Persona]) -> tuple[Persona, ...]:
    """The personas this run meets, sorted by id. Raises UserError when there are none."""
    seed = seed_of(config.seed, "", 0, 0, "sample", "personas")
    return sample_personas(
        personas,
        config.sample.limit,
        random.Random(seed),
        include_risk=config.sample.include_risk,
    )


def make_plan(config: RunConfig, personas: Sequence[Persona]) -> Plan:
    """Clients × cells. `personas` is the whole source; the sample is drawn here.

    Order: replicates outermost, then rounds over all personas in which each meets another
    resistance type, cells innermost: early sessions are varied and complete pairs come early.
    Raises UserError when there is nothing to run, or more than 10 million sessions.
    """
    sample, compared = select_personas(config, personas), cells(config)
    types = 1 if config.sample.resistance == "default" else len(config.sample.resistance)
    most = len(sample) * types * config.sample.replicates * len(compared)
    if most > MAX_SESSIONS:
        raise UserError(
            f"{most:,} sessions are planned",
            allowed=f"up to {MAX_SESSIONS:,} in a run",
            hint="lower sample.limit, sample.replicates or the grid",
        )
    names = [pa.array(cell.name for cell in compared), pa.array(one.id for one in sample)]
    rows, batches = _rows(config, sample, compared), []
    while columns := list(zip(*islice(rows, _BATCH), strict=True)):
        batches.append(_batch(columns, [*names, pa.array(RESISTANCE_TYPES)]))
    table = pa.Table.from_batches(batches, _SCHEMA.remove(_SCHEMA.get_field_index("shard")))
    met = set(pc.unique(table["cell"]).to_pylist())
    for cell in compared:
        if cell.name not in met:
            raise UserError(
                f"no client of sample.resistance is left in cell {cell.name!r}", where="grid"
            )
    if pc.count_distinct(table["session_id"]).as_py() != len(table):
        raise RuntimeError("two planned sessions have one id")
    return Plan(table.append_column(_SCHEMA.field("shard"), _shards(len(table))))


def _rows(
    config: RunConfig, sample: Sequence[Persona], compared: Sequence[Cell]
) -> Iterator[tuple[str, int, int, int, int, int]]:
    """Id, indices of cell, persona and resistance type, replicate, seed."""
    started = [blake2b(_content(config.seed, cell), digest_size=8) for cell in compared]
    met: dict[tuple[str, str], list[int]] = {
        (own, given): [n for n, cell in enumerate(compared) if _meets(cell, own, given)]
        for own in RESISTANCE_TYPES
        for given in RESISTANCE_TYPES
    }
    types = config.sample.resistance
    for replicate in range(config.sample.replicates):
        for shift in range(1 if types == "default" else len(types)):
            for number, persona in enumerate(sample):
                own = persona.resistance.type
                given = own if types == "default" else types[(number + shift) % len(types)]
                seed = seed_of(config.seed, persona.root, replicate, 0, "session", "seed") >> 1
                client = f"{persona.id}/{given}/{replicate}".encode()
                for cell in met[own, given]:
                    digest = started[cell].copy()
                    digest.update(client)
                    index = RESISTANCE_TYPES.index(given)
                    yield digest.hexdigest(), cell, number, index, replicate, seed


def _meets(cell: Cell, own: ResistanceType, given: ResistanceType) -> bool:
    kept = cell.config.sample.resistance
    return given == own if kept == "default" else given in kept


def _content(seed: int, cell: Cell) -> bytes:
    """What makes a cell's sessions what they are. Defaults are left out, so that an option added
    later changes no id."""
    config = cell.config.model_dump(mode="json", exclude_defaults=True)
    content: dict[str, Any] = {
        "seed": seed,
        "factors": cell.factors,
        "max_exchanges": cell.config.session.max_exchanges,
        "intensity": cell.config.sample.intensity,
        **{key: config[key] for key in _CONTENT if key in config},
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _batch(columns: Sequence[Sequence[Any]], names: Sequence[pa.Array]) -> pa.RecordBatch:
    ids, *indices, replicates, seeds = columns
    named = [
        pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), dictionary)
        for index, dictionary in zip(indices, names, strict=True)
    ]
    arrays = [pa.array(ids), *named, pa.array(replicates, pa.int32()), pa.array(seeds, pa.int64())]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(list(_SCHEMA)[:-1]))


def _shards(sessions: int) -> pa.Array:
    return pa.array(np.arange(sessions, dtype=np.int32) // shard_size(sessions))


class Client(Protocol):
    """Whatever tells which client a session was with: a planned session, or its figures."""

    @property
    def persona_id(self) -> str: ...
    @property
    def replicate(self) -> int: ...
    @property
    def resistance(self) -> str: ...


def pair_key(session: Client, config: RunConfig) -> tuple[str, int, str | None]:
    """What two sessions of different cells must share to be compared: persona, replicate, and the
    resistance type unless the grid varies it."""
    gridded = "sample.resistance" in factor_keys(config)
    return session.persona_id, session.replicate, None if gridded else session.resistance


def write_plan(plan: Sequence[PlannedSession], path: Path) -> None:
    """Write plan.parquet whole or not at all. Raises UserError when the disk refuses."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    table = plan_of(plan).table.replace_schema_metadata({_VERSION_KEY: str(PLAN_VERSION)})
    try:
        with temporary.open("wb") as file:
            pq.write_table(
                table, file, compression="zstd", row_group_size=_BATCH, write_page_checksum=True
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", where=str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def read_plan(path: Path) -> Plan:
    """Read plan.parquet. Raises UserError when it is missing, damaged, or of a newer version."""
    try:
        table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
        version = int((table.schema.metadata or {}).get(_VERSION_KEY, b"0"))
        if version > PLAN_VERSION:
            raise UserError(
                f"was written by a newer mirrorplay (plan version {version})",
                where=str(path),
                allowed=f"up to version {PLAN_VERSION}",
                hint="upgrade mirrorplay",
            )
        plan = Plan(table.select(_SCHEMA.names).cast(_SCHEMA))
    except FileNotFoundError:
        raise UserError("no such file", where=str(path), hint="is this a run directory?") from None
    except (OSError, ValueError, KeyError, pa.ArrowException):
        raise _damaged(path) from None
    if version < 1 or not _sound(plan.table):
        raise _damaged(path)
    return plan


def _damaged(path: Path) -> UserError:
    return UserError(
        "is not a plan, or is damaged",
        where=str(path),
        hint=f"repeat the run: mirrorplay run {path.with_name('run.json')}",
    )


def _sound(table: pa.Table) -> bool:
    """Whether the values are such as a plan may hold: ids become file names."""
    ids, personas = table["session_id"], pc.unique(table["persona_id"]).to_pylist()
    try:
        _PERSONA_IDS.validate_python(personas)
    except ValidationError:
        return False
    return bool(
        len(table)
        and not any(column.null_count for column in table.columns)
        and pc.all(pc.match_substring_regex(ids, _SESSION_ID)).as_py()
        and pc.count_distinct(ids).as_py() == len(table)
        and set(pc.unique(table["resistance"]).to_pylist()) <= set(RESISTANCE_TYPES)
        and pc.min(table["seed"]).as_py() >= 0
        and pc.min(table["replicate"]).as_py() >= 0
        and table["shard"].combine_chunks().equals(_shards(len(table)))
    )
