"""The recorder that `make test` runs under ends a run in which a role would be too narrow."""

import subprocess
import sys
from pathlib import Path

from tests.deploy.packaging import DEPLOYED, ROOT
from tests.deploy.recorder import beyond_the_roles

GALLERY = DEPLOYED["GalleryBucket"]

# Code that counts as the web function's, because it says that it is in its folder.
RUN = """
def test_it(store):
    for key in ("deleted/a", "rejected/a"):
        code = compile("store.gallery.put_json(key, {})", "/services/web/of_a_test.py", "exec")
        exec(code, {"store": store, "key": key})
    store.gallery.put_json("photos/a", {})
"""


def test_a_run_beyond_a_role_fails(tmp_path: Path) -> None:
    """Its tests pass, and it says which right is lacking; what a test does itself is its own."""
    test = tmp_path / "test_run.py"
    test.write_text(RUN)
    plugins = ["-p", "tests.deploy.recorder", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", str(ROOT), *plugins, str(test)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "1 passed" in run.stdout, run.stdout + run.stderr
    said = [line for line in run.stdout.splitlines() if " needs " in line]
    assert said == [f"web needs s3:PutObject on arn:aws:s3:::{GALLERY}/rejected/*"]
    assert run.returncode == 1


def test_what_is_within_the_roles_is_not_told() -> None:
    """Allowed calls, and those that only a test's own event can bring."""
    uploads = DEPLOYED["UploadBucket"]
    assert beyond_the_roles({("web", "s3:PutObject", f"{GALLERY}/deleted/a")}) == []
    assert beyond_the_roles({("resize", "s3:GetObject", f"{uploads}/uploads/a")}) == []
    assert beyond_the_roles({("resize", "s3:DeleteObject", f"{uploads}/uploads/a")}) == [
        f"resize needs s3:DeleteObject on arn:aws:s3:::{uploads}/uploads/*"
    ]
