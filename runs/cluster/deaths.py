"""What becomes of a lease whose worker died.

Many sessions of several leases run in one worker, so its death alone tells nobody's guilt. Each of
its leases is leased again as a solo one: alone on a worker, its sessions one after the other in the
order of the plan. When that worker dies too, the first session without a row is the one that was
running. The first, shared death and those of its own together make DEATHS tries; then the session
is quarantined, and no other with it.
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.plan import Plan, PlannedSession
from mirrorplay.runs.quarantine import readable_error
from mirrorplay.runs.store import shard_status
from mirrorplay.runs.worker import Failure, Lease

DEATHS = 3
"""Workers a session may cost before it is quarantined."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Deaths:
    """Counts the deaths of one run by what was running."""

    def __init__(self, run_dir: Path, plan: Plan) -> None:
        self._run_dir = run_dir
        self._plan = plan
        # The shared death, which sent the shard into a solo lease, is everyone's first.
        self._counts: Counter[str] = Counter()

    def after(self, lease: Lease, error: Exception) -> tuple[Lease, dict[str, Failure]]:
        """The lease to give out next, and what is to be reported as failed.

        Raises UserError when workers keep dying over a shard whose sessions are all there.
        """
        if not lease.solo:
            return replace(lease, solo=True), {}
        suspect = self._suspect(lease)
        name = suspect.session_id if suspect else f"shard {lease.shard}"
        self._counts[name] += 1
        deaths = 1 + self._counts[name]
        if deaths < DEATHS:
            return lease, {}
        told = f"died {deaths} times: {first_line(error)}"
        if suspect is None:
            raise UserError(
                f"the worker that writes {name} {told}",
                where=str(self._run_dir),
                hint="no finished session is lost; resume when the machine has memory and disk",
            )
        failure: Failure = {
            "cell": suspect.cell,
            "persona_id": suspect.persona_id,
            "error": readable_error(f"its worker {told}"),
            "where": "worker",
            "attempts": deaths,
        }
        failed = {suspect.session_id: failure}
        return replace(lease, failed={**lease.failed, **failed}), failed

    def _suspect(self, lease: Lease) -> PlannedSession | None:
        sessions = self._plan.shard(lease.shard)
        planned = [session.session_id for session in sessions]
        settled = shard_status(self._run_dir, lease.shard, planned).done | lease.failed.keys()
        return next((one for one in sessions if one.session_id not in settled), None)


def first_line(error: Exception) -> str:
    """What an error of Ray says before the details, without its colours."""
    lines = _ANSI.sub("", str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
