"""Presigned GETs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from hypothesis import given
from hypothesis import strategies as st

from services.core.settings import Settings
from services.store.client import make_s3
from services.store.signing import GetSigner, content_disposition

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
# Amazon's published example key pair.
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def signer(
    *,
    now: Callable[[], datetime] = lambda: NOON,
    token: str | None = None,
    path_style: bool = False,
    endpoint_url: str = "https://s3.eu-west-1.amazonaws.com",
) -> GetSigner:
    """Return a signer for the bucket `gallery`."""
    credentials = Credentials(KEY_ID, SECRET, token)
    return GetSigner(
        bucket="gallery",
        region="eu-west-1",
        endpoint_url=endpoint_url,
        path_style=path_style,
        window_seconds=3600,
        credentials=lambda: credentials,
        now=now,
    )


def botocore_url(url: str, expires: int, token: str | None) -> str:
    """Return what botocore's own signer makes of the same address at NOON."""
    request = AWSRequest(method="GET", url=url)
    with patch("botocore.auth.get_current_datetime", lambda: NOON.replace(tzinfo=None)):
        S3SigV4QueryAuth(
            Credentials(KEY_ID, SECRET, token), "s3", "eu-west-1", expires=expires
        ).add_auth(request)
    return str(request.url)


object_keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda key: not key.startswith("/") and "//" not in key and "." not in key.split("/")
)


@given(object_keys, st.none() | st.text("abc/+=", min_size=1), st.booleans())
def test_every_url_is_botocores(key: str, token: str | None, path_style: bool) -> None:
    """Odd keys, session tokens and both addressing styles give the same query as botocore's."""
    ours = signer(token=token, path_style=path_style).url(key)
    theirs = botocore_url(ours.partition("?")[0], 7200, token)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1))
def test_every_download_url_is_botocores(name: str) -> None:
    """The file name is signed too."""
    ours = signer().url("photos/a/400.jpg", download_as=name)
    unsigned = "&".join(
        part
        for part in urlsplit(ours).query.split("&")
        if part.startswith("response-content-disposition")
    )
    theirs = botocore_url(f"{ours.partition('?')[0]}?{unsigned}", 7200, None)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


def test_a_url_stays_the_same_for_its_window_and_valid_for_another() -> None:
    """Browsers can cache it, and a page opened at the window's end still shows its pictures."""
    urls = {
        minute: signer(now=lambda minute=minute: NOON + timedelta(minutes=minute)).url("k")  # type: ignore[misc] # a default that binds the loop's value
        for minute in (0, 30, 59, 60, 61)
    }
    assert urls[0] == urls[30] == urls[59]
    assert urls[60] == urls[61] != urls[0]
    query = parse_qs(urlsplit(urls[59]).query)
    assert query["X-Amz-Date"] == ["20261124T120000Z"]
    assert query["X-Amz-Expires"] == ["7200"]


def test_a_url_does_not_promise_to_outlive_its_credentials() -> None:
    """A presigned URL dies with the session token, whatever its own expiry says."""
    ending = RefreshableCredentials(
        KEY_ID,
        SECRET,
        "token",
        expiry_time=NOON + timedelta(minutes=40),
        refresh_using=dict,
        method="test",
        time_fetcher=lambda: NOON,
        advisory_timeout=0,
        mandatory_timeout=0,
    )
    url = GetSigner(
        bucket="gallery",
        region="eu-west-1",
        endpoint_url="https://s3.eu-west-1.amazonaws.com",
        path_style=False,
        window_seconds=3600,
        credentials=lambda: ending,
        now=lambda: NOON,
    ).url("k")
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["2400"]


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-east-1", "https://gallery.s3.us-east-1.amazonaws.com/photos/a%20b"),
        ("eu-west-1", "https://gallery.s3.eu-west-1.amazonaws.com/photos/a%20b"),
        ("cn-north-1", "https://gallery.s3.cn-north-1.amazonaws.com.cn/photos/a%20b"),
    ],
)
def test_the_host_is_the_buckets_in_its_region(region: str, expected: str) -> None:
    """The global host would answer with a redirect that CORS forbids."""
    session = boto3.Session(KEY_ID, SECRET, region_name=region)
    s3 = make_s3(Settings(region=region), session)
    assert signer(endpoint_url=s3.meta.endpoint_url).url("photos/a b").startswith(f"{expected}?")
    post: Any = s3.generate_presigned_post("gallery", "k")
    assert post["url"] == expected.removesuffix("photos/a%20b")
    assert post["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_a_local_endpoint_is_addressed_path_style() -> None:
    """No wildcard DNS is needed on one machine."""
    local = signer(endpoint_url="http://127.0.0.1:9000", path_style=True)
    assert local.url("k").startswith("http://127.0.0.1:9000/gallery/k?")
    assert local.origin == "http://127.0.0.1:9000"
    assert signer().origin == "https://gallery.s3.eu-west-1.amazonaws.com"


def test_a_download_keeps_any_name() -> None:
    """ASCII for old programs, UTF-8 for the rest, and nothing that ends the header early."""
    assert content_disposition('é"\r\nX: y.jpg') == (
        "attachment; filename=\"____X: y.jpg\"; filename*=UTF-8''%C3%A9%22%0D%0AX%3A%20y.jpg"
    )
