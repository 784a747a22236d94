"""Tests of what is deployed: the template, the images, the rehearsal."""
