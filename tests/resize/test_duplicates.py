"""Albums that take the same bytes once, whatever comes between or ends it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from services.core import keys
from services.core.albums import MAIN, Album, Originals
from services.core.reasons import Reason
from services.core.settings import Settings
from services.resize.handler import handle
from services.resize.publish import Outcome
from services.store import Store
from services.store.relocation import relocate, relocated
from services.web.gallery import Gallery
from tests import pictures
from tests.events import s3_event, soon
from tests.faults.interrupted import CutError
from tests.faults.invariant import Buckets

DATA = pictures.jpeg(60, 40)


@pytest.fixture
def buckets(store: Store, settings: Settings, aws_session: boto3.Session) -> Buckets:
    """Buckets of this test's own, whose main album takes each picture once; few variants."""
    store.albums.save(replace(MAIN, one_of_each=True))
    few = replace(settings, variant_sizes=(40,), variant_formats=("webp", "jpeg"))
    return Buckets(store, few, aws_session)


def put(buckets: Buckets, data: bytes = DATA, album: str = "main") -> tuple[str, str]:
    """Send a picture and return its photo id and the upload's version."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    return photo_id, buckets.put(keys.upload_key(album, photo_id), data)


def outcome(buckets: Buckets, photo_id: str, album: str = "main") -> Outcome:
    """Do what the upload's event triggers and return how it ended."""
    return buckets.process(keys.upload_key(album, photo_id)).outcome


def holders(buckets: Buckets) -> list[str]:
    """Return the ids that the hashes name."""
    found = [key for key in buckets.gallery() if key.startswith(keys.HASH_PREFIX)]
    return [(buckets.store.gallery.get_json(key) or {})["id"] for key in found]


def test_the_second_of_the_same_bytes_ends_at_the_first(buckets: Buckets) -> None:
    """Nothing of it is kept but a verdict that names the photo that stands."""
    (first, _), (second, version) = put(buckets), put(buckets)
    assert outcome(buckets, first) is Outcome.PUBLISHED
    assert outcome(buckets, second) is Outcome.DUPLICATE
    assert buckets.published().keys() == {first}
    assert [*buckets.versions()] == [f"quarantine/main/{second}/duplicate"]
    assert holders(buckets) == [first]
    status = Gallery(buckets.store, "main").status(second)
    assert (status.state, status.reason, status.of) == ("rejected", "duplicate", first)
    buckets.assert_nothing_lost(keys.upload_key("main", second), [version])
    assert not [key for key in buckets.gallery() if key.startswith("attempts/")]


def test_it_counts_for_the_day_though_nothing_is_kept_of_it(buckets: Buckets) -> None:
    """Or sending the same picture again and again would spend no budget."""
    for _ in range(3):
        outcome(buckets, put(buckets)[0])
    tally = buckets.store.budget.tally(buckets.settings, datetime.now(UTC))
    assert (tally.total("photos"), tally.total("photos_today")) == (1, 3)


def test_by_default_the_same_bytes_are_two_photos(buckets: Buckets) -> None:
    """The tutorial's gallery."""
    album = buckets.store.albums.get("main")
    assert album is not None
    buckets.store.albums.save(replace(album, one_of_each=MAIN.one_of_each))
    ids = {put(buckets)[0] for _ in range(2)}
    assert {outcome(buckets, photo_id) for photo_id in ids} == {Outcome.PUBLISHED}
    assert buckets.published().keys() == ids
    assert holders(buckets) == []


def test_a_repeated_event_is_no_duplicate_of_itself(buckets: Buckets) -> None:
    """Though the hash is its own by then, and the upload still there."""
    photo_id, _ = put(buckets)
    held = Buckets(buckets.store, buckets.settings, boto3.Session("key", "secret"))
    with cut_before(buckets, lambda name, key: name == "DeleteObject" and "uploads/" in key):
        assert outcome(buckets, photo_id) is Outcome.PUBLISHED
    assert held.store.uploads.present("main", [photo_id])
    assert outcome(buckets, photo_id) is Outcome.PUBLISHED
    assert buckets.published().keys() == {photo_id}
    assert buckets.versions() == {}


@contextmanager
def cut_before(buckets: Buckets, when: Any) -> Iterator[None]:
    """Let the first call of which `when(operation, key)` is true fail, as where a process ends."""

    def hook(model: Any, params: Any, **_: Any) -> None:
        if when(model.name, params["url_path"]):
            raise CutError

    events = buckets.store.gallery._s3.meta.events
    events.register("before-call.s3", hook)
    try:
        yield
    except CutError:
        pass
    finally:
        events.unregister("before-call.s3", hook)


def test_a_hash_is_freed_with_its_photo(buckets: Buckets) -> None:
    """Then the same bytes become a photo again."""
    first, _ = put(buckets)
    outcome(buckets, first)
    Gallery(buckets.store, "main").delete(first, None)
    assert holders(buckets) == []
    second, _ = put(buckets)
    assert outcome(buckets, second) is Outcome.PUBLISHED


def test_a_hash_whose_photo_is_gone_is_taken_over(buckets: Buckets) -> None:
    """As where a delete ended before it freed it; a later free is not of the new holder's."""
    first, _ = put(buckets)
    outcome(buckets, first)
    (key,) = [key for key in buckets.gallery() if key.startswith(keys.HASH_PREFIX)]
    buckets.store.gallery.remove("main", first)
    second, _ = put(buckets)
    assert outcome(buckets, second) is Outcome.PUBLISHED
    assert holders(buckets) == [second]
    buckets.store.hashes.free("main", key.rpartition("/")[2], first)
    assert holders(buckets) == [second]


def test_a_hidden_photo_stands(buckets: Buckets) -> None:
    """Sending it again does not bring it back."""
    first, _ = put(buckets)
    outcome(buckets, first)
    photo = buckets.store.gallery.photos("main", [first])[first]
    relocate(
        buckets.store.gallery,
        photo,
        relocated(photo, album="main", private=photo.private, pending=True),
    )
    second, _ = put(buckets)
    assert outcome(buckets, second) is Outcome.DUPLICATE
    assert buckets.index() == set()
    assert buckets.published().keys() == {first}


def test_a_hash_moves_with_its_photo(buckets: Buckets) -> None:
    """Free where it was, and held where it is, where that album takes each picture once too."""
    buckets.store.albums.save(Album(slug="trip", one_of_each=True))
    first, _ = put(buckets)
    outcome(buckets, first)
    photo = buckets.store.gallery.photos("main", [first])[first]
    relocate(
        buckets.store.gallery, photo, relocated(photo, album="trip", private=False, pending=False)
    )
    (second, _), (third, _) = put(buckets), put(buckets, album="trip")
    assert outcome(buckets, second) is Outcome.PUBLISHED
    assert outcome(buckets, third, "trip") is Outcome.DUPLICATE


def test_of_two_at_once_one_stands_whatever_call_the_other_comes_before(buckets: Buckets) -> None:
    """The whole of the other upload, before each call of the first one's."""
    events = buckets.store.gallery._s3.meta.events
    call, met = 0, True
    ends: set[tuple[Outcome, Outcome]] = set()
    while met:
        (first, version), (second, other) = put(buckets), put(buckets)
        left, met, second_ended = call, False, None

        def come_between(second: str = second, **_: Any) -> None:
            nonlocal left, met, second_ended
            left -= 1
            if left == -1:
                met = True
                second_ended = outcome(buckets, second)

        events.register("before-call.s3", come_between)
        first_ended = outcome(buckets, first)
        events.unregister("before-call.s3", come_between)
        if second_ended is not None:
            ends.add((first_ended, second_ended))
            (standing,) = buckets.published()
            assert not [key for key in buckets.versions() if key.startswith("uploads/")]
            for photo_id, made in ((first, version), (second, other)):
                buckets.assert_nothing_lost(keys.upload_key("main", photo_id), [made])
            assert holders(buckets) == [standing]
            Gallery(buckets.store, "main").delete(standing, None)
            for key in buckets.gallery():
                if key.startswith(("rejected/", "deleted/")):
                    buckets.store.gallery.drop(key)
        call += 1
    assert call > 15
    assert ends == {
        (Outcome.DUPLICATE, Outcome.PUBLISHED),
        (Outcome.PUBLISHED, Outcome.DUPLICATE),
    }


def test_ended_at_any_call_while_it_makes_way_and_done_again(buckets: Buckets) -> None:
    """A photo that lost the race for its hash: whatever ends its removal, an event makes it good."""
    call, met = 0, True
    while met:
        (first, _), (second, version) = put(buckets), put(buckets)
        left, met, state = call, False, "before"

        def race(name: str, key: str, first: str = first) -> bool:
            nonlocal left, met, state
            if state == "before" and name == "PutObject" and "/hashes/" in key:
                state = "between"  # the second's entry stands: now the first's whole life comes
                outcome(buckets, first)
                state = "after"
            left -= state == "after"
            met = met or left == -1
            return left == -1 and state == "after"

        with cut_before(buckets, race):
            outcome(buckets, second)
        if met:
            buckets.assert_nothing_lost(keys.upload_key("main", second), [version])
            outcome(buckets, second)
        assert buckets.published().keys() == {first}, call
        assert not [key for key in buckets.versions() if key.startswith("uploads/")]
        assert Gallery(buckets.store, "main").status(second).of == first
        Gallery(buckets.store, "main").delete(first, None)
        call += 1
    assert call > 8


def test_what_it_costs(buckets: Buckets) -> None:
    """As docs/event.md has it: what each setting adds to the calls of a picture that is made ready."""

    def calls(**setting: Any) -> Counter[str]:
        album = buckets.store.albums.get("main") or MAIN
        unset = replace(album, one_of_each=False, originals=Originals.NONE)
        buckets.store.albums.save(replace(unset, **setting))
        photo_id, _ = put(buckets, pictures.jpeg(60, 40, description=str(setting)))
        made: list[str] = []
        events = buckets.store.gallery._s3.meta.events

        def note(model: Any, **_: Any) -> None:
            made.append(model.name)

        events.register("before-call.s3", note)
        assert outcome(buckets, photo_id) is Outcome.PUBLISHED
        events.unregister("before-call.s3", note)
        return Counter(made)

    plain = calls()
    assert calls(one_of_each=True) - plain == {"GetObject": 1, "PutObject": 1}
    assert calls(originals=Originals.UPLOADED) - plain == {"CopyObject": 1, "ListObjectsV2": 1}
    assert calls(originals=Originals.UNLOCATED) - plain == {"PutObject": 1, "ListObjectsV2": 1}


def test_the_same_picture_again_and_again_spends_the_days_budget(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, as other uploads do, and not at the next tally an hour later."""
    monkeypatch.setattr("services.store.budget.LOOK_EVERY", timedelta())
    few = replace(buckets.settings, photos_a_day=3)
    paused = []
    for _ in range(3):
        photo_id, version = put(buckets)
        event = s3_event((keys.upload_key("main", photo_id), version), bucket=few.upload_bucket)
        handle(event, buckets.store, few, deadline=soon())
        paused.append(buckets.store.budget.pause(datetime.now(UTC)))
    assert paused == [None, None, Reason.DAY_IS_FULL]
