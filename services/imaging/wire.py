"""Messages between a parent and its decoding process: a JSON head, then parts of plain bytes.

Nothing in a message can execute, whoever wrote it. On the pipe: the length of the head (32 bits,
big-endian), the head, then the parts, whose lengths are the head's "parts".
"""

import json
import struct
from collections.abc import Sequence
from typing import IO, Any

_LENGTH = struct.Struct(">I")
_LONGEST_HEAD = 1 << 20
_LARGEST_PART = 1 << 30


class MessageError(Exception):
    """What came is not a message."""


Message = tuple[dict[str, Any], list[bytes]]


def send(pipe: IO[bytes], head: dict[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Write one message."""
    encoded = json.dumps(head | {"parts": [len(part) for part in parts]}).encode()
    pipe.write(_LENGTH.pack(len(encoded)) + encoded)
    for part in parts:
        pipe.write(part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Read one message; raises EOFError where the pipe ends, MessageError for anything else."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > _LONGEST_HEAD:
        raise MessageError("head too long")
    encoded = _exactly(pipe, length)
    try:
        head = json.loads(encoded)
        lengths = head["parts"]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise MessageError(repr(error)) from error
    if not all(isinstance(one, int) and 0 <= one <= _LARGEST_PART for one in lengths):
        raise MessageError("lengths of parts")
    return head, [_exactly(pipe, one) for one in lengths]


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
