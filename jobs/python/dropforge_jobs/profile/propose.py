"""A project.yaml for data that came without one: guesses, each with its reason, to be pasted and corrected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropforge_jobs import problem as problems
from dropforge_jobs.profile.values import show
from dropforge_jobs.profile.yaml_text import comment, flow, quoted
from dropforge_jobs.shown import shown

#: Names that a target usually has, the surest first; also as the last word of a longer name.
USUAL = ("target", "label", "class", "y", "outcome", "response", "output", "labels", "dependent")
LAST_WORD = re.compile(r".*[_ .-](target|label|class|outcome|response)|(?:target|label|class)[_ .-].*", re.IGNORECASE)
#: Column names that the file may spell out; a longer list does not belong into it.
MOST_NAMES = 100
LONGEST_NAME = 100
ALTERNATIVES = 5
#: Kinds that a model can learn to foretell, and kinds that it can learn from.
TARGETS = {"number", "boolean", "category"}
USELESS = {"identifier", "constant"}

Column = Mapping[str, Any]


@dataclass(frozen=True)
class _Guess:
    """The target, why it is taken for one, and what else it could be."""

    column: Column
    reason: str
    others: Sequence[Column]


def propose_project(profile_json: Mapping[str, Any] | None, head: Mapping[str, Any] | None) -> dict[str, Any]:
    """`yaml`: a valid project.yaml for the profiled table (None if there is no table), `notes`: what was guessed.

    `head` has the names of the columns as they are dropped, which a profile shows with hidden characters escaped.
    """
    if not profile_json or not profile_json.get("columns"):
        return {"yaml": None, "notes": ["The drop holds no table that could be read, so nothing can be proposed."]}
    columns = profile_json["columns"]
    names = _names(columns, head or {})
    guess = _guess(columns)
    body, notes = _script(columns) if guess is None else _table(profile_json, columns, names, guess)
    top = [
        comment(f"A guess from {profile_json['rows']:,} rows and {len(columns):,} columns. Read it, correct it, and"),
        comment("upload it as project.yaml: the data that waits is taken up then. All fields: docs/project.md"),
    ]
    data_format = profile_json.get("format")
    if data_format in ("tsv", "jsonl", "parquet"):
        body.append(f"data: {{format: {data_format}}}")
    return {"yaml": "\n".join([*top, *body]) + "\n", "notes": notes}


def _names(columns: Sequence[Column], head: Mapping[str, Any]) -> list[str | None]:
    """The exact name of each column where it can be written down; None where its index is to be used."""
    exact = head.get("columns")
    if not isinstance(exact, list) or len(exact) != len(columns):
        return [None] * len(columns)
    return [name if _writable(name) and exact.count(name) == 1 else None for name in exact[:MOST_NAMES]] + [
        name if _writable(name) else None for name in exact[MOST_NAMES:]
    ]


def _writable(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip()


def _table(
    profile: Mapping[str, Any], columns: Sequence[Column], names: Sequence[str | None], guess: _Guess
) -> tuple[list[str], list[str]]:
    """The lines for a table with a target."""
    column = guess.column
    index = column["index"]
    told = show(column["name"])
    lines = ["algorithm: xgboost"]
    notes = [f"target: {told!r}, because {guess.reason}"]
    if not profile.get("header") and len(columns) <= MOST_NAMES:
        named = [f"column_{place}" for place in range(len(columns))]
        lines += [
            comment("The files have no header: give the columns their names, in their order."),
            *flow("columns", named),
        ]
        notes.append("columns: placeholders, for the files have no header")
        target = named[index]
    else:
        name = names[index]
        target = str(index) if name is None else quoted(name)
        if name is None:
            lines.append(comment(f"Column {index} is {told!r} (0 is the first)."))
    lines += [comment(f"The column to predict, because {guess.reason}."), f"target: {target}"]
    if guess.others:
        others = ", ".join(f"{show(other['name'])} ({other['kind']})" for other in guess.others)
        lines.append(comment(f"It could also be: {others}"))
    problem, reason = _problem(column)
    lines += [f"problem: {problem}", comment(f"  for {reason}; possible: {', '.join(problems.PROBLEMS)}")]
    notes.append(f"problem: {problem}, for {reason}")
    unused = [show(other["name"]) for other in columns if other["kind"] in USELESS and other is not column]
    if unused:
        more = f" and {len(unused) - ALTERNATIVES} more" if len(unused) > ALTERNATIVES else ""
        lines.append(
            comment(
                f"Not learnt from, for each value is another, or all are one: {', '.join(unused[:ALTERNATIVES])}{more}"
            )
        )
    return lines, notes


def _script(columns: Sequence[Column]) -> tuple[list[str], list[str]]:
    """The lines for a table in which nothing can be foretold from something else."""
    kinds = ", ".join(f"{show(column['name'])} ({column['kind']})" for column in columns[:ALTERNATIVES])
    reason = shown(f"no column looks like something to predict from the others: {kinds}")
    lines = [
        comment(f"{reason[:1].upper()}{reason[1:]}."),
        comment("So this takes a script of yours, code/train.py, which gets the files as they are."),
        comment("Or name a column after all:  algorithm: xgboost  and  target: <column>"),
        "algorithm: sklearn",
        "train: {script: train.py}",
    ]
    return lines, [f"a script, because {reason}"]


def _guess(columns: Sequence[Column]) -> _Guess | None:
    """The column to predict, by its name, else by its place, else by its values."""
    fit = [column for column in columns if _can_be_target(column)]
    if not fit:
        return None
    found, reason = _by_name(fit) or _by_place(columns, fit)
    if all(other is found or other["kind"] in USELESS for other in columns):
        return None
    others = [column for column in fit if column is not found]
    return _Guess(found, reason, sorted(others, key=_likelihood)[:ALTERNATIVES])


def _can_be_target(column: Column) -> bool:
    """Whether there is something to learn: several values that come again, or numbers."""
    if column["kind"] not in TARGETS or column["distinct"] < 2:  # noqa: PLR2004 - one value is none to tell apart
        return False
    return column["family"] == "numbers" or bool(column["distinct"] <= problems.MOST_CLASSES)


def _by_name(fit: Sequence[Column]) -> tuple[Column, str] | None:
    for usual in USUAL:
        for column in fit:
            if column["name"].strip().lower() == usual:
                return column, f"it is called {show(column['name'])!r}"
    for column in reversed(fit):
        if LAST_WORD.fullmatch(column["name"]):
            return column, f"it is called {show(column['name'])!r}"
    return None


def _by_place(columns: Sequence[Column], fit: Sequence[Column]) -> tuple[Column, str]:
    last, first = columns[-1], columns[0]
    if last is fit[-1]:
        return last, f"it is the last column and holds {_holds(last)}"
    if first is fit[0] and _classes(first):
        return first, f"it is the first column and holds {_holds(first)}"
    best = min(fit, key=_likelihood)
    return best, f"of all columns it looks most like a target: it holds {_holds(best)}"


def _likelihood(column: Column) -> tuple[Any, ...]:
    """Sorts: few classes first, then numbers; later columns before earlier ones."""
    return (not _classes(column), column["distinct"] if _classes(column) else 0, -column["index"])


def _classes(column: Column) -> bool:
    if column["family"] != "numbers":
        return True
    whole = (column.get("histogram") or {}).get("whole", False)
    return bool(column["distinct"] == 2 or (whole and column["distinct"] <= problems.FEW))  # noqa: PLR2004 - binary


def _holds(column: Column) -> str:
    count = column["distinct"]
    return f"{count:,} classes" if _classes(column) else "numbers"


def _problem(column: Column) -> tuple[str, str]:
    """The problem as the preparing job would infer it from the profile, and why."""
    count = column["distinct"]
    if count == 2:  # noqa: PLR2004 - what binary means
        return "binary", "there are two different values"
    if column["family"] != "numbers":
        return "multiclass", f"there are {count:,} different texts"
    rare = any(entry["count"] == 1 for entry in column.get("top", ()))
    if _classes(column) and not rare:
        return "multiclass", f"there are {count} different whole numbers"
    return "regression", f"there are {count:,} different numbers"
