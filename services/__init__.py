"""Contact Sheet: upload, resize and gallery."""
