"""Plain files that survive a hard kill: a JSON record and, beside it, the bytes it speaks of.

A file is written under a temporary name and renamed, so that it is whole or not there; the record
comes last and names its bytes, so that a record never speaks of other bytes than its own.
"""

import contextlib
import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.local.s3.errors import LocalS3Error

RECORD = ".json"
DATA = ".data"
_TEMPORARY = ".tmp"


@dataclass(frozen=True)
class Stored:
    """A record as it stands in the folder, and the file with its bytes, if it has one."""

    path: Path
    content: dict[str, Any]
    data: Path | None


def file_name(key: str, version: str) -> str:
    """Return a file name for one version of an object.

    It is the same on file systems that tell no upper from lower case and fits in 255 bytes: a
    readable end of the key, then its hash, then the version.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", key.lower())[-60:].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{readable}.{digest}.{version}"


class ObjectFolder:
    """A folder of records, one owner at a time.

    Raises LocalS3Error where it cannot be written or another process has it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._lock = (root / ".lock").open("w")
        except OSError as error:
            msg = f"Cannot write to the data folder {root}: {error.strerror}; choose another one."
            raise LocalS3Error(msg) from None
        try:
            # Goes with the process, however that ends.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            msg = f"Another process uses the data folder {root}; stop it or choose another folder."
            raise LocalS3Error(msg) from None

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    def write(
        self, record: str, content: dict[str, Any], data: bytes | None = None, *, serial: str = ""
    ) -> Path | None:
        """Write a record, and its bytes under a name of their own, told apart by `serial`.

        `record` is a path inside the folder without its ending. Returns where the bytes are.
        """
        path = self.root / (record + RECORD)
        path.parent.mkdir(parents=True, exist_ok=True)
        before = _read(path)
        if data is not None:
            content["data"] = f"{path.name.removesuffix(RECORD)}.{serial}{DATA}"
            _replace(path.parent / content["data"], data)
        _replace(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
        if before and before.get("data") not in (None, content.get("data")):
            (path.parent / before["data"]).unlink(missing_ok=True)
        return path.parent / content["data"] if "data" in content else None

    def remove(self, record: str) -> None:
        """Remove a record and then its bytes; nothing happens where there is none."""
        path = self.root / (record + RECORD)
        content = _read(path)
        path.unlink(missing_ok=True)
        if content and "data" in content:
            (path.parent / content["data"]).unlink(missing_ok=True)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with what is in it, records first."""
        path = self.root / folder
        for file in sorted(path.rglob("*"), key=lambda file: file.suffix != RECORD):
            if file.is_file():
                file.unlink(missing_ok=True)
        for inner in sorted(path.rglob("*"), reverse=True):
            with contextlib.suppress(OSError):
                inner.rmdir()
        with contextlib.suppress(OSError):
            path.rmdir()

    def folders(self, folder: str = "") -> list[str]:
        """Return the names of the folders inside one."""
        path = self.root / folder
        return (
            sorted(entry.name for entry in path.iterdir() if entry.is_dir())
            if path.is_dir()
            else []
        )

    def record(self, record: str) -> dict[str, Any] | None:
        """Return one record, or None where it is missing or damaged."""
        return _read(self.root / (record + RECORD))

    def records(self, folder: str) -> Iterator[Stored]:
        """Yield the records of a folder; of one that is torn, or whose bytes are, an empty one."""
        for file in self._files(folder):
            if file.suffix != RECORD:
                continue
            content = _read(file) or {}
            data = file.parent / content["data"] if content.get("data") else None
            if data and not _is_whole(data, content.get("size")):
                content, data = {}, None
            yield Stored(file, content, data)

    def remove_left_overs(self, folder: str, used: set[Path]) -> None:
        """Remove what a hard kill left half done: temporary files, and bytes but for the `used`."""
        for file in self._files(folder):
            if file.suffix == _TEMPORARY or (file.suffix == DATA and file not in used):
                file.unlink(missing_ok=True)

    def _files(self, folder: str) -> list[Path]:
        path = self.root / folder
        return sorted(path.iterdir(), key=lambda file: file.name) if path.is_dir() else []


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _is_whole(data: Path, size: int | None) -> bool:
    try:
        return size is None or data.stat().st_size == size
    except OSError:
        return False


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + _TEMPORARY)
    with temporary.open("wb") as file:
        file.write(data)
    temporary.replace(path)
