"""Everything that a deployed gallery is ever asked to do, with what becomes of it."""

import re
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore import xform_name
from botocore.exceptions import EndpointConnectionError

from services.core import keys
from services.core.grants import Kind
from services.core.reasons import Reason
from services.resize import publish
from services.resize.handler import RetryNeededError, handle
from services.resize.reprocess import Reprocessing, stale
from services.store import Passkey
from services.store.attempts import MAX_ATTEMPTS
from services.store.budget import TALLY_EVERY
from tests import pictures
from tests.deploy.deployment import Deployment
from tests.events import SCHEDULED, batch_event, failed, soon
from tests.faults.interrupted import archived, at_first_call
from tests.web.owner import edit, make_album, sign_in_token

Begun = dict[str, Any]

KINDS = {
    "beach.jpg": ("image/jpeg", pictures.jpeg(850, 600)),
    "logo.png": ("image/png", pictures.png(300, 200, mode="RGBA")),
    "cat.gif": ("image/gif", pictures.gif(60, 40, frames=3)),
    "sea.webp": ("image/webp", pictures.webp(200, 100)),
}


class Lifetime:
    """Lives through it.

    `seen` collects how the resize function says that its work ended, `requested` method and path of
    each request to the web function, `called` which method of the store called which of S3's.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.on = deployment
        self.seen: set[str] = set()
        self.requested: set[tuple[str, str]] = set()
        self.called: set[tuple[str, str]] = set()
        deployment.client.event_hooks["request"] = [
            lambda request: self.requested.add((request.method, request.url.path))
        ]
        for store in (deployment.web, deployment.resize):
            store.uploads._s3.meta.events.register("before-call.s3", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        """Note the innermost function of services/store that is calling."""
        for frame, _line in traceback.walk_stack(None):
            if "/services/store/" in frame.f_code.co_filename:
                name = frame.f_code.co_qualname.partition(".<locals>")[0]
                self.called.add((name, xform_name(model.name)))
                return

    def live(self) -> None:
        """Do all of it."""
        lost = self.lose_an_event()
        published = [self.publish(name, *kind) for name, kind in KINDS.items()]
        rejected = self.reject()
        self.replay(published[0])
        self.replay_after_a_crash()
        self.give_up()
        self.meet_an_archive()
        waiting = self.upload()
        self.browse(published, rejected, waiting)
        self.delete(waiting, published[-1], rejected)
        self.on.deliver()
        self.take_up(lost)
        self.withdraw_before_the_event()
        self.withdraw_while_it_is_published()
        self.withdraw_while_it_is_rejected()
        self.spend_the_budget()
        self.reprocess(published[0], published[1], gone=published[-1])
        self.own_albums(published[0]["id"])

    def begin(
        self, name: str = "a.jpg", type_: str = "image/jpeg", size: int = 1000, album: str = "main"
    ) -> Begun:
        """Ask for a presigned form."""
        wanted = {"filename": name, "type": type_, "size": size}
        answer = self.on.client.post(f"/api/albums/{album}/uploads", json=wanted)
        assert answer.status_code == 201, answer.text
        begun: Begun = answer.json()
        return begun

    def send(self, begun: Begun, data: bytes) -> None:
        """Send the form as browsers do."""
        post = begun["upload"]
        sent = self.on.http.post(post["url"], data=post["fields"], files={"file": data})
        assert sent.status_code == 201, sent.text

    def upload(self, data: bytes = KINDS["beach.jpg"][1], **wanted: Any) -> Begun:
        """Upload a picture; nobody is told yet."""
        begun = self.begin(size=len(data), **wanted)
        self.send(begun, data)
        return begun

    def deliver(self, *, ends: str) -> None:
        """Call the resize function for what S3 told, which ends in one way."""
        for answer in self.on.deliver():
            self.seen |= answer.keys()
            assert answer.keys() <= {ends}

    def state(self, photo_id: str) -> str:
        """Return what the API says of a photo."""
        listed = self.on.client.get("/api/photos", params={"ids": photo_id}).json()
        return str(listed["photos"][0]["state"])

    def publish(self, name: str, type_: str, data: bytes) -> Begun:
        """Upload a picture that is taken."""
        begun = self.upload(data, name=name, type_=type_)
        self.deliver(ends="published")
        assert self.state(begun["id"]) == "ready"
        return begun

    def reject(self) -> Begun:
        """Upload what is no picture, with tags on it, as other clients may put."""
        begun = self.upload(b"no picture")
        uploads = self.on.web.uploads.name
        tags = {"TagSet": [{"Key": "from", "Value": "elsewhere"}]}
        self.on.s3.put_object_tagging(
            Bucket=uploads, Key=keys.upload_key("main", begun["id"]), Tagging=tags
        )
        self.deliver(ends="rejected")
        assert self.state(begun["id"]) == "rejected"
        self.on.s3.head_object(
            Bucket=uploads, Key=f"quarantine/main/{begun['id']}/unsupported_format"
        )
        return begun

    def replay(self, published: Begun) -> None:
        """Send a form again after its photo is published."""
        self.send(published, pictures.jpeg(80, 60))
        self.deliver(ends="replayed")
        assert self.state(published["id"]) == "ready"

    def replay_after_a_crash(self) -> None:
        """Send a form twice, where the first delivery ended before it wrote the entry."""
        begun = self.publish("twice.jpg", *KINDS["beach.jpg"])
        gallery = self.on.web.gallery.name
        (entry,) = self.on.web.gallery.entry_keys("main", begun["id"])
        self.on.s3.delete_object(Bucket=gallery, Key=entry)
        self.send(begun, pictures.jpeg(80, 60))
        self.deliver(ends="rejected")
        assert self.state(begun["id"]) == "rejected"

    def give_up(self) -> None:
        """Upload what makes the engine fail each time; once it is the storage that fails."""
        begun = self.upload()
        (event,) = self.on.events()
        errors = [EndpointConnectionError(endpoint_url="?"), *[ValueError()] * MAX_ATTEMPTS]
        with patch.object(publish, "make_variants", side_effect=errors):
            for _ in errors:
                with pytest.raises(RetryNeededError):
                    self.on.invoke(event)
            assert self.on.invoke(event) == {"rejected": 1}
        assert begun["id"] in self.on.resize.attempts.tried()[1]

    def meet_an_archive(self) -> None:
        """Find an upload in a storage class that cannot be read."""
        begun = self.upload()
        (event,) = self.on.events()
        with archived(self.on.resize):
            assert self.on.invoke(event) == {"rejected": 1}
        assert begun["id"] in self.on.resize.attempts.tried()[1]

    def browse(self, published: list[Begun], rejected: Begun, waiting: Begun) -> None:
        """Look at every page, follow every link, load every picture."""
        get = self.on.client.get
        ids = [begun["id"] for begun in (*published, rejected, waiting)]
        for path in ("/", "/upload", "/healthz", "/readyz", "/api/openapi.json"):
            assert get(path).status_code == 200, path
        assert get("/", params={"after": ids[-1]}).status_code == 200
        assert get("/api/photos", params={"ids": ",".join(ids)}).status_code == 200
        assert get("/api/photos").json()["photos"]
        for photo_id in ids:
            assert get(f"/photos/{photo_id}").status_code == 200
            photo = get(f"/api/photos/{photo_id}").json()
            for variant in photo.get("variants", []):
                # With a CDN in front, pictures come from there and no role of ours is asked.
                if "X-Amz-Signature" in variant["url"]:
                    assert self.on.http.get(variant["url"]).status_code == 200
        assert get(f"/api/photos/{'7' + 'Z' * 25}").status_code == 404
        assert get(f"/photos/{ids[0]}/qr.svg").headers["content-type"] == "image/svg+xml"
        for path in ("/feed.xml", "/wall", "/manifest.webmanifest", "/worker.js", "/share"):
            assert get(path).status_code == 200, path
        assert self.on.client.post("/share").status_code == 200  # which leads to what to do
        assert get("/api/photos/newest").status_code == 200
        # The form that deletes asks the browser's own cookie for the token; this one has none.
        assert self.on.client.post(f"/photos/{ids[0]}/delete").status_code == 403
        download = get(f"/downloads/{ids[0]}", follow_redirects=False)
        assert self.on.http.get(download.headers["location"]).status_code == 200
        assert get(f"/downloads/{ids[0]}/original").status_code == 404  # this album keeps none
        assert get(f"/images/{ids[0]}.jpg", follow_redirects=False).status_code == 302

    def delete(self, *begun: Begun) -> None:
        """Delete what waits, a photo and a verdict; and each again, as after a lost answer."""
        for one in begun:
            path, token = f"/api/photos/{one['id']}", {"X-Delete-Token": one["delete_token"]}
            assert self.on.client.delete(path, headers=token).status_code == 204
            assert self.state(one["id"]) == "deleted"
            assert self.on.client.delete(path, headers=token).status_code == 410

    def lose_an_event(self) -> Any:
        """Put an upload as any other client does, and keep its event back."""
        self.on.s3.put_object(
            Bucket=self.on.web.uploads.name,
            Key="uploads/of another client.jpg",
            Body=pictures.jpeg(70, 50),
        )
        return self.on.events()[-1]

    def take_up(self, lost: Any) -> None:
        """Sweep; then redrive the event from the failure queue, when all is done."""
        now = replace(self.on.resize_settings, sweep_after_seconds=0)
        assert self.on.invoke(SCHEDULED, now) == {"published": 1}
        answer = self.on.invoke(failed(lost))
        assert answer == {"gone": 1}
        self.seen |= answer.keys()

    def withdraw_before_the_event(self) -> None:
        """Delete an upload whose event is under way."""
        begun = self.upload()
        (event,) = self.on.events()
        self.delete(begun)
        assert self.on.invoke(event) == {"gone": 1}
        begun = self.upload()
        (event,) = self.on.events()
        # Found in the listing, and gone before it is read.
        between = at_first_call(self.on.resize, "rejected_version", lambda: self.delete(begun))
        answer = handle(event, between, self.on.resize_settings, deadline=soon())
        assert answer == {"gone": 1}

    def withdraw_while_it_is_published(self) -> None:
        """Delete an upload just before the resize function stores its first variant."""
        begun = self.upload()
        (event,) = self.on.events()
        between = at_first_call(self.on.resize, "put_variant", lambda: self.delete(begun))
        answer = handle(event, between, self.on.resize_settings, deadline=soon())
        assert answer == {"deleted": 1}
        self.seen |= answer.keys()
        assert self.on.resize.gallery.variants("main", begun["id"]) == {}

    def withdraw_while_it_is_rejected(self) -> None:
        """Delete an upload after its verdict, just before its bytes go into quarantine."""
        begun = self.upload(b"no picture")
        (event,) = self.on.events()
        quarantine = self.on.resize.uploads.quarantine

        def then_delete(*arguments: Any) -> None:
            quarantine(*arguments)
            tombstone = keys.tombstone_key("main", begun["id"])
            self.on.web.gallery.put_json(tombstone, {"id": begun["id"]})

        self.on.resize.uploads.quarantine = then_delete  # type: ignore[method-assign, assignment] # no other way in between
        assert handle(event, self.on.resize, self.on.resize_settings, deadline=soon()) == {
            "deleted": 1
        }
        self.on.resize.uploads.quarantine = quarantine  # type: ignore[method-assign] # as it was
        listed = self.on.s3.list_objects_v2(
            Bucket=self.on.web.uploads.name, Prefix=keys.quarantine_prefix("main", begun["id"])
        )
        assert listed["KeyCount"] == 0

    def spend_the_budget(self) -> None:
        """Publish more than a day and the gallery may have; then raise the budgets again."""
        budget, now = self.on.resize.budget, datetime.now(UTC)
        few = replace(self.on.resize_settings, photos_a_day=1, photos_in_total=1)
        budget.tally(few, now + 2 * TALLY_EVERY)
        assert self.on.web.budget.pause(now) is Reason.GALLERY_IS_FULL
        budget.tally(self.on.resize_settings, now + 4 * TALLY_EVERY)
        assert self.on.web.budget.pause(now + timedelta(days=1)) is None

    def reprocess(self, first: Begun, second: Begun, *, gone: Begun) -> None:
        """Change the variant list; then a batch job over the index.

        The second photo is too small for the new list, the third was deleted, the fourth never was.
        """
        gallery = self.on.resize.gallery
        changed = replace(self.on.resize_settings, variant_sizes=(300, 800))
        listed = {one["id"]: gallery.entry_keys("main", one["id"])[0] for one in (first, second)}
        never = keys.new_photo_id(keys.uploaded_at(first["id"]))
        entry = listed[first["id"]]
        tasks = [
            *listed.values(),
            *(entry.replace(first["id"], other) for other in (gone["id"], never)),
        ]
        assert ("main", first["id"]) in stale(self.on.resize, changed)
        answer = self.on.invoke(batch_event(*tasks, bucket={"s3Bucket": gallery.name}), changed)
        said = [result["resultString"] for result in answer["results"]]
        assert said == [
            *(Reprocessing.DONE, Reprocessing.UNCHANGED),
            *(Reprocessing.DELETED, Reprocessing.GONE),
        ]
        self.seen |= set(said)
        photo = self.on.client.get(f"/api/photos/{first['id']}").json()
        assert {variant["size"] for variant in photo["variants"]} == {300, 800, 1600}

    def own_albums(self, first: str) -> None:
        """Sign in, and do with albums, links, keys and passkeys what owners do."""
        client, web = self.on.client, self.on.web
        link = f"/signin/{sign_in_token(web)}"
        assert client.get(link).status_code == 200
        assert client.post(link).status_code == 200
        [session] = [one for one in web.grants.all() if one.kind is Kind.OWNER]
        web.grants.extend(session, replace(session, ends=session.ends + timedelta(days=1)))
        for name in ("trip", "other"):
            make_album(
                client, name, see="anyone", upload="anyone", originals="uploaded", one_of_each="1"
            )
        for rights in ("see_upload", "feed"):
            client.post("/albums/trip/links", data={"rights": rights})
        client.post("/owner/keys", data={"album": "trip", "upload": "1"})
        passkey = Passkey(b"id", b"key", 0, "Anna", "2026-11-25")
        web.passkeys.put(passkey)
        for path in ("/owner", "/albums", "/albums/trip/links", "/robots.txt"):
            assert client.get(path).status_code == 200
        client.post(f"/owner/passkeys/{passkey.id}/withdraw")
        taken = pictures.exif(dates={0x9003: "2026:07:15 18:30:00"})
        picture = pictures.jpeg(1000, 700, exif_block=taken)
        photo_id = self.upload(picture, album="trip")["id"]
        self.deliver(ends="published")
        assert client.get("/api/albums/trip/photos/count").json()["count"] == 1
        again = self.upload(picture, album="trip")["id"]
        self.deliver(ends="duplicate")
        assert client.get(f"/api/albums/trip/photos/{again}").json()["of"] == photo_id
        original = f"/albums/trip/downloads/{photo_id}/original"
        saved = client.get(original, follow_redirects=False)
        assert self.on.http.get(saved.headers["location"]).status_code == 200
        (feed,) = re.findall(r"/feeds/[\w-]+", client.get("/albums/trip/links").text)
        assert photo_id in client.get(feed).text
        assert client.get(f"{feed}/{photo_id}.jpg", follow_redirects=False).status_code == 302
        for asked in ("count", "pending"):
            assert client.get(f"/api/photos/{asked}").status_code == 200
        for path in (f"/photos/{first}/report", f"/albums/trip/photos/{photo_id}/report"):
            assert client.post(path, data={"text": "Not mine."}).status_code == 200
        for_programs = f"/api/photos/{first}/reports"
        assert client.post(for_programs, json={}).status_code == 202
        assert "Not mine." in client.get("/owner").text
        client.post(f"/owner/reports/main/{first}/dismiss")
        for paused, status in (("1", 503), ("", 201)):
            client.post("/owner/pause", data={"paused": paused})
            wanted = {"filename": "", "type": "", "size": 9}
            assert client.post("/api/uploads", json=wanted).status_code == status
        assert client.get(f"/?at={photo_id}", headers={"accept": "text/html"}).status_code == 200
        photo = client.get(f"/albums/trip/photos/{photo_id}", headers={"accept": "text/html"})
        assert photo.status_code == 200

        def tidy(action: str, album: str, to: str = "") -> None:
            body = {"action": action, "ids": [photo_id], "to": to}
            answer = client.post(f"/api/albums/{album}/tidy", json=body)
            assert answer.json()["outcomes"] == {photo_id: "done"}

        tidy("hide", "trip")
        assert photo_id in client.get("/albums/trip/hidden").text
        assert client.get("/albums/trip/similar").status_code == 200
        tidy("show", "trip")
        tidy("move", "trip", "other")
        edit(client, web, "other", order="taken")
        assert "/albums/other?on=" in client.get("/albums/other/dates").text
        client.post(f"/albums/other/photos/{photo_id}/clock", data={"minutes": "5"})
        assert client.post("/api/albums/other/work").json()["finished"]
        assert client.get("/dates").status_code == 200
        tidy("move", "other", "trip")  # and back, and away once more
        tidy("move", "trip", "other")
        edit(client, web, "other", see="link")
        assert client.post("/api/albums/other/work").json()["finished"]
        changed = replace(self.on.resize_settings, variant_sizes=(200, 800))
        (entry,) = web.gallery.entry_keys("other", photo_id)
        again = batch_event(entry, bucket={"s3Bucket": web.gallery.name})
        (result,) = self.on.invoke(again, changed)["results"]
        assert result["resultString"] == Reprocessing.DONE
        # Its address is presigned, with a CDN too, which reads no private picture.
        shown = client.get(f"/api/albums/other/photos/{photo_id}").json()["variants"][0]
        assert self.on.http.get(shown["url"]).status_code == 200
        tidy("delete", "other")
        edit(client, web, "other", originals="unlocated")
        self.upload(pictures.jpeg(60, 40, gps=True), album="other")
        self.deliver(ends="published")
        self.approve()
        # An album that is closed while a picture is made ready.
        late = self.upload(pictures.jpeg(60, 40), album="trip")["id"]
        (event,) = self.on.events()
        close = at_first_call(
            self.on.resize, "put_entry", lambda: edit(client, web, "trip", see="owner")
        )
        assert handle(event, close, self.on.resize_settings, deadline=soon()) == {"published": 1}
        tidy_late = {"action": "hide", "ids": [late]}
        assert client.post("/api/albums/trip/tidy", json=tidy_late).status_code == 200
        # One that is deleted while a picture is.
        self.upload(pictures.jpeg(60, 40), album="trip")
        (event,) = self.on.events()

        def delete() -> None:
            client.post("/albums/trip/delete", data={"sure": "1"})

        gone = at_first_call(self.on.resize, "put_entry", delete)
        assert handle(event, gone, self.on.resize_settings, deadline=soon()) == {"rejected": 1}
        while not client.post("/api/albums/trip/work").json()["finished"]:
            pass
        client.post("/signout")

    def approve(self) -> None:
        """Let photos wait: one is sent twice and published, one rejected, one withdrawn."""
        client, web = self.on.client, self.on.web
        make_album(client, "party", see="anyone", upload="anyone")
        edit(client, web, "party", approval="1", names="1", captions="1")
        owner, client.cookies = client.cookies, type(client.cookies)()
        sent = [self.upload(pictures.jpeg(60, 40), album="party") for _ in range(2)]
        self.deliver(ends="published")
        self.send(sent[0], pictures.jpeg(80, 60))
        self.deliver(ends="replayed")
        begun = self.upload(pictures.jpeg(60, 40), album="party")
        (event,) = self.on.events()

        def withdraw() -> None:
            token = {"X-Delete-Token": begun["delete_token"]}
            path = f"/api/albums/party/photos/{begun['id']}"
            assert client.delete(path, headers=token).status_code == 204

        between = at_first_call(self.on.resize, "put_variant", withdraw)
        answer = handle(event, between, self.on.resize_settings, deadline=soon())
        assert answer == {"deleted": 1}
        client.cookies = owner
        assert sent[0]["id"] in client.get("/albums/party/waiting").text
        for action, one in zip(("show", "reject"), sent, strict=True):
            body = {"action": action, "ids": [one["id"]], "note": "no"}
            said = client.post("/api/albums/party/tidy", json=body).json()["outcomes"]
            assert said == {one["id"]: "done"}
        caption = f"/api/albums/party/photos/{sent[0]['id']}/caption"
        assert client.put(caption, json={"text": "A dance."}).json() == {"text": "A dance."}
