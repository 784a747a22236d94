"""The resize function in its image."""

from collections.abc import Callable

import pytest

from services.store import Store
from tests import pictures
from tests.deploy.images.conftest import put
from tests.deploy.images.lambda_runtime import Lambda
from tests.embedded_metrics import extracted
from tests.events import SCHEDULED

pytestmark = pytest.mark.images

SAMPLES: dict[str, Callable[[], bytes]] = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "avif": pictures.avif,
    "heic": pictures.heic,
}


@pytest.mark.parametrize("format_", ["jpeg", "png", "gif", "webp", "avif", "heic"])
def test_publishes_every_format(resize: Lambda, store: Store, format_: str) -> None:
    """The image has what decodes each accepted format, and what encodes the variants."""
    photo_id, event = put(store, SAMPLES[format_]())
    answer = resize.invoke(event)
    assert (answer.result, answer.error) == ({"published": 1}, None), resize.log.read_text()
    assert set(store.gallery.photos("main", [photo_id])) == {photo_id}
    assert store.uploads.head("main", photo_id) is None


def test_ten_in_a_row(resize: Lambda, store: Store) -> None:
    """One environment does ten uploads, one after another."""
    for _ in range(10):
        photo_id, event = put(store, SAMPLES["jpeg"]())
        assert resize.invoke(event).result == {"published": 1}
        assert photo_id in store.gallery.photos("main", [photo_id])


def test_survives_a_bad_picture(resize: Lambda, store: Store) -> None:
    """A file that is no picture gets its verdict, and the next picture is published."""
    photo_id, event = put(store, b"not a picture at all" * 100)
    assert resize.invoke(event).result == {"rejected": 1}
    assert store.gallery.verdicts("main", [photo_id])[photo_id]["reason"] == "unsupported_format"
    _, event = put(store, SAMPLES["jpeg"]())
    assert resize.invoke(event).result == {"published": 1}


def test_with_three_seconds_left(resize: Lambda, store: Store) -> None:
    """Told that it has 3 s left, the handler keeps the original and asks for a retry, or is done."""
    photo_id, event = put(store, SAMPLES["jpeg"]())
    resize.timeout = 3
    answer = resize.invoke(event)
    assert answer.milliseconds < 3000
    resize.timeout = resize.function.timeout
    if answer.error:
        assert answer.error["errorType"] == "RetryNeededError"
        assert store.uploads.head("main", photo_id) is not None
    else:
        assert photo_id in store.gallery.photos("main", [photo_id])
    assert resize.invoke(event).result in ({"published": 1}, {"gone": 1})


def test_sweeps_and_logs_json(resize: Lambda, store: Store) -> None:
    """The scheduled event is the sweep, and every line that is logged is one JSON object."""
    put(store, SAMPLES["png"]())
    assert resize.invoke(SCHEDULED).error is None
    _, event = put(store, SAMPLES["png"]())
    resize.invoke(event)
    finished = resize.logged("upload finished")
    assert finished[-1]["outcome"] == "published"
    assert finished[-1]["bytes_in"] > 0
    # As the runtime passes it on, nothing around it: CloudWatch finds metrics only at the root.
    values = {name: value for (name, _), (value, _) in extracted(finished[-1]).items()}
    assert values["Uploads"] == 1
    assert values["BytesIn"] == finished[-1]["bytes_in"]
