"""The deployed machines and the real handlers under generated sequences: one effect for each drop, none missing.

Hypothesis chooses what users do, what is told how often and in which order, who goes on and who dies where.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.machines.stateful import promises
from tests.machines.stateful.cloud import Cloud
from tests.soak import sequence, users
from tests.soak.choices import Choices

EXAMPLES, SLOW_EXAMPLES, STEPS, SEEDS = 10, 300, 60, 12


class Drawn(Choices):
    """Decisions of hypothesis, which shrinks them; the plainest once the sequence is over."""

    data: Any = None

    def below(self, bound: int) -> int:
        return self.data.draw(st.integers(0, bound - 1)) if self.data is not None else 0


class Intake(RuleBasedStateMachine):
    """What may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.choices = Drawn()
        self.cloud = Cloud(self.choices, self.patch)

    @initialize(data=st.data())
    def projects(self, data: Any) -> None:
        self.choices.data = data
        for project in users.PROJECTS[:1]:
            users.configure(self.cloud, project)

    @rule(data=st.data(), act=st.sampled_from(users.ACTS))
    def somebody_does(self, data: Any, act: Any) -> None:
        self.choices.data = data
        act(self.cloud)

    @rule(data=st.data(), turns=st.integers(1, 20))
    def it_goes_on(self, data: Any, turns: int) -> None:
        self.choices.data = data
        for _ in range(turns):
            sequence.turn(self.cloud)

    def teardown(self) -> None:
        try:
            self.choices.data = None
            sequence.settle(self.cloud)
            wrong = promises.broken(self.cloud)
            assert not wrong, "\n".join([*wrong, "", *self.cloud.log])
        finally:
            self.patch.undo()


def explored(examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Intake, settings=chosen)


def played(seeds: range, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    trained: list[object] = []
    for seed in seeds:
        with monkeypatch.context() as patch:
            cloud = Cloud(Choices(seed), patch)
            sequence.perform(cloud)
            wrong = promises.broken(cloud)
            trained.extend(cloud.trained)
            found += [f"seed {seed}: {line}" for line in wrong] + (cloud.log if wrong else [])
    assert len(trained) >= len(seeds) / 4, "the sequences hardly come to an effect"
    return found


def test_one_effect_for_each_drop_and_none_missing() -> None:
    explored(EXAMPLES)


def test_longer_sequences_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = played(range(SEEDS), monkeypatch)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_many_more_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    explored(SLOW_EXAMPLES)
    wrong = played(range(1_000, 1_000 + SLOW_EXAMPLES), monkeypatch)
    assert not wrong, "\n".join(wrong)
