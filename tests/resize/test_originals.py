"""Albums that keep originals: what is kept, in which form, and what is made of it later."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from services.core import keys
from services.core.albums import MAIN, Originals, State
from services.core.photo import KeptOriginal, Photo
from services.core.settings import Settings
from services.resize.publish import Outcome
from services.resize.reprocess import Reprocessing, is_stale, reprocess
from services.store import Store
from services.web.gallery import Gallery
from tests import pictures
from tests.events import soon
from tests.faults.interrupted import Cut, CutError, at_first_call
from tests.faults.invariant import Buckets

LOCATED = pictures.jpeg(900, 600, gps=True, description="a tower")
MOTION = pictures.jpeg(900, 600) + b"\0\0\0\x10ftypmp42\0\0\0\0"


@pytest.fixture
def buckets(store: Store, settings: Settings, aws_session: boto3.Session) -> Buckets:
    """Buckets of this test's own."""
    return Buckets(store, settings, aws_session)


def publish(buckets: Buckets, originals: Originals, data: bytes) -> Photo:
    """Publish a picture in a main album that keeps originals so."""
    album = buckets.store.albums.get("main")
    buckets.store.albums.save(replace(album or MAIN, originals=originals))
    photo_id = keys.new_photo_id(datetime.now(UTC))
    buckets.put(keys.upload_key("main", photo_id), data, name="a%20tower.jpeg")
    assert buckets.process(keys.upload_key("main", photo_id)).outcome is Outcome.PUBLISHED
    assert buckets.versions() == {}
    return buckets.store.gallery.photos("main", [photo_id])[photo_id]


def test_an_original_is_kept_byte_by_byte(buckets: Buckets) -> None:
    """Under its photo's id, as what it was read as, and the entry says how large it is."""
    photo = publish(buckets, Originals.UPLOADED, LOCATED)
    assert photo.original == KeptOriginal("jpg", len(LOCATED), located=True)
    key = f"originals/main/{photo.id}/original.jpg"
    assert photo.original_key == key
    stored = buckets.s3.get_object(Bucket=buckets.store.gallery.name, Key=key)
    assert stored["Body"].read() == LOCATED
    assert stored["ContentType"] == "image/jpeg"
    assert stored["Metadata"] == {}
    assert buckets.manifest(photo.id)["original"]["bytes"] == len(LOCATED)
    assert buckets.published().keys() == {photo.id}


def test_an_original_is_kept_without_its_location(buckets: Buckets) -> None:
    """All else of it is as it was uploaded."""
    photo = publish(buckets, Originals.UNLOCATED, LOCATED)
    assert photo.original == KeptOriginal("jpg", len(LOCATED), located=False)
    data = buckets.store.gallery.get_bytes(photo.original_key) or b""
    assert b"a tower" in data
    assert b"\x88\x25" in LOCATED
    image = buckets.image(photo.original_key)
    assert dict(image.getexif().get_ifd(0x8825)) == {}
    assert image.size == (900, 600)


def test_what_may_still_say_where_it_was_taken_is_not_kept(buckets: Buckets) -> None:
    """The photo is published, and its manifest says why it has no original."""
    photo = publish(buckets, Originals.UNLOCATED, MOTION)
    assert photo.original is None
    assert not [key for key in buckets.gallery() if key.startswith("originals/")]
    assert "motion photo" in buckets.manifest(photo.id)["original_not_kept"]


def kept(buckets: Buckets) -> list[str]:
    """Return the keys of all originals that are kept."""
    return [key for key in buckets.gallery() if key.startswith("originals/")]


@pytest.mark.parametrize("killed", ["before its entry", "after its entry"])
@pytest.mark.parametrize("then", [Originals.NONE, Originals.UNLOCATED, "deleting"])
def test_a_killed_attempt_leaves_no_more_than_its_album_keeps_by_then(
    buckets: Buckets, then: Originals | str, killed: str
) -> None:
    """The owner asked for the place to go, or for no originals, or deletes the album, between two attempts."""
    store = buckets.store
    store.albums.save(replace(MAIN, originals=Originals.UPLOADED))
    photo_id = keys.new_photo_id(datetime.now(UTC))
    key = keys.upload_key("main", photo_id)
    buckets.put(key, LOCATED)
    calls: Any = ["put_entry"] if killed == "before its entry" else ["put_by_time", "is_deleted"]
    cut: Any = Cut(store, len(calls) - 1, calls)
    buckets.store = cut
    with pytest.raises(CutError):
        buckets.process(key)
    buckets.store = store
    [original] = kept(buckets)
    assert store.gallery.get_bytes(original) == LOCATED
    album = store.albums.get("main") or MAIN
    if isinstance(then, Originals):
        store.albums.save(replace(album, originals=then))
        assert buckets.process(key).outcome is Outcome.PUBLISHED
        [photo_id] = buckets.published()
        photo = store.gallery.photos("main", [photo_id])[photo_id]
        assert kept(buckets) == ([photo.original_key] if photo.original else [])
    else:
        store.albums.save(replace(album, state=State.DELETING))
        assert buckets.process(key).outcome is Outcome.REJECTED
        assert kept(buckets) == []


def test_by_default_nothing_is_kept(buckets: Buckets) -> None:
    """The tutorial's gallery."""
    photo = publish(buckets, MAIN.originals, LOCATED)
    assert photo.original is None
    assert not [key for key in buckets.gallery() if key.startswith("originals/")]
    assert buckets.manifest(photo.id)["original_not_kept"] == ""


def test_a_deleted_photo_leaves_no_original(buckets: Buckets) -> None:
    """Deleted later, or while it was being published."""
    photo = publish(buckets, Originals.UPLOADED, LOCATED)
    Gallery(buckets.store, "main").delete(photo.id, None)
    assert not [key for key in buckets.gallery() if photo.id in key and "deleted/" not in key]


def test_an_upload_that_another_delivery_removed_is_kept_all_the_same(buckets: Buckets) -> None:
    """Of two deliveries at once one may remove the upload before the other has copied it."""
    buckets.store.albums.save(replace(MAIN, originals=Originals.UPLOADED))
    photo_id = keys.new_photo_id(datetime.now(UTC))
    key = keys.upload_key("main", photo_id)
    buckets.put(key, LOCATED)
    other = Buckets(buckets.store, buckets.settings, boto3.Session("key", "secret"))
    other.s3 = buckets.s3
    store = buckets.store

    def deliver() -> None:
        other.process(key)

    buckets.store = at_first_call(store, "keep_original", deliver)
    assert buckets.process(key).outcome is Outcome.PUBLISHED
    buckets.store = store
    assert buckets.published().keys() == {photo_id}
    assert buckets.versions() == {}


def test_larger_variants_are_made_of_the_original(buckets: Buckets) -> None:
    """A list that names a larger box is followed, and one that names fewer too."""
    data = pictures.jpeg(2400, 1600)
    kept, gone = (publish(buckets, how, data) for how in (Originals.UPLOADED, Originals.NONE))
    changed = replace(buckets.settings, variant_sizes=(320, 2000))
    for photo, sizes in ((kept, [320, 2000]), (gone, [320, 1600])):
        assert is_stale([photo.key()], changed)
        done = reprocess("main", photo.id, buckets.store, changed, deadline=soon())
        assert done is Reprocessing.DONE
        now = buckets.store.gallery.photos("main", [photo.id])[photo.id]
        assert [one.size for one in now.variants_in(now.formats[-1])] == sizes
        assert now.original == photo.original
        assert not is_stale([now.key()], changed)
    assert buckets.image(f"photos/main/{kept.id}/2000.jpg").size == (2000, 1333)
    assert buckets.published().keys() == {kept.id, gone.id}


def test_without_the_original_that_its_entry_tells_of_the_largest_variant_is_the_source(
    buckets: Buckets,
) -> None:
    """Its lifecycle ended it, or somebody did."""
    photo = publish(buckets, Originals.UPLOADED, pictures.jpeg(2400, 1600))
    buckets.store.gallery.remove_originals("main", photo.id)
    changed = replace(buckets.settings, variant_sizes=(320, 2000))
    done = reprocess("main", photo.id, buckets.store, changed, deadline=soon())
    assert done is Reprocessing.DONE
    now = buckets.store.gallery.photos("main", [photo.id])[photo.id]
    assert [one.size for one in now.variants_in(now.formats[-1])] == [320, 1600]
