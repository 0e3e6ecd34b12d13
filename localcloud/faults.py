"""What AWS may do to events, on demand: tell them more than once, late and in any order, or never."""

from __future__ import annotations

import os
import random
import threading
from dataclasses import dataclass, field

from localcloud.settings import SettingsError


def _read(name: str, least: float, most: float, example: str) -> float:
    text = os.environ.get(name) or "0"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise SettingsError(f"{name}={text!r}: must be a number from {least:g} to {most:g}, for instance {example}")
    return value


@dataclass
class Faults:
    """How the events of one source (S3, SageMaker) are treated.

    `copies`: how often each is told beyond once; `lost`: the share that is never told, copies included; `spread`:
    seconds, really passing, within which each copy comes at a random moment.
    """

    copies: int = 0
    lost: float = 0.0
    spread: float = 0.0
    seed: str = ""
    _random: random.Random = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed or None)  # noqa: S311 (faults, not secrets)

    @classmethod
    def from_environment(cls) -> Faults:
        """Read DROPFORGE_DUPLICATE_EVENTS, _LOSE_EVENTS, _SHUFFLE_EVENTS and _EVENTS_SEED. Raises SettingsError."""
        copies = _read("DROPFORGE_DUPLICATE_EVENTS", 0, 100, "2")
        if copies != int(copies):
            raise SettingsError(f"DROPFORGE_DUPLICATE_EVENTS={copies:g}: must be a whole number, for instance 2")
        return cls(
            int(copies),
            _read("DROPFORGE_LOSE_EVENTS", 0, 1, "0.1"),
            _read("DROPFORGE_SHUFFLE_EVENTS", 0, 600, "5"),
            os.environ.get("DROPFORGE_EVENTS_SEED", ""),
        )

    def delays(self) -> list[float]:
        """Return after how many seconds the next event is told, once a copy; empty: never."""
        with self._lock:
            if self.lost and self._random.random() < self.lost:
                return []
            return [self._random.uniform(0, self.spread) if self.spread else 0.0 for _ in range(1 + self.copies)]
