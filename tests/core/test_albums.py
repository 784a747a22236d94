"""Album records and grants as they are stored."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.core.albums import Album, Who, album_from_record, is_slug, slug_of_key
from services.core.grants import Grant, Kind, Right, grant_id, new_token

ALBUM = Album(
    slug="trip",
    title="Reise 🏖",
    description="to the sea",
    see=Who.LINK,
    upload=Who.NOBODY,
    listed=False,
    approval=True,
    drop=True,
    names=True,
    captions=True,
    downloads=True,
    ends=datetime(2026, 12, 1, tzinfo=UTC),
    created=datetime(2026, 11, 25, tzinfo=UTC),
)


def test_a_record_comes_back() -> None:
    """With the version that it was read with."""
    found = album_from_record("trip", ALBUM.record(), '"etag"')
    assert found is not None
    assert found.version == '"etag"'
    assert found.record() == ALBUM.record()


@pytest.mark.parametrize(
    "changed",
    [{"form": 2}, {"slug": "other"}, {"see": "friends"}, {"ends": "soon"}, {"upload": None}],
)
def test_a_record_of_another_form_is_none(changed: dict[str, Any]) -> None:
    """A later version's, or a damaged one: it opens nothing."""
    assert album_from_record("trip", ALBUM.record() | changed, "v") is None
    assert album_from_record("trip", {}, "v") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("main", True),
        ("a" * 40, True),
        ("a" * 41, False),
        ("", False),
        ("A", False),
        ("a/b", False),
    ],
)
def test_slugs(text: str, *, expected: bool) -> None:
    """a-z, 0-9 and hyphens, 1 to 40."""
    assert is_slug(text) is expected
    assert (slug_of_key(f"albums/{text}.json") == text) is expected


def test_a_grant_is_its_key() -> None:
    """The key says it all, and holds no token."""
    token = new_token()
    ends = datetime(2026, 12, 1, tzinfo=UTC)
    grant = Grant(grant_id(token), Kind.LINK, ends, "trip", frozenset({Right.UPLOAD, Right.SEE}))
    assert grant.key() == f"grants/{grant.id}/1.link.trip.su.1796083200"
    assert token not in grant.key()
    assert Grant.from_key(grant.key()) == grant
    owner = Grant(grant_id(token), Kind.OWNER, ends)
    assert owner.key().endswith("/1.owner.ALL..1796083200")
    assert Grant.from_key(owner.key()) == owner


def test_a_grant_may_last_until_the_last_day_there_is() -> None:
    """What people enter who want no end."""
    ends = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    grant = Grant(grant_id(new_token()), Kind.LINK, ends, "trip", frozenset({Right.SEE}))
    assert Grant.from_key(grant.key()) == grant


def test_a_token_has_256_bits() -> None:
    """43 characters of base64url, never twice."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


@pytest.mark.parametrize(
    "key",
    [
        f"grants/{'0' * 64}/2.link.trip.su.1796083200",
        f"grants/{'0' * 64}/1.friend.trip.su.1796083200",
        f"grants/{'0' * 64}/1.link.trip.sx.1796083200",
        f"grants/{'0' * 63}/1.link.trip.su.1796083200",
        f"grants/{'0' * 64}/1.link.trip.su.soon",
        f"grants/{'0' * 64}/1.link.trip.su.253402300800",
    ],
)
def test_a_grant_of_another_form_grants_nothing(key: str) -> None:
    """A later version's, or made up."""
    assert Grant.from_key(key) is None
