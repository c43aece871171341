"""Scores a stored run again, into files of its own beside the shards (`runs/scorebook.py`).

Each file of the run becomes one part of the rater's scores; sessions that wait for their commit are
one more part, which goes when they are committed. A part's note says what it was made from, so that
a second call scores only what is new, has changed, failed before or was not asked for before.
Rows stream through in small batches, each judged together: memory does not grow with the run, and
a judge that waits for a model is asked about a batch at once. A part is written when all of it is
judged; what a model answered before a cut-off is kept by the answer cache, where there is one. An
endpoint that answers nobody is waited for and then told: no session is to blame for it.
"""

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import structlog

from mirrorplay.agents.custom import load_part
from mirrorplay.agents.judge import VARIANTS, ScriptedJudge, Variant
from mirrorplay.agents.models.breaker import EndpointDown
from mirrorplay.agents.models.spec import PACKAGED, PROVIDERS, ModelSpec
from mirrorplay.agents.roles import Judge, Scores
from mirrorplay.personas.document import parse_yaml
from mirrorplay.personas.errors import UserError, nearest
from mirrorplay.policies.instruments.item import items
from mirrorplay.policies.instruments.score import Score
from mirrorplay.runs.judging.sources import SPOOLED, Row, Source, sources
from mirrorplay.runs.judging.tapes import columns_for, transcript_of
from mirrorplay.runs.outage import Outage
from mirrorplay.runs.quarantine import readable_error
from mirrorplay.runs.scorebook import (
    Scored,
    note_of,
    path_of,
    read_part,
    write_scores,
)
from mirrorplay.runs.worker import DISK_ERRORS

TOGETHER = 16
"""Sessions judged at once."""
PATIENCE_S = 600.0
"""Time a judge has for one session."""
RESUME = ", then resume the run"
"""How the hints of `agents/models/breaker.py` end, which speak of a run."""
Told = Callable[[int, int], None]
"""Progress: sessions looked at so far, and of how many."""


@dataclass(frozen=True, slots=True)
class Rater:
    """A judge ready to score: what it is called, what it is shown, which instruments it is asked
    for (None: all it has).

    remade: the same judge for other instruments; None where one judge gives all of its own. close:
    what is to be closed when the scoring is over; only a judge played by a model has it, and is
    good for one call of `judge_run`.
    """

    judge: Judge
    name: str
    variant: Variant
    instruments: frozenset[str] | None = None
    remade: Callable[[frozenset[str] | None], Judge] | None = None
    close: Callable[[], Awaitable[None]] | None = None


@dataclass
class Rescored:
    """What one call did. `scored` counts sessions judged now, `kept` those that had their scores,
    `failed` holds an error by session; such a session has no score and is tried at the next call.
    """

    rater: str
    scored: int = 0
    kept: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def instrument_names() -> tuple[str, ...]:
    """Every instrument of the embedded judge."""
    return tuple(dict.fromkeys(item.instrument for item in items()))


def rater_of(
    spec: str = "scripted",
    variant: str = "words",
    instruments: Sequence[str] | None = None,
    cache: Path | None = None,
) -> Rater:
    """The judge that a command names.

    spec: "scripted", a model ("openai:name", "smollm2", "{model: …, base_url: …}"), or
    "module:Class" for one's own. Its attribute `rater` is its name and must
    tell variants apart.
    instruments: those asked for; None for all. Names are checked for the embedded judge and for one
    with an attribute `instruments`. A model that is asked for none in particular rates those of
    `agents/minds/judge.INSTRUMENTS`.
    cache: folder where a model's answers are kept; none are when None.
    Raises UserError for an unknown variant, judge or instrument.
    """
    if variant not in VARIANTS:
        raise UserError(
            f"no variant {variant!r}",
            where="--variant",
            allowed=VARIANTS,
            hint=nearest(variant, VARIANTS),
        )
    asked = None if instruments is None else _checked(instruments)
    if spec == "scripted":
        _check_known(asked, instrument_names())
        shown_as: Variant = variant
        return _named(
            Rater(
                _scripted(asked, shown_as), "", variant, asked, lambda of: _scripted(of, shown_as)
            )
        )
    if spec in PACKAGED or spec.startswith("{") or spec.partition(":")[0] in PROVIDERS:
        _check_known(asked, instrument_names())
        return _named(_by_model(spec, asked, variant, cache))
    if ":" not in spec:
        raise UserError(
            f"no judge {spec!r}",
            where="--judge",
            allowed=("scripted", "a model such as openai:name", "module:Class for one of your own"),
            hint=nearest(spec, ["scripted", *PACKAGED]),
        )
    judge = load_part("judge", spec, {})
    _check_known(asked, getattr(judge, "instruments", None))
    return _named(Rater(judge, "", variant, asked))


def _named(rater: Rater) -> Rater:
    """The rater under its judge's name, which must be one and must fit the variant."""
    judge, variant = rater.judge, rater.variant
    name = getattr(judge, "rater", None)
    if not isinstance(name, str) or not name.strip():
        raise UserError(
            f"{type(judge).__name__} has no attribute `rater`, the name its scores go under",
            where="--judge",
            hint=f'add rater = "{type(judge).__name__.lower()}-v1:{variant}"',
        )
    shown = name.rpartition(":")[2]
    if shown in VARIANTS and shown != variant:
        raise UserError(
            f"{name!r} is the name of scores from {shown}, and {variant} was asked for",
            where="--variant",
            hint="variants are never mixed under one name",
        )
    return replace(rater, name=name)


def _by_model(
    spec: str, asked: frozenset[str] | None, variant: Variant, cache: Path | None
) -> Rater:
    from mirrorplay.agents.minds.judge import INSTRUMENTS, ModelJudge
    from mirrorplay.agents.models.cache import AnswerCache
    from mirrorplay.agents.models.mind import Mind
    from mirrorplay.agents.models.switchboard import Switchboard

    given = parse_yaml(spec, "--judge").value if spec.startswith("{") else spec
    kept = None if cache is None else AnswerCache(cache / "answers.sqlite")
    board = Switchboard(cache=kept)
    mind = Mind(ModelSpec.parse(given, "--judge"), role="judge", board=board)

    def remade(instruments: frozenset[str] | None) -> Judge:
        return ModelJudge(mind, sorted(instruments or INSTRUMENTS), variant)

    wanted = frozenset(INSTRUMENTS) if asked is None else asked
    return Rater(remade(wanted), "", variant, wanted, remade, board.close)


def _scripted(asked: frozenset[str] | None, variant: Variant) -> ScriptedJudge:
    eyes = None
    if variant == "words+face":
        # Brings its network along, which the other variants do without.
        from mirrorplay.agents.faces.perceiver import EmbeddedPerceiver

        eyes = EmbeddedPerceiver()
    return ScriptedJudge(None if asked is None else tuple(sorted(asked)), variant, eyes)


def _checked(instruments: Sequence[str]) -> frozenset[str]:
    asked = frozenset(name.strip() for name in instruments if name.strip())
    if not asked:
        raise UserError("names no instrument", where="--instruments", allowed=instrument_names())
    return asked


def _check_known(asked: frozenset[str] | None, known: Sequence[str] | None) -> None:
    for name in sorted(asked or ()):
        if known is not None and name not in known:
            raise UserError(
                f"no instrument {name!r}",
                where="--instruments",
                allowed=known,
                hint=nearest(name, known),
            )


def judge_run(
    run_dir: Path,
    rater: Rater,
    *,
    force: bool = False,
    told: Told | None = None,
    outage: Outage | None = None,
) -> Rescored:
    """Scores whatever of a run this rater has not scored. Nothing of the run itself is written.

    force: everything again. Instruments that earlier calls asked for are kept: a part that needs
    more of them is scored again for all. `told` is called after each batch. outage: how long an
    endpoint that answers nobody is waited for.
    Raises UserError for a damaged file of the run and for an endpoint that stays down, OSError when
    the disk refuses.
    """
    found = sources(run_dir)
    total = sum(source.sessions for source in found)
    done = Rescored(rater.name)
    outage = outage or Outage()
    with asyncio.Runner() as loop:
        try:
            for source in found:
                work = _work(source, rater, force)
                if work.only is not None and not work.only:
                    done.kept += source.sessions
                    done.failed.update(work.failed)
                else:
                    _score_source(source, work, done, loop, outage, told, total)
                if told:
                    told(done.scored + done.kept + len(done.failed), total)
        finally:
            if rater.close is not None:
                loop.run(_closed(rater.close))
    if all(source.path is not None for source in found):
        # The sessions that waited have been committed, and were scored with their file.
        path_of(run_dir, rater.name, SPOOLED).unlink(missing_ok=True)
    return done


@dataclass(frozen=True, slots=True)
class _Work:
    """What a source still needs: sessions (None: all), by a judge of these instruments. `failed`
    is left over from before."""

    rater: Rater
    only: frozenset[str] | None
    failed: Mapping[str, str]


def _work(source: Source, rater: Rater, force: bool) -> _Work:
    note = note_of(source.run_dir, rater.name, source.part)
    if note is None or not isinstance(note.get("source"), dict):
        return _Work(rater, None, {})
    if note.get("variant", rater.variant) != rater.variant:
        raise UserError(
            f"{rater.name!r} has scores from {note['variant']} here, and {rater.variant} was "
            "asked for",
            where=str(path_of(source.run_dir, rater.name, source.part)),
            hint="give the judge a name of its own for each variant",
        )
    before = note.get("instruments")
    wanted = _widened(rater, None if before is None else frozenset(before))
    if force or not source.is_still(note["source"]):
        return _Work(wanted, None, {})
    if before is not None and wanted.instruments != frozenset(before):
        return _Work(wanted, None, {})
    failed = dict(note.get("failed", {}))
    return _Work(wanted, frozenset(failed), failed)


def _widened(rater: Rater, before: frozenset[str] | None) -> Rater:
    """The rater asked for what it was asked for before, too."""
    if rater.instruments is None or (before is not None and before <= rater.instruments):
        return rater
    asked = None if before is None else rater.instruments | before
    judge = rater.judge if rater.remade is None else rater.remade(asked)
    return replace(rater, judge=judge, instruments=asked)


def _score_source(
    source: Source,
    work: _Work,
    done: Rescored,
    loop: asyncio.Runner,
    outage: Outage,
    told: Told | None,
    total: int,
) -> None:
    rater = work.rater
    failed: dict[str, str] = {}
    note: dict[str, Any] = {
        "source": source.fingerprint(),
        "variant": rater.variant,
        "instruments": None if rater.instruments is None else sorted(rater.instruments),
        "failed": failed,
    }

    def fresh() -> Iterator[Scored]:
        rows = source.rows(columns_for(rater.variant))
        wanted = (row for row in rows if work.only is None or row["session_id"] in work.only)
        while batch := list(islice(wanted, TOGETHER)):
            for row, answer in zip(batch, loop.run(_asked(rater, batch, outage)), strict=True):
                if isinstance(answer, str):
                    failed[row["session_id"]] = answer
                else:
                    done.scored += 1
                    yield from (Scored(row["session_id"], score) for score in answer)
            if told:
                told(done.scored + done.kept + len(done.failed) + len(failed), total)

    earlier: Iterator[Scored] = iter(())
    if work.only is not None:
        earlier = read_part(path_of(source.run_dir, rater.name, source.part))
        done.kept += source.sessions - len(work.only)
    write_scores(source.run_dir, rater.name, source.part, chain(earlier, fresh()), note)
    done.failed.update(failed)


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    await close()


async def _asked(
    rater: Rater, rows: Sequence[Row], outage: Outage
) -> list[tuple[Score, ...] | str]:
    """Scores of each session, or why there are none."""
    tasks = [asyncio.ensure_future(_judged(rater, row, outage)) for row in rows]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def _judged(rater: Rater, row: Row, outage: Outage) -> tuple[Score, ...] | str:
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                given = await rater.judge.score(transcript_of(row, rater.variant))
            if not isinstance(given, Scores):
                raise TypeError(f"expected Scores, got {type(given).__name__}")
            return _own(rater, given.scores)
        except EndpointDown as down:
            if not await outage.wait(down, _log()):
                raise UserError(
                    f"{down.endpoint} cannot be used now: {down.last}",
                    where="--judge",
                    hint=f"{down.hint.removesuffix(RESUME)}, then call the command again: it goes "
                    "on with the file that it was at",
                ) from None
        except OSError as error:
            if error.errno in DISK_ERRORS:
                raise
            return readable_error(f"{type(error).__name__}: {error}")
        except SystemExit as stop:
            return f"called exit({stop.code!r})"
        except Exception as error:  # as in a run: a session that cannot be judged is data
            if isinstance(error, UserError) and rater.close is not None:
                raise  # a model that cannot be made, a cache that cannot be written
            return readable_error(f"{type(error).__name__}: {error}")


def _log() -> structlog.typing.FilteringBoundLogger:
    """Where it is told that an endpoint is waited for."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr)
    )
    return log


def _own(rater: Rater, scores: Sequence[Score]) -> tuple[Score, ...]:
    """The scores that were asked for. Raises ValueError for what cannot be kept."""
    for score in scores:
        if score.rater != rater.name:
            raise ValueError(f"a score of rater {score.rater!r} from {rater.name!r}")
        if not math.isfinite(score.value):
            raise ValueError(
                f"{score.instrument}/{score.item} is {score.value!r}; leave a missing value out"
            )
    wanted = rater.instruments
    return tuple(one for one in scores if wanted is None or one.instrument in wanted)
