"""The web application over a real S3."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.publish import process
from services.store import Store
from services.web.app import create_app
from tests.events import soon


@pytest.fixture
def app(settings: Settings, store: Store) -> FastAPI:
    """The application over this test's buckets."""
    return create_app(settings, store)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A client that speaks to it and lets no error of the server pass unseen."""
    return TestClient(app, base_url="http://gallery.test")


class Resize:
    """The resize function, called by hand."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def __call__(self, photo_id: str) -> None:
        """Do the upload of one photo id."""
        event = UploadEvent(self._settings.upload_bucket, f"uploads/main/{photo_id}")
        process(event, self._store, self._settings, deadline=soon())


@pytest.fixture
def resize(settings: Settings, store: Store) -> Resize:
    """What the notification would trigger."""
    return Resize(settings, store)
