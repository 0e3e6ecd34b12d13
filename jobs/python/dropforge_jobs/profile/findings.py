"""What is wrong with a data set, in sentences, each with what to do and the first rows where it is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropforge_jobs.profile.settings import ProfileSettings
from dropforge_jobs.profile.target import Target, TargetReader
from dropforge_jobs.profile.values import show

#: A tabular algorithm is not tried on fewer rows.
LEAST_ROWS = 10
NAMED = 5
#: A share that is worth a word.
TELLING = 0.05

Finding = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What findings are made from."""

    settings: ProfileSettings
    rows: int
    columns: Sequence[Mapping[str, Any]]
    ragged: Mapping[str, Any]
    duplicates: Mapping[str, Any]
    target: Target | None
    reader: TargetReader | None
    no_target: str | None
    changes: Mapping[str, Any] | None


def findings(facts: Facts) -> list[Finding]:
    """All findings but those that the project ignores; what is refused comes first."""
    found = [
        finding
        for part in (_target, _rows, _schema, _columns)
        for finding in part(facts)
        if facts.settings.policy(finding["check"]) != "ignore"
    ]
    order = {"refuse": 0, "skip": 1, "warn": 2}
    return sorted(found, key=lambda finding: order.get(facts.settings.policy(finding["check"]), 1))


def _finding(check: str, count: int, message: str, fix: str, rows: Sequence[Mapping[str, Any]] = ()) -> Finding:
    return {"check": check, "count": count, "message": message, "fix": fix, "rows": list(rows)}


def _target(facts: Facts) -> Iterator[Finding]:
    if facts.no_target:
        fix = "set `target` in project.yaml to one of the columns, or drop a table that has the column"
        yield _finding("no_target", 1, _sentence(facts.no_target), fix)
    target, reader = facts.target, facts.reader
    if target is None or reader is None or not facts.rows:
        return
    name = show(target.name)
    if not target.counts:
        message = f"The target {name!r} is empty: none of the {facts.rows:,} rows has a value."
        fix = "drop a table whose target is filled in, or set `target` to another column"
        yield _finding("no_target", facts.rows, message, fix, reader.missing)
        return
    if target.missing:
        message = f"{_rows_have(target.missing, facts.rows)} no value in the target {name!r}; they are not learnt from."
        yield _finding(
            "missing_target", target.missing, message, "fill the target in, or leave these rows out", reader.missing
        )
    if len(target.counts) == 1:
        only = show(next(iter(target.counts)))
        message = f"Every row has the same value {only!r} in the target {name!r}: there is nothing to learn."
        fix = "drop rows of at least two classes, or set `target` to another column"
        yield _finding("one_class", facts.rows - target.missing, message, fix)
    elif target.mixed:
        yield _mixed(target, reader, facts)
    elif target.refused:
        fix = "mend the values, or set `problem` and `target` in project.yaml to what the column holds"
        yield _finding("mixed_target", facts.rows - target.missing, _sentence(target.refused), fix)


def _mixed(target: Target, reader: TargetReader, facts: Facts) -> Finding:
    name = show(target.name)
    words = target.mixed == "words"
    rows = reader.words if words else reader.numbers
    column = facts.columns[target.index]
    count = column["words"] if words else facts.rows - target.missing - column["words"]
    odd, usual = ("words", "numbers") if words else ("numbers", "words")
    message = f"The target {name!r} mixes types: {count:,} of {facts.rows:,} rows hold {odd} among {usual}."
    fix = "correct these rows or leave their target empty; if they are classes of their own, say `problem: multiclass`"
    return _finding("mixed_target", count, message, fix, rows)


def _rows(facts: Facts) -> Iterator[Finding]:
    ragged, duplicates, target = facts.ragged, facts.duplicates, facts.target
    if ragged["count"]:
        message = (
            f"{_number(ragged['count'], 'row')} {'has' if ragged['count'] == 1 else 'have'} another number of fields "
            f"than the {len(facts.columns)} columns of the table."
        )
        fix = "put quotes around fields that hold the delimiter, and complete rows that are torn"
        yield _finding("ragged_rows", ragged["count"], message, fix, ragged["rows"])
    usable = facts.rows - (target.missing if target else 0)
    if (target or facts.no_target) and usable < LEAST_ROWS:
        message = f"{_number(usable, 'usable row')}: at least {LEAST_ROWS} are needed to train and test a model."
        yield _finding("too_few_rows", usable, message[:1].upper() + message[1:], "drop more rows")
    if duplicates["count"]:
        about = "" if duplicates["exact"] else "About "
        message = (
            f"{about}{_rows_have(duplicates['count'], facts.rows, 'repeat', 'repeats')} an earlier row in every "
            "column; copies in both the training and the test part make a model look better than it is."
        )
        fix = "remove the copies, or set `data.checks.duplicate_rows: ignore` if equal rows are to be expected"
        yield _finding("duplicate_rows", duplicates["count"], message, fix, duplicates["rows"])


def _schema(facts: Facts) -> Iterator[Finding]:
    changes = facts.changes
    if changes is None:
        return
    if changes["missing"]:
        renamed = [f"{pair['from']!r} looks renamed to {pair['to']!r}" for pair in changes["renamed"]]
        message = f"{_columns_are(changes['missing'])} missing that the last data set had"
        message += f"; {_first(renamed)}." if renamed else "."
        fix = "drop the table with its old columns, or set `data.checks.schema_changed: warn` if the change is meant"
        yield _finding("schema_changed", len(changes["missing"]), message, fix)
    if changes["kinds"]:
        told = [f"{one['name']!r} was {one['before']} and is now {one['now']}" for one in changes["kinds"]]
        fix = "correct the values, or set `data.checks.schema_changed: warn` if the change is meant"
        yield _finding("schema_changed", len(told), f"Columns hold something else than last time: {_first(told)}.", fix)
    if changes["new"]:
        message = f"{_columns_are(changes['new'])} new since the last data set."
        fix = "nothing, if they are meant: the next model learns from them, and its endpoint expects them"
        yield _finding("new_columns", len(changes["new"]), message, fix)
    if changes["reordered"]:
        message = "The columns come in another order than in the last data set."
        fix = "nothing for JSON requests; clients that send CSV to the endpoint must send the new order"
        yield _finding("new_columns", len(facts.columns), message, fix)


def _columns(facts: Facts) -> Iterator[Finding]:
    inputs = [column for column in facts.columns if column.get("role") != "target"]
    for kind, reason in (("constant", "the same value in every row"), ("identifier", "another value in every row")):
        names = [column["name"] for column in inputs if column["kind"] == kind]
        if names:
            message = (
                f"{_columns_are(names, 'has', 'have')} {reason}: nothing can be learnt from that, so they are not used."
            )
            yield _finding(f"{kind}_column", len(names), message, "nothing; leave them out of the table to save space")
    leaks = [column for column in inputs if (column.get("association") or {}).get("over")]
    if leaks:
        yield _leakage(leaks, facts)
    moved = [column for column in facts.columns if (column.get("drift") or {}).get("over")]
    if moved:
        moved = sorted(moved, key=lambda column: (column.get("role") != "target", -column["drift"]["value"]))
        told = [_moved(column) for column in moved]
        message = (
            f"{_number(len(moved), 'column')} of {len(facts.columns)} moved since the last data set: {_first(told)}."
        )
        fix = "see the plots in profile.html; if the world has changed, train on it, else look for the fault upstream"
        yield _finding("drift", len(moved), message, fix)


def _moved(column: Mapping[str, Any]) -> str:
    """How far a column has moved, and what is easily said about it."""
    drift = column["drift"]
    told = [f"{drift['measure']} {drift['value']:.2f}, threshold {drift['threshold']:.2f}"]
    if abs(drift["missing"] - drift["missing_before"]) >= TELLING:
        told.append(f"{drift['missing']:.0%} missing, before {drift['missing_before']:.0%}")
    told += [
        f"new value {new['value']!r} in {new['share']:.0%}" for new in drift.get("new", ()) if new["share"] >= TELLING
    ]
    return f"{'the target ' if column.get('role') == 'target' else ''}{column['name']!r} ({'; '.join(told)})"


def _leakage(leaks: Sequence[Mapping[str, Any]], facts: Facts) -> Finding:
    leaks = sorted(leaks, key=lambda column: -column["association"]["value"])
    told = [
        f"{column['name']!r} ({column['association']['measure']} {column['association']['value']:.4f}, threshold "
        f"{column['association']['threshold']})"
        for column in leaks
    ]
    target = show(facts.target.name) if facts.target else ""
    message = f"The target {target!r} can be told almost perfectly from a single column: {_first(told)}."
    fix = "leave the column out if it is known only after the target is; keep it if it is known when you predict"
    return _finding("target_leakage", len(leaks), message, fix)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _rows_have(count: int, rows: int, many: str = "have", one: str = "has") -> str:
    share = count / rows if rows else 0
    part = f" ({share:.1%})" if share >= 0.001 else ""  # noqa: PLR2004 - less is told as 0.0 %
    return f"{_number(count, 'row')}{part} {one if count == 1 else many}"


def _columns_are(names: Sequence[str], one: str = "is", many: str = "are") -> str:
    return (
        f"{_number(len(names), 'column')} ({_first([repr(name) for name in names])}) {one if len(names) == 1 else many}"
    )


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
