"""Numbers of any count of bits, as the headers of AV1 and HEVC are written."""


class Bits:
    """A position in the bits of some bytes, from the highest of the first; ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next number of `count` bits."""
        if count > self._left:
            raise ValueError("a coded picture's header is cut off")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def flag(self) -> bool:
        """Return the next bit."""
        return bool(self.take(1))

    def exp_golomb(self) -> int:
        """Return the next number of as many bits as it needs (H.265, 9.2: ue(v); AV1's uvlc)."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros) if zeros < 32 else (1 << 32) - 1
