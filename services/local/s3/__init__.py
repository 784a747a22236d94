"""The embedded S3: moto's behind a guard that checks as S3 does, and a folder that keeps it."""

from services.local.s3.errors import LocalS3Error
from services.local.s3.server import LocalS3

__all__ = ["LocalS3", "LocalS3Error"]
