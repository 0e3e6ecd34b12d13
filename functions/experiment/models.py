"""What experiment's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from pydantic import BaseModel


class VerifyEndpoint(Facts):
    """A live endpoint, the run whose model it should serve, and the variant that serves it (null: the only one)."""

    project: str
    run: str
    endpoint: str
    variant: str | None = None


class Verification(Decision):
    """How the live answers compare with the evaluated ones; `sampled`: whether there was anything to ask.

    `error`: {code, message} of a call that gave no answer. `examples`: {row, sent, evaluated, answered}, as texts.
    """

    sampled: bool = False
    rows: int = 0
    answered: int = 0
    different: int = 0
    milliseconds: int = 0
    error: dict[str, str] | None = None
    examples: list[dict[str, Any]] = []


class DecideVerification(Facts):
    """What was asked, and how the endpoint answered."""

    project: str
    run: str
    endpoint: str
    version: int | None = None
    variant: str | None = None
    verification: Verification


class Experiment(Decision):
    """What follows from an experiment, why, and what was measured."""

    decision: Literal["promote", "remove", "passed", "failed", "skipped"]
    reason: str
    figures: dict[str, Any]


class Side(BaseModel):
    """One of the two versions that are compared: the variant that serves it, and the run that made it."""

    variant: str
    version: int | None = None
    run: str | None = None


class PlanMeasurement(Facts):
    """Two variants of an endpoint, and from when to when (ISO 8601; epoch milliseconds)."""

    endpoint: str
    champion: Side
    challenger: Side
    since: str
    now: int


class Measurement(Decision):
    """The GetMetricData request."""

    request: dict[str, Any]


class CompareAnswers(Facts):
    """A shadow variant beside its champion; `capture_uri` is the endpoint's DestinationS3Uri."""

    project: str
    endpoint: str
    champion: Side
    challenger: Side
    since: str
    capture_uri: str


class AnswersCompared(Decision):
    """Captured answers to the same calls: how many calls, their rows, and how many of those were answered alike."""

    pairs: int = 0
    rows: int = 0
    alike: int = 0
    examples: list[dict[str, Any]] = []


class DecideComparison(Facts):
    """What was measured so far. `metrics`: MetricDataResults; `waited`: seconds since the comparison began.

    `approval`: what the registry says of the challenger's package now.
    """

    kind: Literal["ab", "shadow"]
    settings: dict[str, Any] = {}
    champion: Side
    challenger: Side
    metrics: list[dict[str, Any]] = []
    answers: AnswersCompared | None = None
    waited: int = 0
    approval: str = "Approved"


class Comparison(Decision):
    """What follows; `wait`: measure again in `seconds`."""

    decision: Literal["wait", "promote", "remove"]
    seconds: int = 0
    reason: str
    figures: dict[str, Any]
