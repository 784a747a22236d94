"""Whatever a picture makes a step of the pipeline raise, its upload ends."""

import builtins
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging.child import ChildError, Children
from services.imaging.messages import request
from services.imaging.pipeline import FRAME_STEPS, STEPS
from tests import pictures

DATA = pictures.jpeg(64, 48)
LIBRARIES = (
    "PIL.UnidentifiedImageError", "PIL.ImageCms.PyCMSError", "PIL.Image.DecompressionBombError",
    "struct.error", "zlib.error", "wand.exceptions.CorruptImageError", "decimal.InvalidOperation",
    "services.imaging.verify.NotAsMadeError", "services.imaging.codecs.turbojpeg.DataError",
    "services.imaging.codecs.libwebp.DataError", "ctypes.ArgumentError",
)  # fmt: skip
BUILT_IN = tuple(
    f"builtins.{name}"
    for name, one in vars(builtins).items()
    if isinstance(one, type)
    and one.__name__ == name
    and issubclass(one, Exception)
    and not issubclass(one, Warning | UnicodeError | MemoryError | ExceptionGroup)
)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    """Children whose pipeline has one step that raises."""
    made = Children("tests.imaging.spinning:fault")
    yield made
    made.close()


def _end(children: Children, step: int, raised: str, arguments: list[object]) -> Exception | None:
    head, parts = request(DATA, (32,), ("webp",), Limits(), None)
    head |= {"step": step, "class": raised, "arguments": arguments}
    try:
        children.call(head, parts, time.monotonic() + 60)
    except Exception as error:  # noqa: BLE001 - what is tested
        return error
    return None


@settings(max_examples=40, deadline=None)
@given(
    step=st.integers(0, len(STEPS) + len(FRAME_STEPS) - 1),
    raised=st.sampled_from(BUILT_IN + LIBRARIES),
)
def test_every_exception_is_a_verdict(children: Children, step: int, raised: str) -> None:
    """An exception of any class from any step is Rejected after two attempts, and says what it was."""
    error = _end(children, step, raised, ["what a decoder said"])
    assert isinstance(error, Rejected)
    assert error.reason is Reason.CORRUPT
    assert raised.rpartition(".")[2] in error.detail


@pytest.mark.parametrize("step", [0, len(STEPS)])
def test_memory_has_a_reason_of_its_own(children: Children, step: int) -> None:
    """What needs more memory than there may be is not called damaged."""
    error = _end(children, step, "builtins.MemoryError", [])
    assert isinstance(error, Rejected)
    assert error.reason is Reason.TOO_MUCH_MEMORY


@pytest.mark.parametrize("number", [5, 24, 28])
def test_the_systems_errors_are_no_verdict(children: Children, number: int) -> None:
    """An input error, too many open files, a full disk: worth a retry, whatever the picture."""
    assert isinstance(_end(children, 1, "builtins.OSError", [number, "system"]), ChildError)
