"""Whether an upload may begin: whoever asks for a form is counted, by API and page alike."""

from fastapi import Request


def admit(request: Request) -> None:
    """Count an upload that is about to begin; raises 429 with Retry-After beyond the limit."""
    request.app.state.upload_rate.count(request)
