"""A kill, a torn file, a full disk: what was acknowledged is there, and the rest harms nobody."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from services.local.s3 import LocalS3
from tests.local.conftest import make_client
from tests.local.test_persistence import files, restarted

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SERVE = """
import sys, time
from pathlib import Path
from services.local.s3 import LocalS3
server = LocalS3(Path(sys.argv[1]))
server.start()
print(server.url, flush=True)
time.sleep(600)
"""


def test_every_acknowledged_put_survives_a_kill(tmp_path: Path) -> None:
    """Four clients write until the server is killed; all that they were told is there, and whole."""
    done: list[tuple[str, bytes]] = []
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environ
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    stand_in = LocalS3(None)
    enough = threading.Event()

    def write(number: int) -> None:
        s3 = make_client(stand_in, url=url)
        for count in range(10_000):
            body = b"%d %d " % (number, count) * 5000
            try:
                s3.put_object(Bucket="bucket", Key=f"{number}/{count}", Body=body)
            except Exception:  # noqa: BLE001  # the server was killed, in whatever state
                return
            done.append((f"{number}/{count}", body))
            if len(done) >= 40:
                enough.set()

    make_client(stand_in, url=url).create_bucket(Bucket="bucket")
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(20)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for writer in writers:
        writer.join()

    def look(s3: "S3Client") -> None:
        for key, body in done:
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == body

    restarted(tmp_path, look)
    assert files(tmp_path, ".tmp") == []


@pytest.mark.parametrize(
    "tear",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-5]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_text("[]"),
        lambda file: file.write_text("{}"),
        lambda file: file.write_text('{"key": "a", "model": {"$": "os"}, "sequencer": "1"}'),
    ],
    ids=["cut", "empty", "list", "nothing in it", "foreign"],
)
def test_a_torn_record_is_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, tear: Callable[[Path], object]
) -> None:
    """The start goes on without it, says so in one line, and loses nothing else."""
    prepare(tmp_path)
    (record,) = (tmp_path / "bucket" / "objects").glob("torn.*.json")
    tear(record)
    bodies = restarted(tmp_path, everything)
    assert bodies == {"whole": b"whole"}
    warnings = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    assert len(warnings) == 1
    assert len(files(tmp_path, ".data")) == 2  # what a damaged record may mean is left alone


def test_a_torn_body_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes of another length than their record's are not served."""
    prepare(tmp_path)
    (data,) = (tmp_path / "bucket" / "objects").glob("torn.*.data")
    data.write_bytes(b"to")
    assert restarted(tmp_path, everything) == {"whole": b"whole"}
    assert [entry.levelname for entry in caplog.records].count("WARNING") == 1


def test_a_torn_part_is_to_be_sent_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The upload goes on with the parts that are whole."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        upload, lost = (
            s3.create_multipart_upload(Bucket="bucket", Key=key)["UploadId"] for key in ("a", "b")
        )
        for number in (1, 2):
            s3.upload_part(Bucket="bucket", Key="a", UploadId=upload, PartNumber=number, Body=b"x")
    (tmp_path / "bucket" / "uploads" / upload / "1.json").write_text("{")
    (tmp_path / "bucket" / "uploads" / lost / "upload.json").write_text("{")

    def look(s3: "S3Client") -> list[int]:
        uploads = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
        assert [found["UploadId"] for found in uploads] == [upload]
        parts = s3.list_parts(Bucket="bucket", Key="a", UploadId=upload)["Parts"]
        return [part["PartNumber"] for part in parts]

    assert restarted(tmp_path, look) == [2]
    (warning,) = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    found = sorted(warning.records)  # type: ignore[attr-defined]  # an extra of ours
    assert found == sorted([f"bucket/uploads/{upload}/1.json", f"bucket/uploads/{lost}"])


def test_a_torn_bucket_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The other buckets are there."""
    prepare(tmp_path)
    shutil.copytree(tmp_path / "bucket", tmp_path / "broken")
    (tmp_path / "broken" / "bucket.json").write_text("{")
    (tmp_path / "stray").mkdir()
    names = restarted(
        tmp_path, lambda s3: [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    )
    assert names == ["bucket"]
    (warning,) = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    assert warning.records == ["broken", "stray"]  # type: ignore[attr-defined]  # an extra of ours


def test_what_a_kill_left_half_done_is_removed(tmp_path: Path) -> None:
    """Temporary files and bytes that no record names go at the next start."""
    prepare(tmp_path)
    objects = tmp_path / "bucket" / "objects"
    (objects / "half.json.tmp").write_text("{")
    (objects / "orphan.null.0.data").write_bytes(b"x")
    restarted(tmp_path, everything)
    assert len(list(objects.iterdir())) == 4


def prepare(folder: Path) -> None:
    """Write two objects."""
    with LocalS3(folder) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        for key in ("torn", "whole"):
            s3.put_object(Bucket="bucket", Key=key, Body=key.encode())


def everything(s3: "S3Client") -> dict[str, bytes]:
    """Return all objects."""
    listed = s3.list_objects_v2(Bucket="bucket").get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket="bucket", Key=item["Key"])["Body"].read()
        for item in listed
    }


def test_a_full_disk_is_an_error_and_no_success(tmp_path: Path) -> None:
    """What cannot be written is not acknowledged."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        shutil.rmtree(tmp_path / "bucket")
        (tmp_path / "bucket").write_text("in the way")
        with pytest.raises(ClientError) as failed:
            s3.put_object(Bucket="bucket", Key="a", Body=b"x")
        assert failed.value.response["Error"]["Code"] == "InternalError"
