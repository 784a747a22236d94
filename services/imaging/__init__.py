"""Bytes of a picture in, variants out; no AWS in it."""
