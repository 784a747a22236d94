"""The policy of a presigned POST: what the form may hold, checked as S3 checks it.

Source: AWS, "POST Policy" under "Authenticating Requests: Browser-Based Uploads Using POST" in the
Amazon S3 API Reference; the sentences are S3's own.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.local.s3.errors import S3Error, access_denied
from services.local.s3.exchange import MAX_BODY_BYTES

# These need no condition; neither do names that begin with `x-ignore-`.
UNCONDITIONED = frozenset({"x-amz-signature", "file", "policy"})


@dataclass(frozen=True)
class SizeRange:
    """The bytes that the file may have."""

    smallest: int = 0
    largest: int = MAX_BODY_BYTES

    def check(self, size: int) -> None:
        """Raise EntityTooSmall or EntityTooLarge."""
        if size < self.smallest:
            raise S3Error(
                400,
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                ProposedSize=size,
                MinSizeAllowed=self.smallest,
            )
        if size > self.largest:
            raise S3Error(
                400,
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size",
                ProposedSize=size,
                MaxSizeAllowed=self.largest,
            )


def check_policy(encoded: str, fields: Mapping[str, str], bucket: str, now: datetime) -> SizeRange:
    """Check a form against its policy and return what size its file may have.

    `encoded` is the policy in base64; `fields` are the form's, with lower-case names and without
    the file. Raises S3Error.
    """
    policy = _parse(encoded)
    if now > _expiration(policy):
        raise access_denied("Invalid according to Policy: Policy expired.")
    values = {**fields, "bucket": bucket}
    covered = {"bucket"}
    sizes = SizeRange()
    for condition in policy["conditions"]:
        operator, name, operand = _normal_form(condition)
        if operator == "content-length-range":
            sizes = _narrowed(sizes, name, operand)
            continue
        covered.add(name)
        if not _holds(operator, name, str(operand), values.get(name)):
            shown = json.dumps([operator, f"${name}", operand], ensure_ascii=False)
            msg = f"Invalid according to Policy: Policy Condition failed: {shown}"
            raise access_denied(msg)
    extra = sorted(
        name
        for name in fields
        if name not in covered | UNCONDITIONED and not name.startswith("x-ignore-")
    )
    if extra:
        msg = f"Invalid according to Policy: Extra input fields: {', '.join(extra)}"
        raise access_denied(msg)
    return sizes


def _parse(encoded: str) -> dict[str, Any]:
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise _invalid("Invalid JSON.") from None
    if not isinstance(policy, dict) or not isinstance(policy.get("expiration"), str):
        raise _invalid("Policy missing expiration.")
    if not isinstance(policy.get("conditions"), list):
        raise _invalid("Policy missing conditions.")
    return policy


def _expiration(policy: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(policy["expiration"])
    except ValueError:
        msg = f"Invalid 'expiration' value: '{policy['expiration']}'"
        raise _invalid(msg) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _normal_form(condition: Any) -> tuple[str, str, Any]:
    """Return operator, lower-case field name and operand (for a range: its two ends)."""
    if isinstance(condition, dict) and len(condition) == 1:
        ((name, operand),) = condition.items()
        return "eq", name.lower(), operand
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[0], str):
        operator = condition[0].lower()
        if operator == "content-length-range":
            return operator, condition[1], condition[2]
        name = condition[1]
        if operator in ("eq", "starts-with") and isinstance(name, str) and name.startswith("$"):
            return operator, name[1:].lower(), condition[2]
    raise _invalid("Invalid Condition: " + json.dumps(condition, ensure_ascii=False))


def _narrowed(sizes: SizeRange, smallest: Any, largest: Any) -> SizeRange:
    try:
        low, high = int(smallest), int(largest)
    except (TypeError, ValueError):
        raise _invalid("Invalid content-length-range.") from None
    return SizeRange(max(sizes.smallest, low), min(sizes.largest, high))


def _holds(operator: str, name: str, operand: str, value: str | None) -> bool:
    if value is None:
        return False
    if operator == "eq":
        return value == operand
    if name == "content-type":  # may be a list; every one of its types must fit
        return all(part.strip().startswith(operand) for part in value.split(","))
    return value.startswith(operand)


def _invalid(why: str) -> S3Error:
    return S3Error(400, "InvalidPolicyDocument", f"Invalid Policy: {why}")
