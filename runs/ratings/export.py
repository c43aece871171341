"""Blinded sheets of a run, for people to rate: a table, a page that works offline, and the key.

Shown are the words and, where the run has them, the client's faces; never stage directions, hidden
state, names of sessions, cells or outcomes. Faces are drawn anew at a small size, without metadata.
Once real transcripts are mixed in no sheet has faces, since the ones without would be known.
Sessions that ended in a safety stop are left out: nobody should read a crisis a hundred times over
to rate a counsellor.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.directory import RunDirectory
from mirrorplay.runs.grid import factor_keys
from mirrorplay.runs.judging.sources import Row, Source, sources
from mirrorplay.runs.ratings.page import page_of
from mirrorplay.runs.ratings.pairs import Candidate, Showing, chosen_pairs, showings
from mirrorplay.runs.ratings.real import RealTranscript, stretch
from mirrorplay.runs.ratings.sheet import (
    DEFAULT_INSTRUMENTS,
    Key,
    KeyedSheet,
    Line,
    Sheet,
    questions_of,
)
from mirrorplay.runs.ratings.table import write_table

FACE = 144
"""Side of a face on the page, in pixels."""
QUALITY = 80
RATERS = "for_raters"
"""The folder to hand on; the key lies outside it."""
TABLE, PAGE, KEY = f"{RATERS}/ratings.csv", f"{RATERS}/ratings.html", "key.json"
_SHOWN = ("session_id", "turns.speaker", "turns.text")
_WITH_FACES = ("turns.face", "faces")


@dataclass(frozen=True, slots=True)
class Exported:
    """The files, and what is in them. `key` is for whoever imports, not for the raters."""

    table: Path
    page: Path
    key: Path
    pairs: int
    again: int
    real: int


def export_ratings(
    run: RunDirectory,
    out: Path,
    pairs: int,
    *,
    seed: int = 0,
    repeat: float = 0.1,
    instruments: Sequence[str] = DEFAULT_INSTRUMENTS,
    mixed: Sequence[RealTranscript] = (),
    share: float = 0.2,
    faces: bool = True,
) -> Exported:
    """Writes the three files into a folder that does not hold any of them yet.

    pairs: as many as the run allows. repeat: share of pairs that come twice, 0 to 1. mixed: real
    transcripts, of which one stands in `share` of the pairs: in one at least, in none for 0. faces:
    show them where there are any.
    Raises UserError for a run with fewer than two sessions to show, an unknown instrument, or files
    that are there already.
    """
    questions = questions_of(instruments)
    paths = [out / name for name in (TABLE, PAGE, KEY)]
    for path in paths:
        if path.exists():
            raise UserError(
                f"{str(path)!r} exists already",
                where="--out",
                hint="name another folder: sheets that were given to raters must not change",
            )
    if share <= 0.0:
        mixed = ()
    found = sources(run.path)
    couples = chosen_pairs(_candidates(run, found), pairs, seed)
    if not couples:
        raise UserError(
            "fewer than two sessions can be shown",
            where=str(run.path),
            hint="finished sessions without a safety stop are shown",
        )
    wanted = frozenset(session for couple in couples for session in couple)
    texts = _texts(found, wanted, faces and not mixed)
    couples, texts, real = _mixed_in(couples, texts, mixed, share, seed)
    shown = showings(couples, repeat, seed)
    export = blake2b(
        json.dumps([run.name, seed, [q.model_dump() for q in questions], couples]).encode(),
        digest_size=6,
    ).hexdigest()
    names = _names(shown, export)
    sheets = tuple(
        Sheet(name, texts[one.a], texts[one.b]) for name, one in zip(names, shown, strict=True)
    )
    key = Key(
        run=run.name,
        export=export,
        seed=seed,
        questions=questions,
        sheets={
            name: KeyedSheet(a=one.a, b=one.b, pair=one.pair, again=one.again)
            for name, one in zip(names, shown, strict=True)
        },
    )
    try:
        (out / RATERS).mkdir(parents=True, exist_ok=True)
        _write(paths[0], write_table(sheets, questions))
        _write(paths[1], page_of(export, sheets, questions))
        _write(paths[2], key.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}", where=str(out), hint="--out FOLDER"
        ) from None
    again = sum(one.again for one in shown)
    return Exported(paths[0], paths[1], paths[2], len(couples), again, real)


def _candidates(run: RunDirectory, found: Sequence[Source]) -> Iterator[Candidate]:
    gridded = "sample.resistance" in factor_keys(run.config())
    columns = ("session_id", "cell", "persona_id", "replicate", "resistance", "outcome")
    for source in found:
        for row in source.rows((*columns, "turns.index")):
            if row["outcome"] == "safety_stop" or not row["turns"]:
                continue
            kind = "" if gridded else row["resistance"]["type"]
            client = f"{row['persona_id']}/{row['replicate']}/{kind}"
            yield Candidate(row["session_id"], row["cell"], client)


def _texts(
    found: Sequence[Source], wanted: frozenset[str], faces: bool
) -> dict[str, tuple[Line, ...]]:
    columns = (*_SHOWN, *_WITH_FACES) if faces else _SHOWN
    return {
        row["session_id"]: tuple(_lines(row, faces))
        for source in found
        for row in source.rows(columns)
        if row["session_id"] in wanted
    }


def _lines(row: Row, faces: bool) -> Iterator[Line]:
    for turn in row["turns"]:
        number = turn.get("face") if faces else None
        face = None if number is None else _small(row["faces"][number]["bytes"])
        yield Line(turn["speaker"], turn["text"], face)


@lru_cache(maxsize=256)
def _small(data: bytes) -> bytes:
    """A face drawn anew: small, and without anything that its file said."""
    # A third of a second to import, for runs with faces alone.
    from mirrorplay.agents.faces.pictures import opened

    picture = opened(data)
    small = picture.thumbnail_image(FACE, height=FACE, size="down")
    drawn: bytes = small.jpegsave_buffer(Q=QUALITY, keep="none")
    return drawn


def _mixed_in(
    couples: list[tuple[str, str]],
    texts: dict[str, tuple[Line, ...]],
    mixed: Sequence[RealTranscript],
    share: float,
    seed: int,
) -> tuple[list[tuple[str, str]], dict[str, tuple[Line, ...]], int]:
    """The pairs with a real transcript in the place of one session in some of them."""
    if not mixed:
        return couples, texts, 0
    rng = Random(f"{seed}/ratings/mix")
    count = max(1, round(share * len(couples)))
    order = [*mixed]
    rng.shuffle(order)
    texts = dict(texts)
    couples = [*couples]
    for turn, place in enumerate(sorted(rng.sample(range(len(couples)), count))):
        kept = couples[place][0]
        name, lines = stretch(order[turn % len(order)], len(texts[kept]), rng)
        texts[name] = lines
        couples[place] = (kept, name)
    return couples, texts, count


def _names(shown: Sequence[Showing], export: str) -> list[str]:
    """A name a sheet that tells nothing but its place."""
    width = len(str(len(shown)))
    return [f"{export[:4]}-{at:0{width}d}" for at in range(1, len(shown) + 1)]


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8", newline="")
    partial.replace(path)


def read_key(path: Path) -> Key:
    """The key of an export. Raises UserError for a file that is none."""
    from pydantic import ValidationError

    from mirrorplay.personas.document import read_text

    try:
        return Key.model_validate_json(read_text(path))
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"is no key of exported ratings: {where + ': ' if where else ''}{first['msg']}",
            where=str(path),
            hint="key.json lies beside the table that export-ratings wrote",
        ) from None
