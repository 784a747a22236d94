"""Presigned URLs: their life, and that nothing of them can be changed."""

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from services.local.s3 import LocalS3
from tests.local.conftest import Clock, element, make_client, refusal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class TestPresignedUrl:
    """A signature in the query."""

    @pytest.fixture
    def client(self, presigner: "S3Client") -> "S3Client":
        """The client that presigns, and an object."""
        presigner.put_object(Bucket="bucket", Key="seen", Body=b"seen")
        return presigner

    def presign(self, client: "S3Client", expires: int = 60, key: str = "seen") -> str:
        """Return the presigned GET of an object."""
        return client.generate_presigned_url(
            "get_object", Params={"Bucket": "bucket", "Key": key}, ExpiresIn=expires
        )

    def test_get_and_put(self, client: "S3Client") -> None:
        """Both directions work, without any further header."""
        answer = httpx.get(self.presign(client))
        assert (answer.status_code, answer.content) == (200, b"seen")
        url = client.generate_presigned_url(
            "put_object", Params={"Bucket": "bucket", "Key": "put ä"}, ExpiresIn=60
        )
        assert httpx.put(url, content=b"by url").status_code == 200
        assert client.get_object(Bucket="bucket", Key="put ä")["Body"].read() == b"by url"

    def test_response_headers(self, client: "S3Client") -> None:
        """The signed URL may say under which name the bytes are saved."""
        url = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": "bucket",
                "Key": "seen",
                "ResponseContentDisposition": 'attachment; filename="a b.jpg"',
            },
        )
        answer = httpx.get(url)
        assert answer.headers["content-disposition"] == 'attachment; filename="a b.jpg"'

    def test_its_life(self, client: "S3Client", clock: Clock) -> None:
        """It ends when X-Amz-Expires says, and begins no earlier than its date less the skew."""
        url = self.presign(client, expires=60)
        clock.offset = timedelta(seconds=55)
        assert httpx.get(url).status_code == 200
        clock.offset = timedelta(seconds=65)
        answer = httpx.get(url)
        assert refusal(answer) == (403, "AccessDenied")
        assert element(answer, "Message") == "Request has expired"
        assert element(answer, "X-Amz-Expires") == "60"
        clock.offset = timedelta(minutes=-14)
        assert httpx.get(url).status_code == 200
        clock.offset = timedelta(minutes=-16)
        answer = httpx.get(url)
        assert refusal(answer) == (403, "AccessDenied")
        assert element(answer, "Message") == "Request is not yet valid"

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("/seen?", "/other?", (403, "SignatureDoesNotMatch")),
            ("X-Amz-Expires=60", "X-Amz-Expires=61", (403, "SignatureDoesNotMatch")),
            (
                "X-Amz-Expires=60",
                "X-Amz-Expires=604801",
                (400, "AuthorizationQueryParametersError"),
            ),
            ("X-Amz-Expires=60", "X-Amz-Expires=-1", (400, "AuthorizationQueryParametersError")),
            ("X-Amz-Expires=60", "X-Amz-Expires=x", (400, "AuthorizationQueryParametersError")),
            ("&X-Amz-Expires=60", "", (400, "AuthorizationQueryParametersError")),
            ("X-Amz-Date=2", "X-Amz-Date=x", (400, "AuthorizationQueryParametersError")),
            ("%2Fus-east-1%2F", "%2Feu-west-1%2F", (400, "AuthorizationQueryParametersError")),
            ("Credential=local", "Credential=nobody", (403, "InvalidAccessKeyId")),
            ("X-Amz-Signature=", "X-Amz-Signature=0", (403, "SignatureDoesNotMatch")),
            ("?X", "?response-content-type=text%2Fhtml&X", (403, "SignatureDoesNotMatch")),
            ("?X", "?versionId=1&X", (403, "SignatureDoesNotMatch")),
        ],
    )
    def test_tampered(
        self, client: "S3Client", old: str, new: str, expected: tuple[int, str]
    ) -> None:
        """Whatever of it is changed, it opens nothing."""
        url = self.presign(client)
        assert old in url
        assert refusal(httpx.get(url.replace(old, new))) == expected

    def test_of_another_method(self, client: "S3Client") -> None:
        """The URL of a GET deletes nothing."""
        assert refusal(httpx.delete(self.presign(client))) == (403, "SignatureDoesNotMatch")

    def test_of_another_secret(self, clocked: LocalS3) -> None:
        """Who guesses the secret is refused."""
        forged = self.presign(make_client(clocked, secret="guess"))
        assert refusal(httpx.get(forged)) == (403, "SignatureDoesNotMatch")

    def test_signature_version_2(self, clocked: LocalS3) -> None:
        """The old kind of URL is no signature here."""
        url = f"{clocked.url}/bucket/seen?AWSAccessKeyId=local&Signature=x&Expires=9999999999"
        assert refusal(httpx.get(url)) == (403, "AccessDenied")
