"""Grants and album records, over real HTTP."""

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.core.albums import MAIN, Album, Who
from services.core.grants import Grant, Kind, Right
from services.store import AlbumChangedError, Passkey, Store

ID = "ab" * 32
SOON = datetime(2027, 1, 1, tzinfo=UTC)


def test_a_grant_is_found_by_its_hash_and_gone_once_withdrawn(store: Store) -> None:
    """With what its owner is shown of it."""
    grant = Grant(ID, Kind.LINK, SOON, "trip", frozenset({Right.SEE}))
    assert store.grants.get(ID) is None
    store.grants.put(grant, {"label": "Großeltern"})
    assert store.grants.get(ID) == grant
    assert store.grants.details(grant) == {"label": "Großeltern"}
    assert store.grants.all() == [grant]
    store.grants.withdraw(ID)
    assert store.grants.get(ID) is None
    assert store.grants.details(grant) == {}
    store.grants.withdraw(ID)


def test_a_grant_lasts_longer_and_stays_one(store: Store) -> None:
    """The session that is used goes on."""
    grant = Grant(ID, Kind.OWNER, SOON)
    longer = replace(grant, ends=SOON + timedelta(days=30))
    store.grants.put(grant, {"name": "Anna"})
    store.grants.extend(grant, longer)
    assert store.grants.all() == [longer]
    assert store.grants.details(longer) == {"name": "Anna"}


def test_two_who_extend_a_grant_in_the_same_second_do_not_end_it(store: Store) -> None:
    """A page's requests come several at a time; the later one finds the old grant gone."""
    grant = Grant(ID, Kind.OWNER, SOON)
    longer = replace(grant, ends=SOON + timedelta(days=30))
    store.grants.put(grant, {"name": "Anna"})
    for _ in range(2):
        store.grants.extend(grant, longer)
    assert store.grants.all() == [longer]
    assert store.grants.details(longer) == {"name": "Anna"}


def test_a_grant_that_was_withdrawn_is_not_brought_back(store: Store) -> None:
    """Whoever extends it meanwhile."""
    grant = Grant(ID, Kind.OWNER, SOON)
    store.grants.put(grant, {})
    store.grants.withdraw(ID)
    store.grants.extend(grant, replace(grant, ends=SOON + timedelta(days=30)))
    assert store.grants.all() == []


def test_an_owner_is_found_behind_a_thousand_links(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 lists a thousand at a time; here two, so that the test need not store as many."""
    store.grants.put(Grant("ff" * 32, Kind.OWNER, datetime.now(UTC) + timedelta(days=1)), {})
    for number in range(3):
        store.grants.put(Grant(f"{number:02}" * 32, Kind.LINK, SOON, "trip"), {})
    list_objects = store.gallery._s3.list_objects_v2
    short = functools.partial(list_objects, MaxKeys=2)
    monkeypatch.setattr(store.gallery._s3, "list_objects_v2", short)
    assert store.grants.has_owner()


def test_whoever_was_signed_in_once_is_no_owner_now(store: Store) -> None:
    """A session that has ended reads no reports."""
    store.grants.put(Grant(ID, Kind.OWNER, datetime.now(UTC) - timedelta(seconds=2)), {})
    assert not store.grants.has_owner()


def test_a_one_time_token_is_used_up_once(store: Store) -> None:
    """However many tabs race."""
    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(lambda _: store.grants.use_up(ID), range(8)))
    assert sorted(wins) == [False] * 7 + [True]


def test_an_unknown_form_is_passed_over_with_one_line(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A later version's grant opens nothing here."""
    store.gallery.put_json(f"grants/{ID}/2.link.trip.su.1", {})
    assert store.grants.get(ID) is None
    assert [record.message for record in caplog.records] == ["grants of an unknown form"]


def test_a_passkey_that_was_withdrawn_is_not_brought_back(store: Store) -> None:
    """Whoever signs in by it meanwhile is refused, and so is an older count."""
    passkey = Passkey(b"id", b"key", 1, "Anna", "2026-11-25")
    store.passkeys.put(passkey)
    assert store.passkeys.count(passkey, 2)
    assert store.passkeys.get(passkey.id) == replace(passkey, sign_count=2)
    assert not store.passkeys.count(passkey, 3)
    store.passkeys.remove(passkey.id)
    assert not store.passkeys.count(replace(passkey, sign_count=2), 3)
    assert store.passkeys.all() == []


def test_the_main_album_always_is(store: Store) -> None:
    """Without a record, the tutorial's; with one, what it says."""
    assert store.albums.get("main") == MAIN
    assert store.albums.get("trip") is None
    saved = store.albums.save(replace(MAIN, see=Who.OWNER))
    assert store.albums.get("main") == saved
    assert saved.see is Who.OWNER


def test_of_two_who_edit_an_album_the_second_is_told(store: Store) -> None:
    """Nothing that somebody saved is lost unseen; nor is a name taken twice."""
    first = store.albums.save(Album(slug="trip", title="Trip"))
    changed = store.albums.save(replace(first, title="The trip"))
    with pytest.raises(AlbumChangedError):
        store.albums.save(replace(first, title="A trip"))
    with pytest.raises(AlbumChangedError):
        store.albums.save(Album(slug="trip"))
    assert store.albums.get("trip") == changed
    assert list(store.albums.versions()) == [("trip", changed.version)]


def test_a_record_of_an_unknown_form_is_no_album(store: Store) -> None:
    """And no error page; the main one is not opened by it either."""
    for slug in ("trip", "main"):
        store.gallery.put_json(f"albums/{slug}.json", {"form": 2})
        assert store.albums.get(slug) is None
