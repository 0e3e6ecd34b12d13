"""`dropforge why`: from event to decision to job to model to endpoint, read from what the service recorded."""

from __future__ import annotations

from typing import Any

from cli.history import KEPT_DAYS
from cli.service import Service
from cli.text import package_name, plural
from cli.why.arrival import arrived, closing, ignored, place
from cli.why.deployments import decided_lines
from cli.why.judgement import data_set, judged
from cli.why.outcome import deployment_executions, model_lines, told_lines
from cli.why.running import job_lines, run_lines
from cli.why.story import Story, print_story
from cli.why.subject import Subject, find

__all__ = ["find", "print_story", "tell"]


def tell(service: Service, subject: Subject) -> Story:
    """The story of a drop, as far as it is recorded."""
    window, run = subject.window, subject.run
    intake = service.intake_executions(window)
    running = service.run_executions(run)
    deploying = deployment_executions(service, subject.package)
    story = Story(_headline(subject), _subject(subject))
    if window:
        story.add("What arrived", arrived(service, window))
    else:
        story.missing.append(_no_window(subject))
    story.add(_ignored_title(window), ignored(service, subject.project, window))
    if window:
        story.add("When and why the window closed", closing(service, window, intake))
    story.add("The data set", data_set(service, window, run))
    if window:
        story.add("The judgement", judged(service, subject.project, window, intake))
    if run:
        story.add("The run", run_lines(service, run, running))
    story.add("Jobs", job_lines(service, run, [*intake, *running]))
    story.add("The model and its deployment", model_lines(service, subject.package))
    story.add("What was decided about the project's versions", decided_lines(service, subject.project))
    story.add("What was told", told_lines(service, [*intake, *running, *deploying]))
    story.missing += _gone(service)
    if run and int(run.get("attempt") or 1) > 1:
        story.missing.append(f"The run is in attempt {run['attempt']}: of its first, only the jobs are told.")
    if window and not run:
        story.missing.append(_no_run(window))
    return story


def _headline(subject: Subject) -> str:
    if subject.drop is None:
        return f"{subject.project}: no drop yet"
    where = f" in {place(subject.window)}" if subject.window else ""
    what = f"{subject.project}: drop {subject.drop}{where}"
    state = (subject.window or {}).get("outcome") or (subject.window or {}).get("state")
    what += f", {state}" if state else ""
    if subject.run:
        what += f" → run {subject.run.get('status')}"
    return what + (f" → model {package_name(subject.package)}" if subject.package else "")


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "project": subject.project,
        "drop": subject.drop,
        "run": (subject.run or {}).get("pk"),
        "version": subject.version,
        "model_package_arn": subject.package,
        "window": subject.window,
        "run_item": subject.run,
    }


def _ignored_title(window: Any) -> str:
    return "What was ignored meanwhile" if window else "What was ignored last"


def _no_window(subject: Subject) -> str:
    if subject.drop is None:
        return (
            "No object has opened a drop: data belongs under <project>/<channel>/, and what lies elsewhere is ignored."
        )
    return f"The window of drop {subject.drop} is not recorded (any more): what arrived cannot be told."


def _no_run(window: dict[str, Any]) -> str:
    outcome, state = window.get("outcome"), str(window.get("state"))
    if outcome in ("REFUSED", "HELD", "EMPTY"):
        reason = str(window.get("outcome_reason") or "see below").rstrip(".")
        return f"No run was started: the drop is {outcome}, {reason}."
    if str(window.get("channel")) != "train":
        return f"No run was started: only drops in train/ start one, and this is in {window.get('channel')}/."
    if state not in ("CLOSED", "SETTLED"):
        return f"No run was started yet: the window is {state}."
    if state == "CLOSED":
        return "No run was started yet: the drop is closed, and not judged yet (or intake stopped; see below)."
    return "No run is recorded: its claim is the run machine's first act, so it has not started (yet)."


def _gone(service: Service) -> list[str]:
    gone = len(service.histories.gone)
    if not gone:
        return []
    what = plural(gone, "execution")
    return [
        f"The history of {what} is gone (AWS keeps it for {KEPT_DAYS} days): decisions are told from the tables alone."
    ]
