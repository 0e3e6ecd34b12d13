"""Events told twice, late or never, as the settings say."""

from __future__ import annotations

import pytest

from localcloud.faults import Faults
from localcloud.settings import SettingsError


def test_without_settings_every_event_is_told_once_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DUPLICATE_EVENTS", "LOSE_EVENTS", "SHUFFLE_EVENTS", "EVENTS_SEED"):
        monkeypatch.delenv(f"DROPFORGE_{name}", raising=False)
    assert [Faults.from_environment().delays() for _ in range(3)] == [[0.0]] * 3


def test_copies_losses_and_delays_follow_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPFORGE_DUPLICATE_EVENTS", "2")
    monkeypatch.setenv("DROPFORGE_LOSE_EVENTS", "0.1")
    monkeypatch.setenv("DROPFORGE_SHUFFLE_EVENTS", "5")
    monkeypatch.setenv("DROPFORGE_EVENTS_SEED", "7")
    first, second = Faults.from_environment(), Faults.from_environment()
    told = [first.delays() for _ in range(2000)]
    assert told == [second.delays() for _ in range(2000)]
    assert {len(each) for each in told} == {0, 3}  # an event that is lost is lost with its copies
    assert 150 < sum(not each for each in told) < 250
    assert all(0 <= delay <= 5 for each in told for delay in each)


@pytest.mark.parametrize(
    ("name", "value"),
    [("DUPLICATE_EVENTS", "-1"), ("DUPLICATE_EVENTS", "1.5"), ("LOSE_EVENTS", "2"), ("SHUFFLE_EVENTS", "soon")],
)
def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DROPFORGE_{name}", value)
    with pytest.raises(SettingsError, match=f"DROPFORGE_{name}"):
        Faults.from_environment()
