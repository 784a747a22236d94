"""Where nothing can be checked, one sentence says so, and the exit status is 2."""

from pathlib import Path

import pytest

from services.doctor.__main__ import main
from tests.conftest import free_port


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting and no credentials."""
    for name in ("S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one sentence of a doctor who could not begin."""
    assert main(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("doctor: ")
    return printed.err.removeprefix("doctor: ").strip()


def test_nothing_was_started(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The data folder is named, and not made."""
    folder = tmp_path / "data"
    assert said(capsys) == f"Nothing was started in {folder} yet; `make run` does, or set DATA_DIR."
    assert not folder.exists()


def test_the_key_pair_is_damaged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / "data").mkdir()
    file = tmp_path / "data/credentials.json"
    file.write_text("{")
    assert said(capsys, "--local") == f"Cannot read {file}: it is damaged."


def test_another_s3_has_no_credentials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials come from the environment, as for `make run`."""
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://s3.test")
    assert said(capsys) == (
        "There are no credentials for http://s3.test; set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY as for `make run`."
    )


def test_aws_has_no_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is asked."""
    assert said(capsys, "--stack") == (
        "Unable to locate credentials; `aws configure` or AWS_PROFILE names the account that was "
        "deployed to."
    )


def test_aws_does_not_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was asked is told."""
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert said(capsys, "--stack") == (
        f'Could not connect to the endpoint URL: "{url}/"; `aws configure` or AWS_PROFILE names '
        "the account that was deployed to."
    )


def test_a_bad_setting(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One bucket for both is a loop, and refused before anything is asked."""
    monkeypatch.setenv("UPLOAD_BUCKET", "one-bucket")
    monkeypatch.setenv("GALLERY_BUCKET", "one-bucket")
    assert said(capsys) == (
        "UPLOAD_BUCKET and GALLERY_BUCKET must be two buckets, or variants would be resized again"
    )


@pytest.mark.parametrize("words", [["--local", "--stack"], ["--seconds", "soon"], ["--what"]])
def test_bad_arguments(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exactly one installation is examined, and a typing error examines none."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: python -m services.doctor" in capsys.readouterr().err
