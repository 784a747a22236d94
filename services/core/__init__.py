"""Settings, keys, variants, reasons and logs: what all functions share. Pure."""
