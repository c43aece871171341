"""Starting and resuming a run: the order of events around the executor.

start   check everything → make the directory → execute
resume  lock → survey and repair the disk → play what is missing → card
"""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console

from mirrorplay import policies
from mirrorplay.personas.collection import dump_personas, load_personas
from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Persona
from mirrorplay.runs.account import Account
from mirrorplay.runs.card import dataset_card
from mirrorplay.runs.casting import cast_of, extend_import_path
from mirrorplay.runs.config import RunConfig
from mirrorplay.runs.directory import RunDirectory, shown
from mirrorplay.runs.executor import Order, StopSignal
from mirrorplay.runs.grid import Cell, cells
from mirrorplay.runs.inline import run_inline
from mirrorplay.runs.lock import RunLock
from mirrorplay.runs.log import open_log
from mirrorplay.runs.plan import Plan, make_plan, select_personas
from mirrorplay.runs.progress import Board
from mirrorplay.runs.quarantine import Quarantine, QuarantineEntry
from mirrorplay.runs.rooting import rooted
from mirrorplay.runs.store import Survey, repair
from mirrorplay.runs.worker import Failure, Lease, Pulse, ShardReport

VERSIONED = ("mirrorplay", "langgraph", "langchain-core", "ray", "pydantic", "pyarrow", "pyvips")


@dataclass(frozen=True, slots=True)
class RunResult:
    """How an execution ended. `left` counts sessions that wait for a resume, of the same kind:
    with `retried`, one that tries quarantined sessions again. `idle`: there was nothing to play."""

    run: RunDirectory
    planned: int
    done: int
    failed: int
    interrupted: bool
    retried: bool = False
    idle: bool = False
    reason: str | None = None
    """Why the run stopped by itself, when it did."""

    @property
    def raises(self) -> str | None:
        """The limit that a resume has to raise, if one was reached."""
        first = (self.reason or "").partition(" ")[0]
        return first if first.startswith("limits.") else None

    @property
    def left(self) -> int:
        return self.planned - self.done - self.failed

    @property
    def exit_code(self) -> int:
        """0 done, 1 some sessions quarantined, 130 interrupted (resumable)."""
        if self.interrupted and self.left:
            return 130
        return 1 if self.failed else 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration held against everything it names, before anything is written."""

    config: RunConfig
    cells: tuple[Cell, ...]
    personas: tuple[Persona, ...]
    plan: Plan


def prepare(config: RunConfig, import_path: Sequence[str] = ()) -> Prepared:
    """Cells, personas and plan. Raises UserError for whatever the user got wrong, custom parts
    included."""
    extend_import_path((".", *import_path))
    planned_cells = cells(config)
    for cell in planned_cells:
        cast_of(cell.config)
    everyone = load_personas(config.sample.personas)
    plan = make_plan(config, everyone)
    chosen = plan.persona_ids
    personas = tuple(p for p in select_personas(config, everyone) if p.id in chosen)
    return Prepared(config, planned_cells, personas, plan)


def start(config: RunConfig, console: Console, import_path: Sequence[str] = ()) -> RunResult:
    """A new run from a configuration: everything is checked before its directory is made."""
    config = rooted(config)
    prepared = prepare(config, import_path)
    run = RunDirectory.create(
        Path(config.output.dir).resolve(),
        config.name,
        {
            "config": config.model_dump(mode="json"),
            "provenance": provenance(prepared.personas, import_path, config),
        },
        prepared.personas,
        prepared.plan,
    )
    several = f" × {len(prepared.cells)} cells" if len(prepared.cells) > 1 else ""
    console.print(
        f"{len(prepared.plan):,} sessions of {len(prepared.personas)} personas{several}"
        f" → {shown(run.path)}",
        highlight=False,
        markup=False,
    )
    return resume(run, console)


def _warn_of_copies(config: RunConfig, console: Console) -> None:
    local = sorted(r for r, spec in config.specs().items() if spec.provider == "transformers")
    if local and config.executor.kind == "ray" and config.executor.workers != 1:
        console.print(
            f"{' and '.join(local)}: every worker loads a copy of the model; "
            "executor=inline or executor.workers=1 keeps one for all sessions",
            style="yellow",
            highlight=False,
        )


def resume(
    run: RunDirectory,
    console: Console,
    *,
    retry_quarantined: bool = False,
    import_path: Sequence[str] | None = None,
) -> RunResult:
    """Play what a run lacks; nothing on a finished one. Raises UserError when another driver
    holds the run."""
    config = run.config()
    folders = run.import_path() if import_path is None else tuple(import_path)
    extend_import_path((".", *folders))
    plan = run.plan()
    with RunLock(run.path):
        log = open_log(run.logs, "driver")
        shards = {
            number: [s.session_id for s in plan.shard(number)] for number in range(plan.shards)
        }
        repaired = repair(run.path, shards)
        for path, reason in repaired.renamed.items():
            log.warning("damaged part put aside", path=path.name, reason=reason)
            console.print(
                f"damaged: {path.name} ({reason}); its sessions run again",
                highlight=False,
                markup=False,
            )
        survey = repaired.survey
        quarantine = Quarantine(run.path)
        _restore(quarantine, survey)
        known = _failures(survey, quarantine)
        failed = {
            session_id: failure
            for session_id, failure in known.items()
            if not retry_quarantined and session_id not in repaired.reopened
        }
        leases = _leases(survey, failed)
        if leases and config.specs():
            for cell in cells(config):
                cast_of(cell.config)  # keys and models, before a session is begun
            _warn_of_copies(config, console)
        if leases and "parent" in run.manifest():
            raise UserError(
                "a fork is played by `mirrorplay fork` alone, and this one was cut off",
                where=shown(run.path),
                hint="fork again; this directory can be deleted",
            )
        settled: set[str] = set()

        def report(shard: ShardReport) -> None:
            settled.update(shard.failed)
            quarantine.add(_entries(shard))

        account = Account.open(run.path, config)
        with StopSignal() as stop:
            if leases:
                with Board(console, len(plan), survey.done, len(failed)) as board:
                    order = Order(
                        run_dir=run.path,
                        plan=plan,
                        leases=leases,
                        import_path=(str(Path.cwd()), *folders),
                        on_report=report,
                        on_pulse=lambda pulse: _watch(account, pulse, board, stop),
                        stop=stop,
                    )
                    _execute(order, config)
                account.write()
                survey = repair(run.path, shards).survey
        # What was to be tried again and was not reached still waits: it is left, not failed.
        still = _failures(survey, quarantine)
        waiting = (known.keys() - failed.keys() - settled) if stop.asked else set()
        result = RunResult(
            run,
            len(plan),
            survey.done,
            len(still.keys() - waiting),
            stop.asked,
            retried=retry_quarantined,
            idle=not leases,
            reason=stop.reason,
        )
        if leases:
            write_card(run, config, result)
        log.info("run ended", done=result.done, failed=result.failed, left=result.left)
        return result


def _watch(account: Account, pulse: Pulse, board: Board, stop: StopSignal) -> None:
    """Show what the workers have done, and stop when a limit is reached or a worker must halt."""
    board.pulse(pulse)
    reason = pulse.halt or account.take(pulse.spent)
    if reason is not None:
        stop.ask(reason)


def provenance(
    personas: Sequence[Persona], import_path: Sequence[str], config: RunConfig | None = None
) -> dict[str, Any]:
    """What the run was made with: versions, platform, and hashes of its personas and of the data
    that the embedded agents decide and speak by (coefficients, cues, phrase banks, items); where
    roles have models, of the prompts too."""
    prompts = {}
    if config is not None and config.specs():
        from mirrorplay.agents.prompts.catalogue import prompts_digest

        prompts = {"prompts_sha256": prompts_digest()}
    return {
        **prompts,
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "data_sha256": _data_hash(),
        "personas_sha256": sha256(dump_personas(personas).encode()).hexdigest(),
        "import_path": [str(Path(folder).resolve()) for folder in import_path],
    }


def _data_hash() -> str:
    root = Path(policies.__path__[0])
    found = sha256()
    for path in sorted(root.rglob("*.yaml")):
        found.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


def write_card(run: RunDirectory, config: RunConfig, result: RunResult) -> None:
    """The data set card, README.md of the run."""
    text = dataset_card(config.model_dump(mode="json"), result.done, n_failed=result.failed)
    (run.path / "README.md").write_text(text, encoding="utf-8")


def _failures(survey: Survey, quarantine: Quarantine) -> dict[str, Failure]:
    """Sessions that failed and have no row: as the footers tell, and as the driver noted for
    shards whose commit an interruption forestalled."""
    planned = {s for status in survey.shards.values() for s in status.planned}
    done = {s for status in survey.shards.values() for s in status.done}
    noted = {
        session_id: entry.model_dump(exclude={"session_id", "time"})
        for session_id, entry in quarantine.latest().items()
        if session_id in planned and session_id not in done
    }
    return {**survey.failed, **noted}


def _restore(quarantine: Quarantine, survey: Survey) -> None:
    """A driver may die between a commit and its note; the footer still tells."""
    noted = quarantine.latest()
    quarantine.add(
        QuarantineEntry(session_id=session_id, **failure)
        for session_id, failure in survey.failed.items()
        if session_id not in noted
    )


def _entries(report: ShardReport) -> list[QuarantineEntry]:
    return [
        QuarantineEntry(session_id=session_id, **failure)
        for session_id, failure in report.failed.items()
    ]


def _leases(survey: Survey, failed: Mapping[str, Failure]) -> tuple[Lease, ...]:
    """Shards that lack a session or a commit."""
    return tuple(
        Lease(shard, {s: failed[s] for s in status.planned if s in failed})
        for shard, status in survey.shards.items()
        if status.state == "open"
        or any(s not in status.done and s not in failed for s in status.planned)
    )


def _execute(order: Order, config: RunConfig) -> None:
    try:
        if config.executor.kind == "inline":
            run_inline(order, config.executor)
        else:
            # Importing Ray takes a second; an inline run, or a resume with nothing to do, does
            # without.
            from mirrorplay.runs.cluster.executor import run_on_ray

            run_on_ray(order, config.executor)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"mirrorplay resume {shown(order.run_dir)}") from None
    except OSError as error:
        raise UserError(
            f"the run was stopped: {error.strerror or error}",
            where=error.filename or str(order.run_dir),
            hint=f"no finished session is lost; mirrorplay resume {shown(order.run_dir)}",
        ) from error
