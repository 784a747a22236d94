"""Sends a tiny picture the way of every other, and removes it again."""

import io
import time
from dataclasses import dataclass
from typing import Any

import urllib3
from PIL import Image

from services.core import keys
from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, ok
from services.doctor.installation import Installation

NAME = "contact-sheet-doctor.png"
POLL_SECONDS = 0.1


class StuckError(Exception):
    """The picture got no further; the message says where, `fix` what to do."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.fix = fix


def end_to_end(examination: Examination) -> Finding:
    """Check that a picture is uploaded, published, shown and deleted, and leaves nothing."""
    journey = Journey(examination)
    try:
        photo_id, token = journey.upload()
        try:
            seconds = journey.wait(photo_id)
            journey.look(photo_id)
        except StuckError:
            journey.delete(photo_id, token, quietly=True)
            raise
        journey.delete(photo_id, token)
        journey.look_for_leavings(photo_id)
    except StuckError as stuck:
        return fail(str(stuck), stuck.fix)
    return ok(f"a picture was published in {seconds:.1f} s, shown and deleted; nothing is left")


@dataclass(frozen=True, slots=True)
class Journey:
    """One picture's way through the installation; each step raises StuckError."""

    examination: Examination

    @property
    def _installation(self) -> Installation:
        return self.examination.installation

    def upload(self) -> tuple[str, str]:
        """Send the picture as a page does, and return photo id and delete token."""
        self.examination.progress("asking the gallery for an upload")
        picture = _picture()
        wanted = {"filename": NAME, "type": "image/png", "size": len(picture)}
        begun = self._ask("POST", "/api/uploads", 201, "beginning an upload", json=wanted)
        post = begun["upload"]
        self.examination.progress("uploading")
        file = {"file": (NAME, picture, "image/png")}
        try:
            sent = self._installation.clients.http.request(
                "POST", post["url"], fields={**post["fields"], **file}
            )
        except urllib3.exceptions.HTTPError as error:
            text = f"the upload does not reach {post['url']}: {_why(error)}"
            raise StuckError(text, "see what is said of the buckets above") from None
        if sent.status != 201:
            text = f"S3 refuses the upload with {sent.status} {_code(sent)}".rstrip()
            fix = "see what is said of buckets and clock above"
            if self._installation.deployed:
                fix = "see what is said of buckets, roles and clock above"
            raise StuckError(text, fix)
        return begun["id"], begun["delete_token"]

    def wait(self, photo_id: str) -> float:
        """Return how many seconds it took until the picture was published."""
        start = time.monotonic()
        while (waited := time.monotonic() - start) < self.examination.seconds:
            self.examination.progress(f"waiting for the picture to be published, {waited:.0f} s")
            photo = self._ask("GET", f"/api/photos/{photo_id}", 200, "looking at the picture")
            if photo["state"] == "ready":
                return waited
            if photo["state"] == "rejected":
                text = f"resize rejects a good picture as {photo['reason']}: {photo['message']}"
                raise StuckError(text.rstrip("."), self._log("resize"))
            time.sleep(POLL_SECONDS)
        text = f"resize did not pick the picture up within {self.examination.seconds:g} s"
        raise StuckError(text, f"see what is said of the notification; {self._log('resize')}")

    def look(self, photo_id: str) -> None:
        """Load every variant as a browser does, and compare it with what the API says."""
        self.examination.progress("loading the variants")
        photo = self._ask("GET", f"/api/photos/{photo_id}", 200, "looking at the picture")
        for variant in photo["variants"]:
            name = f"variant {variant['size']} as {variant['format']}"
            fix = "see what is said of buckets and clock above"
            if self._installation.settings.image_base_url:
                fix = f"look at what stands at {self._installation.settings.image_base_url}"
            try:
                answer = self._installation.clients.http.request("GET", variant["url"])
            except urllib3.exceptions.HTTPError as error:
                text = f"{name} is not served: {_why(error)}"
                raise StuckError(text, fix) from None
            if answer.status != 200:
                code = _code(answer)
                text = f"{name} is not served: {answer.status} {code}".rstrip()
                raise StuckError(text, fix)
            try:
                with Image.open(io.BytesIO(answer.data)) as image:
                    image.load()
                    size = image.size
            except OSError:
                text = f"{name} does not decode"
                raise StuckError(text, self._log("resize")) from None
            if size != (variant["width"], variant["height"]):
                text = f"{name} is {size[0]} × {size[1]}, not as the API says"
                raise StuckError(text, self._log("resize"))

    def delete(self, photo_id: str, token: str, *, quietly: bool = False) -> None:
        """Delete the picture; `quietly` where something else is being told already."""
        self.examination.progress("deleting the picture")
        path = f"/api/photos/{photo_id}"
        try:
            self._ask("DELETE", path, 204, "deleting it", headers={"X-Delete-Token": token})
        except StuckError:
            if not quietly:
                raise

    def look_for_leavings(self, photo_id: str) -> None:
        """Raise unless nothing is left of the picture but the marks of its deletion."""
        self.examination.progress("looking for what is left")
        s3 = self._installation.clients.s3
        uploads, gallery = self._installation.buckets
        left = []
        album = keys.MAIN_ALBUM
        for key in (keys.upload_key(album, photo_id), keys.quarantine_prefix(album, photo_id)):
            found = s3.list_object_versions(Bucket=uploads, Prefix=key)
            left += [f"{uploads}/{version['Key']}" for version in found.get("Versions", [])]
        for prefix in (
            keys.entry_prefix(album, photo_id),
            keys.variants_prefix(album, photo_id),
            keys.verdict_key(album, photo_id),
        ):
            listed = s3.list_objects_v2(Bucket=gallery, Prefix=prefix)
            left += [f"{gallery}/{item['Key']}" for item in listed.get("Contents", [])]
        if left:
            text = f"the picture was deleted, and this is left: {', '.join(left)}"
            raise StuckError(text, f"remove it; {self._log('web')}")

    def _ask(self, method: str, path: str, status: int, what: str, **content: Any) -> Any:
        """Return what the API answers; raises StuckError unless it has that status."""
        url = self._installation.url
        try:
            answer = self._installation.clients.http.request(method, url + path, **content)
        except urllib3.exceptions.HTTPError as error:
            fix = "`make run` starts it; set PORT as there"
            if self._installation.deployed:
                fix = "look whether this machine reaches that address; then deploy again"
            text = f"the gallery at {url} does not answer: {_why(error)}"
            raise StuckError(text, fix) from None
        content_type = answer.headers.get("Content-Type", "")
        told = answer.json() if answer.data and "json" in content_type else {}
        if answer.status != status:
            detail = str(told.get("detail") or told.get("title") or "")
            text = f"{what} is answered with {answer.status}: {detail}".rstrip(" :.")
            raise StuckError(text, self._log("web"))
        return told

    def _log(self, function: str) -> str:
        """Return where a function's log is read."""
        deployed = self._installation.deployed
        if deployed is None:
            return "read what `make run` printed"
        name = (deployed.resize if function == "resize" else deployed.web).name
        return f"aws logs tail /aws/lambda/{name} --since 10m"


def _picture() -> bytes:
    """Return a picture that is like no other, so that no cache can stand in for it."""
    shade = time.time_ns()
    image = Image.new("RGB", (48, 32), (shade & 255, shade >> 8 & 255, shade >> 16 & 255))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _code(answer: urllib3.BaseHTTPResponse) -> str:
    """Return the code in an error of S3's."""
    _, _, rest = answer.data.partition(b"<Code>")
    return rest.partition(b"</Code>")[0].decode(errors="replace")


def _why(error: urllib3.exceptions.HTTPError) -> str:
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "no machine has that name"
    if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return "it takes too long"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "nothing listens there"
    return " ".join(str(error).split())
