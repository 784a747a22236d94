"""Runs SeaweedFS, the object store of the local product: one process, on loopback."""

import json
import os
import random
import secrets
import socket
import sysconfig
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import trustme

from services.local.children import Children

HOST = "127.0.0.1"
PORTS_FILE = "ports.json"
KEY_FILE = "credentials.json"
# The garbage collector's soft limit. Its buffers, most of them never touched, come to some 300 MiB:
# at 256MiB it collects without end, 15 % of a core from the first form on; at 512MiB 0.4 %.
MEMORY = "512MiB"
START_SECONDS = 120  # a busy machine is no failure
HELD = "resource temporarily unavailable"  # how it says that another one has the folder
HELD_SECONDS = 10  # given to one that was killed a moment ago
PARTS = ("master", "volume", "filer", "s3", "admin")

OPTIONS = Path(__file__).with_name("weed.options")
NOTHING: Mapping[str, str] = {}

# Two files of a megabyte for each level of severity.
LOGGING = ["-logtostderr=false", "-alsologtostderr=false", "-stderrthreshold=FATAL"]
LOGGING += ["-log_max_size_mb=1", "-log_max_files=2"]


class StartError(Exception):
    """The product cannot start; the message says why and what to do."""


def read_key_pair(folder: Path) -> tuple[str, str]:
    """Return access key id and secret; raises OSError or, where the file is damaged, ValueError."""
    access_key_id, secret = json.loads((folder / KEY_FILE).read_text())
    return access_key_id, secret


def make_key_pair(folder: Path) -> tuple[str, str]:
    """Return the key pair, made where there is none; raises as `read_key_pair` does."""
    path = folder / KEY_FILE
    if not path.exists():
        half = path.with_suffix(".new")  # an end in between leaves no damaged pair
        half.touch(mode=0o600)
        half.write_text(json.dumps(["contact-sheet", secrets.token_urlsafe(30)]))
        half.rename(path)
    return read_key_pair(folder)


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
    return list(islice(filter(is_free, random.sample(range(15_000, 32_000), 1000)), count))


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
    ports = read_ports(folder)
    if (
        s3_port not in (0, ports.get("s3.port"))
        or not ports
        or not all(map(is_free, ports.values()))
    ):
        names = [f"{part}.port{kind}" for part in PARTS for kind in ("", ".grpc")]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        ports["s3.port"] = s3_port or ports["s3.port"]
        (folder / PORTS_FILE).write_text(json.dumps(ports))
    return ports


def start_weed(
    folder: Path,
    key_pair: tuple[str, str],
    children: Children,
    *,
    s3_port: int = 0,
    origins: Sequence[str] = (),
    settings: Mapping[str, str] = NOTHING,
    options: Mapping[str, str] = NOTHING,
) -> str:
    """Start SeaweedFS over a folder and return its S3's address once that answers.

    Every right is the key pair's: whoever else asks is refused, by S3 and by the parts behind it.
    `settings` and `options` are its own, by name. Raises StartError.
    """
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise StartError(
            "SeaweedFS, the object store, is not installed: Linux (x86_64, arm64) and macOS 13 or "
            "newer (arm64) have it by `make install`; elsewhere set S3_ENDPOINT_URL to another S3."
        )
    folder = folder.absolute()
    if "," in str(folder):  # -dir would make, and write to, a folder of each part
        msg = f"SeaweedFS cannot keep objects in {folder}: set DATA_DIR to a path without a comma."
        raise StartError(msg)
    store, log = folder / "store", folder / "log"
    for made in (store, log):
        made.mkdir(parents=True, exist_ok=True)
    (store / "mini.options").unlink(missing_ok=True)  # what it remembers of other ports
    ports = choose_ports(folder, s3_port)
    # Answers preflights of a bucket's own address, which is where forms are posted to. Any other
    # origin's, version 4.48 answers by closing the connection.
    allowed = {"s3.allowedOrigins": ",".join(origins) or "http://none.invalid"}
    arguments = [f"-{name}={value}" for name, value in {**allowed, **ports, **options}.items()]
    url = f"http://{HOST}:{ports['s3.port']}"
    mini = ("mini", f"-options={OPTIONS}", f"-dir={store}", *arguments)
    command = [str(program), *LOGGING, f"-logdir={log}", *mini]
    environ = {**_environ(folder, key_pair), **settings}
    last = _start(children, command, environ, log / "output", f"{url}/healthz")
    if last is None:
        return url
    why = "ended" if children.ended("weed") else f"did not answer in {START_SECONDS} s"
    msg = f"SeaweedFS, the object store, {why} (log: {log}); its last words: {last}"
    raise StartError(msg)


def _start(
    children: Children, command: Sequence[str], environ: Mapping[str, str], output: Path, url: str
) -> str | None:
    """Start it, again while the one before holds the folder; return its last words, or None once up."""
    end = time.monotonic() + HELD_SECONDS
    while True:
        children.start("weed", command, environ, output)
        if children.answers("weed", url, START_SECONDS):
            return None
        last = _last_words(output)
        if HELD not in last or time.monotonic() > end:
            return last
        time.sleep(0.05)


def _last_words(output: Path) -> str:
    """Return the line that says what was fatal, or the last."""
    said = [line for line in output.read_text(errors="replace").splitlines() if line]
    # Stacks follow what is fatal.
    return ([line for line in said if line.startswith(("F", "panic"))] or said[-1:] or [""])[0]


def _environ(folder: Path, key_pair: tuple[str, str]) -> dict[str, str]:
    """Return its environment: nothing of ours but what it needs, and no secret in its arguments."""
    access_key_id, secret = key_pair
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),  # it would read settings there
        "GOMEMLIMIT": MEMORY,
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
        **_grpc_certificates(folder),
    }
    for name in ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ"):
        environ[f"WEED_JWT_{name}_KEY"] = secrets.token_hex(32)
    return environ


def _grpc_certificates(folder: Path) -> dict[str, str]:
    """Return settings by which its parts speak among themselves only: by mutual TLS, with a new CA."""
    authority = trustme.CA()
    pem = folder / "grpc.pem"
    pem.touch(mode=0o600)
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(pem)
    authority.cert_pem.write_to_path(folder / "grpc-ca.pem")
    environ = {"WEED_GRPC_CA": str(folder / "grpc-ca.pem")}
    for part in ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT"):
        environ |= {f"WEED_GRPC_{part}_CERT": str(pem), f"WEED_GRPC_{part}_KEY": str(pem)}
    return environ
