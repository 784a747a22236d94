"""Conditional requests: who has what there is gets 304 and no body."""

import hashlib

from fastapi import Request, Response

_KEPT = ("cache-control", "content-language", "etag", "referrer-policy", "vary")


def unless_known(request: Request, response: Response) -> Response:
    """Return the response with an ETag of its body, or 304 where the request names that ETag.

    Weak, because the same body may go out compressed. Source: RFC 9110, 8.8.3, 13.1.2, 15.4.5.
    """
    digest = hashlib.sha256(bytes(response.body)).hexdigest()[:32]
    response.headers["ETag"] = f'W/"{digest}"'
    asked = request.headers.get("if-none-match", "")
    known = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
    if not known & {f'"{digest}"', "*"}:
        return response
    kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
    return Response(status_code=304, headers=kept)
