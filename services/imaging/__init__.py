"""Bytes of a picture in, variants out; no AWS in it.

`make_variants` is the way in; all else is how it works.
"""

from services.imaging.child import FAIR_SECONDS, CannotStartError
from services.imaging.engine import make_variants, warm_up
from services.imaging.picture import Picture, Variant

__all__ = ["FAIR_SECONDS", "CannotStartError", "Picture", "Variant", "make_variants", "warm_up"]
