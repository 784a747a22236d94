"""The two buckets: every call to S3 that the product makes, and the one place that makes clients."""

from dataclasses import dataclass
from datetime import UTC, datetime

import boto3

from services.core.settings import Settings
from services.store.albums import AlbumChangedError, AlbumRecords, UnreadableAlbumError
from services.store.attempts import Attempt, AttemptRecords
from services.store.bucket import Bucket
from services.store.budget import Budget
from services.store.client import make_s3
from services.store.gallery import GalleryBucket
from services.store.grants import Grants
from services.store.hashes import Hashes
from services.store.pages import Pages
from services.store.passkeys import Passkey, Passkeys
from services.store.reports import Reports
from services.store.signing import GetSigner
from services.store.uploads import Original, UploadBucket, Version

__all__ = [
    "AlbumChangedError", "AlbumRecords", "Attempt", "AttemptRecords", "Bucket", "GalleryBucket",
    "Grants", "Hashes", "Original", "Passkey", "Passkeys", "Store", "UnreadableAlbumError", "UploadBucket",
    "Version",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    """Both buckets, through one client."""

    uploads: UploadBucket
    gallery: GalleryBucket
    pages: Pages
    albums: AlbumRecords
    grants: Grants
    passkeys: Passkeys
    budget: Budget
    reports: Reports
    attempts: AttemptRecords
    hashes: Hashes

    @classmethod
    def connect(cls, settings: Settings, session: boto3.Session | None = None) -> "Store":
        """Return the store that the settings name, with the credentials of a session.

        Without one, with those that the environment offers.
        """
        session = session or boto3.Session()
        s3 = make_s3(settings, session)

        def signer(bucket: str) -> GetSigner:
            return GetSigner(
                bucket=bucket,
                region=settings.region,
                endpoint_url=s3.meta.endpoint_url,
                path_style=settings.s3_endpoint_url is not None,
                window_seconds=settings.url_window_seconds,
                credentials=session.get_credentials,
                now=lambda: datetime.now(UTC),
            )

        uploads = UploadBucket(s3, settings, signer(settings.upload_bucket))
        gallery = GalleryBucket(s3, settings, signer(settings.gallery_bucket))
        return cls(
            uploads,
            gallery,
            Pages(gallery),
            AlbumRecords(gallery),
            Grants(gallery),
            Passkeys(gallery),
            Budget(uploads, gallery),
            Reports(gallery),
            AttemptRecords(gallery),
            Hashes(gallery),
        )
