"""`dropforge replay --dry-run`: what was recorded, through today's code, without acting."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from cli.history import Execution, Histories
from cli.records import Item
from cli.replay.code import Code, find_code
from cli.replay.decisions import Replayed, Replayer
from cli.replay.errors import ProjectFileInvalidError, ReplayRefusedError
from cli.replay.events import Folder, pace_of, reclassified
from cli.replay.grouping import config_in_force, regrouped
from cli.replay.report import DropReplay, Replay, print_replay
from cli.service import NotRecordedError, Service
from cli.text import moment, plural
from cli.why.outcome import bus_ids, deployment_executions
from cli.why.subject import find

__all__ = ["DIFFERS", "find_code", "print_replay", "read_date", "read_project_file", "replay"]

DIFFERS = 3  # the exit status


def read_date(text: str | None) -> str | None:
    """A date or time of the command line, as the tables have times; None for none.

    Raises:
        ReplayRefusedError: it is neither.
    """
    if not text:
        return None
    found = moment(text)
    if found is None:
        raise ReplayRefusedError(f"--since {text!r} is no date: write 2026-11-23 or 2026-11-23T10:00 (UTC)")
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_project_file(service: Service, path: Path, project: str) -> str:
    """A project.yaml as the JSON that decisions take, read by today's code.

    Raises:
        ProjectFileInvalidError: it cannot be read, or is not valid; names each problem.
    """
    from intake.decide import read_project
    from intake.models import ReadProject

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectFileInvalidError(f"{path}: {error}") from error
    facts = ReadProject(key=f"{project}/project.yaml", size=len(text.encode()), text=text)
    reading = read_project(facts, _allowed_images(service, project))
    if reading.config is None:
        told = (
            f"  line {p.get('line')}, {p.get('field')}: {p.get('reason')}; {p.get('fix')}" for p in reading.problems
        )
        raise ProjectFileInvalidError(f"{path} is not valid:\n" + "\n".join(told))
    return reading.config


def _allowed_images(service: Service, project: str) -> str:
    """The images that the stack's owner allows, as the function that read the project's last file has them."""
    for execution in _project_executions(service, project):
        for step in execution.of("lambda:invoke"):
            variables = service.functions.configuration(str(step.function)).get("Environment") or {}
            return str((variables.get("Variables") or {}).get("ALLOWED_IMAGES", ""))
    return ""


def replay(
    service: Service,
    project: str,
    *,
    drop: str | None,
    since: str | None,
    limit: int,
    given: str | None,
    by: str | None,
) -> Replay:
    """Replay a project's drops.

    Args:
        service: what was recorded.
        project: whose.
        drop: only this one; None: all.
        since: only those opened since (ISO-8601).
        limit: how many at most, the newest.
        given: a project (JSON) to decide by instead of the recorded one.
        by: the name of the file that it came from.

    Raises:
        NotRecordedError: there is no such project or drop.
    """
    windows = _windows(service, project, drop, since, limit)
    found = Replay(project, by)
    replayer = Replayer(service, Code(service.functions), given)
    config = given or (service.records.config(project) or {}).get("config")
    bucket = service.stack.output("DataBucketName")
    ignored = [i for i in service.records.ignored(project) if not since or str(i.get("ignored_at")) >= since]
    found.ignored, found.misread = len(ignored), reclassified(ignored, bucket, config)
    found.other = list(replayer.of(_project_executions(service, project)))
    folders: dict[str, Folder] = {}
    for window in windows:
        executions = list(_executions(service, window))
        recorded = _config_of(executions) or (None if window.get("outcome") == "HELD" else config)
        folder = folders.setdefault(str(window["pk"]), Folder(str(window["pk"]), recorded, pace_of(executions)))
        items = _objects(service, window)
        folder.windows.append(window)
        folder.items += items
        decisions = list(replayer.of(executions))
        misread = reclassified(items, bucket, given or recorded)
        outcomes = [*_outcomes(decisions), *_trained_anew(service, window, recorded, given)]
        found.drops.append(DropReplay(window, len(items), misread, decisions, outcomes))
    found.regrouped = [told for folder in folders.values() for told in regrouped(folder, bucket, given)]
    found.notes = _notes(service.histories, found, given)
    return found


def _windows(service: Service, project: str, drop: str | None, since: str | None, limit: int) -> list[Item]:
    if drop:
        window = find(service, project, drop).window
        if window is None:
            raise NotRecordedError(f"The window of drop {drop} of project {project} is not recorded (any more).")
        return [window]
    windows = list(islice(service.records.windows(project, since=since), limit))
    if not windows and not since:
        find(service, project, None)  # says which projects there are, if this is none of them
    return windows


def _executions(service: Service, window: Item) -> Iterator[Execution]:
    """Everything that was decided about a drop: its intake, its run, its deployments, its notices."""
    run = service.records.run(str(window["drop"]))
    found = [*service.intake_executions(window), *service.run_executions(run)]
    found += deployment_executions(service, (run or {}).get("model_package_arn"))
    yield from found
    for notice in service.records.notices(bus_ids(found)).values():
        told = service.histories.of(notice.get("claimed_by"))
        if told:
            yield told


def _project_executions(service: Service, project: str) -> list[Execution]:
    execution = service.histories.of((service.records.config(project) or {}).get("execution_arn"))
    return [execution] if execution else []


def _objects(service: Service, window: Item) -> list[Item]:
    """The drop's objects; from its own list, once their items have expired."""
    drop = window["drop"]
    items = [item for item in service.records.objects(window) if item.get("drop") == drop and "kind" in item]
    if items:
        return items
    shard = {"pk": f"{window['pk']}#00", "kind": "object", "drop": drop}
    listed = service.records.lines(window.get("objects"))
    return [{**shard, "sk": f"object#{item['key']}", **item} for item in listed]


def _config_of(executions: list[Execution]) -> str | None:
    configs = (config_in_force(step.given) for execution in executions for step in execution.of("lambda:invoke"))
    return next((config for config in configs if config), None)


def _outcomes(decisions: list[Replayed]) -> Iterator[str]:
    """What would become of the drop, if that is something else."""
    for decision in decisions:
        before, now = (_verdict(decision.name, answer) for answer in (decision.recorded, decision.today or {}))
        if decision.differences and before and now and before != now:
            yield f"{before} → {now}"


def _trained_anew(service: Service, window: Item, recorded: str | None, given: str | None) -> Iterator[str]:
    """Whether a drop that was ignored as trained already would be trained: the fingerprint covers project.yaml."""
    run = service.records.run(str(window["drop"])) or {}
    if given and recorded and run.get("status") == "IGNORED" and _fingerprint(recorded) != _fingerprint(given):
        yield "run IGNORED → a run, since with this project.yaml the data set has another fingerprint"


def _fingerprint(config: str) -> str:
    from dropforge.project import Project

    return Project.model_validate_json(config).training_fingerprint()


def _verdict(name: str, answer: dict[str, Any]) -> str | None:
    gave = answer.get("output")
    if not isinstance(gave, dict):
        return f"{name} refuses ({answer['error']})" if "error" in answer else None
    if name == "intake.judge_drop":
        return f"drop {gave.get('outcome')}"
    if name == "evaluation.decide_gate":
        return f"gate {'passed' if gave.get('passed') else 'not passed'}"
    return f"{name} goes on"


def _notes(histories: Histories, found: Replay, given: str | None) -> list[str]:
    notes = []
    if histories.gone:
        what = plural(len(histories.gone), "execution")
        notes.append(f"The history of {what} is gone (AWS keeps it for 90 days): those decisions are not replayed.")
    if given and found.drops:
        notes.append(
            "Each decision gets its recorded facts with the given project.yaml. What was measured (the inspection, the "
            "evaluation) stays as it was: with another target or other hyperparameters it would come out otherwise."
        )
    return notes
