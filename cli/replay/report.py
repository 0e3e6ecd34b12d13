"""What a replay found, for a reader."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from cli.records import Item
from cli.replay.code import ACTS
from cli.replay.decisions import Replayed
from cli.replay.difference import Difference
from cli.text import clock, indented, plural

SHOWN = 6
WORDS = {"same": "the same", "differs": "otherwise", "not replayed": "not replayed"}


@dataclass
class DropReplay:
    """One drop: its objects and its decisions."""

    window: Item
    objects: int
    misread: list[Difference] = field(default_factory=list)
    decisions: list[Replayed] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything would be otherwise today."""
        return bool(self.misread or self.outcomes) or any(d.status == "differs" for d in self.decisions)


@dataclass
class Replay:
    """A whole replay. `by`: the project file that took the place of the recorded one."""

    project: str
    by: str | None
    drops: list[DropReplay] = field(default_factory=list)
    ignored: int = 0
    misread: list[Difference] = field(default_factory=list)
    regrouped: list[str] = field(default_factory=list)
    other: list[Replayed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything would be otherwise today."""
        several = any(drop.differs for drop in self.drops) or any(d.status == "differs" for d in self.other)
        return bool(several or self.misread or self.regrouped)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "project": self.project,
            "project_file": self.by,
            "differs": self.differs,
            "notes": self.notes,
            "ignored": {"replayed": self.ignored, "differences": [vars(d) for d in self.misread]},
            "grouping": self.regrouped,
            "project_decisions": [d.as_dict() for d in self.other],
            "drops": [
                {
                    "drop": drop.window["drop"],
                    "recorded_outcome": drop.window.get("outcome"),
                    "outcomes": drop.outcomes,
                    "differs": drop.differs,
                    "objects": {"replayed": drop.objects, "differences": [vars(d) for d in drop.misread]},
                    "decisions": [d.as_dict() for d in drop.decisions],
                }
                for drop in self.drops
            ],
        }


def print_replay(replay: Replay, console: Console, *, facts: bool) -> None:
    """Print what would differ, and how much would not."""
    by = f" with {replay.by}" if replay.by else ""
    what = f"{plural(len(replay.drops), 'drop')} of {replay.project} through today's code{by}"
    console.print(f"Replayed {what}. Dry run: only read, nothing was done.", markup=False, soft_wrap=True)
    for note in replay.notes:
        indented(console, f"! {note}", 2)
    console.print()
    indented(console, _read_again("ignored object", replay.ignored, replay.misread), 0)
    _print_differences(replay.misread, console, facts=facts)
    told = "The same objects come into the same drops." if not replay.regrouped else "Other drops:"
    indented(console, told, 0)
    for text in replay.regrouped:
        indented(console, text, 4)
    if replay.other:
        _print_decisions("project.yaml", replay.other, console, facts=facts)
    for drop in replay.drops:
        _print_drop(drop, console, facts=facts)
    console.print()
    found = "Something would differ today (exit status 3)." if replay.differs else "Nothing would differ today."
    console.print(found)


def _read_again(thing: str, count: int, misread: list[Difference]) -> str:
    if misread:
        return f"{plural(count, thing)} read again, {len(misread):,} otherwise:"
    return f"{plural(count, thing)} read again: all as recorded."


def _print_drop(drop: DropReplay, console: Console, *, facts: bool) -> None:
    window = drop.window
    folder = "/".join(str(part) for part in (window["channel"], window.get("folder")) if part)
    state = window.get("outcome") or window.get("state")
    console.print()
    title = f"drop {window['drop']} in {folder}, opened {clock(window.get('opened_at'))}, {state}"
    console.print(title, style="bold", markup=False, soft_wrap=True)
    for text in drop.outcomes:
        indented(console, text, 2)
    indented(console, _read_again("object", drop.objects, drop.misread), 2)
    _print_differences(drop.misread, console, facts=facts)
    _print_decisions("decisions", drop.decisions, console, facts=facts)


def _print_decisions(title: str, decisions: list[Replayed], console: Console, *, facts: bool) -> None:
    counted = Counter(d.status for d in decisions)
    told = [f"{counted[name]:,} {text}" for name, text in WORDS.items() if counted[name]]
    acting = dict.fromkeys(d.name.partition(".")[2] for d in decisions if d.note == ACTS)
    told[-1:] = [f"{told[-1]} ({', '.join(acting)}: {ACTS})"] if acting else told[-1:]
    indented(console, f"{title}: {', '.join(told) or 'none is recorded'}", 2)
    for decision in decisions:
        if decision.status == "differs" or facts or decision.note not in ("", ACTS):
            time = f"{decision.step.ended:%H:%M:%S}" if decision.step.ended else ""
            note = f" ({decision.note})" if decision.note else ""
            indented(console, f"{time}  {decision.name}: {decision.status}{note}", 4)
            _print_differences(decision.differences, console, facts=facts)


def _print_differences(found: list[Difference], console: Console, *, facts: bool) -> None:
    ordered = sorted(found, key=lambda d: d.field.count(".") + d.field.count("["))
    shown = ordered if facts else ordered[:SHOWN]
    for difference in shown:
        indented(console, str(difference), 8)
    if len(found) > len(shown):
        indented(console, f"… and {plural(len(found) - len(shown), 'field')} more (--facts shows all)", 8)
