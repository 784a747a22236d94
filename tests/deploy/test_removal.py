"""What a removal leaves, and that the document's own commands end it."""

import re
import subprocess
from typing import Any

from services.core.settings import Settings
from services.store import Store
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.deploy.packaging import ROOT, of_type, package


def commands() -> str:
    """Return the shell commands in the section about taking it down."""
    section = (ROOT / "docs/deploy.md").read_text().partition("## Taking it down")[2]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


def test_only_the_buckets_of_pictures_are_kept() -> None:
    """Everything else goes with the stack, and no function can bring a log group back."""
    resources = package()["Resources"]
    kept = {name for name, made in resources.items() if "Retain" in made.get("DeletionPolicy", "")}
    assert kept == {"UploadBucket", "GalleryBucket"}
    groups = {group["LogGroupName"] for group in of_type(package(), "AWS::Logs::LogGroup").values()}
    assert groups == {
        "/aws/lambda/contact-sheet-dev-resize",
        "/aws/lambda/contact-sheet-dev-web",
        "/aws/http-api/contact-sheet-dev",
    }
    assert "logs:CreateLogGroup" not in str(of_type(package(), "AWS::IAM::Role"))


def test_the_commands_name_the_buckets_as_the_template_does() -> None:
    """Account and region are all that a person has to fill in."""
    names = {bucket.get("BucketName") for bucket in of_type(package(), "AWS::S3::Bucket").values()}
    filled = commands().replace("ACCOUNT", "123456789012").replace("REGION", "us-east-1")
    loop = re.search(r"^for bucket in (.*); do$", filled, re.MULTILINE)
    assert loop
    assert set(loop[1].split()) == names - {None}


def test_the_commands_remove_every_version(store: Store, settings: Settings) -> None:
    """Versions, delete markers and names with every kind of character go, then the buckets."""
    s3: Any = store.uploads._s3
    uploads, gallery = settings.upload_bucket, settings.gallery_bucket
    for name in ("Straße + 1.jpg", "\"a\" 'b' \\n.jpg"):
        for body in (b"1", b"2"):
            s3.put_object(Bucket=uploads, Key=f"uploads/main/{name}", Body=body)
        s3.delete_object(Bucket=uploads, Key=f"uploads/main/{name}")
    s3.delete_object(Bucket=uploads, Key="uploads/never there")
    s3.put_object(Bucket=gallery, Key="index/a", Body=b"{}")
    script = commands()
    for name, bucket in (("uploads", uploads), ("gallery", gallery)):
        script = script.replace(f"contact-sheet-dev-{name}-ACCOUNT-REGION", bucket)
    done = subprocess.run(
        ["sh", "-euc", script],
        env={
            "PATH": f"{ROOT / '.venv/bin'}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL": settings.s3_endpoint_url or "",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": settings.region,
            "LANG": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert left.isdisjoint({uploads, gallery})
