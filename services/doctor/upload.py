"""Uploads a tiny picture as a page does, waits until it is published, and deletes it again."""

import contextlib
import io
import re
import time
from typing import Any

import urllib3
from PIL import Image

from services.doctor.errors import explain_http
from services.doctor.finding import Finding, fail, ok
from services.doctor.installation import HTTP, Installation

NAME = "contact-sheet-doctor.png"
# Without them Uppy waits for ever.
EXPOSED = frozenset({"etag", "location"})
_POLL_SECONDS = 0.1
_FIX_SERVING = "see the line of the buckets; with IMAGE_BASE_URL, check the CDN"


class StuckError(Exception):
    """The picture got no further; carries the finding that says where and what to do."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.finding = fail(text, fix)


def upload(installation: Installation) -> Finding:
    """Check that a picture can be uploaded, is published and shown, and can be deleted."""
    picture = _picture()
    wanted = {"filename": NAME, "type": "image/png", "size": len(picture)}
    try:
        begun = _request(installation, "POST", "/api/uploads", 201, json=wanted)
        photo_id, token = begun["id"], begun["delete_token"]
        try:
            _send(installation, begun["upload"], picture)
            seconds = _wait_until_ready(installation, photo_id)
            _load_variants(installation, photo_id)
        except StuckError:
            with contextlib.suppress(StuckError):
                _delete(installation, photo_id, token)
            raise
        _delete(installation, photo_id, token)
    except StuckError as stuck:
        return stuck.finding
    return ok(f"a picture was published in {seconds:.1f} s, shown and deleted")


def _send(installation: Installation, post: dict[str, Any], picture: bytes) -> None:
    """Send the picture by the form that the gallery gave out, as a page does."""
    installation.progress("uploading a picture")
    fields = {**post["fields"], "file": (NAME, picture, "image/png")}
    failed = (f"the upload does not reach {post['url']}", "see the line of the buckets")
    headers = {"Origin": installation.origin}
    sent = _respond(failed, "POST", post["url"], fields=fields, headers=headers)
    if sent.status != 201:
        text = f"S3 refuses the upload with {sent.status} {_s3_code(sent)}".rstrip()
        raise StuckError(text, "see the other lines")
    _check_cors(installation, sent)


def _check_cors(installation: Installation, sent: urllib3.BaseHTTPResponse) -> None:
    """Raise StuckError where a page could not read S3's response to its upload."""
    bucket, origin = installation.settings.upload_bucket, installation.origin
    exposed = sent.headers.get("Access-Control-Expose-Headers", "").lower()
    if (
        not _lets_read(installation, sent)
        or (EXPOSED - {name.strip() for name in exposed.split(",")} and exposed != "*")
    ):  # fmt: skip
        text = f"CORS of {bucket} does not let {origin} upload and read ETag and Location"
        raise StuckError(text, _fix_cors(installation))


def _check_reading(
    installation: Installation, url: str, response: urllib3.BaseHTTPResponse
) -> None:
    """Raise StuckError where a page could not read a picture, or an original, to put it into a ZIP."""
    host = "/".join(url.split("/")[:3])
    if host == installation.origin or _lets_read(installation, response):
        return
    bucket, fix = installation.settings.gallery_bucket, _fix_cors(installation)
    if (installation.settings.image_base_url or "").startswith(host):
        fix += "; the CDN has to send S3 the Origin, and pages S3's headers"
    text = (
        f"CORS of {bucket} does not let {installation.origin} read from {host}: no ZIP can be made"
    )
    raise StuckError(text, fix)


def _lets_read(installation: Installation, response: urllib3.BaseHTTPResponse) -> bool:
    return response.headers.get("Access-Control-Allow-Origin") in (installation.origin, "*")


def _fix_cors(installation: Installation) -> str:
    if installation.stack:
        return "give the bucket the CorsConfiguration of serverless.yml"
    return "stop `make run` and start it again; it sets the bucket's CORS"


def _wait_until_ready(installation: Installation, photo_id: str) -> float:
    """Return how many seconds it took until the picture was published."""
    start = time.monotonic()
    while (waited := time.monotonic() - start) < installation.seconds:
        installation.progress(f"waiting for the picture to be published, {waited:.0f} s")
        photo = _request(installation, "GET", f"/api/photos/{photo_id}", 200)
        if photo["state"] == "ready":
            return waited
        if photo["state"] == "rejected":
            text = f"resize rejects a good picture as {photo['reason']}: {photo['message']}"
            raise StuckError(text.rstrip("."), installation.log_of("resize"))
        time.sleep(_POLL_SECONDS)
    text = f"resize did not publish the picture within {installation.seconds:g} s"
    raise StuckError(text, installation.log_of("resize"))


def _load_variants(installation: Installation, photo_id: str) -> None:
    """Load every variant from where a browser gets it, and one from where originals come from."""
    photo = _request(installation, "GET", f"/api/photos/{photo_id}", 200)
    headers = {"Origin": installation.origin}
    for variant in photo["variants"]:
        name = f"variant {variant['size']} as {variant['format']} at {variant['url'].partition('?')[0]}"
        failed = (f"{name} is not served", _FIX_SERVING)
        response = _respond(failed, "GET", variant["url"], headers=headers)
        type_ = response.headers.get("Content-Type", "")
        if response.status != 200 or not type_.startswith("image/"):
            text = f"{name} is not served: {response.status} {_s3_code(response) or type_}".rstrip()
            raise StuckError(text, _FIX_SERVING)
        _check_reading(installation, variant["url"], response)
    # The bucket itself, whether there is a CDN or not.
    path = f"/downloads/{photo_id}"
    failed = (f"GET {path} fails", _FIX_SERVING)
    address = _respond(failed, "GET", installation.url + path, redirect=False)
    url = address.headers.get("Location", "")
    _check_reading(installation, url, _respond(failed, "GET", url, headers=headers))


def _delete(installation: Installation, photo_id: str, token: str) -> None:
    headers = {"X-Delete-Token": token}
    _request(installation, "DELETE", f"/api/photos/{photo_id}", 204, headers=headers)


def _request(
    installation: Installation, method: str, path: str, status: int, **content: Any
) -> Any:
    """Return the API's response; raises StuckError unless it has that status."""
    fix = "`make run` starts it; set PORT as there"
    if installation.stack:
        fix = "check this machine's network; then deploy again"
    failed = (f"the gallery at {installation.url} does not answer", fix)
    response = _respond(failed, method, installation.url + path, **content)
    content_type = response.headers.get("Content-Type", "")
    body = response.json() if response.data and "json" in content_type else {}
    if response.status != status:
        detail = str(body.get("detail") or body.get("title") or "")
        text = f"{method} {path} fails with {response.status} {detail}".rstrip(" .")
        raise StuckError(text, installation.log_of("web"))
    return body


def _respond(
    failed: tuple[str, str], method: str, url: str, **content: Any
) -> urllib3.BaseHTTPResponse:
    """Return the response; without one raises StuckError with the text and fix of `failed`."""
    try:
        return HTTP.request(method, url, **content)
    except urllib3.exceptions.HTTPError as error:
        text, fix = failed
        raise StuckError(": ".join((text, explain_http(error))), fix) from None


def _picture() -> bytes:
    """Return a picture that no cache has seen."""
    shade = time.time_ns()
    image = Image.new("RGB", (48, 32), (shade & 255, shade >> 8 & 255, shade >> 16 & 255))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _s3_code(response: urllib3.BaseHTTPResponse) -> str:
    """Return the code in an S3 error, if there is one."""
    found = re.search(rb"<Code>(\w+)</Code>", response.data)
    return found[1].decode() if found else ""
