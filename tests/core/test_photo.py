"""Photos and the keys of their index entries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core import keys
from services.core.photo import KeptOriginal, Photo, bytes_in_key, stored_variants
from services.core.settings import MAX_SIZES
from services.core.variants import FORMATS, Fit

ID = "7ZZZZZZZZZ0123456789ABCDEF"
BOTH = (FORMATS["webp"], FORMATS["jpeg"])


def photo(name: str, *, album: str = "main", private: bool = False) -> Photo:
    """Return an animation in two sizes and two formats."""
    stored = [(Fit(400, 400, 300), BOTH), (Fit(800, 640, 480), BOTH)]
    return Photo(
        album=album,
        id=ID,
        width=640,
        height=480,
        thumbhash=b"\x01\x02\xff",
        variants=stored_variants(album, ID, stored, private=private),
        name=name,
        animated=True,
        private=private,
        uploader="Zm9vYmFy",
        stored_bytes=123456,
        camera=datetime(2026, 7, 15, 18, 30, 0, 500_000, timezone(-timedelta(minutes=150))),
        guest="Käthe",
        browser="b-b",
    )


def test_a_photo_is_the_key_of_its_entry() -> None:
    """All that a gallery page needs stands in the key, each variant's pixels included."""
    entry = f"index/main/{ID}/2.640x480a.AQL_.Zm9vYmFy.123456.20260715183000500z-150.400-400x300wj_800-640x480wj.w6kuanBn.S8OkdGhl.b-b"
    assert photo("é.jpg").key() == entry
    found = Photo.from_key(entry)
    assert found == photo("é.jpg")
    assert [(v.size, v.width, v.height, v.key) for v in found.variants] == [
        (400, 400, 300, f"photos/main/{ID}/400.webp"),
        (400, 400, 300, f"photos/main/{ID}/400.jpg"),
        (800, 640, 480, f"photos/main/{ID}/800.webp"),
        (800, 640, 480, f"photos/main/{ID}/800.jpg"),
    ]


def test_a_private_photo_has_its_variants_elsewhere() -> None:
    """The entry says so, so that opening an album moves nothing."""
    hidden = photo("a", album="my-album", private=True)
    assert hidden.key().startswith(f"index/my-album/{ID}/2.640x480ap.")
    found = Photo.from_key(hidden.key())
    assert found == hidden
    assert found.variants[0].key == f"private/my-album/{ID}/400.webp"


def test_a_kept_original_stands_in_the_key() -> None:
    """Its bytes, and whether it may say where it was taken; both count as stored."""
    kept = replace(photo("a"), original=KeptOriginal("heic", 4_100_000, located=True))
    entry = kept.key()
    assert ".123456u4100000heic.2026" in entry
    assert Photo.from_key(entry) == kept
    assert kept.original_key == f"originals/main/{ID}/original.heic"
    assert bytes_in_key(entry) == 4_223_456
    assert bytes_in_key(entry, with_original=False) == 123_456
    without = replace(kept, original=KeptOriginal("jpg", 5, located=False))
    assert ".123456l5jpg.2026" in without.key()
    assert Photo.from_key(without.key()) == without


sides = st.integers(1, 999_999)
originals = st.none() | st.builds(
    KeptOriginal,
    st.sampled_from(["jpg", "png", "gif", "webp", "avif", "heic"]),
    st.integers(0, 10**12),
    located=st.booleans(),
)
LARGEST = KeptOriginal("webp", 10**13 - 1, located=True)
fits = st.lists(
    st.tuples(
        st.builds(Fit, st.integers(1, 16_384), sides, sides),
        st.lists(st.sampled_from(list(FORMATS.values())), min_size=1, unique=True),
    ),
    min_size=1,
    max_size=MAX_SIZES,
    unique_by=lambda stored: stored[0].size,
)
# Cameras know a millisecond at best.
moments = st.datetimes(datetime(1826, 1, 1), datetime(9999, 1, 1)).map(  # noqa: DTZ001 clocks without a zone
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
zones = st.integers(-900, 900).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LATE = datetime(2026, 12, 31, 23, 59, 59, 999_000, timezone(-timedelta(minutes=720)))
WIDEST = [(Fit(16_384 - n, 999_999, 999_999), BOTH) for n in range(MAX_SIZES)]


@given(
    name=st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode(errors="replace")),
    album=st.from_regex(keys.ALBUM_PATTERN, fullmatch=True),
    moment=st.datetimes(datetime(1970, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 hypothesis adds the zone
    thumbhash=st.binary(max_size=25),
    stored=fits,
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    uploader=st.from_regex(r"[A-Za-z0-9_-]{0,22}", fullmatch=True),
    taken=st.none()
    | moments
    | st.tuples(moments, zones).map(lambda one: one[0].replace(tzinfo=one[1])),
    original=originals,
    shift=st.integers(-99_999_999, 99_999_999),
    guest=st.text(max_size=60),
)
@example("/" * 300, "main", datetime(2026, 1, 1, tzinfo=UTC), b"", WIDEST, (True,) * 4, "", None, None, 0, "")  # fmt: skip
@example("\U0001f3d6" * 99, "a" * 40, datetime(2026, 1, 1, tzinfo=UTC), b"\xff" * 25, WIDEST, (True,) * 4, "u" * 22, LATE, LARGEST, -99_999_999, "\u5a5a" * 60)  # fmt: skip
@example("\U0001f3d6" * 99, "a" * 40, datetime(2026, 1, 1, tzinfo=UTC), b"\xff" * 25, WIDEST, (True, True, False, False), "u" * 22, LATE, LARGEST, -99_999_999, "\u5a5a" * 60)  # fmt: skip
@example(
    "../..\\\x00\ud800",
    "-",
    datetime(2026, 1, 1, tzinfo=UTC),
    b"",
    WIDEST,
    (False,) * 4,
    "",
    None,
    None,
    0,
    "",
)
def test_every_photo_comes_back_from_its_key(
    name: str,
    album: str,
    moment: datetime,
    thumbhash: bytes,
    stored: list[tuple[Fit, list[object]]],
    flags: tuple[bool, bool, bool, bool],
    uploader: str,
    taken: datetime | None,
    original: KeptOriginal | None,
    shift: int,
    guest: str,
) -> None:
    """Nothing is lost whatever the name; S3's bounds and those of file systems are kept."""
    animated, private, pending, hidden = flags
    photo_id = keys.new_photo_id(moment)
    written = Photo(
        album=album,
        id=photo_id,
        width=stored[0][0].width,
        height=stored[0][0].height,
        thumbhash=thumbhash,
        variants=stored_variants(album, photo_id, stored, private=private),  # type: ignore[arg-type] # hypothesis' types
        name=keys.bounded_name(name),
        animated=animated,
        private=private,
        pending=pending,
        hidden=hidden,
        uploader=uploader,
        camera=taken,
        shift=shift if taken else 0,
        original=original,
        guest=keys.bounded_guest(guest),
        browser=uploader,
    )
    key = written.key()
    assert Photo.from_key(key) == written
    by_time = written.taken_key()
    assert Photo.from_key(by_time) == replace(written, pending=False)
    assert len(by_time) <= 1024
    assert len(key) <= 1024
    assert key.isascii()
    segments = key.split("/")
    assert all(0 < len(segment) <= 255 for segment in segments)
    assert not {".", ".."} & set(segments)
    prefix = "pending" if pending else "index"
    assert f"{prefix}/{album}/{photo_id}/" < key < f"{prefix}/{album}/{photo_id}0"


@pytest.mark.parametrize(
    "key",
    [
        "index/",
        f"index/main/{ID}/",
        f"index/{ID}/2.4x3...400-4x3w.",
        f"index/main/{ID}/3.4x3...7..400-4x3w.",  # a later form
        f"index/main/{ID}/2.4x3...7..400-4x3x.",  # a format that nobody knows
        f"index/main/{ID}/2.0x3...7..400-4x3w.",  # no width
        f"index/main/{ID}/2.4x3...7..400-4x3w.A",  # no base64
        f"index/Main/{ID}/2.4x3...7..400-4x3w.",
        "index/main/nobody/2.4x3...7..400-4x3w.",
        f"photos/main/{ID}/2.4x3...7..400-4x3w.",
    ],
)
def test_a_key_of_another_form_is_no_photo(key: str) -> None:
    """An unknown key is passed over; a page never fails for it."""
    assert Photo.from_key(key) is None
