"""The presigned POST of a browser's form: what its policy lets pass, and each way to be refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.local.conftest import element, refusal
from tests.local.forms import BOUNDARY, Part, form, presign, send

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def test_a_form_that_fits_is_stored(client: "S3Client") -> None:
    """The object has the form's bytes, content type, cache header and metadata."""
    url, fields = presign(
        client,
        fields={
            "Content-Type": "image/jpeg",
            "Cache-Control": "public, max-age=60",
            "Content-Disposition": "inline",
            "x-amz-meta-name": "a%20b.jpg",
            "success_action_status": "201",
        },
        conditions=[["content-length-range", 1, 1000]],
    )
    data = bytes(range(256)) + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\n"
    answer = send(url, form([*fields.items(), ("file", data)]))
    assert answer.status_code == 201
    assert element(answer, "Bucket") == "bucket"
    assert element(answer, "Key") == "uploads/1"
    assert element(answer, "Location") == f"{url}/uploads/1" == answer.headers["location"]
    stored = client.get_object(Bucket="bucket", Key="uploads/1")
    assert stored["Body"].read() == data
    assert stored["ETag"] == answer.headers["etag"] == element(answer, "ETag")
    assert stored["ContentType"] == "image/jpeg"
    assert stored["CacheControl"] == "public, max-age=60"
    assert stored["ContentDisposition"] == "inline"
    assert stored["Metadata"] == {"name": "a%20b.jpg"}


def test_metadata_beyond_latin_is_readable(client: "S3Client") -> None:
    """A form may hold UTF-8; S3 gives it back in the coding that headers have for it."""
    url, fields = presign(client, fields={"x-amz-meta-name": "日本"})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/1")["Metadata"] == {
        "name": "=?utf-8?b?5pel5pys?="
    }


@pytest.mark.parametrize(
    ("asked", "status"), [("200", 200), ("204", 204), ("201", 201), ("x", 204)]
)
def test_the_status_is_the_one_asked_for(client: "S3Client", asked: str, status: int) -> None:
    """200, 201 and 204 may be asked for; anything else is 204."""
    url, fields = presign(client, fields={"success_action_status": asked})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == status


def test_no_status_asked_for_is_204(client: "S3Client") -> None:
    """An upload without wishes gets an empty answer."""
    url, fields = presign(client)
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_redirect_carries_bucket_key_and_etag(client: "S3Client") -> None:
    """A form without script goes on to a page that learns what was stored."""
    target = "http://gallery.test/photos/1?lang=de"
    url, fields = presign(client, key="uploads/ä b", fields={"success_action_redirect": target})
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert answer.status_code == 303
    location = urlsplit(answer.headers["location"])
    assert location._replace(query="").geturl() == "http://gallery.test/photos/1"
    assert parse_qs(location.query) == {
        "lang": ["de"],
        "bucket": ["bucket"],
        "key": ["uploads/ä b"],
        "etag": ['"9dd4e461268c8034f5c8564e155c67a6"'],
    }


def test_a_redirect_to_nowhere_is_no_redirect(client: "S3Client") -> None:
    """Only a web address is gone to."""
    url, fields = presign(client, fields={"success_action_redirect": "javascript:alert(1)"})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == 204


def test_a_versioned_bucket_tells_the_version(client: "S3Client") -> None:
    """Each upload to the same key is a version of its own."""
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    post = client.generate_presigned_post("versioned", "key")
    versions = [
        send(post["url"], form([*post["fields"].items(), ("file", data)])).headers[
            "x-amz-version-id"
        ]
        for data in (b"1", b"2")
    ]
    bodies = [
        client.get_object(Bucket="versioned", Key="key", VersionId=version)["Body"].read()
        for version in versions
    ]
    assert bodies == [b"1", b"2"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (9, (400, "EntityTooSmall", "ProposedSize", "9")),
        (10, None),
        (20, None),
        (21, (400, "EntityTooLarge", "ProposedSize", "21")),
        (3_000_000, (400, "EntityTooLarge", "ProposedSize", "3000000")),
    ],
)
def test_the_size_of_the_file_is_bounded(
    client: "S3Client", size: int, expected: tuple[int, str, str, str] | None
) -> None:
    """content-length-range is about the file alone, both ends included."""
    url, fields = presign(client, conditions=[["content-length-range", 10, 20]])
    answer = send(url, form([*fields.items(), ("file", b"x" * size)]))
    if expected is None:
        assert answer.status_code == 204
    else:
        assert refusal(answer) == expected[:2]
        assert element(answer, expected[2]) == expected[3]
        bound = "MinSizeAllowed" if size < 10 else "MaxSizeAllowed"
        assert element(answer, bound) == ("10" if size < 10 else "20")


@pytest.mark.parametrize(
    ("condition", "value", "fits"),
    [
        (["eq", "$Content-Type", "image/jpeg"], "image/jpeg", True),
        (["eq", "$content-type", "image/jpeg"], "image/jpeg", True),
        (["eq", "$Content-Type", "image/jpeg"], "image/png", False),
        (["eq", "$Content-Type", "image/jpeg"], "image/jpeg ", False),
        (["starts-with", "$Content-Type", "image/"], "image/png", True),
        (["starts-with", "$Content-Type", "image/"], "text/html", False),
        (["starts-with", "$Content-Type", "image/"], "image/png,image/gif", True),
        (["starts-with", "$Content-Type", "image/"], "image/png,text/html", False),
        (["starts-with", "$Content-Type", ""], "anything/at-all", True),
        ({"Content-Type": "image/jpeg"}, "image/jpeg", True),
        ({"Content-Type": "image/jpeg"}, "image/png", False),
    ],
)
def test_each_kind_of_condition(client: "S3Client", condition: Any, value: str, fits: bool) -> None:
    """Equal, exact, prefix: with field names of any case."""
    url, fields = presign(client, conditions=[condition])
    fields["Content-Type"] = value
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    if fits:
        assert answer.status_code == 204
    else:
        assert refusal(answer) == (403, "AccessDenied")
        assert element(answer, "Message").startswith(
            "Invalid according to Policy: Policy Condition failed: ["
        )


def test_ignored_fields_pass(client: "S3Client") -> None:
    """x-ignore- fields, and whatever stands behind the file, do not count."""
    url, fields = presign(client)
    parts: list[Part] = [
        *fields.items(),
        ("x-ignore-this", "1"),
        ("file", b"x"),
        ("key", "other"),
        ("x-amz-meta-late", "1"),
    ]
    assert send(url, form(parts)).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/1")["Metadata"] == {}


def test_the_file_name_may_be_part_of_the_key(client: "S3Client") -> None:
    """${filename} stands for the file's name without its folders."""
    url, fields = presign(client, key="uploads/${filename}")
    body = form([*fields.items(), ("file", b"x")], filename="C:\\\\fotos\\\\a b.jpg")
    assert send(url, body).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/a b.jpg")["ContentLength"] == 1


def test_thirty_uploads_at_once(client: "S3Client") -> None:
    """All arrive, each whole."""

    def upload(number: int) -> int:
        url, fields = presign(client, key=f"many/{number:02}")
        body = form([*fields.items(), ("file", bytes([number]) * 200_000)])
        return send(url, body).status_code

    with ThreadPoolExecutor(30) as pool:
        assert set(pool.map(upload, range(30))) == {204}
    for number in range(30):
        stored = client.get_object(Bucket="bucket", Key=f"many/{number:02}")["Body"].read()
        assert stored == bytes([number]) * 200_000
