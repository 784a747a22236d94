"""The gallery's API as a program uses it, wherever the gallery runs."""

import time

import httpx

PATIENT = 60  # seconds; a container that starts on a busy machine takes its time


def upload(url: str, data: bytes, name: str = "photo.jpg", type_: str = "image/jpeg") -> str:
    """Upload a picture to the gallery at `url` and return its photo id."""
    with httpx.Client(timeout=PATIENT) as http:
        begun = http.post(
            f"{url}/api/uploads", json={"filename": name, "type": type_, "size": len(data)}
        )
        begun.raise_for_status()
        post = begun.json()["upload"]
        sent = http.post(post["url"], data=post["fields"], files={"file": (name, data)})
        assert sent.status_code == 201, sent.text
    photo_id: str = begun.json()["id"]
    return photo_id


def settled(url: str, photo_id: str, seconds: float = PATIENT) -> dict[str, object]:
    """Return the photo as the API describes it once it waits no more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = httpx.get(f"{url}/api/photos/{photo_id}", timeout=PATIENT)
        if answer.json().get("state") != "waiting":
            content: dict[str, object] = answer.json()
            return content
        time.sleep(0.05)
    msg = f"{photo_id} still waits after {seconds} s"
    raise TimeoutError(msg)
