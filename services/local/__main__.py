"""`python -m services.local`: object store, resize workers and the gallery, until Ctrl-C."""

import contextlib
import fcntl
import os
import secrets
import signal
import sys
import time
import urllib.request
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
from services.local.key_file import KEY_FILE, make_key_pair
from services.local.lifecycle import end_of_life
from services.local.provision import provision_buckets, refuse_acls
from services.local.queue import SCHEDULE, Queue
from services.local.weed import HOST, Webhook, Weed, WeedError, is_free

SWEEP_SECONDS = 30
LIFECYCLE_SECONDS = 3600


class StartError(Exception):
    """The product cannot start; the message says why and what to do."""


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


def page_origins(settings: Settings, local: LocalSettings) -> list[str]:
    """Return the origins whose pages may upload: those that the gallery answers by."""
    origins = [f"http://{name}:{local.port}" for name in ("localhost", HOST)]
    return [*origins, settings.public_url] if settings.public_url else origins


def run(settings: Settings, local: LocalSettings) -> None:
    """Run the product until it is told to stop."""
    require_imagemagick()
    require_free_port(local.port, "PORT")
    if settings.s3_endpoint_url:
        session = boto3.Session(region_name=settings.region)
        run_product(settings, local, session)
        return
    require_free_port(local.s3_port, "S3_PORT")
    with held(local.data_dir) as key_pair, contextlib.closing(Queue(local.data_dir)) as queue:
        token = secrets.token_urlsafe()
        path = f"/buckets/{settings.upload_bucket}/{keys.UPLOAD_PREFIX}"
        with Bridge(token, queue.put) as bridge:
            webhook = Webhook(bridge.url, token, path)
            with Weed(
                local.data_dir,
                key_pair,
                s3_port=local.s3_port,
                webhook=webhook,
                origins=page_origins(settings, local),
            ) as weed:
                session = boto3.Session(*key_pair, region_name=settings.region)
                queue.redrive()
                connected = replace(settings, s3_endpoint_url=weed.url)
                run_product(connected, local, session, weed, queue)


def run_product(
    settings: Settings,
    local: LocalSettings,
    session: boto3.Session,
    weed: Weed | None = None,
    queue: Queue | None = None,
) -> None:
    """Run workers and gallery on an S3, ours or another, until told to stop."""
    provision_buckets(settings, session, page_origins(settings, local))
    if weed:
        refuse_acls(settings, session)
    children = Children(_environ(settings, session, embedded=weed is not None))
    try:
        for number in range(local.workers if queue else 1):
            name = f"worker-{number}"
            children.start(name, "services.local.worker", *([name] if queue else []))
        children.start("web", "services.local.web", HOST, str(local.port))
        _announce(children, local, settings)
        _watch(children, settings, session, weed, queue)
    finally:
        children.stop()


def _environ(settings: Settings, session: boto3.Session, *, embedded: bool) -> dict[str, str]:
    environ = dict(os.environ)
    environ["S3_ENDPOINT_URL"] = settings.s3_endpoint_url or ""
    # An upload whose event was lost should not wait for a quarter of an hour here.
    environ.setdefault("SWEEP_AFTER_SECONDS", "15" if embedded else "0")
    environ.setdefault("UPLOADS_PER_MINUTE", "600")  # no API Gateway throttles here
    credentials = session.get_credentials()
    if embedded and credentials:
        environ["AWS_ACCESS_KEY_ID"] = credentials.access_key or ""
        environ["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key or ""
        environ.pop("AWS_SESSION_TOKEN", None)
        environ.pop("AWS_PROFILE", None)
    return environ


def _announce(children: Children, local: LocalSettings, settings: Settings) -> None:
    address = f"http://localhost:{local.port}"
    for _ in range(600):
        if children.ended("web"):
            raise StartError("The gallery did not start; its own message stands above.")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{local.port}/readyz", timeout=1):
                break
        except OSError:
            time.sleep(0.05)
    print(f"Contact Sheet: {address} (Ctrl-C stops it)", flush=True)  # noqa: T201 what `make run` is for
    if (key_file := local.data_dir / KEY_FILE).exists():
        print(  # noqa: T201
            f"S3: {settings.s3_endpoint_url}, upload bucket {settings.upload_bucket}, "
            f"key pair in {key_file}",
            flush=True,
        )


def _watch(
    children: Children,
    settings: Settings,
    session: boto3.Session,
    weed: Weed | None,
    queue: Queue | None,
) -> None:
    """Keep all parts running, the workers on the newest code; sweep, and end what is kept no more."""
    swept = 0.0
    ended = -float(LIFECYCLE_SECONDS)
    # Yields every second, with or without a change.
    for changes in watchfiles.watch(
        "services", watch_filter=watchfiles.PythonFilter(), rust_timeout=1000, yield_on_timeout=True
    ):
        if changes:
            children.restart("worker")
        children.revive("")
        if weed and weed.ended():
            weed.stop()
            weed.start()
        if queue and not queue.waiting() and time.monotonic() - swept > SWEEP_SECONDS:
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
    try:
        run(load_settings(), load_local_settings())
    except KeyboardInterrupt:
        return 0
    except (StartError, ConfigError, WeedError) as error:
        print(f"contact-sheet: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
