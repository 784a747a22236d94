"""Moving photos: whole in one place at any instant, whatever ends it or comes between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from services.core import keys
from services.core.photo import KeptOriginal, Photo
from services.core.variants import FORMATS
from services.store import Store, relocation
from services.store.index import photos_in
from services.store.relocation import relocate, relocated
from tests.faults.interrupted import Cut, CutError, at_first_call, ended_before, interleaved
from tests.photos import stored_photo

PLACES = [("other", False, False), ("other", True, False), ("main", True, False), ("main", True, True)]  # fmt: skip
CHANGES = {"copy", "put_entry", "put_tombstone", "drop", "drop_entry", "put_json", "remove_variants", "remove_originals"}  # fmt: skip


@pytest.fixture
def photo(store: Store) -> Photo:
    """A photo with two variants and its original."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    found = stored_photo(
        photo_id, formats=("webp", "jpeg"), original=KeptOriginal("jpg", 5, located=True)
    )
    store.gallery.put_original(found, b"whole")
    for variant in found.variants:
        store.gallery.put_variant(variant.key, b"bytes", variant.format, source="v")
    listed = [{"key": variant.key} for variant in found.variants]
    manifest = {"album": "main", "delete_sha256": "ab", "variants": listed}
    store.gallery.put_entry(found, manifest)
    return found


def whole(store: Store, photo: Photo) -> bool:
    """Tell whether a photo's entry, manifest and variants stand."""
    manifest = store.gallery.get_json(photo.key())
    return (
        manifest is not None
        and manifest["album"] == photo.album
        and [one["key"] for one in manifest["variants"]] == [v.key for v in photo.variants]
        and all(store.gallery.get_bytes(v.key) == b"bytes" for v in photo.variants)
        and store.gallery.get_bytes(photo.original_key) == b"whole"
    )


def files(photo: Photo) -> list[str]:
    """Return the keys of all that a photo has, and of where it is shown in both orders."""
    by_time = [] if photo.pending else [photo.taken_key()]
    variants = (one.key for one in photo.variants)
    return sorted([photo.key(), *by_time, photo.original_key, *variants])


def left(store: Store, photo_id: str) -> list[str]:
    """Return all keys of a photo but tombstones."""
    s3 = store.gallery._s3
    listed = s3.list_objects_v2(Bucket=store.gallery.name).get("Contents", [])
    found = [item["Key"] for item in listed if photo_id in item["Key"]]
    return sorted(key for key in found if not key.startswith("deleted/"))


@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_a_photo_moves_whole(
    store: Store, photo: Photo, album: str, *, private: bool, pending: bool
) -> None:
    """Entry, manifest and variants stand in the new place, and nothing in the old one."""
    new = relocated(photo, album=album, private=private, pending=pending)
    assert relocate(store.gallery, photo, new)
    assert whole(store, new)
    assert left(store, photo.id) == files(new)


@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_cut_short_anywhere_and_done_again(
    store: Store, photo: Photo, album: str, *, private: bool, pending: bool
) -> None:
    """Before each change: the photo is whole somewhere, and the next run ends the move."""
    new = relocated(photo, album=album, private=private, pending=pending)
    for changes in range(12):
        cut: Any = Cut(store, changes, CHANGES)
        try:
            relocate(cut, photo, new)
        except CutError:
            assert whole(store, new) or store.gallery.get_json(photo.key())
            begun = photo if store.gallery.get_json(photo.key()) else new
            assert relocate(store.gallery, begun, new)
        assert whole(store, new)
        assert left(store, photo.id) == files(new)
        # Back again for the next round.
        store.gallery._s3.delete_object(
            Bucket=store.gallery.name, Key=keys.tombstone_key(photo.album, photo.id)
        )
        assert relocate(store.gallery, new, photo)
        store.gallery._s3.delete_object(
            Bucket=store.gallery.name, Key=keys.tombstone_key(album, photo.id)
        )


@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_ended_before_any_request_and_done_again(
    store: Store, photo: Photo, album: str, *, private: bool, pending: bool
) -> None:
    """As a process that is killed between two calls: no photo is by time alone, and both orders agree."""
    new = relocated(photo, album=album, private=private, pending=pending)
    calls, ended = 0, True
    while ended:
        with ended_before(store, calls) as cut:
            try:
                relocate(store.gallery, photo, new)
                ended = False
            except CutError:
                assert cut
        found = left(store, photo.id)
        entries = {key.rpartition("/")[2] for key in found if key.startswith("index/")}
        assert all(key.rpartition("/")[2] in entries for key in found if key.startswith("taken/"))
        begun = photo if store.gallery.get_json(photo.key()) else new
        assert relocate(store.gallery, begun, new)
        assert whole(store, new)
        assert left(store, photo.id) == files(new)
        # Back again for the next round.
        store.gallery.drop(keys.tombstone_key(photo.album, photo.id))
        assert relocate(store.gallery, new, photo)
        assert left(store, photo.id) == files(photo)
        store.gallery.drop(keys.tombstone_key(album, photo.id))
        calls += 1
    assert calls > 8


@pytest.mark.parametrize("moment", sorted(CHANGES | {"get_record"}))
@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_of_a_move_and_a_delete_one_decides(
    store: Store, photo: Photo, album: str, moment: str, *, private: bool, pending: bool
) -> None:
    """Nothing of a photo is left that a person deleted while it moved, wherever it was by then."""
    from services.web.gallery import Gallery

    new = relocated(photo, album=album, private=private, pending=pending)

    deleted = False

    def delete() -> None:
        nonlocal deleted
        deleted = Gallery(store, photo.album).delete(photo.id, None).state != "unknown"

    relocate(at_first_call(store, moment, delete), photo, new)
    assert whole(store, new) is not deleted
    assert not deleted or left(store, photo.id) == []


@pytest.mark.parametrize("call", range(10))
@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_two_who_do_the_same_move_at_once_lose_nothing(
    store: Store, photo: Photo, album: str, call: int, *, private: bool, pending: bool
) -> None:
    """As two tabs do, or a page that is loaded again: one of them does it all between two calls."""
    new = relocated(photo, album=album, private=private, pending=pending)
    left_calls = call

    def other_tab(**_: Any) -> None:
        nonlocal left_calls
        left_calls -= 1
        if left_calls == -1:
            assert relocate(store.gallery, photo, new)

    events = store.gallery._s3.meta.events
    events.register("before-call.s3", other_tab)
    assert relocate(store.gallery, photo, new)
    events.unregister("before-call.s3", other_tab)
    assert whole(store, new)
    assert left(store, photo.id) == files(new)


@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_a_photo_that_came_back_is_like_one_that_never_left(
    store: Store, photo: Photo, album: str, *, private: bool, pending: bool
) -> None:
    """It is hidden, closed and moved again, and nothing takes it for deleted."""
    away = relocated(photo, album="other", private=False, pending=False)
    for _ in range(2):
        assert relocate(store.gallery, photo, away)
        assert relocate(store.gallery, away, photo)
    assert not store.gallery.is_deleted("main", photo.id)
    new = relocated(photo, album=album, private=private, pending=pending)
    assert relocate(store.gallery, photo, new)
    assert whole(store, new)
    assert left(store, photo.id) == files(new)


def test_a_photo_that_came_back_is_deleted_once_and_for_all(store: Store, photo: Photo) -> None:
    """Where it is, and by the path of where it was."""
    from services.web.gallery import Gallery

    away = relocated(photo, album="other", private=False, pending=False)
    assert relocate(store.gallery, photo, away)
    assert relocate(store.gallery, away, photo)
    assert Gallery(store, "other").delete(photo.id, None).state == "deleted"
    assert left(store, photo.id) == []
    assert Gallery(store, "main").status(photo.id).state == "deleted"


def test_a_variant_that_is_gone_leaves_nothing_half_copied(store: Store, photo: Photo) -> None:
    """The move ends, and says that the photo is not there."""
    new = relocated(photo, album="other", private=False, pending=False)
    store.gallery._s3.delete_object(Bucket=store.gallery.name, Key=photo.variants[1].key)
    assert not relocate(store.gallery, photo, new)
    assert not [key for key in left(store, photo.id) if "/other/" in key]
    assert FORMATS["webp"] == photo.variants[0].format


def test_a_photo_moves_without_the_original_that_its_lifecycle_ended(
    store: Store, photo: Photo
) -> None:
    """The picture is what counts."""
    store.gallery.remove_originals(photo.album, photo.id)
    new = relocated(photo, album="other", private=True, pending=False)
    assert relocate(store.gallery, photo, new)
    assert left(store, photo.id) == [one for one in files(new) if one != new.original_key]
    assert not store.gallery.has_original(new)


def hidden(photo: Photo) -> Photo:
    """Return a photo as hiding it leaves it."""
    return relocated(photo, album=photo.album, private=True, pending=True, hidden=True)


def test_a_caption_is_taken_along_by_the_run_that_ends_what_was_cut_short(
    store: Store, photo: Photo
) -> None:
    """It was written after the first run had read the manifest, which ended before it looked again."""
    new = hidden(photo)

    def write() -> None:
        assert store.gallery.write_caption("main", photo.id, "A dance.")

    cut: Any = Cut(store, 0, ["deleted"])
    with pytest.raises(CutError):
        relocate(at_first_call(cut, "put_entry", write), photo, new)
    assert relocate(store.gallery, photo, new)
    assert (store.gallery.get_json(new.key()) or {})["caption"] == "A dance."


def test_a_caption_brings_back_no_photo_that_is_deleted_meanwhile(
    store: Store, photo: Photo
) -> None:
    """Somebody writes a caption, and somebody deletes the photo just before it is taken along."""
    from services.web.gallery import Gallery

    def write() -> None:
        assert store.gallery.write_caption("main", photo.id, "A dance.")
        # One that the writer could not see yet, as if it had looked for entries before.
        store.gallery.put_json(new.key(), {"delete_sha256": "ab", "variants": []})

    def delete() -> None:
        Gallery(store, "main").delete(photo.id, None)

    new = hidden(photo)
    both: Any = at_first_call(at_first_call(store, "deleted", write), "put_json", delete)
    relocate(both, photo, new)
    assert left(store, photo.id) == []


def test_a_browser_deletes_its_photo_that_moves_meanwhile(store: Store, photo: Photo) -> None:
    """Where it is by then, as with the token that came with the upload."""
    from services.web.gallery import Gallery

    sent = replace(photo, browser="browser")
    store.gallery.drop_entries(photo.key())
    listed = [{"key": variant.key} for variant in sent.variants]
    store.gallery.put_entry(sent, {"delete_sha256": "ab", "variants": listed})
    new = relocated(sent, album="other", private=False, pending=False)

    def move() -> None:
        assert relocate(store.gallery, sent, new)

    between: Any = at_first_call(store, "put_tombstone", move)
    between.hashes = store.hashes
    Gallery(between, "main").delete(photo.id, "", browser="browser")
    assert left(store, photo.id) == []


@pytest.mark.parametrize("album", ["main", "other"])
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_what_ended_before_any_request_can_be_taken_back(
    store: Store, photo: Photo, album: str, monkeypatch: pytest.MonkeyPatch, *, private: bool
) -> None:
    """Shown again, or moved back, a minute later instead of done again: whole where it was."""
    monkeypatch.setattr(relocation, "LONGEST", timedelta())
    new = relocated(photo, album=album, private=private, pending=album == "main")
    calls, ended = 0, True
    while ended:
        with ended_before(store, calls):
            try:
                relocate(store.gallery, photo, new)
                ended = False
            except CutError:
                pass
        if new.key() not in store.gallery.entry_keys(album, photo.id, pending=new.pending):
            assert relocate(store.gallery, photo, new)  # nobody can take back what is not there
        assert relocate(store.gallery, new, photo)
        assert whole(store, photo), calls
        assert left(store, photo.id) == files(photo), calls
        assert not store.gallery.is_deleted("main", photo.id), calls
        store.gallery.drop(keys.tombstone_key(album, photo.id))
        calls += 1
    assert calls > 8


@pytest.mark.parametrize("was_private", [True, False], ids=["private", "public"])
def test_of_two_opposite_moves_at_once_one_stands(
    store: Store, photo: Photo, *, was_private: bool
) -> None:
    """An owner hides what another one shows again: whole in one place, whoever waits for whom, and where.

    Of the 4,400 ways in which the calls of these, and of moves there and back, can lie all were tried
    once; these are a few.
    """
    before = relocated(photo, album="main", private=was_private, pending=False)
    assert relocate(store.gallery, photo, before)
    for calls in range(0, 24, 3):
        begun = (before, hidden(photo)) if calls % 4 else (hidden(photo), before)
        assert relocate(store.gallery, begun[1], begun[0])
        interleaved(
            store,
            partial(relocate, store.gallery, *begun),
            calls,
            partial(relocate, store.gallery, *begun[::-1]),
            calls * 7 % 20,
        )
        assert [whole(store, one) for one in begun].count(True) == 1, calls
        assert left(store, photo.id) in [files(one) for one in begun], calls


@pytest.mark.parametrize(("album", "private", "pending"), PLACES)
def test_a_photo_moves_on_an_s3_that_refuses_its_own_etags(
    store: Store,
    photo: Photo,
    album: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    private: bool,
    pending: bool,
) -> None:
    """As Ceph 16 does: what is hidden there is not shown any more."""
    put = store.gallery.put_json

    def refuse(key: str, content: dict[str, Any], **condition: Any) -> str | None:
        return None if "IfMatch" in condition else put(key, content, **condition)

    monkeypatch.setattr(store.gallery, "put_json", refuse)
    new = relocated(photo, album=album, private=private, pending=pending)
    assert relocate(store.gallery, photo, new)
    assert whole(store, new)
    assert left(store, photo.id) == files(new)


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "shown"])
def test_of_two_changes_in_one_place_at_once_an_entry_stands(
    store: Store, photo: Photo, *, waits: bool
) -> None:
    """Its clock is put right in one tab, and in the other again, or it is hidden while it waits."""
    camera = datetime(2026, 7, 15, 18, 30)  # noqa: DTZ001 its clock
    start = relocated(replace(photo, camera=camera), album="main", private=waits, pending=waits)
    assert relocate(store.gallery, photo, start)
    for calls, others in product((3, 4, 5), (4, 7, 10)):
        first = replace(start, shift=60 + calls)
        second = hidden(start) if waits else replace(start, shift=60 + others)
        interleaved(
            store,
            partial(relocate, store.gallery, start, first),
            calls,
            partial(relocate, store.gallery, start, second),
            others,
        )
        standing = [one for one in (first, second) if whole(store, one)]
        assert standing, (calls, others)
        for one in standing:  # as the next step of the work does
            assert relocate(store.gallery, one, start)
        assert left(store, photo.id) == files(start)


def test_a_photo_that_is_hidden_while_its_clock_is_put_right_is_hidden(
    store: Store, photo: Photo
) -> None:
    """Wherever the one is when the other does it all, no entry shows it."""
    camera = datetime(2026, 7, 15, 18, 30)  # noqa: DTZ001 its clock
    start = replace(photo, camera=camera)
    assert relocate(store.gallery, photo, start)
    for calls in (1, 2, 3, 4, 6, 8):
        interleaved(
            store,
            partial(relocate, store.gallery, start, replace(start, shift=60)),
            calls,
            partial(relocate, store.gallery, start, hidden(start)),
            1000,
        )
        assert store.gallery.entry_keys("main", photo.id) == [], calls
        assert whole(store, hidden(start)) or whole(store, hidden(replace(start, shift=60))), calls
        [held] = photos_in(store.gallery.entry_keys("main", photo.id, pending=True))
        assert relocate(store.gallery, held, start)


def test_who_gives_up_removes_nothing_that_another_one_shows(
    store: Store, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others were quicker at each attempt to hide it; then it is shown again."""
    monkeypatch.setattr(relocation, "_ATTEMPTS", 1)

    def write() -> None:
        assert store.gallery.write_caption("main", photo.id, "A dance.")

    def show() -> None:
        assert relocate(store.gallery, hidden(photo), photo)

    both: Any = at_first_call(at_first_call(store, "put_entry", write), "remove_variants", show)
    relocate(both, photo, hidden(photo))
    assert whole(store, photo) or whole(store, hidden(photo))
