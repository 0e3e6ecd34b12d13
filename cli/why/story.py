"""A timeline: lines in sections, each with the recorded fact behind it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.text import as_json, decoded, indented, moment, wrapped

Section = tuple[str, "list[Line]"]
STAMP, WHO = 14, 20
MARGIN = 2 + STAMP + WHO
COMMAND = "$ "


@dataclass(frozen=True)
class Fact:
    """Where something is recorded (a table's item, an execution's events, a file), and what stands there."""

    place: str
    inputs: Any = None
    outputs: Any = None


@dataclass(frozen=True)
class Line:
    """When, who, what. `below` are further texts that belong to it; one that begins with `$ ` is a command."""

    what: str
    who: str = ""
    time: datetime | None = None
    fact: Fact | None = None
    below: tuple[str, ...] = ()


@dataclass
class Story:
    """What became of one drop, and how."""

    headline: str
    subject: dict[str, Any]
    sections: list[Section] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, title: str, lines: list[Line]) -> None:
        """Add a section, its lines in the order of their times; none if there is nothing to say."""
        timed = [moment(line.time) for line in lines]
        known = [t for t in timed if t]
        if lines:
            first = min(known) if known else None
            # A line without a time stays where it was put: after the line before it.
            keys: list[datetime | None] = []
            for time in timed:
                keys.append(time or (keys[-1] if keys else first))
            order = sorted(range(len(lines)), key=lambda i: (keys[i] is not None, keys[i] or datetime.min, i))
            self.sections.append((title, [lines[i] for i in order]))

    def as_dict(self) -> dict[str, Any]:
        """The whole story as plain values, for `--json`."""
        return {
            **self.subject,
            "headline": self.headline,
            "missing": self.missing,
            "sections": [{"title": title, "lines": [_line(line) for line in lines]} for title, lines in self.sections],
        }


def _line(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {"time": line.time, "who": line.who, "what": line.what, "below": list(line.below)}
    if line.fact:
        said["fact"] = {"place": line.fact.place, "inputs": line.fact.inputs, "outputs": line.fact.outputs}
    return said


def print_story(story: Story, console: Console, *, facts: bool) -> None:
    """Print the story for a reader; with the recorded facts beneath each line if asked for."""
    console.print(story.headline, style="bold", markup=False, soft_wrap=True)
    for text in story.missing:
        indented(console, f"! {text}", 2)
    day = ""
    for title, lines in story.sections:
        console.print()
        console.print(title, style="bold")
        for line in lines:
            date = line.time.strftime("%Y-%m-%d") if line.time else day
            if date != day:
                console.print(f"  {date} (UTC)", style="dim")
                day = date
            _print_line(line, console)
            if facts and line.fact:
                _print_fact(line.fact, console)


def _print_line(line: Line, console: Console) -> None:
    stamp = line.time.strftime("%H:%M:%S.%f")[:-3] if line.time else ""
    first, *rest = [part for text in (line.what, *line.below) for part in _parts(text, console.width - MARGIN)]
    begin = Text(f"  {stamp:{STAMP}}", style="dim")
    begin.append(f"{line.who:{WHO}}", style="cyan not dim")
    begin.append(first, style="not dim")
    console.print(begin, soft_wrap=True)
    for part in rest:
        console.print(f"{' ' * MARGIN}{part}", markup=False, soft_wrap=True)


def _parts(text: str, width: int) -> list[str]:
    """A text in lines, but a command in one, so that it can be copied."""
    return [text] if text.startswith(COMMAND) else wrapped(text, width)


def _print_fact(fact: Fact, console: Console) -> None:
    console.print(f"      recorded in {fact.place}", style="dim", markup=False, soft_wrap=True)
    for name, value in (("inputs", fact.inputs), ("outputs", fact.outputs)):
        if value is not None:
            text = textwrap.indent(f"{name}: {as_json(readable(value))}", " " * 6)
            console.print(text, style="dim", markup=False, soft_wrap=True)


def readable(value: Any) -> Any:
    """The same with each JSON text as what it says: a project within a decision's facts, say."""
    if isinstance(value, dict):
        return {name: readable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    opened = decoded(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    return readable(opened) if opened is not value else value
