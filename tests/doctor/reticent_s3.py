"""A proxy in front of the S3 that answers some questions about buckets with an error."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from tests.faults.faulty_s3 import FaultyS3, FaultyS3Handler


class ReticentS3(FaultyS3):
    """`answers` maps a query parameter to status and code."""

    def __init__(self, upstream_url: str, answers: Mapping[str, tuple[int, str]]) -> None:
        super().__init__(upstream_url)
        self.RequestHandlerClass = _Handler
        self.answers = answers


class _Handler(FaultyS3Handler):
    server: ReticentS3

    def _handle_get(self) -> None:
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True).keys()
        for name in asked & self.server.answers.keys():
            status, code = self.server.answers[name]
            body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
            return self._answer(status, [("Content-Type", "application/xml")], body)
        return self._handle()

    do_GET = _handle_get  # noqa: N815 http.server's name
