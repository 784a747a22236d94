"""What IAM would say, asked of a library: `@cloud-copilot/iam-simulate`."""

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.deploy.packaging import ACCOUNT

Policy = dict[str, Any]

OVER_TLS = {"aws:SecureTransport": "true"}
OVER_HTTP = {"aws:SecureTransport": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether a principal (an ARN or a service; None is anybody, unsigned) may do something."""

    action: str
    resource: str
    principal: str | None = f"arn:aws:iam::{ACCOUNT}:role/function"
    policy: Policy | None = None
    bucketPolicy: Policy | None = None  # noqa: N815 as evaluate.mjs reads it
    account: str = ACCOUNT
    context: Mapping[str, str] = field(default_factory=lambda: OVER_TLS)


class Iam:
    """The library in a process of its own; answers are remembered, policies are few."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).with_name("evaluate.mjs"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()

    def answers(self, questions: Sequence[Question]) -> list[str]:
        """Return Allowed, ExplicitlyDenied or ImplicitlyDenied for each question.

        Raises ValueError where the library knows no such action, or not on such a resource.
        """
        asked = [json.dumps(asdict(question)) for question in questions]
        with self._lock:
            if unknown := sorted(set(asked) - self._known.keys()):
                assert self._process.stdin is not None
                assert self._process.stdout is not None
                self._process.stdin.write(f"[{','.join(unknown)}]\n")
                self._process.stdin.flush()
                said = json.loads(self._process.stdout.readline())
                self._known |= dict(zip(unknown, said, strict=True))
            answers = [self._known[question] for question in asked]
        for question, answer in zip(questions, answers, strict=True):
            if answer.startswith("error"):
                msg = f"{question.action} on {question.resource}: {answer}"
                raise ValueError(msg)
        return answers

    def allows(self, question: Question) -> bool:
        """Tell whether it would be done."""
        return self.answers([question]) == ["Allowed"]
