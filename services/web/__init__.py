"""The web Lambda: the gallery, its API and presigned uploads."""
