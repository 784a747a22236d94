"""The API keeps what its OpenAPI document promises, whatever is asked of it."""

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from services.store import Store
from tests.photos import publish

OPERATIONS = [
    "DELETE /api/albums/{album}/photos/{photo_id}",
    "DELETE /api/photos/{photo_id}",
    "GET /api/albums/{album}/photos",
    "GET /api/albums/{album}/photos/count",
    "GET /api/albums/{album}/photos/{photo_id}",
    "GET /api/photos",
    "GET /api/photos/count",
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


def test_every_operation_is_tried(app: FastAPI) -> None:
    """A new one has to be added here."""
    assert sorted(operations(app)) == OPERATIONS


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# What has no body and takes any text as an id cannot be asked wrongly.
WRONGLY = ["GET /api/photos", "POST /api/uploads"]


@pytest.mark.parametrize(
    ("mode", "name"),
    [(POSITIVE, name) for name in OPERATIONS] + [(NEGATIVE, name) for name in WRONGLY],
)
def test_every_answer_is_as_described(
    app: FastAPI, store: Store, name: str, mode: GenerationMode
) -> None:
    """Every check of schemathesis, over valid and invalid requests: no 500, nothing undescribed."""
    publish(store, 3)
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
        case.call_and_validate()

    holds()
