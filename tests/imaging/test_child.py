"""The child process: what a decoder may do to it, and what becomes of the call."""

import time
from collections.abc import Iterator

import pytest

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging import child
from services.imaging.child import ChildError, Children


@pytest.fixture
def children() -> Iterator[Children]:
    """Children that do what `spinning.act` is told; all are ended after the test."""
    made = Children("tests.imaging.spinning:act")
    yield made
    made.close()


def _call(children: Children, deed: str, seconds: float = 20) -> object:
    return children.call((deed,), time.monotonic() + seconds)


def test_stays_for_the_next_call(children: Children) -> None:
    """Two calls one after the other are answered by the same process."""
    assert _call(children, "pid") == _call(children, "pid")


def test_spinning_in_c_is_a_timeout(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that never returns to Python is stopped at the deadline and judged a timeout."""
    monkeypatch.setattr(child, "FAIR_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(Rejected) as refusal:
        _call(children, "spin", 1.5)
    assert refusal.value.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 5
    assert isinstance(_call(children, "pid"), str)


def test_little_time_is_no_verdict(children: Children) -> None:
    """A picture that got only the rest of an invocation's time is left for a retry."""
    with pytest.raises(TimeoutError):
        _call(children, "spin", 0.5)


def test_crash_is_corrupt(children: Children) -> None:
    """Data that ends its decoder by a signal twice is refused as corrupt, and work goes on."""
    with pytest.raises(Rejected) as refusal:
        _call(children, "crash")
    assert refusal.value.reason is Reason.CORRUPT
    assert isinstance(_call(children, "pid"), str)


def test_memory_is_bounded(children: Children) -> None:
    """A decoder that wants more memory than the bound is refused it, and so is the picture."""
    with pytest.raises(Rejected) as refusal:
        _call(children, "eat")
    assert refusal.value.reason is Reason.TOO_MANY_PIXELS


def test_unexplained_end_is_worth_a_retry(children: Children) -> None:
    """A child that ends for no reason of the picture's says nothing about the picture."""
    with pytest.raises(ChildError):
        _call(children, "exit")


def test_fault_of_ours_is_worth_a_retry(children: Children) -> None:
    """An exception that is no verdict reaches the caller with its traceback."""
    with pytest.raises(ChildError, match="ArithmeticError: a fault of ours"):
        _call(children, "fail")


def test_chatter_does_not_spoil_the_answer(children: Children) -> None:
    """What a library prints does not get between the answers."""
    assert isinstance(_call(children, "print"), str)
