"""The roles of both functions: what they must be able to do, and what they must not."""

from dataclasses import dataclass
from typing import Literal

from services.core import keys
from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, skip, worst
from services.doctor.installation import Deployed, Function, Installation

FunctionName = Literal["resize", "web"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may and may not do to one resource; actions without a service are S3's.

    `to` is `uploads` or `gallery`, followed by a key where it is an object, or `failures` or `log`.
    """

    role: FunctionName
    to: str
    may: tuple[str, ...] = ()
    may_not: tuple[str, ...] = ()


_OPEN_UP = ("DeleteBucket", "PutBucketPolicy", "PutBucketPublicAccessBlock")
_LOG = "logs:PutLogEvents"

# Any key under a prefix stands for all of them.
RIGHTS = (
    Rights(
        "resize",
        f"uploads/{keys.UPLOAD_PREFIX}x",
        ("GetObjectVersion", "DeleteObjectVersion"),
        ("PutObject",),  # it would be told of its own work
    ),
    Rights("resize", "uploads", ("ListBucket", "ListBucketVersions"), _OPEN_UP),
    Rights("resize", f"uploads/{keys.QUARANTINE_PREFIX}x", ("PutObject",), ("DeleteObject",)),
    Rights("resize", "gallery", ("ListBucket",), _OPEN_UP),
    Rights(
        "resize",
        f"gallery/{keys.PHOTO_PREFIX}x",
        ("GetObject", "PutObject", "DeleteObject"),
        ("PutObjectAcl",),
    ),
    Rights("resize", f"gallery/{keys.INDEX_PREFIX}x", ("GetObject", "PutObject", "DeleteObject")),
    Rights("resize", f"gallery/{keys.VERDICT_PREFIX}x", ("PutObject",)),
    # A deletion is a person's.
    Rights("resize", f"gallery/{keys.TOMBSTONE_PREFIX}x", (), ("PutObject", "DeleteObject")),
    Rights("resize", "failures", ("sqs:SendMessage",), ("sqs:DeleteMessage", "sqs:PurgeQueue")),
    Rights("resize", "log", (_LOG,)),
    Rights(
        "web",
        f"uploads/{keys.UPLOAD_PREFIX}x",
        ("PutObject", "GetObject", "DeleteObject"),
        ("DeleteObjectVersion",),  # what was uploaded stays, whatever a request asks for
    ),
    Rights("web", "uploads", ("ListBucket",), _OPEN_UP),
    Rights("web", f"uploads/{keys.QUARANTINE_PREFIX}x", (), ("GetObject", "PutObject")),
    Rights("web", "gallery", ("ListBucket",), _OPEN_UP),
    # Only what was checked and resized is shown.
    Rights("web", f"gallery/{keys.PHOTO_PREFIX}x", ("GetObject", "DeleteObject"), ("PutObject",)),
    Rights("web", f"gallery/{keys.INDEX_PREFIX}x", ("GetObject", "DeleteObject"), ("PutObject",)),
    Rights("web", f"gallery/{keys.VERDICT_PREFIX}x", ("GetObject", "DeleteObject"), ("PutObject",)),
    Rights(
        "web", f"gallery/{keys.TOMBSTONE_PREFIX}x", ("GetObject", "PutObject"), ("DeleteObject",)
    ),
    Rights("web", "failures", (), ("sqs:SendMessage", "sqs:ReceiveMessage")),
    Rights("web", "log", (_LOG,)),
)


def roles(examination: Examination) -> Finding:
    """Check that IAM allows both functions what they do, and denies what would break a promise."""
    installation = examination.installation
    deployed = installation.deployed
    if deployed is None:
        return skip("there are no roles here: one key pair does everything")
    findings: list[Finding] = []
    for rights in RIGHTS:
        function = deployed.resize if rights.role == "resize" else deployed.web
        findings += _compare(rights, function, installation, deployed)
    asked = sum(len(rights.may) + len(rights.may_not) for rights in RIGHTS)
    return worst(findings, f"both allow and deny what they should ({asked} cases)")


def _compare(
    rights: Rights, function: Function, installation: Installation, deployed: Deployed
) -> list[Finding]:
    resource = _arn(rights.to, function, installation, deployed)
    answer = deployed.clients.roles.simulate_principal_policy(
        PolicySourceArn=function.role_arn,
        ActionNames=[_action(name) for name in (*rights.may, *rights.may_not)],
        ResourceArns=[resource],
    )
    allowed = {
        result["EvalActionName"]: result["EvalDecision"] == "allowed"
        for result in answer["EvaluationResults"]
    }
    role = function.role_arn.rpartition("/")[2]
    fix = (
        f"give {role} the policy that serverless.yml has; "
        f"aws iam get-role-policy --role-name {role} --policy-name {rights.role} shows its own"
    )
    lacking = [_action(name) for name in rights.may if not allowed.get(_action(name))]
    excess = [_action(name) for name in rights.may_not if allowed.get(_action(name))]
    findings = []
    if lacking:
        findings.append(fail(f"{rights.role} may not {', '.join(lacking)} on {resource}", fix))
    if excess:
        findings.append(fail(f"{rights.role} may {', '.join(excess)} on {resource}", fix))
    return findings


def _action(name: str) -> str:
    return name if ":" in name else f"s3:{name}"


def _arn(to: str, function: Function, installation: Installation, deployed: Deployed) -> str:
    place = f"{installation.settings.region}:{deployed.account}"
    if to == "failures":
        return f"arn:{deployed.partition}:sqs:{place}:{installation.failure_queue}"
    if to == "log":
        return f"arn:{deployed.partition}:logs:{place}:log-group:/aws/lambda/{function.name}:log-stream:x"
    bucket, slash, key = to.partition("/")
    names = dict(zip(("uploads", "gallery"), installation.buckets, strict=True))
    return f"arn:{deployed.partition}:s3:::{names[bucket]}{slash}{key}"
