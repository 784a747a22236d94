"""Bodies in `aws-chunked` coding: decoded, each chunk's signature and the trailer checked.

Source: AWS, "Signature calculations for the Authorization header: Transferring payload in multiple
chunks" in the Amazon S3 API Reference.
"""

import hashlib
import hmac
from dataclasses import dataclass

from services.local.s3.errors import S3Error
from services.local.s3.signature import Signed

UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
CODINGS = frozenset({UNSIGNED_TRAILER, SIGNED, SIGNED_TRAILER})

_EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@dataclass
class _Chain:
    """The signatures of the chunks, each of which covers the one before."""

    signed: Signed
    previous: str

    def check(self, kind: str, given: str, *hashed: str) -> None:
        text = "\n".join((kind, self.signed.timestamp, self.signed.scope, self.previous, *hashed))
        self.previous = self.signed.sign(text)
        if not hmac.compare_digest(self.previous.encode(), given.encode()):
            raise S3Error(
                403,
                "SignatureDoesNotMatch",
                "The chunk signature we calculated does not match the signature you provided.",
                StringToSign=text,
                SignatureProvided=given,
            )


def decode(body: bytes, coding: str, signed: Signed, length: int) -> tuple[bytes, dict[str, str]]:
    """Return the bytes inside `body`, and its trailing headers with lower-case names.

    `length` is what X-Amz-Decoded-Content-Length promised. Raises S3Error.
    """
    chain = None if coding == UNSIGNED_TRAILER else _Chain(signed, signed.signature)
    decoded = bytearray()
    at = 0
    while True:
        size, signature, at = _head(body, at)
        chunk = body[at : at + size]
        if len(chunk) != size:
            raise _incomplete()
        if chain:
            chain.check(
                "AWS4-HMAC-SHA256-PAYLOAD",
                signature,
                _EMPTY_HASH,
                hashlib.sha256(chunk).hexdigest(),
            )
        if not size:
            break
        decoded += chunk
        at += size + 2  # the line end after the chunk
    if len(decoded) != length:
        raise _incomplete()
    return bytes(decoded), _trailer(body[at:], chain if coding == SIGNED_TRAILER else None)


def _head(body: bytes, at: int) -> tuple[int, str, int]:
    end = body.find(b"\r\n", at)
    size, _, extension = body[at : max(end, at)].decode("latin-1").partition(";")
    try:
        return int(size, 16), extension.strip().removeprefix("chunk-signature="), end + 2
    except ValueError:
        raise _incomplete() from None


def _trailer(text: bytes, chain: _Chain | None) -> dict[str, str]:
    lines = [line.strip() for line in text.decode("latin-1").split("\n")]
    pairs = (line.partition(":") for line in lines if line)
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if chain:
        given = fields.pop("x-amz-trailer-signature", "")
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(fields.items()))
        chain.check(
            "AWS4-HMAC-SHA256-TRAILER", given, hashlib.sha256(canonical.encode()).hexdigest()
        )
    return fields


def _incomplete() -> S3Error:
    return S3Error(
        400,
        "IncompleteBody",
        "The request body terminated unexpectedly",
    )
