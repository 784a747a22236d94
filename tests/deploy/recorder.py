"""`pytest -p tests.deploy.recorder`: a run fails in which a role would have stopped a function.

Whatever test runs: each call to S3 that code of services/resize or services/web makes, and each form
and address that it signs, is noted, and at the end held against the role in the packaged template.
That no right is left over is shown by test_privilege.py, whose gallery lives a whole life.
"""

import traceback
from collections.abc import Callable
from typing import Any

import pytest

FUNCTIONS = ("resize", "web")

# Tests make up events that name no version; S3's do, in a bucket that keeps versions.
MADE_UP = {("resize", "s3:GetObject", "uploads/")}

Asked = tuple[str, str, str]  # function, action, bucket and key

_examples: dict[tuple[str, str, str, str], Asked] = {}
_told: set[Asked] = set()  # by the workers of xdist
_refused = pytest.StashKey[list[str]]()


def pytest_collection_finish() -> None:
    """Begin to listen, now that everything is imported, and so after coverage began."""
    from services import store
    from services.store import UploadBucket
    from services.store.signing import GetSigner
    from tests.deploy.packaging import DEPLOYED

    names: dict[str, str] = {}  # the buckets of this moment → the template's
    make: Callable[..., Any] = getattr(store, "make_s3")  # noqa: B009 an import of its own

    def make_s3(settings: Any, session: Any) -> Any:
        s3 = make(settings, session)
        if not settings.upload_bucket.endswith("-plain"):  # no versions, as on a lesser S3
            names[settings.upload_bucket] = DEPLOYED["UploadBucket"]
        names[settings.gallery_bucket] = DEPLOYED["GalleryBucket"]
        s3.meta.events.register("before-send.s3", lambda request, **_: _note_call(request, names))
        return s3

    setattr(store, "make_s3", make_s3)  # noqa: B010 likewise
    _listen(
        GetSigner, "url", lambda signer, key: _note("s3:GetObject", f"{signer.bucket}/{key}", names)
    )
    _listen(
        UploadBucket,
        "presign_post",
        lambda bucket, album: _note("s3:PutObject", f"{bucket.name}/uploads/{album}/x", names),
    )


def _listen(kind: type, name: str, note: Callable[[Any, str], None]) -> None:
    signed = getattr(kind, name)

    def sign(self: Any, key: str, *arguments: Any, **options: Any) -> Any:
        note(self, key)
        return signed(self, key, *arguments, **options)

    setattr(kind, name, sign)


def _note_call(request: Any, names: dict[str, str]) -> None:
    from tests.deploy.s3_calls import Call, rights_for

    if _caller() is None:
        return
    headers = {name: _text(value) for name, value in request.headers.items()}
    seen = Call.read(request.method, request.url, headers)
    if seen.bucket in names:
        for right in rights_for(seen, tags_of_source=True):
            _note(right.action, right.resource.removeprefix("arn:aws:s3:::"), names)


def _note(action: str, where: str, names: dict[str, str]) -> None:
    bucket, slash, key = where.partition("/")
    function = _caller()
    if function and bucket in names:
        # One example for each prefix: tests/deploy/test_policy.py holds that roles go no finer.
        kind = (function, action, names[bucket], key.partition("/")[0])
        _examples.setdefault(kind, (function, action, names[bucket] + slash + key))


def _caller() -> str | None:
    """Return whose code is calling; None is a test's own, even in the midst of a function's."""
    for frame, _ in traceback.walk_stack(None):
        if "/tests/" in frame.f_code.co_filename and frame.f_code.co_filename != __file__:
            return None
        for function in FUNCTIONS:
            if f"/services/{function}/" in frame.f_code.co_filename:
                return function
    return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of xdist noted."""
    _told.update(tuple(noted) for noted in getattr(node, "workeroutput", {}).get("asked", []))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hold what was noted against the roles; a worker only hands it on."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["asked"] = sorted(_examples.values())
    elif asked := {*_examples.values(), *_told}:
        session.config.stash[_refused] = refused = beyond_the_roles(asked)
        if refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def beyond_the_roles(asked: set[Asked]) -> list[str]:
    """Return in sentences what the roles would not have allowed."""
    from tests.deploy.iam import Iam
    from tests.deploy.packaging import package
    from tests.deploy.roles import differences, policies
    from tests.deploy.s3_calls import Right

    noted = {
        (function, Right(action, f"arn:aws:s3:::{where}"))
        for function, action, where in asked
        if (function, action, where.partition("/")[2].partition("/")[0] + "/") not in MADE_UP
    }
    with Iam() as iam:
        return [
            line
            for function, policy in policies(package()).items()
            for line in differences(function, policy, noted, iam)
            if " needs " in line
        ]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was refused."""
    if refused := config.stash.get(_refused, []):
        terminalreporter.section("rights that the roles in serverless.yml lack", red=True)
        for line in refused:
            terminalreporter.line(line)
    elif _refused in config.stash:
        terminalreporter.line("every call of the functions to S3 was within their roles")
