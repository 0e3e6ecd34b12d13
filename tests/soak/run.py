"""Play sequences by their seeds; shrink and show the one that breaks a promise."""

from __future__ import annotations

from collections.abc import Sequence

from tests.soak import promises, sequence
from tests.soak.choices import Choices, shrink


def first_failure(seeds: Sequence[int]) -> tuple[int | None, int]:
    """(the first seed whose sequence breaks a promise, how many were played)."""
    for number, seed in enumerate(seeds, 1):
        if promises.broken(sequence.play(Choices(seed))):
            return seed, number
    return None, len(seeds)


def told(seed: int, tries: int = 200) -> str:
    """A seed's sequence, shrunk by so many tries, in words."""
    first = Choices(seed)
    wrong = promises.broken(sequence.play(first))
    kind = _kind(wrong)

    def fails(given: list[int]) -> list[int] | None:
        choices = Choices(given=given)
        found = promises.broken(sequence.play(choices))
        return choices.made if found and _kind(found) == kind else None

    best = shrink(first.made, fails, tries)
    world = sequence.play(Choices(given=best))
    head = f"seed {seed}: {len(first.made)} decisions, shrunk to {len(best)}"
    return "\n".join([head, *promises.broken(world), "", *world.log])


def _kind(wrong: list[str]) -> str:
    """What was broken, whatever the names."""
    return " ".join(w for w in wrong[0].split() if w.isalpha() and w.islower())[:60] if wrong else ""
