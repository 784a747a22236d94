"""Each thing broken in the local product is named, with its fix, and nothing else is."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.doctor.__main__ import CLEAR, main
from services.local.provision import FAILURES, make_sqs
from services.store.client import make_s3
from tests.conftest import Product, free_port
from tests.doctor.conftest import Doctor, gallery, read_report
from tests.doctor.reticent_s3 import ReticentS3

UPLOADS, GALLERY = "contact-sheet-uploads", "contact-sheet-gallery"
RESTART = "Fix: stop `make run` and start it again; it sets this"
NEVER_PICKED_UP = (
    "resize did not pick the picture up within 1 s. Fix: see what is said of the notification; "
    "read what `make run` printed"
)


def storage(product: Product) -> Any:
    """Return the client of the product's S3."""
    return make_s3(product.settings, product.session)


def stored(product: Product) -> set[str]:
    """Return the keys of every version in both buckets."""
    pages = [storage(product).list_object_versions(Bucket=name) for name in (UPLOADS, GALLERY)]
    return {version["Key"] for page in pages for version in page.get("Versions", [])}


def allow(product: Product, **rule: list[str]) -> None:
    """Replace the upload bucket's CORS rules by one, right but for what is given."""
    right = {
        "AllowedOrigins": [product.url],
        "AllowedMethods": ["POST"],
        "ExposeHeaders": ["ETag", "Location"],
    }
    rules: Any = {"CORSRules": [right | rule]}
    storage(product).put_bucket_cors(Bucket=UPLOADS, CORSConfiguration=rules)


def tell(product: Product, bucket: str, prefix: str, event: str = "s3:ObjectCreated:*") -> None:
    """Replace a bucket's notifications by one to the workers' queue."""
    s3 = storage(product)
    told = s3.get_bucket_notification_configuration(Bucket=UPLOADS)["QueueConfigurations"]
    rule: Any = {"QueueArn": told[0]["QueueArn"], "Events": [event]}
    if prefix:
        rule["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [rule]}
    )


def test_a_healthy_product_is_well(running: Product, doctor: Doctor) -> None:
    """Every check is ok but that of roles, which do not exist here, and nothing is left behind."""
    before = stored(running)
    report = doctor("--local")
    assert report.status == 0
    assert set(report.verdicts.values()) == {"ok", "skip"}
    assert [name for name, verdict in report.verdicts.items() if verdict == "skip"] == ["roles"]
    assert report.lines["CORS"] == ("ok", f"{running.url} may POST and read ETag and Location")
    assert report.lines["notification"] == ("ok", "uploads/* reaches contact-sheet-uploads")
    [mark] = stored(running) - before
    assert mark.startswith("deleted/")


def test_cors_is_gone(ill: Product, doctor: Doctor) -> None:
    """Without rules no page can upload."""
    storage(ill).delete_bucket_cors(Bucket=UPLOADS)
    report = doctor()
    assert report.wrong == {
        "CORS": f"{UPLOADS} has no CORS rules, so no page can upload. {RESTART}"
    }
    assert report.status == 1


def test_cors_exposes_too_little(ill: Product, doctor: Doctor) -> None:
    """A page that cannot read Location waits for ever."""
    allow(ill, ExposeHeaders=["ETag"])
    assert doctor().wrong == {"CORS": f"{UPLOADS} does not expose Location to the page. {RESTART}"}


def test_cors_lets_another_page_upload(ill: Product, doctor: Doctor) -> None:
    """Both the origin that is let in and the one that is not are named."""
    allow(ill, AllowedOrigins=["https://elsewhere.test"])
    assert doctor().wrong == {
        "CORS": f"{UPLOADS} lets https://elsewhere.test upload, not the gallery's own {ill.url}. "
        f"{RESTART}"
    }


def test_cors_lets_the_page_only_read(ill: Product, doctor: Doctor) -> None:
    """The right origin with another method is told apart."""
    allow(ill, AllowedMethods=["GET"])
    assert doctor().wrong == {"CORS": f"{UPLOADS} does not let {ill.url} POST. {RESTART}"}


def test_the_notification_is_gone(ill: Product, doctor: Doctor) -> None:
    """The picture is never picked up, and the line above says why."""
    storage(ill).put_bucket_notification_configuration(Bucket=UPLOADS, NotificationConfiguration={})
    report = doctor(seconds=1)
    assert report.wrong == {
        "notification": f"{UPLOADS} tells resize of nothing. {RESTART}",
        "end to end": NEVER_PICKED_UP,
    }
    assert report.status == 1


def test_the_notification_has_another_prefix(ill: Product, doctor: Doctor) -> None:
    """A filter that lets no upload pass is named beside the one that should be there."""
    tell(ill, UPLOADS, "incoming/")
    assert doctor(seconds=1).wrong == {
        "notification": f"{UPLOADS} tells resize of incoming/*, not of uploads/*. {RESTART}",
        "end to end": NEVER_PICKED_UP,
    }


def test_the_notification_has_no_filter(ill: Product, doctor: Doctor) -> None:
    """Uploads arrive, and so does what resize quarantines: a loop."""
    tell(ill, UPLOADS, "")
    assert doctor().wrong == {
        "notification": f"{UPLOADS} tells resize of *, not of uploads/*. {RESTART}",
        "no loop": f"{UPLOADS} tells resize of what it put into quarantine/. {RESTART}",
    }


def test_the_notification_misses_some_uploads(ill: Product, doctor: Doctor) -> None:
    """Pages post, and `aws s3 cp` puts: both must be told of."""
    tell(ill, UPLOADS, "uploads/", "s3:ObjectCreated:Post")
    assert doctor().wrong == {
        "notification": f"{UPLOADS} tells resize of s3:ObjectCreated:Post, not of "
        f"s3:ObjectCreated:*. {RESTART}"
    }


def test_the_gallery_bucket_notifies_resize(ill: Product, doctor: Doctor) -> None:
    """Variants must not come back as uploads."""
    tell(ill, GALLERY, "")
    assert doctor().wrong == {"no loop": f"{GALLERY} tells resize of its own variants. {RESTART}"}


def test_objects_may_belong_to_others(ill: Product, doctor: Doctor) -> None:
    """Each bucket is asked."""
    storage(ill).delete_bucket_ownership_controls(Bucket=GALLERY)
    assert doctor().wrong == {
        "ownership": f"ownership of {GALLERY} is not set, not BucketOwnerEnforced. {RESTART}"
    }


def test_a_bucket_may_become_public(ill: Product, doctor: Doctor) -> None:
    """The block is named that is missing, of four."""
    storage(ill).put_public_access_block(
        Bucket=UPLOADS,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": True,
        },
    )
    storage(ill).delete_public_access_block(Bucket=GALLERY)
    assert doctor().wrong == {
        "public access": f"{UPLOADS} lacks BlockPublicPolicy; {GALLERY} lacks BlockPublicAcls, "
        f"IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets. {RESTART}"
    }


def test_versioning_is_suspended(ill: Product, doctor: Doctor) -> None:
    """An upload over another would lose it."""
    storage(ill).put_bucket_versioning(
        Bucket=UPLOADS, VersioningConfiguration={"Status": "Suspended"}
    )
    assert doctor().wrong == {"versioning": f"versioning of {UPLOADS} is suspended. {RESTART}"}


def test_the_workers_hang(running: Product, doctor: Doctor) -> None:
    """All settings are right, and the picture is still never picked up."""
    found = subprocess.run(
        ["pgrep", "-f", f"services.local.worker .*:{running.environ['S3_PORT']}/"],
        capture_output=True,
        text=True,
        check=True,
    )
    workers = [int(pid) for pid in found.stdout.split()]
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        report = doctor(seconds=1)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert report.wrong == {"end to end": NEVER_PICKED_UP}


def test_events_were_given_up_on(running: Product, doctor: Doctor) -> None:
    """They are counted, not taken."""
    sqs = make_sqs(running.settings, running.session)
    queue = sqs.get_queue_url(QueueName=FAILURES)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    reports = doctor(), doctor()
    sqs.purge_queue(QueueUrl=queue)
    for report in reports:
        assert report.wrong == {
            "failure queue": "2 events were given up on. Fix: what `make run` printed tells why; "
            "it forgets the queue when it stops"
        }


def test_the_region_is_another(running: Product, doctor: Doctor) -> None:
    """The buckets lie where the product runs, not where the settings say."""
    assert running.settings.region == "us-east-1"
    wrong = doctor(AWS_REGION="eu-west-1").wrong
    assert wrong["region host"] == (
        f"{UPLOADS} lies in us-east-1, not in eu-west-1; {GALLERY} lies in us-east-1, not in "
        "eu-west-1. Fix: set AWS_REGION to us-east-1, or use a bucket in eu-west-1"
    )
    assert wrong["failure queue"] == (
        "requests for eu-west-1 are refused. Fix: set AWS_REGION to the region that it runs in"
    )


def test_one_bucket_lies_in_another_region(running: Product, doctor: Doctor) -> None:
    """S3's regions are asked bucket by bucket."""
    s3 = storage(running)
    s3.create_bucket(
        Bucket="in-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    wrong = doctor(GALLERY_BUCKET="in-ireland").wrong
    assert wrong["region host"] == (
        "in-ireland lies in eu-west-1, not in us-east-1. "
        "Fix: set AWS_REGION to eu-west-1, or use a bucket in us-east-1"
    )


def test_a_bucket_is_missing(doctor: Doctor) -> None:
    """The rest is not asked of a bucket that is not there; what can be asked still is."""
    report = doctor(GALLERY_BUCKET="not-made")
    assert report.wrong["buckets reachable"] == (
        "there is no bucket not-made. "
        "Fix: stop `make run` and start it again; it makes missing buckets"
    )
    assert report.lines["versioning"] == ("skip", "a bucket cannot be asked, see above")
    assert report.lines["clock"][0] == "ok"
    assert report.status == 1


def test_the_credentials_are_others(doctor: Doctor, tmp_path: Path) -> None:
    """Those of another data folder do not open this one."""
    (tmp_path / "credentials.json").write_text('["contact-sheet", "of another folder"]')
    report = doctor(DATA_DIR=str(tmp_path))
    assert report.wrong["buckets reachable"] == (
        "these credentials are refused (SignatureDoesNotMatch). "
        "Fix: set DATA_DIR to the data folder of the running `make run`"
    )
    assert report.status == 1


def test_s3_is_down(doctor: Doctor) -> None:
    """The gallery answers, S3 does not: it is named once, and asked by no other check of buckets."""
    port = str(free_port())
    report = doctor(S3_PORT=port)
    down = f"nothing answers at http://127.0.0.1:{port}. Fix: `make run` starts it; set S3_PORT as there"
    assert report.wrong["buckets reachable"] == down
    assert report.wrong["failure queue"] == down
    assert report.verdicts["CORS"] == "skip"


def test_the_gallery_is_down(running: Product, doctor: Doctor) -> None:
    """S3 answers, the gallery does not."""
    port = str(free_port())
    report = doctor(PORT=port, PUBLIC_URL=running.url)
    assert report.wrong == {
        "end to end": f"the gallery at http://localhost:{port} does not answer: nothing listens "
        "there. Fix: `make run` starts it; set PORT as there"
    }


def test_s3_refuses_the_upload(running: Product, doctor: Doctor) -> None:
    """A gallery that signs with another secret gives out forms that S3 refuses."""
    with gallery(running, AWS_SECRET_ACCESS_KEY="another") as port:
        report = doctor(PORT=port, PUBLIC_URL=running.url)
    assert report.wrong == {
        "end to end": "S3 refuses the upload with 403 SignatureDoesNotMatch. "
        "Fix: see what is said of buckets and clock above"
    }


def test_an_s3_that_refuses_to_tell(running: Product, doctor: Doctor) -> None:
    """What another S3 does not implement is skipped, what it forbids is named, and the rest asked."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    answers = {"publicAccessBlock": (501, "NotImplemented"), "cors": (403, "AccessDenied")}
    with ReticentS3(running.settings.s3_endpoint_url or "", answers) as s3:
        report = doctor(S3_ENDPOINT_URL=s3.url, **{name: running.environ[name] for name in keys})
    assert report.lines["public access"] == ("skip", "this S3 does not know GetPublicAccessBlock")
    assert report.wrong == {
        "CORS": "not allowed: s3:GetBucketCORS. "
        "Fix: allow s3:GetBucketCORS to whose credentials these are"
    }
    assert report.verdicts["notification"] == "skip"
    assert report.verdicts["end to end"] == "ok"


def test_a_terminal_shows_what_takes_time(
    running: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps stand on a line that the result takes away, beside the results themselves."""
    for name in ("PORT", "S3_PORT", "DATA_DIR"):
        monkeypatch.setenv(name, running.environ[name])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([]) == 0
    printed = capsys.readouterr()
    steps = [step.strip() for step in printed.err.split(CLEAR) if step]
    assert steps[:3] == [
        "asking the gallery for an upload",
        "uploading",
        "waiting for the picture to be published, 0 s",
    ]
    assert steps[-1] == "looking for what is left"
    assert printed.err.endswith(CLEAR)
    assert len(read_report(printed.out, 0).lines) == 13
