"""`python -m services.local`: embedded S3, resize workers and the gallery, until Ctrl-C."""

import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import watchfiles

from services.core.settings import (
    ConfigError,
    LocalSettings,
    Settings,
    load_local_settings,
    load_settings,
)
from services.local.children import Children
from services.local.key_file import KEY_FILE, make_key_pair
from services.local.provision import (
    make_sqs,
    protect_buckets,
    provision_buckets,
    provision_queue,
)
from services.local.s3 import LocalS3, LocalS3Error
from services.local.worker import SCHEDULE

HOST = "127.0.0.1"
SWEEP_SECONDS = 30


class StartError(Exception):
    """The product cannot start; the message says why and what to do."""


def require_free_port(port: int, setting: str) -> None:
    """Raise StartError where something else listens."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            msg = f"Port {port} is in use; stop what uses it or set {setting} to another port."
            raise StartError(msg) from None


def require_imagemagick() -> None:
    """Raise StartError where Wand finds no ImageMagick library."""
    try:
        import wand.api  # noqa: F401 loading it is the check
    except ImportError:
        raise StartError("ImageMagick's library is missing; `make install` installs it.") from None


def credentials_of(folder: Path) -> tuple[str, str]:
    """Return the embedded S3's key pair, made at the first start and kept in the data folder."""
    try:
        return make_key_pair(folder)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else f"{KEY_FILE} is damaged"
        msg = f"Cannot use the data folder {folder}: {why}; set DATA_DIR to a folder of yours."
        raise StartError(msg) from None


@contextlib.contextmanager
def _storage(settings: Settings, local: LocalSettings) -> Iterator[tuple[Settings, boto3.Session]]:
    """Yield settings and session of the S3 to use: the embedded one unless another is named."""
    if settings.s3_endpoint_url:
        yield settings, boto3.Session(region_name=settings.region)
        return
    access_key_id, secret = credentials_of(local.data_dir)
    session = boto3.Session(access_key_id, secret, region_name=settings.region)
    server = LocalS3(
        local.data_dir / "s3",
        host=HOST,
        port=local.s3_port,
        access_key_id=access_key_id,
        secret_access_key=secret,
        region=settings.region,
    )
    with server:
        yield replace(settings, s3_endpoint_url=server.url), session


def run(settings: Settings, local: LocalSettings) -> None:
    """Run the product until it is told to stop."""
    require_imagemagick()
    require_free_port(local.port, "PORT")
    embedded = settings.s3_endpoint_url is None
    if embedded:
        require_free_port(local.s3_port, "S3_PORT")
    with _storage(settings, local) as (connected, session):
        origins = [f"http://{name}:{local.port}" for name in ("localhost", HOST)]
        if connected.public_url:
            origins.append(connected.public_url)
        provision_buckets(connected, session, origins)
        if embedded:
            protect_buckets(connected, session)
        queue = provision_queue(connected, session) if embedded else None
        children = Children(_environ(connected, session, embedded=embedded))
        try:
            for number in range(local.workers if queue else 1):
                children.start(
                    f"worker {number}", "services.local.worker", *([queue] if queue else [])
                )
            children.start("web", "services.local.web", HOST, str(local.port))
            _announce(children, local, connected)
            _watch(children, connected, session, queue)
        finally:
            children.stop()


def _environ(settings: Settings, session: boto3.Session, *, embedded: bool) -> dict[str, str]:
    environ = dict(os.environ)
    environ["S3_ENDPOINT_URL"] = settings.s3_endpoint_url or ""
    # An upload whose event was lost with the queue should not wait for a quarter of an hour here.
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
    children: Children, settings: Settings, session: boto3.Session, queue: str | None
) -> None:
    """Keep the workers running, on the newest code, and ask for a sweep now and then."""
    sqs = make_sqs(settings, session)
    swept = 0.0
    # Yields every second, with or without a change.
    for changes in watchfiles.watch(
        "services", watch_filter=watchfiles.PythonFilter(), rust_timeout=1000, yield_on_timeout=True
    ):
        if changes:
            children.restart("worker")
        children.revive("worker")
        if children.ended("web"):
            raise StartError("The gallery ended; its own message stands above.")
        if queue and time.monotonic() - swept > SWEEP_SECONDS:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(SCHEDULE))
            swept = time.monotonic()


def main() -> int:
    """Run the product and return the exit status."""
    # A shell that starts this in the background has SIGINT ignored, and Python keeps it so.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        run(load_settings(), load_local_settings())
    except KeyboardInterrupt:
        return 0
    except (StartError, ConfigError, LocalS3Error) as error:
        print(f"contact-sheet: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
