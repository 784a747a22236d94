"""A changed variant list, and what is stored of the photos made anew for it."""

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from PIL import Image

from services.core import keys
from services.core.photo import Photo
from services.core.settings import Settings
from services.core.variants import plan
from services.resize import handler as entry
from services.resize.events import UploadEvent
from services.resize.publish import process
from services.resize.reprocess import (
    Reprocessing,
    SourceMissingError,
    fits_for,
    is_stale,
    reprocess,
    stale,
)
from services.store import Store
from services.store.relocation import relocate, relocated
from services.web.gallery import Gallery
from tests import pictures
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.events import batch_event, soon
from tests.faults.interrupted import Cut, CutError, at_first_call, ended_before
from tests.faults.invariant import Buckets
from tests.photos import stored_photo


@dataclass(frozen=True, slots=True)
class Photos:
    """Publishes photos under one variant list and looks at them under another."""

    buckets: Buckets
    settings: Settings

    def publish(self, data: bytes) -> str:
        """Return the id of a published photo."""
        photo_id = keys.new_photo_id(datetime.now(UTC))
        version = self.buckets.put(keys.upload_key("main", photo_id), data)
        event = UploadEvent(self.settings.upload_bucket, keys.upload_key("main", photo_id), version)
        process(event, self.buckets.store, self.settings, deadline=soon())
        return photo_id

    def names(self, photo_id: str) -> list[str]:
        """Return what stands below photos/main/<id>/, sorted."""
        return sorted(
            key.split("/")[3] for key in self.buckets.store.gallery.variants("main", photo_id)
        )

    def listed(self, photo_id: str) -> str:
        """Return the sizes and formats in the photo's one entry, such as 400wj_800wj."""
        (key,) = self.buckets.store.gallery.entry_keys("main", photo_id)
        return re.sub(r"-\d+x\d+", "", key.split(".")[6])

    def bytes_of(self, photo_id: str) -> dict[str, bytes]:
        """Return every stored variant's bytes."""
        gallery = self.buckets.store.gallery
        return {key: gallery.get_bytes(key) or b"" for key in gallery.variants("main", photo_id)}


@pytest.fixture
def photos(store: Store, settings: Settings, aws_session: boto3.Session) -> Photos:
    """Buckets of this test's own, with the default variant list."""
    return Photos(Buckets(store, settings, aws_session), settings)


def transparent() -> bytes:
    """Return a PNG that is half transparent."""
    image = pictures.photo(640, 480).convert("RGBA")
    image.putalpha(128)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_new_list_adds_what_is_smaller_and_keeps_the_largest(photos: Photos) -> None:
    """New boxes are made of the largest variant, which stays; nothing is enlarged or overwritten."""
    photo_id = photos.publish(pictures.jpeg(2000, 1501))
    before = photos.bytes_of(photo_id)
    changed = replace(photos.settings, variant_sizes=(320, 800, 2400))
    assert (
        reprocess("main", photo_id, photos.buckets.store, changed, deadline=soon())
        is Reprocessing.DONE
    )
    assert photos.listed(photo_id) == "320wj_800wj_1600wj"
    after = photos.bytes_of(photo_id)
    assert set(after) - set(before) == {
        f"photos/main/{photo_id}/320.webp",
        f"photos/main/{photo_id}/320.jpg",
    }
    assert {key: after[key] for key in before} == before
    # Decodes each variant and compares it with the manifest's width and height.
    assert photos.buckets.published().keys() == {photo_id}
    with Image.open(io.BytesIO(after[f"photos/main/{photo_id}/320.jpg"])) as image:
        assert image.size == (320, 240)


def test_the_gallery_shows_what_was_made(photos: Photos) -> None:
    """The page's widths, which it works out from the entry, are those of the files."""
    photo_id = photos.publish(pictures.jpeg(1000, 500))
    changed = replace(photos.settings, variant_sizes=(500, 900), variant_formats=("jpeg",))
    reprocess("main", photo_id, photos.buckets.store, changed, deadline=soon())
    photo = Gallery(photos.buckets.store, "main").status(photo_id).photo
    assert photo is not None
    assert [(v.size, v.width, v.height) for v in photo.variants] == [
        (500, 500, 250),
        (900, 900, 450),
        (1600, 1000, 500),
    ]
    for variant in photo.variants:
        with Image.open(
            io.BytesIO(photos.buckets.store.gallery.get_bytes(variant.key) or b"")
        ) as image:
            assert image.size == (variant.width, variant.height)


def test_a_new_format_is_made_in_every_size(photos: Photos) -> None:
    """Formats come back in the order of the settings, which is the one that pages prefer."""
    photo_id = Photos(photos.buckets, replace(photos.settings, variant_formats=("jpeg",))).publish(
        pictures.jpeg(900, 600)
    )
    assert photos.listed(photo_id) == "400j_800j_1600j"
    assert (
        reprocess("main", photo_id, photos.buckets.store, photos.settings, deadline=soon())
        is Reprocessing.DONE
    )
    assert photos.listed(photo_id) == "400wj_800wj_1600wj"
    assert photos.buckets.published().keys() == {photo_id}


def test_a_format_that_is_dropped_comes_back_without_being_made_again(photos: Photos) -> None:
    """What no entry lists still stands, so going back writes an entry and no variant."""
    photo_id = photos.publish(pictures.jpeg(900, 600))
    before = photos.bytes_of(photo_id)
    only_webp = replace(photos.settings, variant_formats=("webp",))
    assert (
        reprocess("main", photo_id, photos.buckets.store, only_webp, deadline=soon())
        is Reprocessing.DONE
    )
    assert photos.listed(photo_id) == "400w_800w_1600w"
    assert (
        reprocess("main", photo_id, photos.buckets.store, photos.settings, deadline=soon())
        is Reprocessing.DONE
    )
    assert photos.listed(photo_id) == "400wj_800wj_1600wj"
    assert photos.bytes_of(photo_id) == before


def test_transparency_and_movement_stay(photos: Photos) -> None:
    """A transparent photo is made anew of its PNG, a moving one of its WebP."""
    changed = replace(photos.settings, variant_sizes=(100, 400))
    clear, moving = photos.publish(transparent()), photos.publish(pictures.gif(300, 200, frames=3))
    for photo_id in (clear, moving):
        reprocess("main", photo_id, photos.buckets.store, changed, deadline=soon())
    assert photos.listed(clear) == "100wp_400wp_800wp"
    with Image.open(io.BytesIO(photos.bytes_of(clear)[f"photos/main/{clear}/100.png"])) as image:
        assert image.getchannel("A").getextrema() == (128, 128)
    # 300 pixels are less than the 400 of its smallest box: a photo so small keeps its one size.
    assert photos.listed(moving) == "400wj"
    large = photos.publish(pictures.gif(500, 300, frames=3))
    reprocess("main", large, photos.buckets.store, changed, deadline=soon())
    assert photos.listed(large) == "100wj_400wj_800wj"
    with Image.open(io.BytesIO(photos.bytes_of(large)[f"photos/main/{large}/100.webp"])) as image:
        assert image.n_frames == 3  # type: ignore[attr-defined] # Pillow's stubs know stills


@pytest.mark.parametrize(
    ("size", "stored", "wanted", "expected"),
    [
        ((4000, 3000), (400, 800, 1600), (400, 800, 1600), (400, 800, 1600)),
        ((4000, 3000), (400, 800, 1600), (320, 640), (320, 640, 1600)),
        ((4000, 3000), (400, 800, 1600), (400, 2400), (400, 1600)),
        ((4000, 3000), (400, 800, 1600), (2400,), (1600,)),
        ((1000, 500), (400, 800, 1600), (400, 1200), (400, 1600)),
        ((1000, 500), (400, 800, 1600), (1200, 2400), (400, 800, 1600)),
        ((100, 50), (400,), (50, 800), (400,)),
        ((100, 50), (400,), (800,), (400,)),
        ((500, 250), (400, 800), (100, 600), (100, 800)),
    ],
)
def test_sizes_that_a_stored_photo_can_have(
    size: tuple[int, int], stored: tuple[int, ...], wanted: tuple[int, ...], expected: Any
) -> None:
    """Smaller boxes of the new list and the largest that is stored; done again, the same."""
    for boxes in (stored, expected):
        photo = stored_photo(keys.new_photo_id(datetime.now(UTC)), size=size, boxes=boxes)
        assert fits_for(photo, Settings(variant_sizes=wanted)) == plan(*size, expected)
    assert plan(*size, expected)[-1].width <= plan(*size, stored)[-1].width


def test_done_is_seen_from_the_entry_alone(photos: Photos) -> None:
    """A second run finds nothing to do, and doing one photo again changes nothing."""
    ids = [photos.publish(pictures.jpeg(500 + n, 400)) for n in range(3)]
    store = photos.buckets.store
    assert stale(store, photos.settings) == []
    changed = replace(photos.settings, variant_sizes=(300, 800))
    assert sorted(stale(store, changed)) == sorted(("main", id_) for id_ in ids)
    reprocess("main", ids[1], store, changed, deadline=soon())
    assert sorted(stale(store, changed)) == sorted([("main", ids[0]), ("main", ids[2])])
    before = photos.buckets.gallery()
    assert reprocess("main", ids[1], store, changed, deadline=soon()) is Reprocessing.UNCHANGED
    assert photos.buckets.gallery() == before


@pytest.mark.parametrize("changes", range(5))
def test_whenever_it_is_cut_short_the_gallery_is_whole_and_the_next_run_ends_it(
    photos: Photos, changes: int
) -> None:
    """Two new variants, one new entry, and the old entry removed: cut before each and after all."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    changed = replace(photos.settings, variant_sizes=(300, 800))
    store = photos.buckets.store
    cut: Any = Cut(store, changes + (changes > 0) * 2)  # the largest size's two keys are taken
    try:
        reprocess("main", photo_id, cut, changed, deadline=soon())
        ended = True
    except CutError:
        ended = False
    shown, _ = store.pages.page("main", None, 10)
    assert [photo.id for photo in shown] == [photo_id]
    standing = store.gallery.variants("main", photo_id)
    for key in store.gallery.entry_keys("main", photo_id):
        found = Photo.from_key(key)
        assert found is not None
        assert {variant.key for variant in found.variants} <= standing.keys()
    assert reprocess("main", photo_id, store, changed, deadline=soon()) is (
        Reprocessing.UNCHANGED if ended else Reprocessing.DONE
    )
    assert photos.listed(photo_id) == "300wj_800wj"
    assert photos.buckets.published().keys() == {photo_id}


def test_ended_before_any_request_and_run_again_it_is_in_the_order_by_time(photos: Photos) -> None:
    """As a process that is killed between two calls, and not only between the store's own steps."""
    store, calls, ended = photos.buckets.store, 0, True
    few = replace(photos.settings, variant_sizes=(40, 80), variant_formats=("jpeg",))
    changed = replace(few, variant_formats=("jpeg", "webp"))
    data = pictures.jpeg(60, 40)
    while ended:
        photo_id = Photos(photos.buckets, few).publish(data)
        with ended_before(store, calls):
            try:
                reprocess("main", photo_id, store, changed, deadline=soon())
                ended = False
            except CutError:
                pass
        reprocess("main", photo_id, store, changed, deadline=soon())
        assert photos.buckets.by_time() == photos.buckets.index(), calls
        store.gallery.remove("main", photo_id)
        calls += 1
    assert calls > 8


@pytest.mark.parametrize("moment", ["get_json", "get_bytes", "put_variant", "put_entry", "deleted"])
def test_a_delete_meanwhile_wins(photos: Photos, moment: str) -> None:
    """Whenever a person deletes the photo, nothing of it is left once both have ended."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    store = photos.buckets.store

    def delete() -> None:
        store.gallery.put_json(keys.tombstone_key("main", photo_id), {"id": photo_id})
        store.gallery.remove("main", photo_id)

    between = at_first_call(store, moment, delete)
    changed = replace(photos.settings, variant_sizes=(300, 800))
    assert reprocess("main", photo_id, between, changed, deadline=soon()) is Reprocessing.DELETED
    assert photos.buckets.gallery() == [keys.tombstone_key("main", photo_id)]


PLACES = [(True, False), (True, True)]
MOVES = pytest.mark.parametrize(("private", "pending"), PLACES, ids=["closed", "hidden"])


def move(store: Store, photo: Photo, *, private: bool, pending: bool) -> Photo:
    """Do to a photo what closing its album does, or hiding it."""
    new = relocated(photo, album="main", private=private, pending=pending)
    assert relocate(store.gallery, photo, new)
    return new


def assert_stands_only_as(photos: Photos, new: Photo) -> None:
    """One entry; every variant that it lists; none where they were before."""
    stored = photos.buckets.gallery()
    assert [key for key in stored if key.startswith(("index/", "pending/"))] == [new.key()]
    assert {variant.key for variant in new.variants} <= set(stored)
    assert not (new.private and any(key.startswith("photos/") for key in stored))


@MOVES
@pytest.mark.parametrize("moment", ["get_json", "get_bytes", "put_variant", "put_entry", "deleted"])
def test_a_photo_that_is_closed_or_hidden_meanwhile_stays_so(
    photos: Photos, moment: str, *, private: bool, pending: bool
) -> None:
    """Whenever it happens: no second entry shows it as it was."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    store = photos.buckets.store
    photo = store.gallery.photos("main", [photo_id])[photo_id]
    moved = [relocated(photo, album="main", private=private, pending=pending)]
    between = at_first_call(
        store,
        moment,
        lambda: moved.append(move(store, photo, private=private, pending=pending)),
    )
    changed = replace(photos.settings, variant_sizes=(300, 800))
    with contextlib.suppress(SourceMissingError):
        reprocess("main", photo_id, between, changed, deadline=soon())
    assert_stands_only_as(photos, moved[-1])


@MOVES
@pytest.mark.parametrize("moment", ["put_entry", "deleted"])
def test_a_photo_that_is_reprocessed_while_it_is_closed_or_hidden_goes_along(
    photos: Photos, moment: str, *, private: bool, pending: bool
) -> None:
    """The entry that was put meanwhile goes with the one that was read."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    store = photos.buckets.store
    photo = store.gallery.photos("main", [photo_id])[photo_id]
    changed = replace(photos.settings, variant_sizes=(300, 800))

    def make_others() -> None:
        reprocess("main", photo_id, store, changed, deadline=soon())

    between = at_first_call(store, moment, make_others)
    new = move(between, photo, private=private, pending=pending)
    assert_stands_only_as(photos, new)


def test_a_photo_without_its_largest_variant_stays_as_it_is(photos: Photos) -> None:
    """Nothing is made of less than the entry promises."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    for name in ("800.webp", "800.jpg"):
        photos.buckets.s3.delete_object(
            Bucket=photos.settings.gallery_bucket, Key=f"photos/main/{photo_id}/{name}"
        )
    before = photos.buckets.gallery()
    changed = replace(photos.settings, variant_sizes=(300, 800))
    with pytest.raises(SourceMissingError, match="no variant of 800 pixels"):
        reprocess("main", photo_id, photos.buckets.store, changed, deadline=soon())
    assert photos.buckets.gallery() == before


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_a_batch_job_over_the_index_makes_photos_anew(photos: Photos, schema: str) -> None:
    """Each task is answered by its id; what is no entry of the gallery fails for good."""
    photo_id = photos.publish(pictures.jpeg(500, 400))
    name = photos.settings.gallery_bucket
    bucket = {"s3Bucket": name} if schema == "2.0" else {"s3BucketArn": f"arn:aws:s3:::{name}"}
    (key,) = photos.buckets.store.gallery.entry_keys("main", photo_id)
    event = batch_event(key, f"photos/main/{photo_id}/400.webp", bucket=bucket)
    changed = replace(photos.settings, variant_sizes=(300, 800))
    response = entry.handle(event, photos.buckets.store, changed, deadline=soon())
    assert response["invocationSchemaVersion"] == schema
    assert response["invocationId"] == "i-1"
    assert response["results"] == [
        {"taskId": "t0", "resultCode": "Succeeded", "resultString": "reprocessed"},
        {
            "taskId": "t1",
            "resultCode": "PermanentFailure",
            "resultString": "no index entry of the gallery bucket",
        },
    ]
    assert photos.listed(photo_id) == "300wj_800wj"
    # The job's list is older than the gallery: the entry's key has changed since.
    again = entry.handle(event, photos.buckets.store, changed, deadline=soon())
    assert again["results"][0]["resultString"] == "unchanged"


def test_from_a_shell(photos: Photos) -> None:
    """A bar to the end, one line for a photo that cannot be done, and then nothing more to do."""
    fine, broken = (photos.publish(pictures.jpeg(500 + n, 400)) for n in range(2))
    for extension in ("webp", "jpg"):
        photos.buckets.s3.delete_object(
            Bucket=photos.settings.gallery_bucket, Key=f"photos/main/{broken}/800.{extension}"
        )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "S3_ENDPOINT_URL": photos.settings.s3_endpoint_url or "",
            "UPLOAD_BUCKET": photos.settings.upload_bucket,
            "GALLERY_BUCKET": photos.settings.gallery_bucket,
            "VARIANT_SIZES": "300,800",
        }
        return subprocess.run(
            [sys.executable, "-m", "services.resize.reprocess", *arguments],
            env=environ, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    said = "2 photos have other variants than webp, jpeg in 300, 800\n"
    assert run("--dry-run").stdout == said
    first = run()
    assert (first.returncode, first.stdout) == (1, said)
    assert f"{broken} stays as it is: {broken} has no variant of 800 pixels" in first.stderr
    assert "100%" in first.stderr
    assert photos.listed(fine) == "300wj_800wj"
    assert stale(photos.buckets.store, replace(photos.settings, variant_sizes=(300, 800))) == [
        ("main", broken)
    ]
    assert not is_stale(
        photos.buckets.store.gallery.entry_keys("main", fine),
        replace(photos.settings, variant_sizes=(300, 800)),
    )
