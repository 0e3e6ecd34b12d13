"""What experiment's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts


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
