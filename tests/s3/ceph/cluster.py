"""A throwaway Ceph on loopback: one monitor, one OSD in memory, and its S3 gateway.

Each program runs in the foreground as our child, so that it ends with us. cephx stays on: without
it the gateway does not start.
"""

import contextlib
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from typing import Self

import httpx

from tests.conftest import free_port

CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor_port}]
mon initial members = a
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
pid file = {folder}/$name.pid
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
"""

KEYS = {
    "mon.": ("--cap", "mon", "allow *"),
    "client.admin": ("--cap", "mon", "allow *", "--cap", "osd", "allow *"),
    "osd.0": ("--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"),
    "client.rgw": ("--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"),
}


class Ceph:
    """The cluster and one user of it; started on entry, gone on exit."""

    def __init__(self, folder: Path, *, access_key_id: str, secret_access_key: str) -> None:
        self._folder = folder
        self._user = (access_key_id, secret_access_key)
        self._running: list[subprocess.Popen[bytes]] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @staticmethod
    def installed() -> bool:
        """Tell whether Debian's packages are there."""
        return all(shutil.which(name) for name in ("ceph-mon", "ceph-osd", "radosgw", "ceph"))

    def __enter__(self) -> Self:
        """Make a fresh cluster and wait until its gateway answers: 12 to 15 seconds."""
        try:
            self._make()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all of it."""
        self._stop()

    def _make(self) -> None:
        folder, fsid, monitor_port = self._folder, str(uuid.uuid4()), free_port()
        for name in ("mon", "osd", "rgw"):
            (folder / name).mkdir(parents=True)
        (folder / "ceph.conf").write_text(
            CONFIGURATION.format(
                fsid=fsid, folder=folder, monitor_port=monitor_port, port=self.port
            )
        )
        keyring = str(folder / "keyring")
        for number, (name, caps) in enumerate(KEYS.items()):
            create = () if number else ("--create-keyring",)
            self._run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps)
        monmap, address = str(folder / "monmap"), f"[v2:127.0.0.1:{monitor_port}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        self._ceph("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring)
        self._start("ceph-mon", "-f", "-i", "a")
        osd = str(uuid.uuid4())
        self._ceph("ceph", "--connect-timeout", "30", "osd", "new", osd)
        self._ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._start("ceph-osd", "-f", "-i", "0")
        self._start("radosgw", "-f", "-n", "client.rgw")
        self._wait()
        access_key_id, secret = self._user
        self._ceph(
            *("radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test"),
            *("--access-key", access_key_id, "--secret-key", secret),
        )

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def _ceph(self, program: str, *arguments: str) -> None:
        self._run(program, "-c", str(self._folder / "ceph.conf"), *arguments)

    def _start(self, program: str, *arguments: str) -> None:
        command = (program, "-c", str(self._folder / "ceph.conf"), *arguments)
        with (self._folder / f"{program}.out").open("wb") as out:
            self._running.append(subprocess.Popen(command, stdout=out, stderr=out))

    def _wait(self) -> None:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(self.url)
                return
            time.sleep(0.1)
        raise TimeoutError("the gateway does not answer")

    def _stop(self) -> None:
        for process in reversed(self._running):
            process.kill()
            process.wait()
