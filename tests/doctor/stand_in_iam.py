"""The one action of IAM that moto lacks, over the roles that moto has.

IAM's own simulator is not to be had here; policies are evaluated by moto's `IAMPolicy`.
"""

import json
import threading
from ast import literal_eval
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.iam.access_control import IAMPolicy, PermissionResult

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


class StandInIam(ThreadingHTTPServer):
    """Answers SimulatePrincipalPolicy; `iam` is a client of moto's IAM."""

    def __init__(self, iam: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.iam = iam
        self.denied = False  # what else the caller may not do

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def policies(self, role: str) -> list[IAMPolicy]:
        """Return a role's own policies."""
        found = []
        for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            told = self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            # moto keeps what CloudFormation made as Python writes it.
            document = literal_eval(told) if isinstance(told, str) else told
            found.append(IAMPolicy(json.dumps(document)))
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandInIam

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert form["Action"] == ["SimulatePrincipalPolicy"]
        if self.server.denied:
            message = (
                "User: arn:aws:iam::123456789012:user/a is not authorized to perform: "
                "iam:SimulatePrincipalPolicy on resource: arn:aws:iam::123456789012:role/b"
            )
            body = (
                f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type>'
                f"<Code>AccessDenied</Code><Message>{message}</Message></Error></ErrorResponse>"
            )
            return self._send(403, body)
        role = form["PolicySourceArn"][0].rpartition("/")[2]
        [resource] = [form[name][0] for name in form if name.startswith("ResourceArns.member.")]
        policies = self.server.policies(role)
        members = ""
        for action in [form[name][0] for name in form if name.startswith("ActionNames.member.")]:
            verdicts = [policy.is_action_permitted(action, resource) for policy in policies]
            allowed = PermissionResult.PERMITTED in verdicts
            members += (
                f"<member><EvalActionName>{escape(action)}</EvalActionName>"
                f"<EvalDecision>{'allowed' if allowed else 'implicitDeny'}</EvalDecision></member>"
            )
        self._send(
            200,
            f'<SimulatePrincipalPolicyResponse xmlns="{NAMESPACE}"><SimulatePrincipalPolicyResult>'
            f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
            "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
        )
        return None

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())
