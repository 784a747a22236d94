"""Photo ids, object keys and index entries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core import keys
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
    for age in (timedelta(minutes=-15), timedelta(0), timedelta(hours=23)):
        key, modified = f"uploads/any/{photo_id}", MOMENT + age
        assert keys.photo_id_of_object("up", key, "v9", modified) == photo_id


@pytest.mark.parametrize("age", [timedelta(minutes=-16), timedelta(hours=25)])
def test_an_id_of_another_time_is_only_a_name(age: timedelta) -> None:
    """The photo gets an id of its object's own, with S3's moment."""
    photo_id = keys.new_photo_id(MOMENT)
    given = keys.photo_id_of_object("up", f"uploads/main/{photo_id}", "v9", MOMENT + age)
    assert given != photo_id
    assert keys.uploaded_at(given) == MOMENT + age


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
    jpeg = FORMATS["jpeg"]
    assert keys.upload_key("main", photo_id) == "uploads/main/7ZZZZZZZZZ0123456789ABCDEF"
    assert keys.quarantine_prefix("a-b", photo_id) == "quarantine/a-b/7ZZZZZZZZZ0123456789ABCDEF/"
    public = keys.variant_key("main", photo_id, 400, jpeg)
    assert public == "photos/main/7ZZZZZZZZZ0123456789ABCDEF/400.jpg"
    private = keys.variant_key("main", photo_id, 400, jpeg, private=True)
    assert private == "private/main/7ZZZZZZZZZ0123456789ABCDEF/400.jpg"
    assert keys.entry_prefix("main", photo_id) == "index/main/7ZZZZZZZZZ0123456789ABCDEF/"
    pending = keys.entry_prefix("main", photo_id, pending=True)
    assert pending == "pending/main/7ZZZZZZZZZ0123456789ABCDEF/"
    assert keys.verdict_key("main", photo_id) == "rejected/main/7ZZZZZZZZZ0123456789ABCDEF"
    assert keys.tombstone_key("main", photo_id) == "deleted/main/7ZZZZZZZZZ0123456789ABCDEF"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("uploads/main/7ZZZZZZZZZ0123456789ABCDEF", ("main", "7ZZZZZZZZZ0123456789ABCDEF")),
        ("uploads/7ZZZZZZZZZ0123456789ABCDEF", (None, "7ZZZZZZZZZ0123456789ABCDEF")),
        ("uploads/my-album/a b/c.jpg", ("my-album", "a b/c.jpg")),
        ("uploads/Trip/c.jpg", (None, "Trip/c.jpg")),
        ("uploads/beach.jpg", (None, "beach.jpg")),
        ("uploads/main", (None, "main")),
        ("uploads/main/", ("main", "")),
        ("uploads//x\n", (None, "/x\n")),
        ("uploads/" + "a" * 41 + "/x", (None, "a" * 41 + "/x")),
        ("uploads/", (None, "")),
        ("elsewhere/main/x", (None, "elsewhere/main/x")),
    ],
)
def test_what_an_upload_key_names(key: str, expected: tuple[str | None, str]) -> None:
    """What could be an album, and the rest."""
    assert keys.split_upload_key(key) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("beach.jpg", "beach.jpg"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\nc\x7f.jpg", "abc.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a\u061cb\u200b\u2060\ufeff\u00adc\U000e0041.jpg", "abc.jpg"),
        ("क्\u200cष 👩\u200d🚀.jpg", "क्\u200cष 👩\u200d🚀.jpg"),
        ("\u200d\u200c", ""),
        ("\ud800x", "x"),
        ("", ""),
        ("ü" * 200, "ü" * 127),
        ("🏖" * 100, "🏖" * 63),
    ],
)
def test_names_are_bounded_and_clean(name: str, expected: str) -> None:
    """No path, no control or unseen characters but joiners, 255 bytes of UTF-8 at most."""
    assert keys.bounded_name(name) == expected


@given(st.text())
@example("\ud800")
def test_any_name_can_be_written(name: str) -> None:
    """Whatever a browser sends ends as text that UTF-8 can hold."""
    assert len(keys.bounded_name(name).encode()) <= 255
