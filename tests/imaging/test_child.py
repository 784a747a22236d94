"""The child process: what a decoder may do to it, and what becomes of the call."""

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging import Picture, child, engine, make_variants
from services.imaging.child import CannotStartError, ChildError, Children
from tests import pictures


@pytest.fixture
def children() -> Iterator[Children]:
    """Children that do what `spinning.act` is told; all are ended after the test."""
    made = Children("tests.imaging.spinning:act")
    yield made
    made.close()


def _call(children: Children, deed: str, seconds: float = 20) -> dict[str, Any]:
    return children.call({"deed": deed}, [], time.monotonic() + seconds)[0]


def test_stays_for_the_next_call(children: Children) -> None:
    """Two calls one after the other are answered by the same process."""
    assert _call(children, "pid")["pid"] == _call(children, "pid")["pid"]


def test_spinning_in_c_is_a_timeout(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that never returns to Python is stopped at the deadline and judged a timeout."""
    monkeypatch.setattr(child, "FAIR_SECONDS", 0.05)
    _call(children, "pid")
    began = time.monotonic()
    with pytest.raises(Rejected) as refusal:
        _call(children, "spin", 2)
    assert refusal.value.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 5
    assert _call(children, "pid")


def test_little_time_is_no_verdict(children: Children) -> None:
    """A picture that got only the rest of an invocation's time is left for a retry."""
    _call(children, "pid")
    with pytest.raises(TimeoutError):
        _call(children, "spin", 0.5)


def test_time_that_others_had_is_no_verdict(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that is busy, or has no memory left but a disk's, the clock alone says nothing."""
    monkeypatch.setattr(child, "FAIR_SECONDS", 0.5)
    _call(children, "pid")
    with pytest.raises(TimeoutError):
        _call(children, "wait", 1)


def test_a_process_that_is_not_ready_in_time_says_nothing_of_the_picture(
    children: Children,
) -> None:
    """It has seen no byte of it."""
    with pytest.raises(CannotStartError, match="had loaded its libraries"):
        _call(children, "pid", 0.01)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("crash", Reason.CORRUPT),
        ("fail", Reason.CORRUPT),
        ("nonsense", Reason.CORRUPT),
        ("eat", Reason.TOO_MUCH_MEMORY),
        ("share", Reason.TOO_MUCH_MEMORY),
    ],
)
def test_what_a_picture_does_twice_is_a_verdict(
    children: Children, deed: str, reason: Reason
) -> None:
    """A signal, an exception, an answer that is none, too much memory: refused, and work goes on."""
    with pytest.raises(Rejected) as refusal:
        _call(children, deed)
    assert refusal.value.reason is reason, refusal.value.detail
    assert _call(children, "pid")


@pytest.mark.parametrize("deed", ["exit", "full", "short"])
def test_what_says_nothing_of_the_picture_is_worth_a_retry(children: Children, deed: str) -> None:
    """An end without a decoder's signal, an error of the system's, a system without the memory."""
    with pytest.raises(ChildError):
        _call(children, deed)
    assert _call(children, "pid")


@pytest.mark.parametrize("code", ["1 / 0", "import ctypes; ctypes.string_at(0)"])
def test_a_library_that_does_not_load_says_nothing_of_the_picture(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """As after an upgrade, whether its import raises or crashes; what does without it goes on."""
    (tmp_path / "broken.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CannotStartError, match="had loaded its libraries"):
        _call(Children("broken:act"), "pid")
    head = {"deed": "pid", "needs": "broken"}
    for _ in range(2):
        with pytest.raises(CannotStartError, match="had loaded broken"):
            children.call(head, [], time.monotonic() + 20)
    assert _call(children, "pid")


BROKEN = """
import sys
sys.modules[{module!r}] = None  # what the import system takes for one that is not there
"""


@pytest.mark.parametrize(
    ("module", "made_by", "others_work"),
    [
        ("_pillow_heif", pictures.heic, True),
        ("PIL._avif", pictures.avif, True),
        ("PIL._webp", pictures.png, False),
        ("PIL._imagingcms", pictures.png, False),
        ("PIL.JpegImagePlugin", pictures.png, False),
        ("wand", pictures.png, False),
    ],
)
def test_no_library_of_the_decoders_is_the_pictures_fault(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    made_by: Callable[[int, int], bytes],
    *,
    others_work: bool,
) -> None:
    """Each that is missing is the installation's; one that a single format needs stops no other."""
    (tmp_path / "sitecustomize.py").write_text(BROKEN.format(module=module))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _assert_cannot_start(monkeypatch, made_by(32, 24), others_work=others_work)


def test_a_shared_library_that_is_broken_is_not_the_pictures_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the loader finds no library in the file, as after half an upgrade."""
    (tmp_path / "libturbojpeg.so.0").write_bytes(b"half of it")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    _assert_cannot_start(monkeypatch, pictures.jpeg(32, 24), others_work=False)


def _assert_cannot_start(
    monkeypatch: pytest.MonkeyPatch, data: bytes, *, others_work: bool
) -> None:
    children = Children("services.imaging.job:run")
    monkeypatch.setattr(engine, "_children", children)

    def make(some: bytes) -> Picture:
        end = time.monotonic() + 30
        return make_variants(
            some, sizes=(16,), formats=("webp",), limits=Limits(), deadline=end
        )  # fmt: skip

    try:
        with pytest.raises(CannotStartError):
            make(data)
        if others_work:
            assert make(pictures.jpeg(32, 24)).format == "jpeg"
    finally:
        children.close()


def test_a_machine_that_starts_no_process_says_nothing_of_the_picture(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that has no interpreter there any more."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CannotStartError, match="can be started"):
        _call(children, "pid")


def test_what_a_large_picture_took_is_given_back(children: Children) -> None:
    """Of 500 MiB that were held and freed, the process that waits keeps little."""
    assert _call(children, "hold")["resident"] > 500 << 20
    assert _call(children, "pid")["resident"] < 200 << 20


def test_a_decoders_bug_is_logged(children: Children, caplog: pytest.LogCaptureFixture) -> None:
    """The traceback of an exception that becomes a verdict is in the log."""
    with caplog.at_level(logging.ERROR), pytest.raises(Rejected, match="a decoder's bug"):
        _call(children, "fail")
    [first, _] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "spinning.py" in first.traceback  # type: ignore[attr-defined] # of `extra`


def test_chatter_does_not_spoil_the_answer(children: Children) -> None:
    """What a library prints does not get between the answers."""
    assert _call(children, "print")


def test_no_secret_reaches_the_child(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither credentials nor settings are in the environment of the process that decodes."""
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "UPLOAD_BUCKET"):
        monkeypatch.setenv(name, "secret")
    environment = _call(children, "pid")["environment"]
    assert "secret" not in environment.values()
    assert environment["MAGICK_THREAD_LIMIT"] == "1"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux has the filter")
def test_a_decoder_that_was_taken_over_can_do_little() -> None:
    """No network, no program, no process, no signal, no other's memory, no new privileges."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        children = Children("tests.imaging.spinning:attack")
        head = {"port": listening.getsockname()[1]}
        answer, _ = children.call(head, [], time.monotonic() + 20)
        children.close()
    assert answer["went"] == []
    assert "NoNewPrivs:\t1" in answer["status"]
    assert "Seccomp:\t2" in answer["status"]
