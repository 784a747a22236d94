"""What is being checked: names and addresses of one installation, and how it is mended."""

from dataclasses import dataclass, replace

import boto3

from services.core.settings import LocalSettings, Settings
from services.doctor.clients import Clients, StackClients, make_clients
from services.local.key_file import KEY_FILE, read_key_pair
from services.local.provision import FAILURES, QUEUE


class CannotExamineError(Exception):
    """There is nothing that could be checked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed Lambda function."""

    name: str
    arn: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """What only a stack has."""

    resize: Function
    web: Function
    sweep_rule: str
    clients: StackClients

    @property
    def partition(self) -> str:
        """`aws`, or another of AWS's worlds, such as `aws-cn`."""
        return self.resize.arn.split(":")[1]

    @property
    def account(self) -> str:
        """The account's number."""
        return self.resize.arn.split(":")[4]


@dataclass(frozen=True, slots=True)
class Installation:
    """A stack on AWS, or the product on one machine.

    `url` is where the gallery is asked, `origin` what browsers call it. `queue` is what the upload
    bucket notifies where there is no Lambda; without both, no event is sent and the sweep does all.
    """

    settings: Settings
    clients: Clients
    url: str
    origin: str
    queue: str | None = None
    failure_queue: str | None = None
    deployed: Deployed | None = None

    @property
    def buckets(self) -> tuple[str, str]:
        """Upload bucket and gallery bucket."""
        return self.settings.upload_bucket, self.settings.gallery_bucket

    @property
    def other_s3(self) -> str | None:
        """The address of an S3 that is neither AWS's nor the embedded one."""
        is_other = self.deployed is None and self.queue is None
        return self.settings.s3_endpoint_url if is_other else None

    def fix(self, command: str) -> str:
        """Return how a setting is put right: a command on AWS, a new start of the local product."""
        # A deploy would not do: CloudFormation leaves alone what its own template did not change.
        return command if self.deployed else "stop `make run` and start it again; it sets this"


def local_installation(settings: Settings, local: LocalSettings) -> Installation:
    """Return what `make run` starts with the same settings; raises CannotExamineError."""
    url = f"http://localhost:{local.port}"
    origin = settings.public_url or url
    if settings.s3_endpoint_url:
        session = boto3.Session(region_name=settings.region)
        if session.get_credentials() is None:
            msg = (
                f"There are no credentials for {settings.s3_endpoint_url}; set AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY as for `make run`."
            )
            raise CannotExamineError(msg)
        return Installation(settings, make_clients(settings, session), url, origin)
    try:
        session = boto3.Session(*read_key_pair(local.data_dir), region_name=settings.region)
    except FileNotFoundError:
        msg = f"Nothing was started in {local.data_dir} yet; `make run` does, or set DATA_DIR."
        raise CannotExamineError(msg) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        msg = f"Cannot read {local.data_dir / KEY_FILE}: {why}."
        raise CannotExamineError(msg) from None
    settings = replace(settings, s3_endpoint_url=f"http://127.0.0.1:{local.s3_port}")
    clients = make_clients(settings, session)
    return Installation(settings, clients, url, origin, queue=QUEUE, failure_queue=FAILURES)
