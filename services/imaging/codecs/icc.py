"""ICC profiles as files carry them."""

GREY, RGB, CMYK = b"GRAY", b"RGB ", b"CMYK"


def usable(icc: bytes | None, *spaces: bytes) -> bytes | None:
    """Return the profile if it is of one of these colour spaces (ICC.1, 7.2.6); None if not.

    Browsers ignore a profile that does not suit the channels which the file has.
    """
    return icc if icc is not None and icc[16:20] in spaces else None
