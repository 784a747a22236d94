"""What a client says its body's checksum is, held against the body.

Source: AWS, "Checking object integrity in Amazon S3" in the User Guide.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping

from services.local.s3.errors import S3Error

# CRC32C and CRC64NVME need a native library; a body with one of those is taken as it is.
ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}


def check(headers: Mapping[str, str], body: bytes) -> None:
    """Raise S3Error unless Content-MD5 and x-amz-checksum-* in `headers` are those of `body`.

    The names of `headers` are lower case.
    """
    given = headers.get("content-md5")
    if given is not None:
        try:
            digest = base64.b64decode(given, validate=True)
        except binascii.Error:
            digest = b""
        if len(digest) != 16:
            raise S3Error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
        if digest != hashlib.md5(body, usedforsecurity=False).digest():
            raise S3Error(
                400, "BadDigest", "The Content-MD5 you specified did not match what we received."
            )
    for name, compute in ALGORITHMS.items():
        given = headers.get(f"x-amz-checksum-{name}")
        if given is not None and given != base64.b64encode(compute(body)).decode():
            raise S3Error(
                400,
                "BadDigest",
                f"The {name.upper()} you specified did not match the calculated checksum.",
            )
