"""`dropforge why` on a recorded evening: every answer is in what the service wrote down."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from rich.console import Console

from cli import why
from cli.readonly import READS
from cli.service import NotRecordedError
from cli.text import as_json
from cli.why.story import Story, readable
from tests.unit.cli.conftest import World


def _story(world: World, project: str, what: str | None = None) -> Story:
    service = world.service
    return why.tell(service, why.find(service, project, what))


def _text(story: Story, facts: bool = False) -> str:
    out = io.StringIO()
    why.print_story(story, Console(file=out, width=300), facts=facts)
    return out.getvalue()


def _section(story: Story, title: str) -> str:
    lines = next((lines for name, lines in story.sections if name == title), [])
    return "\n".join(f"{line.who}: {line.what} {' '.join(line.below)}" for line in lines)


def test_a_version_from_its_objects_to_its_endpoint(world: World) -> None:
    story = _story(world, "tumours", "1")
    assert [title for title, _ in story.sections] == [
        "What arrived",
        "What was ignored meanwhile",
        "When and why the window closed",
        "The data set",
        "The judgement",
        "The run",
        "Jobs",
        "The model and its deployment",
        "What was decided about the project's versions",
        "What was told",
    ]
    for title, told in (
        ("What arrived", "EventBridge: first object: "),
        ("What arrived", "intake: 3 objects, 122.9 KiB"),
        (
            "What arrived",
            "you: 1 object deleted (or overwritten by nothing) before the window closed wrong.csv",
        ),
        ("What was ignored meanwhile", "hidden or temporary"),
        ("What was ignored meanwhile", "tumours/train/.a.csv.swp, tumours/train/_tmp/x.csv"),
        ("What was ignored meanwhile", "empty: an object of zero bytes"),
        ("When and why the window closed", "quiet period 240 s"),
        ("When and why the window closed", "→ close (quiet period)"),
        ("The data set", "569 rows, 31 columns, with a header; target diagnosis (binary, 2 classes)"),
        ("The judgement", "judge_drop: no findings → ACCEPTED"),
        ("The run", "Drop Completed on the bus started dropforge-run"),
        ("The run", "decide_gate: → passed: accuracy"),
        ("Jobs", "-train-a1 Completed after"),
        ("Jobs", "$ dropforge logs df-"),
        ("The model and its deployment", "you: model tumours/1 Approved in the registry: looks good"),
        ("The model and its deployment", "DEPLOYED"),
        ("What was told", "notice: [dropforge] tumours: model version 1 waits for your approval"),
    ):
        assert told in _section(story, title), (title, told)


def test_every_line_has_the_recorded_fact_behind_it(world: World) -> None:
    story = _story(world, "tumours", "1")
    for _, lines in story.sections:
        assert [line.what for line in lines if line.fact is None and not line.what.startswith("…")] == []
    facts = {line.who: line.fact for _, lines in story.sections for line in lines if line.fact}
    gate = facts["decide_gate"]
    assert gate.inputs["evaluation"]
    assert gate.outputs["passed"] is True
    assert ":execution:dropforge-evaluation:" in gate.place
    assert '"passed": true' in _text(story, facts=True)
    assert '"passed": true' not in _text(story)


def test_lines_are_in_the_order_of_time(world: World) -> None:
    for _, lines in _story(world, "tumours", "1").sections:
        times = [line.time for line in lines if line.time]
        assert times == sorted(times)


def test_only_reads(world: World) -> None:
    _story(world, "tumours", "1")
    assert world.calls
    assert [call for call in world.calls if not call.startswith(READS)] == []


def test_a_refused_drop_shows_the_first_offending_rows(world: World) -> None:
    story = _story(world, "ragged")
    assert "No run was started: the drop is REFUSED" in story.missing[-1]
    found = _section(story, "The data set")
    assert "found ragged_rows (2)" in found
    assert "all.csv, line 101: 17,benign" in found
    assert "to do: " in found
    assert "findings: ragged_rows → REFUSED" in _section(story, "The judgement")
    assert "notice: [dropforge] ragged: the drop was refused" in _section(story, "What was told")


def test_a_held_drop_waits_for_its_project(world: World) -> None:
    story = _story(world, "nobody")
    assert "the drop is HELD" in story.missing[-1]
    assert "no valid project.yaml → HELD" in _section(story, "The judgement")
    assert "its drops wait (HELD) until one is uploaded" in _section(story, "The judgement")


def test_a_drop_that_was_trained_before(world: World) -> None:
    story = _story(world, "tumours")  # the newest
    assert "run IGNORED" in story.headline
    assert "already has this data set" in _section(story, "The run")


def test_a_candidate_below_its_gate(world: World) -> None:
    story = _story(world, "strict")
    assert "_SUCCESS came: the drop is complete" in _section(story, "When and why the window closed")
    assert "not passed: accuracy" in _section(story, "The run")
    assert "REJECTED" in _section(story, "The run")
    assert _section(story, "The model and its deployment") == ""


def test_without_histories_the_tables_tell(world: World) -> None:
    drop = world.windows("strict")[0]["drop"]
    world.histories.clear()
    story = _story(world, "strict")
    assert any("is gone (AWS keeps it for 90 days)" in text for text in story.missing)
    assert "window closed: _SUCCESS" in _section(story, "When and why the window closed")
    assert f"run {drop} REJECTED" in _section(story, "The run")
    assert f"training job df-{drop}-train-a1 Completed" in _section(story, "Jobs")


def test_the_jobs_of_an_attempt_that_no_history_is_linked_to(world: World) -> None:
    run = next(item for item in world.recorded["tables"]["Runs"] if item.get("status", {}).get("S") == "REJECTED")
    drop = run["pk"]["S"]
    world.put("Runs", pk=drop, sk="run", project="strict", status="RUNNING", attempt=2, execution_arn="arn:1:s:m:gone")
    story = _story(world, "strict", drop)
    assert "The run is in attempt 2: of its first, only the jobs are told." in story.missing
    assert f"training job df-{drop}-train-a1 Completed" in _section(story, "Jobs")


def test_unknown_names_list_the_known_ones(world: World) -> None:
    known = world.windows("tumours")[0]["drop"]
    world.upload("tumours/train/a.csv")
    with pytest.raises(NotRecordedError, match="Projects with objects in the data bucket: tumours"):
        _story(world, "tumors")
    with pytest.raises(NotRecordedError, match=r"has no model version 9\. Its versions, newest first: 1"):
        _story(world, "tumours", "9")
    with pytest.raises(NotRecordedError, match=f"newest drops: {known}"):
        _story(world, "tumours", "aaaaaaaaaa")
    with pytest.raises(NotRecordedError, match="has no drop or run"):
        _story(world, "strict", known)


def test_a_name_that_no_project_can_have_is_explained_by_what_was_ignored(world: World) -> None:
    reason = "'Churn' is no project's name: data belongs under <project>/<channel>/"
    where = {"pk": "ignored#-#03", "sk": "Churn/train/a.csv#0", "key": "Churn/train/a.csv", "reason": reason}
    world.put("Drops", **where, ignored_at="2026-11-27T10:00:00.000Z")
    world.put("Drops", **(where | {"sk": "Other/a.csv#0", "key": "Other/a.csv"}), ignored_at="2026-11-27T10:00:00.000Z")
    story = _story(world, "Churn")
    assert story.headline == "Churn: no drop yet"
    assert f"1 object: {reason} Churn/train/a.csv" in _section(story, "What was ignored last")


def test_ten_thousand_objects_are_counted_not_printed(empty: World) -> None:
    pk, drop, bucket = "big/train/", "abcdefghij", empty.recorded["outputs"]["ArtifactsBucketName"]
    time_of = "2026-11-27T10:{:02}:{:02}.000+00:00".format
    listed = [
        {"name": f"{n}.csv", "key": f"big/train/{n}.csv", "size": 10, "time": time_of(n // 600, n % 60), "via": "event"}
        for n in range(10_000)
    ]
    listed[77]["via"] = "reconciler"
    body = "".join(json.dumps(item) + "\n" for item in listed).encode()
    empty.session.client("s3").put_object(Bucket=bucket, Key="big/drops/abcdefghij/objects.jsonl", Body=body)
    window: dict[str, Any] = {"drop": drop, "project": "big", "channel": "train", "folder": "", "state": "CLOSED"}
    window |= {
        "opened_at": "2026-11-27T10:00:00.000Z",
        "touched_at": "2026-11-27T10:17:00.000Z",
        "opened_by": "big/train/0.csv",
    }
    window |= {"reason": "quiet period", "closed_at": "2026-11-27T10:22:00.000Z"}
    empty.put("Drops", pk=pk, sk=f"window#{drop}", objects=f"s3://{bucket}/big/drops/{drop}/objects.jsonl", **window)
    began = time.process_time()
    story = _story(empty, "big")
    assert time.process_time() - began < 5
    told = _text(story)
    assert "10,000 objects, 97.7 KiB" in told
    assert "9,999 objects by S3's event" in told
    assert "1 object by listing the bucket, for no event came" in told
    assert len(told.splitlines()) < 30


def test_names_that_a_terminal_would_obey_are_shown_as_text(empty: World) -> None:
    window: dict[str, Any] = {"drop": "abcdefghij", "project": "odd", "channel": "train", "folder": "", "state": "OPEN"}
    window |= {
        "opened_at": "2026-11-27T10:00:00.000Z",
        "touched_at": "2026-11-27T10:00:00.000Z",
        "opened_by": "odd/train/a",
    }
    empty.put("Drops", pk="odd/train/", sk="window#abcdefghij", **window)
    reason, when = "unsafe key", "2026-11-27T10:00:01.000Z"
    empty.put("Drops", pk="ignored#odd#00", sk="x", key="odd/train/\x1b[31m[bold]x", reason=reason, ignored_at=when)
    config = '{"algorithm":"xgboost","data":{"quiet_period":77}}'
    empty.put("Projects", pk="odd", sk="config", config=config)
    told = _text(_story(empty, "odd"))
    assert "the window is OPEN: last touched 2026-11-27 10:00:00, not closed yet" in told
    assert "project.yaml: complete_on any, quiet_period 77 s" in told
    assert "\\x1b[31m[bold]x" in told
    assert "\x1b" not in told


def test_json_within_facts_is_shown_as_what_it_says() -> None:
    assert readable({"config": '{"a": "[1]"}', "odd": "{not json", "n": 1}) == {
        "config": {"a": [1]},
        "odd": "{not json",
        "n": 1,
    }


def test_json_has_it_all(world: World) -> None:
    told = json.loads(as_json(_story(world, "tumours", "1").as_dict()))
    assert (told["project"], told["version"]) == ("tumours", 1)
    line = next(x for s in told["sections"] for x in s["lines"] if x["who"] == "plan_close")
    assert line["fact"]["outputs"]["action"] == "close"
    assert line["time"].endswith("Z")
