"""From a table to its profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dropforge_jobs.errors import TargetError
from dropforge_jobs.profile import target as targets
from dropforge_jobs.profile.association import Labels
from dropforge_jobs.profile.describe import Measured, Surroundings, describe
from dropforge_jobs.profile.findings import Facts, findings
from dropforge_jobs.profile.page import page
from dropforge_jobs.profile.reader import Reading, read
from dropforge_jobs.profile.rows import unpacked
from dropforge_jobs.profile.schema import changes
from dropforge_jobs.profile.settings import DETAILED_COLUMNS, VERSION, Profile, ProfileSettings
from dropforge_jobs.profile.values import Sampled
from dropforge_jobs.shown import shown
from dropforge_jobs.tables import Table

#: Cells of the sample that are unpacked at once.
BLOCK_CELLS = 300_000
SHOWN_FILES = 50
SUMMARY_COLUMNS = 200


def profile_table(table: Table, settings: ProfileSettings, previous: Mapping[str, Any] | None = None) -> Profile:
    """Read the table once and tell everything about it; `previous` is profile.json of the last accepted data set.

    Raises TableError for what cannot be read.
    """
    index, no_target = _find_target(table, settings)
    reading = read(table, index)
    previous = previous if previous and previous.get("version") == VERSION else None
    target = None
    if index is not None:
        target = targets.describe(reading.columns[index], index, settings.problem)
    columns, measured = _columns(table, reading, target, previous)
    content = _content(table, reading, columns)
    if target is not None and measured is not None:
        content["target"] = targets.summary(target, measured.values, columns[target.index].get("histogram"))
    facts = Facts(
        settings=settings,
        rows=reading.rows,
        columns=columns,
        ragged={"count": table.ragged.count, "rows": table.ragged.rows},
        duplicates={**content["duplicates"], "rows": reading.duplicates.rows},
        target=target,
        reader=reading.target,
        no_target=no_target,
        changes=_changes(previous, columns),
    )
    content["changes"] = facts.changes
    content["compared_with"] = _previous_facts(previous)
    content["findings"] = findings(facts)
    for finding in content["findings"]:
        finding["rows"] = [{**row, "file": shown(row["file"])} for row in finding["rows"]]
    summary = {"table": _summary(table, content), "schema": _schema(columns), "target": content["target"]}
    return Profile(content, page(content, settings, previous), content["findings"], summary)


def _find_target(table: Table, settings: ProfileSettings) -> tuple[int | None, str | None]:
    """The target's position, or why there is none; neither if none is wanted."""
    if settings.target is None:
        return None, None
    try:
        return table.target_index(settings.target), None
    except TargetError as error:
        return None, shown(str(error), 600)


def _columns(
    table: Table, reading: Reading, target: targets.Target | None, previous: Mapping[str, Any] | None
) -> tuple[list[dict[str, Any]], Measured | None]:
    """The figures of all columns, each reader given up as soon as it is described; and what the target's rest on."""
    before = _bases(previous)
    rows = reading.sample.sorted()
    weights = [count for _, count, _ in rows]
    around = _surroundings(table, rows, target, len(reading.columns) <= DETAILED_COLUMNS)
    found: list[dict[str, Any]] = []
    kept = None
    for index, texts in enumerate(_sampled(rows, len(reading.columns))):
        column = reading.columns[index]
        is_target = target is not None and index == target.index
        own = Surroundings(None, ()) if is_target else around
        described, measured = describe(column, index, Sampled(texts, weights), own)
        if is_target:
            described["role"] = "target"
            described["words"] = column.present - column.numeric
            kept = measured
        drift = _drift(before.get(described["name"]), described, measured)
        if drift:
            described["drift"] = drift
        found.append(described)
        if not is_target:  # a wide table would not fit twice
            reading.columns[index] = None  # type: ignore[call-overload]
    return found, kept


def _sampled(rows: Sequence[tuple[int, int, bytes]], columns: int) -> Iterator[Sequence[str]]:
    """The sampled texts of each column."""
    step = max(1, BLOCK_CELLS // max(len(rows), 1))
    for start in range(0, columns, step):
        stop = min(start + step, columns)
        block = unpacked(rows, start, stop) or [()] * (stop - start)
        yield from block


def _surroundings(
    table: Table, rows: Sequence[tuple[int, int, bytes]], target: targets.Target | None, detailed: bool
) -> Surroundings:
    """The target of the sampled rows, where it can be learnt."""
    if target is None or target.problem is None or not rows:
        return Surroundings(None, (), detailed)
    places, comma = target.places, table.decimal_comma
    texts = unpacked(rows, target.index, target.index + 1)[0]
    labels = [places.get(text) if target.classes is not None else target.label(text, comma) for text in texts]
    labelled = [row for row, label in enumerate(labels) if label is not None]
    values = [float(label) for label in labels if label is not None]
    # Bits that neither the sample nor the count of duplicates goes by.
    halves = [(rows[row][0] >> 4) & 1 for row in labelled]
    return Surroundings(Labels(values, halves, [rows[row][1] for row in labelled], target.problem), labelled, detailed)


def _bases(previous: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """The last data set's columns by name."""
    columns = (previous or {}).get("columns")
    return {column["name"]: column for column in columns} if isinstance(columns, list) else {}


def _drift(before: Mapping[str, Any] | None, now: Mapping[str, Any], measured: Measured) -> dict[str, Any] | None:
    """How far a column has moved; None if it is new, or holds something else now."""
    if not before or before.get("family") != now["family"] or "basis" not in before:
        return None
    basis = before["basis"]
    if _sort(before) != _sort(now):  # few rows make an identifier of a text: only what is missing can be compared
        basis = {"missing": basis["missing"], "rows": basis["rows"]}
    return measured.drift(basis)


def _sort(column: Mapping[str, Any]) -> str:
    """What a column's basis consists of."""
    return column["kind"] if column["kind"] in ("identifier", "text") else "values"


def _changes(previous: Mapping[str, Any] | None, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    return changes(list(_bases(previous).values()), columns) if previous else None


def _previous_facts(previous: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not previous:
        return None
    return {
        "rows": previous.get("rows"),
        "columns_count": previous.get("columns_count"),
        "schema": previous.get("schema"),
    }


def _content(table: Table, reading: Reading, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """profile.json, as far as it does not depend on the target and the last data set."""
    sample = reading.sample
    return {
        "version": VERSION,
        "rows": reading.rows,
        "columns_count": len(columns),
        "files": [shown(file.name) for file in table.files[:SHOWN_FILES]],
        "files_count": len(table.files),
        "format": table.format,
        "compression": table.compression,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header": table.header,
        "schema": _schema(columns),
        "ragged": table.ragged.count,
        "duplicates": reading.duplicates.describe(),
        "sample": {"rows": sum(row[0] for row in sample.rows.values()), "exact": sample.exact},
        "target": None,
        "columns": columns,
    }


def _schema(columns: Sequence[Mapping[str, Any]]) -> str:
    pairs = [[column["name"], column["kind"]] for column in columns]
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=True).encode()).hexdigest()


def _summary(table: Table, content: Mapping[str, Any]) -> dict[str, Any]:
    """The table for inspection.json."""
    columns = [{"name": column["name"], "kind": column["kind"]} for column in content["columns"][:SUMMARY_COLUMNS]]
    keys = ("format", "compression", "encoding", "delimiter", "header", "rows")
    return {**{key: content[key] for key in keys}, "columns": columns, "columns_count": len(table.names)}
