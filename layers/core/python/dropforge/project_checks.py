"""`data.checks` of a project.yaml: what becomes of a drop whose data is wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dropforge.project_base import Section

Policy = Literal["refuse", "warn", "ignore"]


class Checks(Section):
    """What to do about a drop's data: `refuse` it, `warn` and go on, `skip` what is wrong, or `ignore` it."""

    unreadable_file: Literal["refuse", "skip"] = Field(
        default="refuse", description="A file that cannot be read; `skip` leaves the file out."
    )
    ragged_rows: Literal["refuse", "warn", "skip", "ignore"] = Field(
        default="refuse",
        description="Rows with more or fewer fields than the others; unless refused, they are left out.",
    )
    no_target: Policy = Field(default="refuse", description="No column is the target.")
    one_class: Policy = Field(default="refuse", description="The target has the same value in every row.")
    mixed_target: Policy = Field(default="refuse", description="The target is sometimes a number, sometimes text.")
    too_few_rows: Policy = Field(default="refuse", description="Fewer than ten rows to learn from.")
    schema_changed: Policy = Field(
        default="refuse", description="A column that the last data set had is gone, or is of another kind."
    )
    new_columns: Policy = Field(default="warn", description="Columns that the last data set had not.")
    missing_target: Policy = Field(default="warn", description="Rows without a target; they are left out.")
    duplicate_rows: Policy = Field(default="warn", description="Rows that are there more than once.")
    constant_column: Policy = Field(default="ignore", description="Columns with the same value in every row.")
    identifier_column: Policy = Field(default="ignore", description="Columns with another value in every row.")
    target_leakage: Policy = Field(default="warn", description="Columns that as good as give the target away.")
    drift: Policy = Field(default="warn", description="Columns whose values differ much from the last data set's.")
