"""One driver a run: `run.lock` says who holds it.

The file is JSON {host, pid, start, since, command}; ownership is what it says, not an open file,
so that a worker which outlives its driver keeps nothing locked. A holder is gone when its host is
ours and no process has its number with its start time. Reading and changing the file happens
under an advisory lock that lasts microseconds, so that of two resumes of a dead run one wins.
Where the file system has no such locks, a free run is still claimed by O_EXCL, and a stale
lock has to be deleted by hand.
"""

import errno
import fcntl
import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, ValidationError

from mirrorplay.personas.errors import UserError
from mirrorplay.personas.schema import Frozen

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_COMMAND_LIMIT = 500
_HIDDEN = "unknown"
"""The start of a process that exists and that we may not look at."""


class Holder(Frozen):
    """The process that holds a run."""

    host: str
    pid: Annotated[int, Field(gt=0, lt=1 << 31)]
    start: str
    """When the process started, as its system counts; tells it from a later one of its number."""
    since: str
    """When it took the run, ISO 8601 in UTC."""
    command: str


class RunLock:
    """Holds a run for the time of a `with` block.

    Entering raises UserError, naming process, host and time, when another driver that may be
    alive holds the run, or when the directory cannot be written.
    """

    def __init__(self, run_dir: Path) -> None:
        self.path = Path(run_dir) / "run.lock"
        self._holder: Holder | None = None

    def __enter__(self) -> Self:
        holder = _this_process()
        try:
            with _guarded(self.path) as (descriptor, ours):
                found = _read(descriptor)
                if found is not None and not (ours and is_gone(found)):
                    raise self._held_by(found)
                if not ours:
                    raise UserError(
                        "another driver is taking the run, or died while it did",
                        where=str(self.path),
                        hint=f"if no other driver runs, delete {self.path}",
                    )
                _write(descriptor, holder)
        except OSError as error:
            raise UserError(
                f"the run cannot be locked: {error.strerror or error}", where=str(self.path)
            ) from error
        self._holder = holder
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        holder, self._holder = self._holder, None
        # A forked child leaves the block too, and the run is not its own to give back.
        if holder is None or holder.pid != os.getpid():
            return
        with suppress(FileNotFoundError), _guarded(self.path, claim=False) as (descriptor, _):
            if _read(descriptor) == holder:
                self.path.unlink()

    def _held_by(self, holder: Holder) -> UserError:
        here = holder.host == socket.gethostname()
        if here and not is_gone(holder):
            hint = f"wait for it, or stop it: kill -INT {holder.pid}"
        else:
            hint = f"if that driver is gone, delete {self.path}"
        return UserError(
            f"the run is held by process {holder.pid} on {holder.host} since {holder.since} "
            f"({holder.command})",
            where=str(self.path),
            hint=hint,
        )


def holder_of(run_dir: Path) -> Holder | None:
    """Who holds a run now; None when nobody does or its holder is gone."""
    try:
        text = (Path(run_dir) / "run.lock").read_bytes()
    except FileNotFoundError:
        return None
    found = _parse(text)
    return None if found is None or is_gone(found) else found


def is_gone(holder: Holder) -> bool:
    """True when the holder's process is known to have ended; a process elsewhere never is."""
    if holder.host != socket.gethostname():
        return False
    start = _start_of(holder.pid)
    return start is None or (_HIDDEN not in (start, holder.start) and start != holder.start)


def _this_process() -> Holder:
    return Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        start=_start_of(os.getpid()) or _HIDDEN,
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(sys.argv)[:_COMMAND_LIMIT],
    )


def _start_of(pid: int) -> str | None:
    """When a process of this host started; None when it has ended."""
    if not Path("/proc/self/stat").exists():
        return _start_from_ps(pid)
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return _HIDDEN if _exists(pid) else None
    # The name of the command, in parentheses, may hold anything: count from behind it.
    fields = status[status.rindex(")") + 2 :].split()
    # An ended process that nobody has waited for still has an entry.
    return None if fields[0] in "ZX" else fields[19]


def _exists(pid: int) -> bool:
    """A system may hide other people's processes in /proc, yet a signal tells they are there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return False


def _start_from_ps(pid: int) -> str | None:
    """The same where there is no /proc (macOS)."""
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() or None


@contextmanager
def _guarded(path: Path, *, claim: bool = True) -> Iterator[tuple[int, bool]]:
    """The open lock file, and whether it may be changed: nobody else can meanwhile.

    claim: make the file if there is none; otherwise that is a FileNotFoundError.
    """
    while True:
        descriptor, created = _open(path, claim)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                yield descriptor, created
                return
            try:
                if _is_still(path, descriptor):
                    yield descriptor, True
                    return
            finally:
                # A child forked meanwhile shares the lock: closing alone would not end it.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def _open(path: Path, claim: bool) -> tuple[int, bool]:
    """A descriptor, and whether the file is new."""
    flags = os.O_RDWR | os.O_CLOEXEC
    while True:
        if claim:
            with suppress(FileExistsError):
                return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
        try:
            return os.open(path, flags), False
        except FileNotFoundError:
            if not claim:
                raise


def _is_still(path: Path, descriptor: int) -> bool:
    """False when the file was deleted, by its last holder, before we had it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> Holder | None:
    return _parse(os.pread(descriptor, 1 << 16, 0))


def _parse(text: bytes) -> Holder | None:
    """None for an empty or torn file: its writer ended before it held anything."""
    try:
        return Holder.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        return None


def _write(descriptor: int, holder: Holder) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, holder.model_dump_json(indent=1).encode() + b"\n", 0)
    os.fsync(descriptor)
