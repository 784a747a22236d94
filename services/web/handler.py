"""Entry point of the web Lambda."""

import os
import ssl

from mangum import Mangum
from snapshot_restore_py import register_after_restore

from services.web.app import app

# The lifespan would be run on every invocation; clients are made when the module is imported.
handler = Mangum(app, lifespan="off")


def part_from_copies() -> None:
    """Give OpenSSL randomness of its own where SnapStart has started from a snapshot.

    All copies of a snapshot have the same state of it; the kernel's, of which `secrets` and ids are made,
    differs. Nothing else is in a snapshot that may not be in two: no request was made yet, so there is
    neither a connection nor a credential but those that botocore renews.
    Source: AWS Lambda's guide, "Handling uniqueness with Lambda SnapStart".
    """
    ssl.RAND_add(os.urandom(48), 48)


register_after_restore(part_from_copies)
