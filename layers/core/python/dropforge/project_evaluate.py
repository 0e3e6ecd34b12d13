"""`evaluate.bias` and `evaluate.explain` of a project.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dropforge.project_base import Section, Switched, Word

# Clarify's names (../shared/aws/s3_contracts.md, 5).
BiasMetric = Literal[
    "CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL",
    "DPPL", "DI", "DCA", "DCR", "SD", "RD", "DAR", "DRR", "AD", "TE", "CDDPL", "FT", "GE",
]  # fmt: skip


class Facet(Section):
    """A group of people, or of things, that should be treated like the others."""

    column: Word = Field(description="The column that tells the group.")
    values: list[str | int | float] = Field(
        default=[], max_length=100, description="Its values that make the group; or else `above`."
    )
    above: float | None = Field(default=None, description="The group is where the column is above this number.")


class Bias(Switched):
    """Clarify's bias metrics of a candidate."""

    facets: list[Facet] = Field(min_length=1, max_length=10, description="The groups to compare.")
    favourable: list[str | int | float] = Field(
        default=[], max_length=100, description="The target's values that are good to get; by default the last class."
    )
    group: Word | None = Field(default=None, description="Column to condition on; CDDL and CDDPL need it.")
    limits: dict[BiasMetric, float] = Field(
        default={}, description="The gate: at most this far from the metric's fair value, such as `DPL: 0.2`."
    )


class Explain(Switched):
    """Which columns a candidate's answers come from (SHAP values)."""

    samples: int = Field(default=100, ge=1, le=10_000, description="Rows to explain.")
