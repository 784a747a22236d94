"""Which rights a request to S3 asks for.

No library that could be installed maps S3's requests to actions rightly: moto's table knows neither
copies nor versions of a HEAD. Whether an action exists and takes such a resource is checked by the
evaluator, whose data is AWS's Service Authorization Reference.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from services.core import keys
from services.core.albums import ALBUM_PREFIX
from services.core.grants import GRANT_PREFIX, USED_PREFIX
from services.store.passkeys import PASSKEY_PREFIX

PREFIXES = (
    keys.UPLOAD_PREFIX, keys.QUARANTINE_PREFIX, keys.PHOTO_PREFIX, keys.INDEX_PREFIX,
    keys.VERDICT_PREFIX, keys.TOMBSTONE_PREFIX, keys.PRIVATE_PREFIX, keys.PENDING_PREFIX,
    ALBUM_PREFIX, GRANT_PREFIX, USED_PREFIX, PASSKEY_PREFIX,
)  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Right:
    """An action on a resource: an ARN, or in a policy a pattern of ARNs."""

    action: str
    resource: str

    def on_prefix(self) -> "Right":
        """Return the right on everything below the object's prefix; on a bucket, the same."""
        bucket, slash, key = self.resource.partition("/")
        for prefix in PREFIXES:
            if key.startswith(prefix):
                return Right(self.action, f"{bucket}{slash}{prefix}*")
        return self


@dataclass(frozen=True, slots=True)
class Call:
    """A request to S3, path style; names of headers are in lower case."""

    method: str
    bucket: str
    key: str
    parameters: dict[str, str]
    headers: dict[str, str]

    @classmethod
    def read(cls, method: str, url: str, headers: Mapping[str, str]) -> "Call":
        """Read it from method, URL and headers."""
        parts = urlsplit(url)
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(method, bucket, key, parameters, lower)


def rights_for(request: Call, *, tags_of_source: bool) -> list[Right]:
    """Return the rights that an answer other than 403 needs; raises KeyError for what it lacks.

    `tags_of_source` tells whether the object that a CopyObject names has tags.

    Sources: Amazon S3 API Reference, "GetObject", "HeadObject", "CopyObject", "DeleteObject",
    "ListObjectsV2", "ListObjectVersions"; Amazon S3 user guide, "Required permissions for Amazon S3
    API operations". A version is another right than the current one: GetObject with a version id
    needs s3:GetObjectVersion, "the s3:GetObject permission is not required in this scenario".
    DeleteObject's page says that s3:DeleteObject is needed "always"; here that is read as "without a
    version id", as the Service Authorization Reference has a right of its own for versions. No test
    without an AWS account can settle it. If-Match needs s3:GetObject
    too; If-None-Match does not.
    """
    bucket = f"arn:aws:s3:::{request.bucket}"
    asked = request.parameters
    if request.method == "POST":  # a form, whose key is read by who saw it
        return [Right("s3:PutObject", f"{bucket}/{request.key}")]
    if not request.key:
        kinds = {"list-type": "s3:ListBucket", "versions": "s3:ListBucketVersions"}
        (kind,) = kinds.keys() & asked.keys()
        assert request.method == "GET"
        return [Right(kinds[kind], bucket)]
    object_ = f"{bucket}/{request.key}"
    assert not asked.keys() & {"acl", "tagging", "uploadId", "uploads"}, request.parameters
    given = request.headers.keys()
    assert not given & {"x-amz-acl", "x-amz-tagging"}, given
    version = "Version" if "versionId" in asked else ""
    action = {
        "GET": f"s3:GetObject{version}",
        "HEAD": f"s3:GetObject{version}",
        "PUT": "s3:PutObject",
        "DELETE": f"s3:DeleteObject{version}",
    }[request.method]
    rights = [Right(action, object_)]
    if "if-match" in given:
        rights.append(Right("s3:GetObject", object_))
    if source := request.headers.get("x-amz-copy-source"):
        rights += _of_copy(source, object_, request, tags=tags_of_source)
    return rights


def _of_copy(source: str, destination: str, request: Call, *, tags: bool) -> list[Right]:
    """Return the rights to read what is copied.

    Tags are copied unless `x-amz-tagging-directive` is REPLACE, and then reading and writing them
    are rights as well.
    """
    match = re.fullmatch(r"/?(?P<path>[^?]+)(?P<version>\?versionId=.+)?", source)
    assert match is not None, source
    version = "Version" if match["version"] else ""
    original = f"arn:aws:s3:::{unquote(match['path'])}"
    rights = [Right(f"s3:GetObject{version}", original)]
    if tags and request.headers.get("x-amz-tagging-directive") != "REPLACE":
        rights.append(Right(f"s3:GetObject{version}Tagging", original))
        rights.append(Right("s3:PutObjectTagging", destination))
    return rights
