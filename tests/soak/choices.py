"""Where a generated sequence takes its decisions from: a seed, or the decisions of an earlier one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Numbers below a bound. Those given come first; after them the seed's, or without one 0, the plainest choice."""

    def __init__(self, seed: int | None = None, given: Sequence[int] = ()) -> None:
        self._random = random.Random(seed) if seed is not None else None
        self._given = list(given)
        self.made: list[int] = []

    def below(self, bound: int) -> int:
        """0 ≤ n < bound."""
        place = len(self.made)
        if place < len(self._given):
            number = self._given[place] % bound
        else:
            number = self._random.randrange(bound) if self._random else 0
        self.made.append(number)
        return number

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases; the plainest choice is False."""
        return self.below(100) >= 100 - percent

    def among(self, things: Sequence[T]) -> T:
        """One of them; the plainest choice is the first."""
        return things[self.below(len(things))]


def shrink(made: list[int], fails: Callable[[list[int]], list[int] | None], tries: int = 3_000) -> list[int]:
    """A shorter, plainer list of decisions that fails as well.

    `fails` runs the decisions, and gives back those that were made if they fail, else None. What is cut short goes on
    with the plainest choices.
    """
    best = made
    for _ in range(3):
        before = best
        for size in (len(best) // 2, len(best) // 4, 64, 32, 16, 8, 4, 2, 1):
            place = 0
            while size and place < len(best):
                for candidate in _plainer(best, place, size):
                    tries -= 1
                    found = fails(candidate) if tries > 0 else None
                    if found is not None and _weight(found) < _weight(best):
                        best = found
                        break
                else:
                    place += size
        if best == before:
            break
    return best


def _weight(made: list[int]) -> tuple[int, int]:
    return sum(1 for n in made if n), len(made)


def _plainer(made: list[int], place: int, size: int) -> list[list[int]]:
    """Without a stretch of them, with zeros there, and cut short."""
    zeros = made[:place] + [0] * len(made[place : place + size]) + made[place + size :]
    return [made[:place], made[:place] + made[place + size :], *([] if zeros == made else [zeros])]
