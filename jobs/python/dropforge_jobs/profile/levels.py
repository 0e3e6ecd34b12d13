"""How many different texts a column holds, and how often each occurs; exact until a bound, then a fixed sample.

Past the bound only texts whose hash ends in some zeros are kept, in one more each time that there are too many
("adaptive sampling", Flajolet 1990). Each text that is left was counted from its first occurrence on, so its
count is exact, and what is left depends on the texts alone: not on their order, nor on how they came in chunks.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence

#: Longer texts are kept as their beginning and a hash.
LONGEST_KEY = 48
KEPT_OF_LONG = 40
MOST = (1 << 32) - 1


def key_of(text: str) -> str:
    """The text, or for a long one its beginning, an ellipsis, and 8 digits that tell it from others."""
    if len(text) <= LONGEST_KEY:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{text[:KEPT_OF_LONG]}…{digest}"


def plain(key: str) -> str:
    """A key for people: without the digits."""
    return key[: KEPT_OF_LONG + 1] if len(key) == KEPT_OF_LONG + 9 and key[KEPT_OF_LONG] == "…" else key


def _hash(key: str) -> int:
    """32 bits of a text. The lower ones of a CRC are spread very evenly over texts that count up, or share a form."""
    try:
        return zlib.crc32(key.encode())
    except UnicodeEncodeError:
        return zlib.crc32(key.encode("utf-8", "surrogatepass"))


class Levels:
    """The different texts of a column with their counts: those whose hash ends in as many zeros as `mask` has ones."""

    __slots__ = ("bound", "counts", "mask")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.mask = 0
        self.counts: dict[str, int] = {}

    def add(self, texts: Sequence[str]) -> None:
        """Count some texts."""
        if texts and max(map(len, texts)) > LONGEST_KEY:
            texts = list(map(key_of, texts))
        if self.mask:
            texts = self._chosen(texts)
        counts = self.counts
        for text, count in Counter(texts).items():
            counts[text] = counts.get(text, 0) + count
        while len(counts) > self.bound and self.mask < MOST:
            self.mask = self.mask * 2 + 1
            self.counts = counts = {key: count for key, count in counts.items() if not _hash(key) & self.mask}

    def _chosen(self, texts: Sequence[str]) -> list[str]:
        crc, mask = zlib.crc32, self.mask
        try:  # _hash, written out: this runs for most cells of a table of measurements
            return [text for text in texts if not crc(text.encode()) & mask]
        except UnicodeEncodeError:
            return [text for text in texts if not _hash(text) & mask]

    @property
    def exact(self) -> bool:
        """Whether every text is counted."""
        return not self.mask

    @property
    def distinct(self) -> int:
        """How many different texts there are; an estimate if not exact."""
        return len(self.counts) * (self.mask + 1)
