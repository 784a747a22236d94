"""Pictures that are programs reach neither the network nor the disk."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wand.exceptions import WandException

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging import make_variants
from services.imaging.magick import Image


class Listener:
    """A port on loopback that notes whoever knocks."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.heard.append(connection.recv(100))
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One for each test."""
    listening = Listener()
    yield listening
    listening.close()


# What ImageMagick, left to itself, would follow: {url} to the listener, {path} to a file.
PROGRAMS = {
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<image width="9" height="9" xlink:href="{url}"/></svg>',
    "svg with an entity": '<!DOCTYPE s [<!ENTITY x SYSTEM "file://{path}">]>'
    '<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
    "mvg": "push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 9,9 '{url}'\npop graphic-context",
    "msl": '<?xml version="1.0"?><image><read filename="{url}"/></image>',
    "postscript": "%!PS\n({path}) (r) file 99 string readstring",
    "pdf": "%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/URI/URI({url})>>>>endobj",
    "text by path": "@{path}",
    "a url": "{url}",
    "xml": '<?xml version="1.0"?><!DOCTYPE a SYSTEM "{url}"><a/>',
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_refused_and_do_nothing(name: str, listener: Listener, tmp_path: Path) -> None:
    """Refused by content, and nobody knocks."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    url = f"http://127.0.0.1:{listener.port}/x.png"
    data = PROGRAMS[name].format(url=url, path=secret).encode()
    with pytest.raises(Rejected) as caught:
        make_variants(data, sizes=(400,), formats=("webp",), limits=Limits())
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert listener.heard == []


@pytest.mark.parametrize(
    ("name", "coder"),
    [("svg", "svg"), ("svg", "msvg"), ("mvg", "mvg"), ("msl", "msl"), ("postscript", "ps"), ("a url", "url")],
)  # fmt: skip
def test_imagemagick_itself_may_not_run_them(
    name: str, coder: str, listener: Listener, tmp_path: Path
) -> None:
    """Even the coder that could, named by force, is closed by the policy."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    url = f"http://127.0.0.1:{listener.port}/x.png"
    data = PROGRAMS[name].format(url=url, path=secret).encode()
    with pytest.raises(WandException), Image() as image:
        image.read(blob=data, format=coder)
    assert listener.heard == []


@pytest.mark.parametrize("source", ["@{path}", "{url}", "url:{url}", "text:{path}", "mvg:{path}"])
def test_no_name_is_followed(source: str, listener: Listener, tmp_path: Path) -> None:
    """Nor is a path or an address that ImageMagick is asked to open."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    name = source.format(url=f"http://127.0.0.1:{listener.port}/x.png", path=secret)
    with pytest.raises(WandException), Image() as image:
        image.read(filename=name)
    assert listener.heard == []
