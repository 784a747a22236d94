"""What the gallery has taken, and when it takes no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from services.core import keys
from services.core.photo import KeptOriginal
from services.core.reasons import Reason
from services.core.settings import Settings
from services.store import Store
from services.store.budget import TALLY_KEY, Tally, Usage
from services.store.client import make_s3
from tests.photos import stored_photo

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
YESTERDAY = datetime(2026, 11, 24, 23, 59, 59, 999_000, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC)


def publish(store: Store, moment: datetime, stored_bytes: int, album: str = "main") -> str:
    """Write the entry of a photo that was begun at a moment."""
    photo_id = keys.new_photo_id(moment)
    photo = stored_photo(photo_id, album=album, stored_bytes=stored_bytes)
    store.gallery.put_json(photo.key(), {})
    return photo_id


@pytest.fixture
def limited(settings: Settings) -> Settings:
    """Budgets of three photos a day, ten in all."""
    return replace(settings, photos_a_day=3, photos_in_total=10)


def test_a_tally_counts_by_album_and_day(
    store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """Entries say their bytes in their keys; what was refused or deleted counts for the day alone."""
    publish(store, YESTERDAY, 1000)
    publish(store, MIDNIGHT, 200)
    publish(store, NOW, 30, album="trip")
    refused = keys.new_photo_id(NOW)
    s3 = make_s3(settings, aws_session)
    s3.put_object(
        Bucket=settings.upload_bucket, Key=f"quarantine/trip/{refused}/corrupt", Body=b"12345"
    )
    deleted = keys.tombstone_key("trip", keys.new_photo_id(NOW))
    s3.put_object(Bucket=settings.gallery_bucket, Key=deleted, Body=b"{}")
    assert store.budget.tally(settings, NOW) == Tally(
        NOW, {"main": Usage(2, 1200, 1, 200), "trip": Usage(1, 30, 3, 37)}
    )
    assert store.budget.pause(NOW) is None


def test_an_original_counts_until_its_lifecycle_ends_it(store: Store, settings: Settings) -> None:
    """What is kept of a photo is its variants and its original."""
    for moment in (YESTERDAY, NOW):
        original = KeptOriginal("jpg", 5000, located=True)
        photo = stored_photo(keys.new_photo_id(moment), stored_bytes=100, original=original)
        store.gallery.put_json(photo.key(), {})
    lasting = store.budget.tally(replace(settings, originals_days=2), NOW)
    assert lasting.albums == {"main": Usage(2, 10_200, 1, 5100)}
    store.gallery.drop(TALLY_KEY)
    a_day = store.budget.tally(
        replace(settings, originals_days=1), NOW + timedelta(hours=11, minutes=59, seconds=59)
    )
    assert a_day.albums["main"].bytes == 10_200
    store.gallery.drop(TALLY_KEY)
    next_day = store.budget.tally(replace(settings, originals_days=1), NOW + timedelta(hours=13))
    assert next_day.albums["main"].bytes == 5200


def test_a_photo_with_two_entries_counts_once(store: Store, settings: Settings) -> None:
    """As while it is being reprocessed."""
    photo_id = publish(store, NOW, 100)
    store.gallery.put_json(stored_photo(photo_id, stored_bytes=150).key(), {})
    (usage,) = store.budget.tally(settings, NOW).albums.values()
    assert usage.photos == 1


def test_a_full_day_ends_at_midnight(store: Store, limited: Settings) -> None:
    """Photos of the day before do not count, and the pause is of its day."""
    publish(store, YESTERDAY, 1)
    for _ in range(2):
        publish(store, NOW, 1)
    store.budget.tally(limited, NOW)
    assert store.budget.pause(NOW) is None
    publish(store, NOW, 1)
    store.budget.tally(limited, NOW + timedelta(hours=1))
    assert store.budget.pause(NOW) is Reason.DAY_IS_FULL
    assert store.budget.pause(NOW + timedelta(hours=12)) is None


def test_a_day_has_a_budget_of_bytes_too(store: Store, settings: Settings) -> None:
    """Few large pictures spend it as well as many small ones."""
    publish(store, NOW, 500)
    store.budget.tally(replace(settings, bytes_a_day=500), NOW)
    assert store.budget.pause(NOW) is Reason.DAY_IS_FULL


@pytest.mark.parametrize("limit", [{"photos_in_total": 2}, {"bytes_in_total": 200}])
def test_a_full_gallery_takes_pictures_again_when_there_is_room(
    store: Store, settings: Settings, limit: dict[str, int]
) -> None:
    """The next tally after a delete says so."""
    full = replace(settings, **limit)  # type: ignore[arg-type] # a field's name and its value
    ids = [publish(store, YESTERDAY, 100) for _ in range(2)]
    store.budget.tally(full, NOW)
    assert store.budget.pause(NOW) is Reason.GALLERY_IS_FULL
    store.gallery.remove("main", ids[0])
    store.budget.tally(full, NOW + timedelta(hours=2))
    assert store.budget.pause(NOW) is None


def test_what_comes_between_two_tallies_is_seen(
    store: Store, limited: Settings, aws_session: boto3.Session
) -> None:
    """A look counts what its album got today, and trusts the tally for the others."""
    publish(store, NOW, 1, album="trip")
    store.budget.look("main", limited, NOW)
    publish(store, NOW, 1)
    publish(store, NOW, 1)
    store.budget.look("main", limited, NOW)  # within a minute: not again
    assert store.budget.pause(NOW) is None
    other = Store.connect(limited, aws_session)
    other.budget.look("main", limited, NOW)
    assert store.budget.pause(NOW) is Reason.DAY_IS_FULL


def test_yesterdays_tally_is_not_todays(
    store: Store, limited: Settings, aws_session: boto3.Session
) -> None:
    """The first look after midnight does not count what came before it."""
    for _ in range(2):
        publish(store, YESTERDAY, 1, album="trip")
    store.budget.tally(limited, YESTERDAY)
    publish(store, MIDNIGHT, 1)
    Store.connect(limited, aws_session).budget.look("main", limited, MIDNIGHT)
    assert store.budget.pause(MIDNIGHT) is None


def test_the_switch_goes_before_everything(store: Store, limited: Settings) -> None:
    """No tally turns it back."""
    store.budget.set_paused(paused=True)
    assert store.budget.pause(NOW) is Reason.PAUSED
    store.budget.tally(limited, NOW)
    assert store.budget.pause(NOW) is Reason.PAUSED
    store.budget.set_paused(paused=False)
    assert store.budget.pause(NOW) is None
