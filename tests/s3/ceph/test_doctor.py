"""The doctor over an S3 that is neither AWS's nor the embedded one."""

import pytest

from services.doctor.__main__ import main
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.doctor.conftest import read_report
from tests.s3.ceph.conftest import RealProduct


def test_what_does_not_apply_is_skipped(
    real: RealProduct, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without events and stack the other checks are ok, and a picture goes through."""
    monkeypatch.setenv("S3_ENDPOINT_URL", real.settings.s3_endpoint_url or "")
    monkeypatch.setenv("UPLOAD_BUCKET", real.settings.upload_bucket)
    monkeypatch.setenv("GALLERY_BUCKET", real.settings.gallery_bucket)
    monkeypatch.setenv("PORT", real.url.rpartition(":")[2])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    status = main([])
    report = read_report(capsys.readouterr().out, status)
    assert {name: text for name, (verdict, text) in report.lines.items() if verdict == "skip"} == {
        "failures": "this S3 brings no events; uploads are found by the sweep",
        "drift": "only a stack can differ from its template",
    }
    assert report.wrong == {}
    assert report.lines["upload"][1].startswith("a picture was published in ")
    assert status == 0
