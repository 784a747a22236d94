"""`python -m services.owner link`: prints a link that signs a browser in as an owner, once.

Whoever holds the AWS credentials of a deploy, or the machine of `make run`, is an owner.
"""

import argparse
import sys
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from services.core.grants import LASTS, Grant, Kind, grant_id, new_token
from services.core.settings import ConfigError, load_local_settings, load_settings
from services.doctor.installation import (
    CannotCheckError,
    Installation,
    is_running,
    local_installation,
)
from services.doctor.stack import DEFAULT_STACK, stack_installation
from services.store import Bucket, Grants


def sign_in_link(installation: Installation, name: str) -> str:
    """Return the address that signs in once within LASTS[Kind.SIGN_IN]; `name` is the owner's."""
    token = new_token()
    now = datetime.now(UTC)
    grants = Grants(Bucket(installation.s3, installation.settings.gallery_bucket))
    grant = Grant(grant_id(token), Kind.SIGN_IN, now + LASTS[Kind.SIGN_IN])
    grants.put(grant, {"name": name, "created": now.isoformat()})
    return f"{installation.origin}/signin/{token}"


def main() -> int:
    """Print the link and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m services.owner", description=(__doc__ or "").partition("\n")[0]
    )
    commands = parser.add_subparsers(required=True, metavar="link")
    link = commands.add_parser("link", help="print a link that signs in once, within 15 minutes")
    where = link.add_mutually_exclusive_group()
    where.add_argument("--stack", default=DEFAULT_STACK, help="the deploy's stack (%(default)s)")
    where.add_argument("--local", action="store_true", help="what `make run` runs")
    link.add_argument("--name", default="", help="the owner's name, to tell several apart")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        if arguments.local:
            installation = local_installation(settings, load_local_settings())
        else:
            installation = stack_installation(arguments.stack, settings.region)
        address = sign_in_link(installation, arguments.name)
    except (ConfigError, CannotCheckError) as error:
        print(f"contact-sheet: {error}", file=sys.stderr)  # noqa: T201 the one sentence
        return 1
    except (BotoCoreError, ClientError) as error:
        why = f"The storage does not answer; is the gallery running? ({error})"
        print(f"contact-sheet: {why}", file=sys.stderr)  # noqa: T201
        return 1
    print(address)  # noqa: T201 what it is for
    print("It signs in once, within 15 minutes.", file=sys.stderr)  # noqa: T201
    if arguments.local and not is_running(load_local_settings()):
        missing = f"Nothing listens at {installation.url}: set PORT as `make run` had it."
        print(f"contact-sheet: {missing}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
