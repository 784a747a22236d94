"""Runs an image's function by a container engine, with Lambda's limits."""

import contextlib
import functools
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TMP_BYTES = 512 << 20  # what Lambda gives unless asked for more
USER = ("993", "990")  # not the image's: Lambda runs every function as a user of its own
DESCRIPTORS = PROCESSES = 1024  # Lambda's quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What serverless.yml and the Dockerfile say of a function."""

    name: str
    env: Mapping[str, str]
    memory_mb: int
    timeout: float

    def variables(self, port: int) -> dict[str, str]:
        """Return what Lambda sets, and what the function is given."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_REGION": "us-east-1",
            **self.env,
        }


@dataclass(slots=True)
class Container:
    """The image itself under Docker, or podman with runc: Lambda's memory limit, enforced.

    `cpus` is the share of processors that the function gets; without it, all of them.
    """

    cpus: float | None = None
    name: str = field(default_factory=lambda: f"contact-sheet-{uuid.uuid4().hex[:12]}")

    def command(self, function: Function, port: int) -> list[str]:
        """Return a command that leaves entry point, handler and environment to the image."""
        return [*self.run(function, port), f"contact-sheet:{function.name}"]

    def run(self, function: Function, port: int) -> list[str]:
        """Return the command up to the image's name."""
        memory = f"{function.memory_mb}m"
        command = [
            *engine(), "run", "--rm", "--name", self.name, "--pull", "never",
            "--network", "host", "--read-only", "--cap-drop", "all", "--user", ":".join(USER),
            "--memory", memory, "--memory-swap", memory, "--pids-limit", str(PROCESSES),
            "--ulimit", f"nofile={DESCRIPTORS}:{DESCRIPTORS}",
            "--ulimit", f"nproc={PROCESSES}:{PROCESSES}",
            "--tmpfs", f"/tmp:size={TMP_BYTES}",  # noqa: S108 the container's own
        ]  # fmt: skip
        if self.cpus is not None:
            command += ["--cpus", str(self.cpus)]
        for name, value in function.variables(port).items():
            command += ["--env", f"{name}={value}"]
        return command

    def stop(self) -> None:
        """Kill its first process, which would heed no other signal."""
        with contextlib.suppress(subprocess.CalledProcessError):  # it may have ended by itself
            self._ask("kill", self.name)

    def peak_memory(self) -> int:
        """Return what the container's control group counted, page cache included."""
        for group in control_groups(self.pid(), "memory"):
            for name in ("memory.max_usage_in_bytes", "memory.peak"):
                if (group / name).exists():
                    return int((group / name).read_text())
        raise FileNotFoundError("the container's control group counts no memory")

    def cpu_milliseconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        for group in control_groups(self.pid(), "cpuacct"):
            if (group / "cpuacct.usage").exists():
                return int((group / "cpuacct.usage").read_text()) / 1e6
            if (group / "cpu.stat").exists():
                return int((group / "cpu.stat").read_text().split()[1]) / 1e3
        raise FileNotFoundError("the container's control group counts no processor time")

    def pid(self) -> int:
        """Return the runtime's process id, as this machine counts."""
        return int(self._ask("inspect", "--format", "{{.State.Pid}}", self.name))

    def _ask(self, *arguments: str) -> str:
        asked = [*engine(), *arguments]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@functools.cache
def engine() -> list[str]:
    """Return Docker's command where an engine answers, else podman's, as scripts/build-images."""
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    ):
        return [docker]
    return ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]


def control_groups(pid: int, controller: str) -> list[Path]:
    """Return a process's control groups in which a controller may count or bound."""
    root = Path("/sys/fs/cgroup")
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            found.append(root / controllers / path.lstrip("/"))
    return found


def memory_limit(pid: int) -> int:
    """Return the bytes of memory that the kernel lets a process and those beside it have."""
    for group in control_groups(pid, "memory"):
        for name in ("memory.limit_in_bytes", "memory.max"):
            if (group / name).exists():
                return int((group / name).read_text())
    raise FileNotFoundError("the process's control group bounds no memory")


def peak_of_process(pid: int) -> int:
    """Return the most memory that a process held resident, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
