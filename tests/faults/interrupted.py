"""A store whose work is cut short, or has something else come between."""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from threading import Event, Thread, current_thread
from typing import Any

from botocore.awsrequest import AWSResponse, HTTPHeaders
from urllib3 import HTTPResponse

from services.store import GalleryBucket, Store


class CutError(Exception):
    """The process ends here."""


class Cut:
    """A store whose gallery bucket fails before its nth change, as a process that ends does."""

    def __init__(
        self,
        store: Store,
        changes: int,
        names: Iterable[str] = ("put_variant", "put_json", "put_entry", "drop", "drop_entries"),
    ) -> None:
        self._names = set(names)
        for part in fields(Store):
            setattr(self, part.name, getattr(store, part.name))
        self._bucket: GalleryBucket = store.gallery
        self.gallery: Any = self
        self._left = changes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._bucket, name)
        if name not in self._names:
            return found

        def change(*arguments: Any, **options: Any) -> Any:
            if not self._left:
                raise CutError
            self._left -= 1
            return found(*arguments, **options)

        return change


@contextmanager
def ended_before(store: Store, calls: int) -> Iterator[list[str]]:
    """End what is done with the store before its request to S3 with this number, and all after it.

    Yields the operation that was not made, once there is one.
    """
    cut: list[str] = []
    made = 0

    def count(model: Any, **_: Any) -> None:
        nonlocal made
        if made == calls:
            cut.append(model.name)
            raise CutError
        made += 1

    events = store.gallery._s3.meta.events
    events.register("before-call.s3", count)
    try:
        yield cut
    finally:
        events.unregister("before-call.s3", count)


@contextmanager
def before_call(store: Store, calls: int, act: Callable[[], None]) -> Iterator[None]:
    """Have something done just before the store's request to S3 with this number."""
    events = store.gallery._s3.meta.events
    made = 0

    def count(**_: Any) -> None:
        nonlocal made
        made += 1
        if made == calls + 1:
            act()

    events.register("before-call.s3", count)
    try:
        yield
    finally:
        events.unregister("before-call.s3", count)


def interleaved(
    store: Store, first: Callable[[], Any], calls: int, second: Callable[[], Any], others: int
) -> tuple[bool, bool]:
    """Do two things at once: `calls` requests of the first, `others` of the second, then each ends.

    The first ends before the second does. Tells of each whether it had so many requests to make.
    """
    waits, goes_on = Event(), Event()
    made: Counter[Thread] = Counter()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            second()
        except BaseException as error:  # noqa: BLE001 it is raised below
            errors.append(error)
        finally:
            waits.set()

    other, here = Thread(target=run), current_thread()

    def turn(**_: Any) -> None:
        thread = current_thread()
        made[thread] += 1
        if thread is here and made[thread] == calls + 1:
            other.start()
            waits.wait(30)
        elif thread is other and made[thread] == others + 1:
            waits.set()
            goes_on.wait(30)

    events = store.gallery._s3.meta.events
    events.register("before-call.s3", turn)
    try:
        first()
    finally:
        goes_on.set()
        if other.ident:
            other.join()
        events.unregister("before-call.s3", turn)
    for error in errors:
        raise error
    return made[here] > calls, made[other] > others


def at_first_call(store: Store, name: str, act: Callable[[], None]) -> Any:
    """Return the store with something done just before its gallery bucket's first such call."""

    class Between(Cut):
        def __getattr__(self, wanted: str) -> Any:
            nonlocal act
            if wanted == name:
                act()
                act = lambda: None  # noqa: E731 done
            return getattr(self._bucket, wanted)

    return Between(store, 0)


@contextmanager
def archived(store: Store) -> Iterator[None]:
    """Answer as S3 does of objects in GLACIER, which no S3 that runs here knows."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if store.uploads.name not in request.url:
            return None  # which sends it
        body = io.BytesIO(b"<Error><Code>InvalidObjectState</Code></Error>")
        return AWSResponse(
            request.url, 403, HTTPHeaders(), HTTPResponse(body, preload_content=False)
        )

    hooks: Any = store.uploads._s3.meta.events  # whose stubs know no hook that returns something
    for operation in ("GetObject", "CopyObject"):
        hooks.register(f"before-send.s3.{operation}", answer)
    yield
    for operation in ("GetObject", "CopyObject"):
        hooks.unregister(f"before-send.s3.{operation}", answer)
