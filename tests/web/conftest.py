"""The web application over a real S3."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.web.owner import signed_in
from tests.web.uploading import Resize


@pytest.fixture
def app(settings: Settings, store: Store) -> FastAPI:
    """The application over this test's buckets."""
    return create_app(settings, store)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A client that speaks to it and lets no error of the server pass unseen."""
    return TestClient(app, base_url="http://gallery.test")


@pytest.fixture
def resize(settings: Settings, store: Store) -> Resize:
    """What the notification would trigger."""
    return Resize(settings, store)


@pytest.fixture
def owner(app: FastAPI, store: Store) -> TestClient:
    """A client that an owner signed in with."""
    return signed_in(app, store)
