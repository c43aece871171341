"""One driver a run, whoever died before."""

import errno
import fcntl
import json
import multiprocessing
import os
import signal
import socket

import pytest

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.lock import RunLock, holder_of

FORK = multiprocessing.get_context("fork")


def _write_lock(run_dir, **changes):
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "start": "1",
        "since": "2026-01-01T00:00:00+00:00",
        "command": "mirrorplay run",
        **changes,
    }
    (run_dir / "run.lock").write_text(json.dumps(holder))


def _ended_pid():
    child = FORK.Process(target=int)
    child.start()
    child.join(30)
    return child.pid


def test_the_lock_says_who_holds_the_run(tmp_path):
    assert holder_of(tmp_path) is None
    with RunLock(tmp_path):
        holder = holder_of(tmp_path)
        assert (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
        stored = json.loads((tmp_path / "run.lock").read_text())
        assert set(stored) == {"host", "pid", "start", "since", "command"}
    assert holder_of(tmp_path) is None
    assert not (tmp_path / "run.lock").exists()


def test_a_held_run_is_refused_with_its_holder(tmp_path):
    with RunLock(tmp_path):
        since = holder_of(tmp_path).since
        with pytest.raises(UserError) as caught, RunLock(tmp_path):
            pass
        assert (tmp_path / "run.lock").exists()
    message = str(caught.value)
    for part in (f"process {os.getpid()}", socket.gethostname(), since, "kill -INT"):
        assert part in message
    with RunLock(tmp_path):
        pass


def test_the_lock_is_given_back_after_an_error(tmp_path):
    with pytest.raises(KeyError), RunLock(tmp_path):
        raise KeyError
    assert holder_of(tmp_path) is None


@pytest.mark.parametrize("owner", ["ended", "its number was given to another process"])
def test_the_lock_of_a_dead_driver_is_taken_over(tmp_path, owner):
    _write_lock(tmp_path, pid=_ended_pid() if owner == "ended" else os.getpid())
    assert holder_of(tmp_path) is None
    with RunLock(tmp_path):
        assert holder_of(tmp_path).pid == os.getpid()


def test_a_killed_driver_that_nobody_waited_for_is_dead(tmp_path):
    ready = FORK.Event()

    def hold():
        with RunLock(tmp_path):
            ready.set()
            signal.pause()

    driver = FORK.Process(target=hold)
    driver.start()
    assert ready.wait(30)
    with pytest.raises(UserError, match=f"process {driver.pid}"), RunLock(tmp_path):
        pass
    os.kill(driver.pid, signal.SIGKILL)
    os.waitid(os.P_PID, driver.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table
    with RunLock(tmp_path):
        assert holder_of(tmp_path).pid == os.getpid()
    driver.join(30)


def test_another_host_is_believed(tmp_path):
    _write_lock(tmp_path, host="elsewhere.example", pid=_ended_pid())
    with pytest.raises(UserError, match=r"delete .*run\.lock"), RunLock(tmp_path):
        pass
    assert holder_of(tmp_path).host == "elsewhere.example"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 0}', "\x00" * 40])
def test_a_torn_lock_holds_nothing(tmp_path, text):
    (tmp_path / "run.lock").write_text(text)
    with RunLock(tmp_path):
        assert holder_of(tmp_path).pid == os.getpid()


def test_a_child_keeps_nothing_locked(tmp_path):
    """A forked worker neither gives the lock back for its parent nor holds it after it."""
    left, go = FORK.Event(), FORK.Event()
    with RunLock(tmp_path) as lock:

        def work():
            lock.__exit__(None, None, None)
            left.set()
            go.wait(30)

        worker = FORK.Process(target=work)
        worker.start()
        assert left.wait(30)
        assert holder_of(tmp_path).pid == os.getpid()
    with RunLock(tmp_path):
        assert worker.is_alive()
    go.set()
    worker.join(30)


def test_a_lock_that_was_deleted_and_taken_is_not_given_back(tmp_path):
    with RunLock(tmp_path):
        _write_lock(tmp_path, host="elsewhere.example")
    assert holder_of(tmp_path).host == "elsewhere.example"


def _resume(run_dir, begin, end, winners):
    begin.wait()
    try:
        with RunLock(run_dir):
            winners.put(os.getpid())
            end.wait()
    except UserError:
        end.wait()


@pytest.mark.parametrize("before", ["a stale lock", "no lock"])
def test_of_many_resumes_at_once_one_wins(tmp_path, before):
    for _ in range(5):
        if before == "a stale lock":
            _write_lock(tmp_path, pid=_ended_pid())
        begin, end, winners = FORK.Barrier(8), FORK.Barrier(8), FORK.SimpleQueue()
        drivers = [
            FORK.Process(target=_resume, args=(tmp_path, begin, end, winners)) for _ in range(8)
        ]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join(30)
        assert [driver.exitcode for driver in drivers] == [0] * 8
        winners.get()
        assert winners.empty()
        assert holder_of(tmp_path) is None


def test_a_lock_that_changes_hands_while_we_wait_is_looked_at_again(tmp_path, monkeypatch):
    (tmp_path / "run.lock").touch()
    real = fcntl.flock

    def flock(descriptor, operation):
        monkeypatch.setattr(fcntl, "flock", real)
        (tmp_path / "run.lock").unlink()  # its last holder gave it back
        _write_lock(tmp_path, host="elsewhere.example")  # and another driver took it
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UserError, match=r"elsewhere\.example"), RunLock(tmp_path):
        pass
    assert holder_of(tmp_path).host == "elsewhere.example"


def test_holders_that_come_and_go_never_overlap(tmp_path):
    """Give back and take at the same time: the file is deleted under those who wait for it."""
    overlaps, taken = FORK.Value("i", 0), FORK.Value("i", 0)

    def drive():
        for _ in range(60):
            try:
                with RunLock(tmp_path):
                    try:
                        os.close(os.open(tmp_path / "inside", os.O_CREAT | os.O_EXCL))
                    except FileExistsError:
                        overlaps.value = 1
                    os.sched_yield()
                    (tmp_path / "inside").unlink(missing_ok=True)
                    taken.value += 1
            except UserError:
                os.sched_yield()

    drivers = [FORK.Process(target=drive) for _ in range(4)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join(60)
    assert [driver.exitcode for driver in drivers] == [0] * 4
    assert overlaps.value == 0
    assert taken.value > 0


@pytest.fixture
def no_advisory_locks(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_without_advisory_locks_a_free_run_can_be_held(tmp_path, no_advisory_locks):
    with RunLock(tmp_path):
        with pytest.raises(UserError, match=f"process {os.getpid()}"), RunLock(tmp_path):
            pass
        assert holder_of(tmp_path) is not None
    assert holder_of(tmp_path) is None


@pytest.mark.parametrize("stale", [True, False])
def test_without_advisory_locks_a_stale_lock_is_for_a_person(tmp_path, no_advisory_locks, stale):
    if stale:
        _write_lock(tmp_path, pid=_ended_pid())
    else:
        (tmp_path / "run.lock").touch()
    with pytest.raises(UserError, match=r"delete .*run\.lock"), RunLock(tmp_path):
        pass


def test_a_directory_that_cannot_be_locked_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="cannot be locked"), RunLock(tmp_path / "missing"):
        pass
