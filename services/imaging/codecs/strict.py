"""The one place where a decoder's complaint about the data becomes a verdict."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.core.reasons import Reason
from services.core.rejected import Rejected


@contextmanager
def data_errors() -> Iterator[None]:
    """Turn what Pillow and libheif raise over bad data into Rejected(CORRUPT).

    To be put around a decoder alone, whose input the checks found to be all there. What comes from
    the environment passes: an OSError with an errno, a MemoryError, and the "out of memory" that
    Pillow's and libheif's codecs report under another class.
    """
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError, IndexError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = str(error).lower()
        # libheif's limits against bombs go by that name too, and are about the data.
        if "memory" in words and "security limit" not in words:
            raise MemoryError(str(error)) from error
        raise Rejected(Reason.CORRUPT, f"{type(error).__name__}: {error}") from error
