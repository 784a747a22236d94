"""Writes what moto holds through to a folder, and reads it back at the start.

<bucket>/bucket.json               the bucket's configuration
<bucket>/objects/<name>.json       one version: key, metadata; <name>.<serial>.data its bytes
<bucket>/uploads/<id>/upload.json  a multipart upload in progress; <part>.json its parts
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from moto.s3.models import FakeBucket, FakeKey

from services.local.s3 import moto_json
from services.local.s3.moto_backend import MotoBackend
from services.local.s3.notifications import Sequencer
from services.local.s3.object_folder import ObjectFolder, Stored, file_name

logger = logging.getLogger(__name__)

# What a record that is JSON and yet not ours may raise.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


@dataclass
class _Kept:
    """What stands on disk of one version or part."""

    model: Any
    record: dict[str, Any]
    name: str
    sequencer: str = ""


@dataclass
class Persistence:
    """Keeps the folder equal to moto's state; the caller holds the lock around every call."""

    moto: MotoBackend
    folder: ObjectFolder
    sequencer: Sequencer
    _versions: dict[tuple[str, str], dict[str, _Kept]] = field(default_factory=dict)
    _parts: dict[tuple[str, str], dict[int, _Kept]] = field(default_factory=dict)

    def save_bucket(self, bucket: str) -> None:
        """Write a bucket's configuration, or remove the bucket if it is gone."""
        model = self.moto.bucket(bucket)
        if model is None:
            self.folder.remove_folder(bucket)
            for entry in [entry for entry in self._versions if entry[0] == bucket]:
                del self._versions[entry]
            for entry in [entry for entry in self._parts if entry[0] == bucket]:
                del self._parts[entry]
            return
        tags = self.moto.s3.tagger.get_tag_dict_for_resource(model.arn)
        record = {**moto_json.encode_bucket(model), "tags": tags}
        self.folder.write(f"{bucket}/bucket", record)

    def save_all(self, bucket: str) -> None:
        """Write whatever changed among all objects of a bucket."""
        model = self.moto.bucket(bucket)
        known = {key for name, key in self._versions if name == bucket}
        for key in known | set(model.keys if model else ()):
            self.save_key(bucket, key)

    def save_key(self, bucket: str, key: str) -> str:
        """Write what changed under a key, and return the sequencer of its newest version."""
        model = self.moto.bucket(bucket)
        versions = list(model.keys.getlist(key, [])) if model else []
        kept = self._versions.get((bucket, key), {})
        now: dict[str, _Kept] = {}
        for version in versions:
            before = kept.get(version.version_id)
            now[version.version_id] = self._save_version(bucket, version, before)
        for version_id, gone in kept.items():
            if version_id not in now:
                self.folder.remove(gone.name)
        if now:
            self._versions[bucket, key] = now
        else:
            self._versions.pop((bucket, key), None)
        return now[versions[-1].version_id].sequencer if versions else self.sequencer.next()

    def _save_version(self, bucket: str, version: Any, before: _Kept | None) -> _Kept:
        record = moto_json.encode_version(version)
        if isinstance(version, FakeKey):
            record["tags"] = self.moto.s3.tagger.get_tag_dict_for_resource(version.arn)
        same = before is not None and before.model is version
        if before and same and before.record == record:
            return before
        sequencer = before.sequencer if before and same else self.sequencer.next()
        name = f"{bucket}/objects/{file_name(version.name, version.version_id)}"
        content = record | {"sequencer": sequencer}
        if same or not isinstance(version, FakeKey):
            if before and same and isinstance(version, FakeKey):
                content["data"] = (self.folder.record(name) or {}).get("data")
            self.folder.write(name, content)
        else:
            path = self.folder.write(name, content, version.value, serial=sequencer)
            if path:
                moto_json.keep_on_disk(version, path)
        return _Kept(version, record, name, sequencer)

    def save_upload(self, bucket: str, upload_id: str) -> None:
        """Write a multipart upload and those of its parts that are new, or remove it if it ended."""
        model = self.moto.bucket(bucket)
        upload = model.multiparts.get(upload_id) if model else None
        folder = f"{bucket}/uploads/{upload_id}"
        if upload is None:
            self._parts.pop((bucket, upload_id), None)
            self.folder.remove_folder(folder)
            return
        kept = self._parts.get((bucket, upload_id))
        if kept is None:
            kept = self._parts[bucket, upload_id] = {}
            self.folder.write(f"{folder}/upload", moto_json.encode_upload(upload))
        for number, part in upload.parts.items():
            if number in kept and kept[number].model is part:
                continue
            record = moto_json.encode_part(part)
            name = f"{folder}/{number}"
            path = self.folder.write(name, record, part.value, serial=self.sequencer.next())
            if path:
                moto_json.keep_on_disk(part, path)
            kept[number] = _Kept(part, record, name)

    def restore(self) -> None:
        """Bring back all that the folder holds; what is damaged is skipped, in one log line."""
        damaged: list[str] = []
        for name in self.folder.folders():
            try:
                record = self.folder.record(f"{name}/bucket") or {}
                bucket = moto_json.decode_bucket(record, self.moto.s3)
                self._tag(bucket.arn, record["tags"])
            except _UNREADABLE:
                damaged.append(name)
                continue
            self.moto.s3.buckets[name] = bucket
            damaged += self._restore_records(
                f"{name}/objects", partial(self._restore_version, bucket)
            )
            for upload_id in self.folder.folders(f"{name}/uploads"):
                damaged += self._restore_upload(bucket, upload_id)
        if damaged:
            logger.warning("damaged records were skipped", extra={"records": damaged})

    def _restore_records(self, folder: str, restore: Callable[[Stored], None]) -> list[str]:
        """Restore a folder in the order of its writing and return what of it is damaged."""
        stored = list(self.folder.records(folder))
        damaged: list[str] = []
        for item in sorted(stored, key=lambda item: str(item.content.get("sequencer"))):
            try:
                restore(item)
            except _UNREADABLE:
                damaged.append(str(item.path.relative_to(self.folder.root)))
        if not damaged:  # which bytes a damaged record means, nobody knows
            self.folder.remove_left_overs(folder, {item.data for item in stored if item.data})
        return damaged

    def _restore_version(self, bucket: FakeBucket, item: Stored) -> None:
        version = moto_json.decode_version(item.content, item.data, self.moto.s3, bucket.name)
        sequencer = str(item.content["sequencer"])
        self.sequencer.at_least(sequencer)
        if isinstance(version, FakeKey):
            self._tag(version.arn, item.content["tags"])
        record = {name: item.content[name] for name in item.content.keys() - {"sequencer", "data"}}
        bucket.keys[version.name] = version
        self._versions.setdefault((bucket.name, version.name), {})[version.version_id] = _Kept(
            version, record, f"{bucket.name}/objects/{item.path.stem}", sequencer
        )

    def _restore_upload(self, bucket: FakeBucket, upload_id: str) -> list[str]:
        folder = f"{bucket.name}/uploads/{upload_id}"
        try:
            record = self.folder.record(f"{folder}/upload") or {}
            upload = moto_json.decode_upload(record, self.moto.s3)
        except _UNREADABLE:
            return [folder]
        bucket.multiparts[upload_id] = upload
        kept = self._parts[bucket.name, upload_id] = {}

        def restore(item: Stored) -> None:
            if item.path.stem == "upload":
                return
            number = int(item.content["part"])
            part = moto_json.decode_object(
                item.content, item.data, self.moto.s3, name=number, bucket=None
            )
            upload.parts[number] = part
            kept[number] = _Kept(part, item.content, f"{folder}/{number}")

        damaged = self._restore_records(folder, restore)
        upload.partlist = sorted(upload.parts)
        return damaged

    def _tag(self, arn: str, tags: dict[str, str]) -> None:
        if tags:
            self.moto.s3.tagger.tags[arn] = dict(tags)
