"""The embedded S3's key pair, made at the first start and kept in the data folder."""

import json
import secrets
from pathlib import Path

KEY_FILE = "credentials.json"


def read_key_pair(folder: Path) -> tuple[str, str]:
    """Return access key id and secret; raises OSError or, where the file is damaged, ValueError."""
    access_key_id, secret = json.loads((folder / KEY_FILE).read_text())
    return access_key_id, secret


def make_key_pair(folder: Path) -> tuple[str, str]:
    """Return the key pair, made where there is none; raises as `read_key_pair` does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEY_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps(["contact-sheet", secrets.token_urlsafe(30)]))
    return read_key_pair(folder)
