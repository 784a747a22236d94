"""The decoding process: does one job after another until its input ends.

    python -m services.imaging.decoder_process module:function

The function takes and returns a message of services.imaging.wire. A message of one word, "load", is
the name of a module that the next one needs; a process that cannot load it ends.
"""

import errno
import faulthandler
import importlib
import os
import sys
import traceback
from typing import Any

from services.core.rejected import Rejected
from services.imaging import wire
from services.imaging.memory import MEMORY_BOUND, give_back, is_there
from services.imaging.sandbox import bound_memory, forbid_system_calls


def serve(target: str) -> None:
    """Say on standard output that all is loaded, then answer each message on standard input."""
    # What a library prints must not get between the responses.
    requests, responses = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    bound_memory(MEMORY_BOUND)
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    forbid_system_calls()
    wire.send(responses, {"outcome": "ready"})
    while True:
        try:
            head, parts = wire.receive(requests)
        except EOFError:
            return
        if module_to_load := head.get("load"):
            importlib.import_module(module_to_load)
            wire.send(responses, {"outcome": "ready"})
            continue
        # Ends this process where the parent died before the deadline; works even while C code runs.
        faulthandler.dump_traceback_later(max(0.0, head.pop("seconds")) + 1, exit=True)
        outcome: tuple[dict[str, Any], list[bytes]] = _outcome(function, (head, parts))
        faulthandler.cancel_dump_traceback_later()
        wire.send(responses, *outcome)
        del outcome, parts
        give_back()


def _outcome(function: Any, message: Any) -> tuple[dict[str, Any], list[bytes]]:
    try:
        head, parts = function(message)
    except Rejected as rejected:
        reason, detail = rejected.reason, rejected.detail
        return {"outcome": "rejected", "reason": reason, "detail": detail}, []
    except Exception as error:  # noqa: BLE001 - handed to the parent, which judges it
        # No byte of a picture makes the system itself fail; Pillow's own OSErrors have no number.
        number = error.errno if isinstance(error, OSError) else None
        outcome = "failed" if number is None else "surroundings"
        if isinstance(error, MemoryError) or number == errno.ENOMEM:
            outcome = "memory" if is_there() else "surroundings"
        return {"outcome": outcome, "traceback": "".join(traceback.format_exception(error))}, []
    return head | {"outcome": "done"}, parts


if __name__ == "__main__":
    serve(sys.argv[1])
