"""The embedded S3: moto's behind a guard that checks as S3 does, and a folder that keeps it."""
