"""The images, built from the Dockerfiles and run as Lambda runs them, against the local S3."""
