"""What the profile is asked for, what it gives, and the bounds of what it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Version of profile.json. A profile of another version is not compared with.
VERSION = "dropforge.profile/1"

#: Different texts that are counted exactly: per column, and in all columns together.
EXACT_LEVELS = 10_000
ALL_LEVELS = 250_000
#: Rows, and bytes of text, of the sample that quantiles and associations are taken from.
SAMPLE_ROWS = 20_000
SAMPLE_BYTES = 16 << 20
#: Row hashes that are kept (8 bytes each) to count duplicate rows exactly.
EXACT_ROWS = 6_000_000
#: With more columns than this the JSON has fewer buckets and values for each.
DETAILED_COLUMNS = 300
#: Rows that a finding shows, and characters of one row.
OFFENDERS = 5
SHOWN_TEXT = 200

REFUSE, WARN, SKIP, IGNORE = "refuse", "warn", "skip", "ignore"
#: What a finding leads to unless project.yaml says otherwise under `data.checks`.
POLICY = {
    "unreadable_file": REFUSE,
    "ragged_rows": REFUSE,
    "no_target": REFUSE,
    "one_class": REFUSE,
    "mixed_target": REFUSE,
    "schema_changed": REFUSE,
    "too_few_rows": REFUSE,
    "new_columns": WARN,
    "missing_target": WARN,
    "duplicate_rows": WARN,
    "target_leakage": WARN,
    "drift": WARN,
    "constant_column": IGNORE,
    "identifier_column": IGNORE,
}


@dataclass(frozen=True)
class ProfileSettings:
    """What project.yaml says about the table; `checks` are its `data.checks`, over POLICY."""

    target: str | int | None = None
    problem: str | None = None
    columns: list[str] | None = None
    checks: dict[str, str] = field(default_factory=dict)

    def policy(self, check: str) -> str:
        """What a finding of `check` leads to: refuse, warn, skip or ignore."""
        return self.checks.get(check) or POLICY.get(check, WARN)


@dataclass(frozen=True)
class Profile:
    """What was found out about a data set. Everything in it is safe to show: no control characters."""

    json: dict[str, Any]
    html: str
    findings: list[dict[str, Any]]
    summary: dict[str, Any]
