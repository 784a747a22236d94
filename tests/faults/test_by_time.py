"""The index by time keeps step with the other, whatever ends what is done or comes between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from services.core import keys
from services.core.order import Order
from services.core.photo import Photo
from services.core.settings import Settings
from services.resize.publish import Outcome
from services.store import Store
from services.store.relocation import relocate, relocated
from services.web.gallery import Gallery
from tests import pictures
from tests.faults.interrupted import CutError, before_call, ended_before
from tests.faults.invariant import Buckets
from tests.photos import photo_ids, publish, stored_photo

PICTURE = pictures.jpeg(60, 40, exif_block=pictures.exif(dates={0x9003: "2026:07:15 18:30:00"}))
TAKEN = datetime(2026, 7, 15, 18, 30)  # noqa: DTZ001 a camera's clock


@pytest.fixture
def buckets(store: Store, settings: Settings, aws_session: boto3.Session) -> Buckets:
    """Buckets of this test's own."""
    return Buckets(store, settings, aws_session)


def before_first(store: Store, operation: str, prefix: str, act: Callable[[], None]) -> None:
    """Have something done just before the store's first such request for a key of that prefix."""
    events = store.gallery._s3.meta.events

    def look(params: Any, **_: Any) -> None:
        if f"/{prefix}" in str(params["url_path"]) or prefix in str(params.get("query_string")):
            events.unregister(f"before-call.s3.{operation}", look)
            act()

    events.register(f"before-call.s3.{operation}", look)


def test_a_published_photo_stands_in_both(buckets: Buckets) -> None:
    """With the time that its camera showed."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    buckets.put(f"uploads/main/{photo_id}", PICTURE)
    assert buckets.process(f"uploads/main/{photo_id}").outcome is Outcome.PUBLISHED
    (photo,) = buckets.by_time()
    assert photo is not None
    assert photo.taken == TAKEN
    assert buckets.index() == {photo}


def test_deleting_ended_before_any_request_and_done_again(store: Store, buckets: Buckets) -> None:
    """None is by time alone at any moment, and in the end nothing is left."""
    calls, ended = 0, True
    while ended:
        [photo] = publish(store, *photo_ids(1), camera=TAKEN)
        ended = False
        with ended_before(store, calls):
            try:
                Gallery(store, "main").delete(photo.id, None)
            except CutError:
                ended = True
        assert buckets.by_time() <= buckets.index()
        Gallery(store, "main").delete(photo.id, None)
        assert buckets.gallery() == [keys.tombstone_key("main", photo.id)]
        store.gallery.drop(keys.tombstone_key("main", photo.id))
        calls += 1
    assert calls > 8


@pytest.mark.parametrize("prefix", ["taken/", "index/"])
def test_a_photo_that_is_hidden_while_it_is_published_is_by_no_time(
    store: Store, buckets: Buckets, prefix: str
) -> None:
    """The owner is quicker than the function: between its two entries, or before it looks for the first."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    buckets.put(f"uploads/main/{photo_id}", PICTURE)

    def hide() -> None:
        photo = store.gallery.photos("main", [photo_id])[photo_id]
        kept = {"private": True, "pending": True, "hidden": True}
        assert relocate(store.gallery, photo, relocated(photo, album="main", **kept))

    if prefix == "taken/":
        before_first(store, "PutObject", prefix, hide)
    else:
        before_first(store, "PutObject", "taken/", lambda: before_first(store, "ListObjectsV2", prefix, hide))  # fmt: skip
    buckets.process(f"uploads/main/{photo_id}")
    assert buckets.by_time() == buckets.index() == set()
    assert store.gallery.photos("main", [photo_id], pending=True)


@pytest.mark.parametrize("prefix", ["taken/", "index/"])
def test_a_photo_that_is_deleted_while_it_is_published_is_by_no_time(
    store: Store, buckets: Buckets, prefix: str
) -> None:
    """Likewise, and nothing of it is left."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    buckets.put(f"uploads/main/{photo_id}", PICTURE)

    def delete() -> None:
        Gallery(store, "main").delete(photo_id, None)

    if prefix == "taken/":
        before_first(store, "PutObject", prefix, delete)
    else:
        before_first(store, "PutObject", "taken/", lambda: before_first(store, "ListObjectsV2", prefix, delete))  # fmt: skip
    assert buckets.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert buckets.gallery() == [keys.tombstone_key("main", photo_id)]


def test_a_photo_that_is_shown_while_it_is_hidden_is_in_both_or_in_none(
    store: Store, buckets: Buckets
) -> None:
    """Whatever request to S3 of the one the other comes before, and the other way round."""
    stored = stored_photo(*photo_ids(1), camera=TAKEN)
    photo = relocated(stored, album="main", private=True, pending=False)
    store.gallery.put_variant(photo.variants[0].key, b"", photo.variants[0].format, source="v")
    hidden = relocated(photo, album="main", private=True, pending=True, hidden=True)
    manifest: dict[str, Any] = {"delete_sha256": "", "variants": []}
    for before, after in ((photo, hidden), (hidden, photo)):
        calls, came_between = 0, True
        while came_between:
            came_between = False
            store.gallery.put_entry(before, manifest)

            def undo(before: Photo = before, after: Photo = after) -> None:
                nonlocal came_between
                came_between = True
                relocate(store.gallery, after, before)

            with before_call(store, calls, undo):
                relocate(store.gallery, before, after)
            assert buckets.by_time() == buckets.index(), calls
            store.gallery.drop_entries(photo.key(), hidden.key())
            calls += 1
        assert calls > 8


def test_two_entries_of_one_photo_are_shown_once(store: Store) -> None:
    """As a clock that is being put right has them for an instant: in either order."""
    [photo] = publish(store, *photo_ids(1), camera=TAKEN)
    store.gallery.put_entry(replace(photo, shift=90), {})
    for order in Order:
        shown, _ = store.pages.page("main", None, 10, order=order)
        assert [one.id for one in shown] == [photo.id]
    assert len(store.gallery.entry_keys("main", photo.id)) == 2
