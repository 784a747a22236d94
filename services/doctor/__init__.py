"""Checks a running installation; in no image."""
