"""`dropforge drops` and `runs` on a recorded evening."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cli.drops import list_drops, print_drops
from cli.runs import print_runs
from cli.service import NotRecordedError
from tests.unit.cli.conftest import World


def _printed(world: World, project: str, **more: object) -> str:
    out = io.StringIO()
    chosen = {"limit": 20, "channel": None, "json": False} | more
    print_drops(world.service, project, Console(file=out, width=120), **chosen)  # type: ignore[arg-type]
    return out.getvalue()


def test_newest_first_with_what_became_of_each(world: World) -> None:
    drops = list_drops(world.service, "tumours", 20)
    opened = [drop["opened_at"] for drop in drops]
    assert opened == sorted(opened, reverse=True)
    lines = _printed(world, "tumours").splitlines()
    assert lines[0].split() == ["drop", "folder", "state", "objects", "size", "opened", "took", "closed", "by", "run"]
    first = next(line for line in lines if line.startswith(str(drops[-1]["drop"])))
    assert " train " in first
    assert " ACCEPTED " in first
    assert first.endswith("SUCCEEDED tumours/1")


def test_tells_below_why_nothing_came_of_a_drop(world: World) -> None:
    assert "REFUSED" in _printed(world, "ragged")
    assert "    2 rows have another number of fields" in _printed(world, "ragged")
    assert "    there is no valid project.yaml yet" in _printed(world, "nobody")
    again = _printed(world, "tumours")
    assert "already has this data set" in again


def test_only_a_channel_and_only_so_many(world: World) -> None:
    assert len(list_drops(world.service, "tumours", 1)) == 1
    assert list_drops(world.service, "tumours", 20, "truth") == []
    assert _printed(world, "tumours", channel="truth") == "No drops of project tumours in truth/ yet.\n"


def test_json_is_whole(world: World) -> None:
    (refused,) = json.loads(_printed(world, "ragged", json=True))
    assert (refused["outcome"], refused["project"], refused["run"]) == ("REFUSED", "ragged", None)
    out = io.StringIO()
    print_runs(world.stack, "tumours", 5, Console(file=out, width=40), json=True)
    assert {run["project"] for run in json.loads(out.getvalue())} == {"tumours"}


def test_an_unknown_project_lists_those_that_there_are(world: World) -> None:
    world.upload("churn/train/a.csv")
    with pytest.raises(NotRecordedError, match=r"'churm'.*Projects with objects: churn"):
        _printed(world, "churm")
    assert _printed(world, "churn") == "No drops of project churn yet.\n"
