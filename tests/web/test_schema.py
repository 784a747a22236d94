"""The API keeps what its OpenAPI document promises, whatever is asked of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from services.core.albums import Album, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.store import Store
from tests.photos import photo_ids, publish

OPERATIONS = [
    "DELETE /api/albums/{album}/photos/{photo_id}",
    "DELETE /api/photos/{photo_id}",
    "GET /api/albums/{album}/photos",
    "GET /api/albums/{album}/photos/count",
    "GET /api/albums/{album}/photos/newest",
    "GET /api/albums/{album}/photos/pending",
    "GET /api/albums/{album}/photos/{photo_id}",
    "GET /api/photos",
    "GET /api/photos/count",
    "GET /api/photos/newest",
    "GET /api/photos/pending",
    "GET /api/photos/{photo_id}",
    "GET /healthz",
    "GET /readyz",
    "POST /api/albums/{album}/photos/{photo_id}/reports",
    "POST /api/albums/{album}/tidy",
    "POST /api/albums/{album}/uploads",
    "POST /api/albums/{album}/work",
    "POST /api/photos/{photo_id}/reports",
    "POST /api/tidy",
    "POST /api/uploads",
    "POST /api/work",
    "PUT /api/albums/{album}/photos/{photo_id}/caption",
    "PUT /api/photos/{photo_id}/caption",
]

# A file that is too large is 413, which schemathesis does not count among refusals by itself.
REFUSALS = ["400", "403", "404", "405", "413", "415", "422"]
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
)


def operations(app: FastAPI) -> dict[str, Any]:
    """Return the operations of the application's own document, by method and path."""
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, config=CONFIG)
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr] # an Err would raise
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def test_every_operation_is_described_and_tried(app: FastAPI) -> None:
    """A new one has to be added here; each has a summary, and its errors are problems."""
    found = operations(app)
    assert sorted(found) == OPERATIONS
    for name, operation in found.items():
        described = operation.definition.raw
        assert described["summary"], name
        for status, response in described["responses"].items():
            if status.startswith(("4", "5")):
                content = response["content"]
                assert list(content) == ["application/problem+json"], (name, status)
                assert content["application/problem+json"]["example"]["status"] == int(status)


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# What has no body and takes any text as an id cannot be asked wrongly.
WRONGLY = ["GET /api/photos", "POST /api/uploads"]


def rights(store: Store, caller: str) -> dict[str, str]:
    """Return the headers by which an owner or a program that may do anything comes."""
    token, kind = new_token(), Kind.OWNER if caller == "owner" else Kind.KEY
    granted = frozenset(Right) if kind is Kind.KEY else frozenset()
    ends = datetime.now(UTC) + timedelta(days=30)
    store.grants.put(Grant(grant_id(token), kind, ends, None, granted), {})
    return {
        "nobody": {},
        "owner": {"Cookie": f"owner={token}"},
        "key": {"Authorization": f"Bearer {token}"},
    }[caller]


@pytest.mark.parametrize(
    ("caller", "mode", "name"),
    [(who, POSITIVE, name) for who in ("nobody", "owner", "key") for name in OPERATIONS]
    + [("nobody", NEGATIVE, name) for name in WRONGLY],
)
def test_every_answer_is_as_described(
    app: FastAPI, store: Store, caller: str, name: str, mode: GenerationMode
) -> None:
    """Every check of schemathesis, over valid and invalid requests: no 500, nothing undescribed.

    Asked by somebody without rights, by an owner and with a key; the album of the examples exists.
    """
    publish(store, *photo_ids(3))
    store.albums.save(Album(slug="summer-2026", see=Who.LINK, upload=Who.LINK))
    headers = rights(store, caller)
    strategy = operations(app)[name].as_strategy(generation_mode=mode)

    @settings(
        max_examples=40,
        deadline=timedelta(seconds=5),
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=strategy)
    def holds(case: Any) -> None:
        case.call_and_validate(headers=headers)

    holds()
