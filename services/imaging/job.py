"""The pipeline called by a message: what the decoding process imports when it starts."""

from services.core.settings import Limits
from services.imaging import messages, pipeline
from services.imaging.wire import Message


def run(message: Message) -> Message:
    """Make the variants that a request asks for, and return the picture as a message."""
    head, [data] = message
    shape = tuple(head["shape"]) if head["shape"] else None
    sizes, formats = tuple(head["sizes"]), tuple(head["formats"])
    return messages.response(pipeline.run(data, sizes, formats, Limits(**head["limits"]), shape))
