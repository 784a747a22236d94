"""`python -m services.local`: object store, resize workers and the gallery, until Ctrl-C."""

import contextlib
import fcntl
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import boto3
import watchfiles
from botocore.exceptions import BotoCoreError, ClientError

from services.core import keys
from services.core.settings import (
    ConfigError,
    LocalSettings,
    Settings,
    load_local_settings,
    load_settings,
)
from services.local.bridge import Bridge
from services.local.children import Children
from services.local.lifecycle import end_of_life
from services.local.provision import provision_buckets, refuse_acls
from services.local.queue import FILE, SCHEDULE, Queue
from services.local.weed import (
    HOST,
    KEY_FILE,
    START_SECONDS,
    StartError,
    is_free,
    make_key_pair,
    start_weed,
)
from services.store.client import key_pair_session

SWEEP_SECONDS = 30
BUSY_SWEEP_SECONDS = 900  # as on AWS
LIFECYCLE_SECONDS = 3600
WORKER = (sys.executable, "-m", "services.local.worker")
WEB = (
    *(sys.executable, "-m", "uvicorn", "services.web.app:app", f"--host={HOST}"),
    *("--log-level=warning", "--no-server-header"),
    "--no-proxy-headers",  # TRUSTED_PROXIES says whom to believe
)


def require_free_port(port: int, setting: str) -> None:
    """Raise StartError where something else listens."""
    if port and not is_free(port):
        msg = f"Port {port} is in use; stop what uses it or set {setting} to another port."
        raise StartError(msg)


def require_imagemagick() -> None:
    """Raise StartError where Wand finds no ImageMagick library."""
    try:
        import wand.api  # noqa: F401 loading it is the check
    except ImportError:
        raise StartError("ImageMagick's library is missing; `make install` installs it.") from None


@contextlib.contextmanager
def held(folder: Path) -> Iterator[tuple[str, str]]:
    """Hold the data folder and yield its key pair, made at the first start; raises StartError."""
    if (folder / "s3").exists():
        msg = (
            f"The data folder {folder} is an earlier version's, which kept objects in another "
            "form; it is left untouched. Move it away or set DATA_DIR to another folder."
        )
        raise StartError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        key_pair = make_key_pair(folder)
        lock = (folder / "lock").open("w")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else f"{KEY_FILE} is damaged"
        msg = f"Cannot use the data folder {folder}: {why}; set DATA_DIR to a folder of yours."
        raise StartError(msg) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            msg = f"Contact Sheet already runs in {folder}; set DATA_DIR and PORT for another one."
            raise StartError(msg) from None
        yield key_pair


@contextlib.contextmanager
def opened_queue(folder: Path) -> Iterator[Queue]:
    """Yield the queue with all that waits in it put back; raises StartError where it is damaged."""
    try:
        queue = Queue(folder)
        queue.redrive()
    except sqlite3.DatabaseError as error:
        msg = (
            f"The queue {folder / FILE} cannot be used: {error}. If it is damaged, move {FILE}* "
            "away; the sweep finds again what waited in it."
        )
        raise StartError(msg) from None
    with contextlib.closing(queue):
        yield queue


def run(settings: Settings, local: LocalSettings) -> None:
    """Run the product until it is told to stop."""
    require_imagemagick()
    require_free_port(local.port, "PORT")
    environ = {"UPLOADS_PER_MINUTE": "600", **os.environ}  # no API Gateway throttles here
    # Pages that may upload: those that the gallery answers by.
    origins = [f"http://{name}:{local.port}" for name in ("localhost", HOST)]
    origins += [settings.public_url] if settings.public_url else []
    if settings.s3_endpoint_url:
        environ.setdefault("SWEEP_AFTER_SECONDS", "0")
        session = boto3.Session(region_name=settings.region)
        provision_buckets(settings, session, origins)
        with Children() as children:
            children.start("worker", WORKER, environ)
            serve(children, environ, local)
            watch(children, settings, session)
        return
    require_free_port(local.s3_port, "S3_PORT")
    with (
        held(local.data_dir) as key_pair,
        opened_queue(local.data_dir) as queue,
        Bridge(queue.put) as bridge,
        Children() as children,
    ):
        url = start_weed(
            local.data_dir,
            key_pair,
            children,
            s3_port=local.s3_port,
            origins=origins,
            settings=bridge.settings(f"/buckets/{settings.upload_bucket}/{keys.UPLOAD_PREFIX}"),
        )
        settings = replace(settings, s3_endpoint_url=url)
        session = key_pair_session(key_pair, settings.region)
        provision_buckets(settings, session, origins)
        refuse_acls(settings, session)
        # An upload whose event was lost should not wait for a quarter of an hour here.
        environ.setdefault("SWEEP_AFTER_SECONDS", "15")
        environ["S3_ENDPOINT_URL"] = url
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            environ.pop(name, None)
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"] = key_pair
        for number in range(local.workers):
            children.start(f"worker-{number}", [*WORKER, f"worker-{number}"], environ)
        serve(children, environ, local)
        where = f"upload bucket {settings.upload_bucket}, key pair in {local.data_dir / KEY_FILE}"
        print(f"S3: {url}, {where}", flush=True)  # noqa: T201 what `make run` is for
        watch(children, settings, session, queue)


def serve(children: Children, environ: dict[str, str], local: LocalSettings) -> None:
    """Start the gallery and announce it once it answers; raises StartError."""
    children.start("web", [*WEB, f"--port={local.port}"], environ)
    if not children.answers("web", f"http://{HOST}:{local.port}/readyz", START_SECONDS):
        if children.ended("web"):
            raise StartError("The gallery did not start; its own message stands above.")
        raise StartError("The gallery does not answer, or says that its storage does not.")
    print(f"Contact Sheet: http://localhost:{local.port} (Ctrl-C stops it)", flush=True)  # noqa: T201


def watch(
    children: Children, settings: Settings, session: boto3.Session, queue: Queue | None = None
) -> None:
    """Keep all parts running, on the newest code; sweep, and end what is kept no more."""
    swept, ended = time.monotonic() - SWEEP_SECONDS, -float(LIFECYCLE_SECONDS)
    # Yields every second, with or without a change.
    for changes in watchfiles.watch(
        "services", watch_filter=watchfiles.PythonFilter(), rust_timeout=1000, yield_on_timeout=True
    ):
        if changes:
            children.restart("worker", "web")
        if children.revive():
            swept = time.monotonic() - SWEEP_SECONDS  # what it had in hand may wait
        # What waits in the queue is not lost; but now and then all is looked after, and tallied.
        every = BUSY_SWEEP_SECONDS if queue and queue.waiting() else SWEEP_SECONDS
        if queue and time.monotonic() - swept > every:
            queue.put(SCHEDULE)
            swept = time.monotonic()
        if time.monotonic() - ended > LIFECYCLE_SECONDS:
            with contextlib.suppress(BotoCoreError, ClientError):  # the next hour comes
                end_of_life(settings, session, datetime.now(UTC))
            ended = time.monotonic()


def main() -> int:
    """Run the product and return the exit status."""
    # A shell that starts this in the background has SIGINT ignored, and Python keeps it so.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    os.umask(0o077)  # the data folder is nobody else's
    try:
        run(load_settings(), load_local_settings())
    except KeyboardInterrupt:
        return 0
    except (StartError, ConfigError) as error:
        print(f"contact-sheet: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
