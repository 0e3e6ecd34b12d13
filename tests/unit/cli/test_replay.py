"""`dropforge replay --dry-run` on a recorded evening: the same code finds nothing; other code or a project does."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from rich.console import Console

from cli import replay as commands
from cli.main import main
from cli.readonly import READS
from cli.replay.errors import ProjectFileInvalidError, ReplayRefusedError
from cli.replay.report import Replay
from cli.service import NotRecordedError
from tests.unit.cli.conftest import World

PROJECTS = ("tumours", "ragged", "nobody", "strict")
SKIP = "algorithm: xgboost\ntarget: diagnosis\ndata:\n  checks:\n    ragged_rows: skip\n"


def _replay(world: World, project: str, given: str | None = None, **more: Any) -> Replay:
    chosen: dict[str, Any] = {"drop": None, "since": None, "limit": 50, "by": "project.yaml" if given else None} | more
    return commands.replay(world.service, project, given=given, **chosen)


def _given(world: World, tmp_path: Path, project: str, text: str) -> str:
    path = tmp_path / "project.yaml"
    path.write_text(text)
    return commands.read_project_file(world.service, path, project)


def _text(found: Replay, facts: bool = False) -> str:
    out = io.StringIO()
    commands.print_replay(found, Console(file=out, width=200), facts=facts)
    return out.getvalue()


@pytest.fixture(scope="module")
def decided_today(recording: dict[str, Any]) -> dict[str, Any]:
    """The evening as today's code would have made it: what it decides otherwise is written into the histories."""
    with mock_aws():
        world = World(copy.deepcopy(recording))
        for project in PROJECTS:
            found = _replay(world, project)
            for decision in [*found.other, *(d for drop in found.drops for d in drop.decisions)]:
                if decision.status == "differs":
                    assert decision.today is not None
                    world.answer(decision.step, decision.today)
        return world.recorded


@pytest.fixture
def today(decided_today: dict[str, Any]) -> Iterator[World]:
    with mock_aws():
        yield World(copy.deepcopy(decided_today))


def test_nothing_differs_where_nothing_has_changed(today: World) -> None:
    for project in PROJECTS:
        found = _replay(today, project)
        assert not found.differs, _text(found)
        assert any(d.status == "same" for drop in found.drops for d in drop.decisions)
        assert "Nothing would differ today." in _text(found)


def test_only_reads(world: World) -> None:
    _replay(world, "tumours")
    assert [call for call in world.calls if not call.startswith(READS)] == []


def test_every_deciding_step_of_the_loop_is_replayed(world: World) -> None:
    replayed = {
        d.name for drop in _replay(world, "tumours").drops for d in drop.decisions if d.status != "not replayed"
    }
    assert replayed >= {
        "intake.plan_window",
        "intake.plan_close",
        "intake.judge_drop",
        "training.plan_run",
        "training.plan_training",
        "evaluation.plan_evaluation",
        "evaluation.decide_gate",
        "training.summarise_run",
        "registry.plan_package",
        "deployment.plan_deployment",
        "deployment.check_deployment",
        "notification.compose_notice",
    }


def test_a_decision_that_would_differ_is_told_field_by_field(today: World) -> None:
    found = _replay(today, "strict")
    (gate,) = [d for drop in found.drops for d in drop.decisions if d.name == "evaluation.decide_gate"]
    recorded = dict(gate.step.gave)
    today.answer(gate.step, {"output": {**recorded, "passed": True, "threshold": 0.5}})
    changed = _replay(today, "strict")
    assert changed.differs
    told = [
        (d.name, [str(x) for x in d.differences]) for drop in changed.drops for d in drop.decisions if d.differences
    ]
    assert told == [("evaluation.decide_gate", ["passed: true → false", "threshold: 0.5 → 0.9999"])]
    assert "gate passed → gate not passed" in _text(changed)
    assert "Something would differ today (exit status 3)." in _text(changed)


def test_another_project_file_would_accept_what_was_refused(today: World, tmp_path: Path) -> None:
    found = _replay(today, "ragged", _given(today, tmp_path, "ragged", SKIP))
    assert found.drops[0].outcomes == ["drop REFUSED → drop ACCEPTED"]
    assert "stays as it was" in found.notes[0]


def test_a_project_file_would_release_a_held_drop(today: World, tmp_path: Path) -> None:
    found = _replay(today, "nobody", _given(today, tmp_path, "nobody", "algorithm: xgboost\ntarget: 0\n"))
    assert found.drops[0].outcomes == ["drop HELD → drop ACCEPTED"]


def test_a_lower_limit_would_pass_the_gate(today: World, tmp_path: Path) -> None:
    text = "algorithm: xgboost\ntarget: diagnosis\nevaluate:\n  metric: accuracy\n  min: 0.5\n"
    found = _replay(today, "strict", _given(today, tmp_path, "strict", text))
    assert "gate not passed → gate passed" in found.drops[0].outcomes
    assert not [
        d for drop in found.drops for d in drop.decisions for x in d.differences if "config" in x.field.split(".")
    ]


def test_a_shorter_quiet_period_is_told(today: World, tmp_path: Path) -> None:
    text = "algorithm: xgboost\ntarget: diagnosis\ndata:\n  quiet_period: 60\n"
    found = _replay(today, "tumours", _given(today, tmp_path, "tumours", text))
    told = _text(found)
    assert 'reason: "quiet for 240 s until then" → "quiet for 60 s until then"' in told


def test_other_settings_would_train_what_was_ignored(today: World, tmp_path: Path) -> None:
    drop = today.windows("tumours")[0]["drop"]
    text = "algorithm: xgboost\ntarget: diagnosis\n"
    same = _replay(today, "tumours", _given(today, tmp_path, "tumours", text), drop=drop)
    assert same.drops[0].outcomes == []
    deeper = f"{text}train:\n  hyperparameters:\n    max_depth: 3\n"
    other = _replay(today, "tumours", _given(today, tmp_path, "tumours", deeper), drop=drop)
    (told,) = other.drops[0].outcomes
    assert told.startswith("run IGNORED → a run")


def test_an_invalid_project_file_is_refused_with_its_problems(world: World, tmp_path: Path) -> None:
    with pytest.raises(ProjectFileInvalidError, match=r"line 1, algorithm: .*not one of"):
        _given(world, tmp_path, "tumours", "algorithm: xgbost\ntarget: 0\n")
    with pytest.raises(ProjectFileInvalidError, match="No such file"):
        commands.read_project_file(world.service, tmp_path / "nothing.yaml", "tumours")


def test_one_drop_or_those_since(world: World) -> None:
    newest, *_, oldest = world.windows("tumours")
    assert [d.window["drop"] for d in _replay(world, "tumours", drop=oldest["drop"]).drops] == [oldest["drop"]]
    since = commands.read_date(newest["opened_at"])
    assert [d.window["drop"] for d in _replay(world, "tumours", since=since).drops] == [newest["drop"]]
    with pytest.raises(ReplayRefusedError, match="no date"):
        commands.read_date("yesterday")
    with pytest.raises(NotRecordedError, match="has no drop or run"):
        _replay(world, "tumours", drop="aaaaaaaaaa")


def test_without_histories_it_says_so(world: World) -> None:
    world.histories.clear()
    found = _replay(world, "strict")
    assert "those decisions are not replayed" in found.notes[0]
    assert not found.differs


def test_ignored_objects_are_read_again(today: World) -> None:
    where = {"pk": "ignored#tumours#00", "sk": "k#0", "key": "tumours/train/z.csv", "reason": "no reason at all"}
    today.put("Drops", **where, ignored_at="2026-11-27T10:00:00.000Z", time="2026-11-27T10:00:00.000+00:00", size=9)
    found = _replay(today, "tumours")
    assert [str(d) for d in found.misread] == [
        'tumours/train/z.csv: "ignored: no reason at all" → "object of tumours/train/"'
    ]
    assert found.differs


def test_json_has_it_all(world: World) -> None:
    told = json.loads(json.dumps(_replay(world, "ragged").as_dict(), default=str))
    assert told["drops"][0]["recorded_outcome"] == "REFUSED"
    assert {d["function"] for d in told["drops"][0]["decisions"]} >= {"intake.plan_window", "intake.judge_drop"}


def test_it_does_not_act(capsys: pytest.CaptureFixture[str], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.main.find_stack", lambda _: world.stack)
    assert main(["replay", "tumours"]) == 1
    assert "add --dry-run" in capsys.readouterr().err
    assert world.calls == []


def test_exit_status(
    today: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.main.find_stack", lambda _: today.stack)
    assert main(["replay", "ragged", "--dry-run"]) == 0
    (tmp_path / "p.yaml").write_text(SKIP)
    assert main(["replay", "ragged", "--dry-run", "--project-file", str(tmp_path / "p.yaml")]) == 3
    assert main(["replay", "nothing", "--dry-run"]) == 1
    assert "Nothing is recorded about a project 'nothing'" in capsys.readouterr().err
