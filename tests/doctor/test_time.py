"""Checks that depend on the time, at other times than now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.core.settings import load_local_settings, load_settings
from services.doctor.checks import clock, sweep
from services.doctor.finding import Finding, Verdict
from services.doctor.installation import Installation, local_installation
from services.store.client import make_s3
from tests.conftest import Product
from tests.doctor.conftest import stopped_workers

NTP = "set the clock by NTP: sudo timedatectl set-ntp true"


@pytest.fixture
def installation(running: Product) -> Installation:
    """The running product as the doctor sees it."""
    environ = {name: running.environ[name] for name in ("PORT", "DATA_DIR")}
    return local_installation(load_settings(environ), load_local_settings(environ))


def later(**by: float) -> Callable[[], datetime]:
    """Return a clock that goes wrong by so much."""
    return lambda: datetime.now(UTC) + timedelta(**by)


@pytest.mark.parametrize(
    ("by", "finding"),
    [
        ({"seconds": 0}, Finding(Verdict.OK, "the same as S3 and the gallery, to the second")),
        (
            {"seconds": 30},
            Finding(
                Verdict.WARN,
                "this machine's clock is 30 s ahead of that of S3; S3 refuses what is 15 min off",
                NTP,
            ),
        ),
        (
            {"minutes": -20},
            Finding(
                Verdict.FAIL,
                "this machine's clock is 20 min behind that of S3; S3 refuses what is 15 min off",
                NTP,
            ),
        ),
    ],
    ids=["right", "30 s ahead", "20 min behind"],
)
def test_a_clock_that_goes_wrong_is_told(
    installation: Installation, by: dict[str, float], finding: Finding
) -> None:
    """Against the Date of what answers: noticed from 5 s on, wrong from 15 min on."""
    found = clock(replace(installation, now=later(**by)))
    assert found.verdict is finding.verdict
    # Which of both is further off is a matter of milliseconds.
    words = (
        found.text.replace("the gallery;", "S3;").replace("29 s", "30 s").replace("31 s", "30 s")
    )
    assert (words, found.fix) == (finding.text, finding.fix)


def test_an_upload_that_no_sweep_finished_is_told(
    running: Product, installation: Installation
) -> None:
    """An old version in the upload bucket waits; sweeps have had their turn twice by then."""
    s3: Any = make_s3(running.settings, running.session)
    bucket = running.settings.upload_bucket
    # What other tests left to the sweep, which comes each half minute.
    for left in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=left["Key"], VersionId=left["VersionId"])
    with stopped_workers(running):
        version = s3.put_object(Bucket=bucket, Key="uploads/waits", Body=b"x")["VersionId"]
        assert sweep(replace(installation, now=later(minutes=44))).verdict is Verdict.OK
        found = sweep(replace(installation, now=later(minutes=46)))
        s3.delete_object(Bucket=bucket, Key="uploads/waits", VersionId=version)
    assert found == Finding(
        Verdict.FAIL,
        "uploads that wait for more than 45 min: 1, such as uploads/waits",
        "read what `make run` printed",
    )
