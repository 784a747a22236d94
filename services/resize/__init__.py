"""The resize Lambda: an upload becomes variants."""
