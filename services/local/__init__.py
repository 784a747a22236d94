"""The whole product on one machine; in no image."""
