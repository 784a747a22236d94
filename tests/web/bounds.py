"""The most calls to S3 that a request can make; tests/web/test_scale.py counts them."""

MOST_LISTINGS = 41
MOST_READS = 101
