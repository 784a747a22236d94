"""The processes of the local product: workers and the web server."""

import subprocess
import sys
import threading


class Children:
    """The processes that this one started; a worker that ends is started again."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, *module: str) -> None:
        """Start `python -m module …` in a session of its own: Ctrl-C reaches it through us."""
        command = [sys.executable, "-m", *module]
        self._commands[name] = command
        self._running[name] = subprocess.Popen(  # noqa: S603 our own modules
            command, env=self._environ, start_new_session=True
        )

    def restart(self, prefix: str) -> None:
        """Start anew those whose name begins with `prefix`, as after a change of their code."""
        with self._lock:
            for name in [name for name in self._running if name.startswith(prefix)]:
                _end(self._running[name])
                self.start(name, *self._commands[name][2:])

    def revive(self, prefix: str) -> None:
        """Start again those whose name begins with `prefix` and that ended by themselves."""
        with self._lock:
            for name, process in list(self._running.items()):
                if name.startswith(prefix) and process.poll() is not None:
                    self.start(name, *self._commands[name][2:])

    def ended(self, name: str) -> bool:
        """Tell whether a process has ended."""
        return self._running[name].poll() is not None

    def stop(self) -> None:
        """End all of them."""
        with self._lock:
            for process in self._running.values():
                process.terminate()
            for process in self._running.values():
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
