"""The server itself: starting, stopping, connections, and the sentences of its errors."""

import contextlib
import http.client
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import BotoCoreError

from services.local.s3 import LocalS3, LocalS3Error
from tests.local.conftest import make_client, make_sqs, refusal
from tests.local.signing import sign


def raw(server: LocalS3, request: bytes) -> bytes:
    """Send bytes and return the answer until the server closes."""
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port)) as c:
        c.sendall(request)
        c.shutdown(socket.SHUT_WR)
        answer = b""
        while block := c.recv(65536):
            answer += block
    return answer


def test_a_busy_port_is_one_sentence() -> None:
    """The second server on a port says which one it is."""
    with LocalS3(None) as first:
        port = urlsplit(first.url).port
        assert port is not None
        with pytest.raises(LocalS3Error) as busy:
            LocalS3(None, port=port).start()
    assert str(busy.value) == (
        f"Port {port} is in use; stop what uses it or choose another one for the S3."
    )


def test_a_host_that_is_not_here_is_one_sentence() -> None:
    """An address of another machine cannot be listened on."""
    with pytest.raises(LocalS3Error, match=r"^The local S3 cannot listen on 192\.0\.2\.1:0: .*\.$"):
        LocalS3(None, host="192.0.2.1").start()


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    """A file where the folder should be: nobody can write there, not even root."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalS3Error) as unwritable:
        LocalS3(tmp_path / "file").start()
    assert str(unwritable.value) == (
        f"Cannot write to the data folder {tmp_path / 'file'}: File exists; choose another one."
    )


def test_a_folder_in_use_is_one_sentence(tmp_path: Path) -> None:
    """Two servers never share a folder; once the first has stopped, the next may have it."""
    with LocalS3(tmp_path), pytest.raises(LocalS3Error, match=r"^Another process uses"):
        LocalS3(tmp_path).start()
    with LocalS3(tmp_path):
        pass


def test_no_address_before_the_start() -> None:
    """The URL is known once the server listens."""
    with pytest.raises(LocalS3Error, match="before it is started"):
        _ = LocalS3(None).url


def test_the_same_port_again(tmp_path: Path) -> None:
    """A restart takes the port at once, and a client with an open connection meets the new one."""
    server = LocalS3(tmp_path)
    server.start()
    port = urlsplit(server.url).port
    assert port is not None
    s3 = make_client(server)
    s3.create_bucket(Bucket="bucket")
    server.stop()
    server.stop()  # a second one does nothing
    with LocalS3(tmp_path, port=port):
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bucket"]


def test_a_stop_ends_open_connections_and_waiting_receivers() -> None:
    """Nobody hangs on a server that is gone."""
    server = LocalS3(None)
    server.start()
    sqs = make_sqs(server)
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    ended = threading.Event()

    def wait() -> None:
        with contextlib.suppress(BotoCoreError):  # it may try again, and find nobody
            sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        ended.set()

    idle = http.client.HTTPConnection(urlsplit(server.url).netloc)
    idle.request("GET", "/")
    idle.getresponse().read()
    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.2)
    start = time.monotonic()
    server.stop()
    assert ended.wait(3)
    assert time.monotonic() - start < 2
    waiter.join()
    assert idle.sock.recv(1) == b""
    idle.close()


def test_connections_stay_open_without_a_stall(local_s3: LocalS3) -> None:
    """Fifty requests over one connection take no 40 ms each, as Nagle and delayed ACK would."""
    request = sign(local_s3, "GET", "/")
    connection = http.client.HTTPConnection(urlsplit(local_s3.url).netloc)
    start = time.monotonic()
    sockets = set()
    for _ in range(50):
        connection.request("GET", "/", headers=request.headers)
        assert connection.getresponse().read().endswith(b"</ListAllMyBucketsResult>")
        sockets.add(connection.sock.getsockname())
    connection.close()
    assert len(sockets) == 1
    assert time.monotonic() - start < 1


def test_http_1_0_and_the_absolute_form(local_s3: LocalS3) -> None:
    """Old clients and proxies are answered too."""
    answer = raw(local_s3, b"GET http://elsewhere.test/bucket/key HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"<Resource>/bucket/key</Resource>" in answer


def test_a_client_that_asks_first_is_told_to_go_on(local_s3: LocalS3) -> None:
    """Without the 100 Continue boto3 would wait for a second."""
    answer = raw(
        local_s3,
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
    )
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Transfer-Encoding: chunked\r\n", b"<Code>MissingContentLength</Code>"),
        (b"Content-Length: many\r\n", b"<Code>InvalidRequest</Code>"),
        (b"Content-Length: 5368709121\r\n", b"<Code>EntityTooLarge</Code>"),
        (b"Content-Length: 10\r\n", b"<Code>IncompleteBody</Code>"),
    ],
)
def test_a_body_of_unknown_length_is_refused(
    local_s3: LocalS3, head: bytes, expected: bytes
) -> None:
    """S3 asks for the length of every body, and for all of it."""
    answer = raw(local_s3, b"PUT /b/k HTTP/1.1\r\nHost: a\r\n" + head + b"\r\nabc")
    assert expected in answer


def test_a_head_that_is_refused_has_no_body(local_s3: LocalS3) -> None:
    """And leaves the connection usable."""
    with httpx.Client() as client:
        assert client.head(f"{local_s3.url}/b/k").content == b""
        assert refusal(client.get(f"{local_s3.url}/b/k")) == (403, "AccessDenied")


def test_an_unknown_path_of_moto_is_not_served(local_s3: LocalS3) -> None:
    """The routes that moto's own server has beside S3 do not exist here."""
    for path in ("/moto-api/", "/moto-api/reset", "/latest/meta-data/", "/favicon.ico"):
        assert refusal(httpx.get(local_s3.url + path)) == (403, "AccessDenied")


def test_it_starts_and_restores_fast(tmp_path: Path) -> None:
    """A folder with 300 objects is open in a fraction of a second."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        for number in range(300):
            s3.put_object(Bucket="bucket", Key=f"{number}", Body=b"x")
    start = time.monotonic()
    with LocalS3(tmp_path):
        assert time.monotonic() - start < 1


def test_it_says_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """No access log and no banner on the terminal of who runs it."""
    with LocalS3(None) as server:
        make_client(server).list_buckets()
        httpx.get(server.url)
    assert capfd.readouterr() == ("", "")
