"""Pictures that are programs reach neither the network nor the disk."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wand.exceptions import WandException

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
    "mvg": "push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 9,9 '{url}'\npop graphic-context",
    "msl": '<?xml version="1.0"?><image><read filename="{url}"/></image>',
    "ps": "%!PS\n({path}) (r) file 99 string readstring",
    "url": "{url}",
    "ppm": "P6 1 1 255 abc",
    "gif": "GIF89a\1\0\1\0\0\0\0;",
}
SOURCES = (
    "@{path}", "{url}", "url:{url}", "text:{path}", "mvg:{path}", "label:@{path}", "msl:{path}",
    "ephemeral:{path}", "caption:hello", "gradient:red-blue", "xc:red", "plasma:fractal",
)  # fmt: skip
REFUSED = r"not allowed by the security policy|not authorized|no decode delegate"


def filled(text: str, listener: Listener, folder: Path) -> str:
    """Return a program or source with an address and a file that nobody may read."""
    (folder / "secret").write_text("secret")
    return text.format(url=f"http://127.0.0.1:{listener.port}/x.png", path=folder / "secret")


@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize("coder", [*PROGRAMS, "msvg"])
def test_imagemagick_decodes_nothing(
    coder: str, listener: Listener, tmp_path: Path, *, forced: bool
) -> None:
    """Even the coder that could, named by force, is closed by the policy, and nobody knocks."""
    data = filled(
        PROGRAMS[coder.removeprefix("m") if coder == "msvg" else coder], listener, tmp_path
    )
    with pytest.raises(WandException, match=REFUSED), Image() as image:
        image.read(blob=data.encode(), format=coder if forced else None)
    assert listener.heard == []


@pytest.mark.parametrize("source", SOURCES)
def test_no_name_is_followed(source: str, listener: Listener, tmp_path: Path) -> None:
    """Nor is a path, an address or a picture by name that ImageMagick is asked to open."""
    with pytest.raises(WandException, match=REFUSED):
        Image(filename=filled(source, listener, tmp_path), width=9, height=9)
    assert listener.heard == []
