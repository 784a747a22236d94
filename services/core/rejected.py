"""The permanent refusal of an upload."""

from services.core.reasons import Reason


class Rejected(Exception):  # noqa: N818 - a verdict on the upload, not an error of the program
    """The upload cannot become a photo; `reason` says why, `detail` is for the log alone."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
