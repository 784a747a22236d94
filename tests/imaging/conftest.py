"""What decoding in the tests' own process needs."""

import os

from services.imaging.environment import LIBRARIES

os.environ.update(LIBRARIES)
