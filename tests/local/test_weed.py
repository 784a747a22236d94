"""SeaweedFS as the local product starts it."""

import socket
import ssl
import stat
import sysconfig
from pathlib import Path

import pytest

from services.local.children import Children
from services.local.weed import StartError, make_key_pair, read_ports, start_weed
from tests.object_store import KEY_PAIR, ObjectStore


def test_a_start_that_fails_ends_in_its_last_words(tmp_path: Path) -> None:
    """A file stands where a folder of its should: one sentence, with the log and the reason."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store/filerldb2").touch()
    with Children() as children, pytest.raises(StartError) as caught:
        start_weed(tmp_path, KEY_PAIR, children)
    words = str(caught.value)
    assert words.startswith(
        f"SeaweedFS, the object store, ended (log: {tmp_path / 'log'}); its last words: F"
    )
    assert words.endswith(f"{tmp_path / 'store/filerldb2'} Writable: Not a valid folder!")


def test_a_machine_that_has_no_wheel_is_told_of_another_s3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, and nothing is made."""
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "bin"))
    with Children() as children, pytest.raises(StartError) as caught:
        start_weed(tmp_path / "data", KEY_PAIR, children)
    assert str(caught.value) == (
        "SeaweedFS, the object store, is not installed: Linux (x86_64, arm64) and macOS 13 or "
        "newer (arm64) have it by `make install`; elsewhere set S3_ENDPOINT_URL to another S3."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_comma_in_the_folders_path_is_named(tmp_path: Path) -> None:
    """SeaweedFS reads a list there, and wrote beside the folder; nothing is made."""
    folder = tmp_path / "Rome, 2026"
    with Children() as children, pytest.raises(StartError) as caught:
        start_weed(folder, KEY_PAIR, children)
    assert str(caught.value) == (
        f"SeaweedFS cannot keep objects in {folder}: set DATA_DIR to a path without a comma."
    )
    assert list(tmp_path.iterdir()) == []


def test_its_parts_answer_only_each_other(local_s3: ObjectStore) -> None:
    """Without a certificate of this start's own authority, no gRPC port says a word."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(["h2"])
    ports = read_ports(local_s3.folder)
    for part in ("master", "volume", "filer", "s3"):
        address = ("127.0.0.1", ports[f"{part}.port.grpc"])
        with socket.create_connection(address, timeout=10) as plain:
            plain.sendall(preface)
            assert plain.recv(100)[:1] in (b"", b"\x15"), part  # an alert of TLS, at most
        with tls.wrap_socket(socket.create_connection(address, timeout=10)) as secured:
            secured.sendall(preface)
            with pytest.raises(ssl.SSLError) as refused:
                secured.recv(100)
        assert "CERTIFICATE_REQUIRED" in str(refused.value), part


def test_its_key_pair_is_the_owners_alone(tmp_path: Path) -> None:
    """Made once, readable by nobody else."""
    pair = make_key_pair(tmp_path)
    assert make_key_pair(tmp_path) == pair
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
