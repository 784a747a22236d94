"""The roles in the packaged template, and how they differ from what was asked for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.core import keys
from services.core.albums import ALBUM_PREFIX
from services.core.grants import GRANT_PREFIX, USED_PREFIX
from services.store.budget import PAUSED_PREFIX, USAGE_PREFIX
from services.store.passkeys import PASSKEY_PREFIX
from tests.deploy.iam import Iam, Policy, Question
from tests.deploy.packaging import Template, of_type

PREFIXES = (
    keys.UPLOAD_PREFIX, keys.QUARANTINE_PREFIX, keys.PHOTO_PREFIX, keys.PRIVATE_PREFIX,
    keys.INDEX_PREFIX, keys.PENDING_PREFIX, keys.VERDICT_PREFIX, keys.TOMBSTONE_PREFIX,
    ALBUM_PREFIX, GRANT_PREFIX, USED_PREFIX, PASSKEY_PREFIX, PAUSED_PREFIX, USAGE_PREFIX,
    keys.REPORT_PREFIX, keys.ATTEMPT_PREFIX, keys.ORIGINAL_PREFIX, keys.HASH_PREFIX,
    keys.TAKEN_PREFIX,
)  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Right:
    """An action on a resource: an ARN, or in a policy a pattern of ARNs."""

    action: str
    resource: str

    def on_prefix(self) -> "Right":
        """Return the right on everything below the object's prefix; on a bucket, the same."""
        bucket, slash, key = self.resource.partition("/")
        for prefix in PREFIXES:
            if key.startswith(prefix):
                return Right(self.action, f"{bucket}{slash}{prefix}*")
        return self


# Logical id of the role → function, as services/ has them.
ROLES = {"ResizeRole": "resize", "WebRole": "web"}

# Rights that Lambda itself uses in the role's name, so no code of ours asks for them.
# Sources: AWS Lambda developer guide. "Defining Lambda function permissions with an execution role":
# writing logs (the log group is the template's, so not CreateLogGroup). "Visualize Lambda function
# invocations using AWS X-Ray": both Put actions. "Capturing records of Lambda asynchronous
# invocations": sqs:SendMessage on the destination.
FOR_LAMBDA_ITSELF = {
    function: {
        Right(f"logs:{action}", _log)
        for action in ("CreateLogStream", "PutLogEvents")
        for _log in [
            f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/contact-sheet-dev-{function}:*"
        ]
    }
    | {Right("xray:PutTraceSegments", "*"), Right("xray:PutTelemetryRecords", "*")}
    for function in ROLES.values()
}
FOR_LAMBDA_ITSELF["resize"].add(Right("sqs:SendMessage", "<FailureQueue.Arn>"))


def policies(template: Template) -> dict[str, Policy]:
    """Return each function's policy: one document, and nothing beside it that could allow more."""
    roles = of_type(template, "AWS::IAM::Role")
    found = {}
    for logical_id, function in ROLES.items():
        role = roles[logical_id]
        assert set(role) == {"AssumeRolePolicyDocument", "Policies"}
        (policy,) = role["Policies"]
        found[function] = policy["PolicyDocument"]
    return found


def rights_in(policy: Policy) -> Counter[Right]:
    """Return the rights that a policy lists; fails for a statement that could mean more."""
    listed: Counter[Right] = Counter()
    for statement in policy["Statement"]:
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource"}, statement
        assert statement["Effect"] == "Allow", statement
        listed.update(
            Right(action, resource)
            for action in _many(statement["Action"])
            for resource in _many(statement["Resource"])
        )
    return listed


def differences(function: str, policy: Policy, asked: Iterable[Right], iam: Iam) -> list[str]:
    """Return in sentences what a role allows too much or too little; empty is least privilege."""
    used = sorted(asked)
    questions = [Question(action=r.action, resource=r.resource, policy=policy) for r in used]
    answers = iam.answers(questions)
    refused = {
        right.on_prefix() for right, said in zip(used, answers, strict=True) if said != "Allowed"
    }
    listed = rights_in(policy)
    needed = {right.on_prefix() for right in used} | FOR_LAMBDA_ITSELF[function]
    refused |= FOR_LAMBDA_ITSELF[function] - listed.keys()
    return [
        *(f"{function} needs {r.action} on {r.resource}" for r in sorted(refused)),
        *(
            f"{function} may {r.action} on {r.resource} and never does"
            for r in sorted(listed.keys() - needed)
        ),
        *(
            f"{function} is allowed {r.action} on {r.resource} {times} times"
            for r, times in sorted(listed.items())
            if times > 1
        ),
    ]


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
