"""A training job's metrics: figures in its log lines, found by the definitions' regular expressions."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from typing import Any

from localcloud.sagemaker.errors import InvalidRequestError


def check(definitions: list[dict[str, str]]) -> None:
    """Refuse a regular expression that is none, or that captures nothing."""
    for definition in definitions:
        name, pattern = definition["Name"], definition["Regex"]
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise InvalidRequestError(f"Invalid regex for metric definition '{name}': {pattern}: {error}") from error
        if groups < 1:
            raise InvalidRequestError(
                f"Invalid regex for metric definition '{name}': {pattern} has no capturing group for the value"
            )


class Scraper:
    """Reads lines, tells every figure to `found(name, value, epoch seconds)`, and keeps each metric's last."""

    def __init__(
        self,
        definitions: list[dict[str, str]],
        clock: Callable[[], float],
        found: Callable[[str, float, float], None],
    ) -> None:
        self._patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._clock = clock
        self._found = found
        self._last: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def read(self, line: str) -> None:
        """Look for every definition in one line; a capture that is no finite number is passed over.

        XGBoost prints `nan` for an AUC of rows of one class; neither CloudWatch nor JSON can hold it.
        """
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                try:
                    value = float(match.group(1))
                except (TypeError, ValueError):
                    continue
                if not math.isfinite(value):
                    continue
                moment = self._clock()
                with self._lock:
                    self._last[name] = (value, moment)
                self._found(name, value, moment)

    def final(self) -> list[dict[str, Any]]:
        """FinalMetricDataList: the last figure of each metric, in the definitions' order."""
        with self._lock:
            last = dict(self._last)
        return [
            {"MetricName": name, "Value": last[name][0], "Timestamp": last[name][1]}
            for name, _ in self._patterns
            if name in last
        ]
