"""Cross-origin rules of a bucket, applied as S3 applies them: the first rule that matches.

Source: AWS, "Using cross-origin resource sharing (CORS)" in the User Guide, and the Fetch standard.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from services.local.s3.errors import S3Error

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@dataclass(frozen=True)
class CorsRule:
    """One rule of a bucket's CORS configuration."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_seconds: str | None = None

    def match(self, origin: str, method: str, headers: Iterable[str] = ()) -> str | None:
        """Return the AllowedOrigin that lets such a request pass, or None."""
        if method not in self.methods:
            return None
        if not all(any(_matches(p.lower(), name) for p in self.headers) for name in headers):
            return None
        return next((pattern for pattern in self.origins if _matches(pattern, origin)), None)


def preflight(rules: Iterable[CorsRule], headers: Headers) -> Headers:
    """Return the headers that answer a preflight request; raises S3Error where no rule matches."""
    origin = headers.get("Origin")
    method = headers.get("Access-Control-Request-Method")
    if not origin:
        raise S3Error(400, "BadRequest", "Insufficient information. Origin request header needed.")
    if not method:
        raise S3Error(400, "BadRequest", "Invalid Access-Control-Request-Method: null")
    asked = _names(headers.get("Access-Control-Request-Headers", ""))
    rules = tuple(rules)
    for rule in rules:
        pattern = rule.match(origin, method, asked)
        if pattern:
            answer = _allow(rule, pattern, origin)
            if asked:
                answer["Access-Control-Allow-Headers"] = ", ".join(asked)
            return answer
    why = (
        "This CORS request is not allowed. This is usually because the evalution of Origin, "
        "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not "
        "whitelisted by the resource's CORS spec."
        if rules
        else "CORS is not enabled for this bucket."
    )
    raise S3Error(
        403, "AccessForbidden", f"CORSResponse: {why}", Method=method, ResourceType="OBJECT"
    )


def headers_for(rules: Iterable[CorsRule], method: str, origin: str | None) -> Headers:
    """Return the headers that let a page read the answer to its request, refusals included."""
    if origin:
        for rule in rules:
            pattern = rule.match(origin, method)
            if pattern:
                return _allow(rule, pattern, origin)
    return Headers()


def _allow(rule: CorsRule, pattern: str, origin: str) -> Headers:
    headers = Headers({"Access-Control-Allow-Methods": ", ".join(rule.methods), "Vary": VARY})
    if pattern == "*":
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    if rule.max_age_seconds:
        headers["Access-Control-Max-Age"] = rule.max_age_seconds
    return headers


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _matches(pattern: str, text: str) -> bool:
    """Tell whether `text` fits a pattern in which one `*` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
