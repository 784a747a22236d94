"""Photo ids, object keys and index entries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core import keys
from services.core.keys import IndexEntry, StoredSize
from services.core.variants import FORMATS

MOMENT = datetime(2026, 11, 24, 12, 0, 0, 123000, tzinfo=UTC)


def test_newer_photos_sort_first() -> None:
    """S3 lists in the order of bytes, so a later id is a smaller one."""
    older = keys.new_photo_id(MOMENT)
    newer = keys.new_photo_id(MOMENT + timedelta(milliseconds=1))
    assert newer < older
    assert len(older) == 26
    assert keys.is_photo_id(older)


def test_an_id_tells_its_moment_to_the_millisecond() -> None:
    """The timestamp can be read back."""
    assert keys.uploaded_at(keys.new_photo_id(MOMENT)) == MOMENT


def test_ids_of_the_same_moment_differ() -> None:
    """80 random bits keep two uploads of one millisecond apart."""
    assert len({keys.new_photo_id(MOMENT) for _ in range(1000)}) == 1000


def test_the_id_of_a_foreign_upload_is_a_function_of_the_stored_object() -> None:
    """Each event and sweep that brings the object gives the same id; another version another."""

    def photo_id(key: str = "uploads/a b.jpg", version: str = "v1") -> str:
        return keys.photo_id_of_object("up", key, version, MOMENT)

    assert photo_id() == "7YBQS959C49F3CXEGACRWE904Z"  # and in every release
    assert keys.uploaded_at(photo_id()) == MOMENT
    assert len({photo_id(), photo_id(version="v2"), photo_id(key="uploads/c.jpg")}) == 3


def test_the_id_of_an_upload_of_ours_is_in_its_key() -> None:
    """The presigned POST names the exact key."""
    photo_id = keys.new_photo_id(MOMENT)
    assert keys.photo_id_of_object("up", f"uploads/{photo_id}", "v9", MOMENT) == photo_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7" * 25,
        "7" * 27,
        "8" + "0" * 25,
        "7" + "U" * 25,
        "7" + "a" * 25,
        "7/../" + "0" * 21,
    ],
)
def test_what_is_no_photo_id(text: str) -> None:
    """26 characters of Crockford's base 32, the first a 7."""
    assert not keys.is_photo_id(text)


def test_object_keys() -> None:
    """Where everything stands."""
    photo_id = "7ZZZZZZZZZ0123456789ABCDEF"
    assert keys.upload_key(photo_id) == "uploads/7ZZZZZZZZZ0123456789ABCDEF"
    assert keys.quarantine_key(photo_id) == "quarantine/7ZZZZZZZZZ0123456789ABCDEF"
    assert (
        keys.variant_key(photo_id, 400, FORMATS["jpeg"])
        == "photos/7ZZZZZZZZZ0123456789ABCDEF/400.jpg"
    )
    assert keys.verdict_key(photo_id) == "rejected/7ZZZZZZZZZ0123456789ABCDEF.json"
    assert keys.tombstone_key(photo_id) == "deleted/7ZZZZZZZZZ0123456789ABCDEF"


def test_an_index_entry_is_its_key() -> None:
    """All that a gallery page needs stands in the key."""
    entry = IndexEntry(
        id="7ZZZZZZZZZ0123456789ABCDEF",
        width=4000,
        height=3000,
        thumbhash=b"\x01\x02\xff",
        sizes=(StoredSize(400, (FORMATS["webp"], FORMATS["jpeg"])),),
        name="é.jpg",
        animated=True,
    )
    assert entry.key() == "index/7ZZZZZZZZZ0123456789ABCDEF/1.4000x3000a.AQL_.400wj.w6kuanBn"
    assert IndexEntry.from_key(entry.key()) == entry


entries = st.builds(
    IndexEntry,
    id=st.datetimes(datetime(1970, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 hypothesis adds the zone
        keys.new_photo_id
    ),
    width=st.integers(1, 65_535),
    height=st.integers(1, 65_535),
    thumbhash=st.binary(max_size=32),
    sizes=st.lists(
        st.builds(
            StoredSize,
            st.integers(1, 16_384),
            st.lists(st.sampled_from(list(FORMATS.values())), min_size=1, unique=True).map(tuple),
        ),
        min_size=1,
        max_size=16,
        unique_by=lambda stored: stored.size,
    ).map(tuple),
    name=st.text(max_size=400).map(keys.bounded_name),
    animated=st.booleans(),
)


@given(entries)
def test_every_index_entry_comes_back_from_its_key(entry: IndexEntry) -> None:
    """Nothing is lost, S3's 1,024 bytes are kept, and the key sorts with its photo."""
    key = entry.key()
    assert IndexEntry.from_key(key) == entry
    assert len(key.encode()) <= 1024
    assert key < keys.index_cursor(entry.id)
    assert key.startswith(keys.index_prefix(entry.id))


@pytest.mark.parametrize(
    "key",
    [
        "index/",
        "index/7ZZZZZZZZZ0123456789ABCDEF/",
        "index/7ZZZZZZZZZ0123456789ABCDEF/2.4x3..400w.",  # a later form
        "index/7ZZZZZZZZZ0123456789ABCDEF/1.4x3..400x.",
        "index/nobody/1.4x3..400w.",
    ],
)
def test_a_key_of_another_form_is_no_entry(key: str) -> None:
    """An unknown key is passed over; a page never fails for it."""
    assert IndexEntry.from_key(key) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("beach.jpg", "beach.jpg"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\nc\x7f.jpg", "abc.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("\ud800x", "x"),
        ("", ""),
        ("ü" * 200, "ü" * 127),
        ("🏖" * 100, "🏖" * 63),
    ],
)
def test_names_are_bounded_and_clean(name: str, expected: str) -> None:
    """No path, no control or bidirectional characters, 255 bytes of UTF-8 at most."""
    assert keys.bounded_name(name) == expected


@given(st.text())
@example("\ud800")
def test_any_name_can_be_written(name: str) -> None:
    """Whatever a browser sends ends as text that UTF-8 can hold."""
    assert len(keys.bounded_name(name).encode()) <= 255
