"""The processes of the local product, which end with this one."""

import contextlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

STOP_SECONDS = 5


class Children:
    """Processes by name; a `with` block, after which none of them runs, however it ends."""

    def __init__(self) -> None:
        # Leads the group that all are in. Reads a pipe that this process alone holds open: kills
        # the group when we end, killed or not. No Ctrl-C of the terminal reaches that group.
        command = ["/bin/sh", "-c", "read line; kill -9 0"]
        self._guard = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[Sequence[str], Mapping[str, str], Path | None]] = {}

    def start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path | None = None
    ) -> None:
        """Start a command; what it says goes to `log`, emptied before, or to the terminal."""
        self._commands[name] = (command, environ, log)
        with log.open("wb") if log else contextlib.nullcontext() as output:
            streams: Any = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            self._running[name] = subprocess.Popen(  # noqa: S603 our own commands
                command, env=environ, process_group=self._guard.pid, **streams
            )

    def restart(self, *names: str) -> None:
        """Start anew those whose names begin so, as after a change of their code."""
        for name in [name for name in self._running if name.startswith(names)]:
            self._start_anew(name)

    def revive(self) -> bool:
        """Start again what ended by itself, say so, and tell whether anything had."""
        ended = [name for name in self._running if self.ended(name)]
        for name in ended:
            log = self._commands[name][2]
            why = f"{self._running[name].returncode}" + (f"; log: {log.parent}" if log else "")
            print(f"contact-sheet: {name} ended ({why}) and is started again", file=sys.stderr)  # noqa: T201
            self._start_anew(name)
        return bool(ended)

    def ended(self, name: str) -> bool:
        """Tell whether a process has ended."""
        return self._running[name].poll() is not None

    def answers(self, name: str, url: str, seconds: float) -> bool:
        """Wait until a process answers at an address; False where it ended or the time has."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + seconds
        while not self.ended(name) and time.monotonic() < end:
            try:
                with direct.open(url, timeout=1):
                    return True
            except OSError:
                time.sleep(0.02)
        return False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all."""
        for process in self._running.values():
            process.terminate()
        for name in self._running:
            self._end(name)
        self._guard.communicate()

    def _start_anew(self, name: str) -> None:
        self._end(name)
        self.start(name, *self._commands[name])

    def _end(self, name: str) -> None:
        self._running[name].terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._running[name].wait(STOP_SECONDS)
        self._running[name].kill()
        self._running[name].wait()
