"""The doctor over an S3 that is neither AWS's nor the embedded one."""

import pytest

from services.doctor.__main__ import main
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.doctor.conftest import read_report
from tests.real_s3.conftest import RealProduct


def test_what_a_server_does_not_know_is_skipped(
    real: RealProduct, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ceph is asked all that is asked of AWS; a picture goes through, and nothing crashes."""
    monkeypatch.setenv("S3_ENDPOINT_URL", real.settings.s3_endpoint_url or "")
    monkeypatch.setenv("UPLOAD_BUCKET", real.settings.upload_bucket)
    monkeypatch.setenv("GALLERY_BUCKET", real.settings.gallery_bucket)
    monkeypatch.setenv("PORT", real.url.rpartition(":")[2])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    status = main([])
    report = read_report(capsys.readouterr().out, status)
    assert {name: text for name, (verdict, text) in report.lines.items() if verdict == "skip"} == {
        "region host": "this S3 has one address for all regions",
        "ownership": "not set; another S3 need not know it",
        "public access": "not blocked; another S3 may refuse every upload where it is",
        "notification": "this S3 sends no notifications; the worker sweeps each second",
        "no loop": "this S3 sends no notifications; the worker sweeps each second",
        "roles": "there are no roles here: one key pair does everything",
        "failure queue": "this S3 has no queues; the worker logs what it gives up on",
    }
    assert report.wrong == {}
    assert report.lines["end to end"][1].startswith("a picture was published in ")
    assert status == 0
