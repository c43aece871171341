"""Holding malloc to one heap is asked for where there is glibc, and harmless elsewhere."""

import sys

import pytest

from mirrorplay.runs import memory


def test_no_glibc_no_heap_to_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not memory.keep_one_heap()


def test_a_missing_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    assert not memory.keep_one_heap()
