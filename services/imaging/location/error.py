"""Why a file's location cannot be taken out."""


class StillLocatedError(Exception):
    """The location cannot be taken out without loss; the message says what stands in the way."""
