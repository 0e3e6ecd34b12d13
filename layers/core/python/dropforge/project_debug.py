"""`debug` of a project.yaml: rules that watch a training job while it runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dropforge.project_base import Engine, Switched, Word


class Debug(Switched):
    """Look into a training job: tensors, and what the machine does."""

    engine: Engine = Field(default="builtin", description="`managed` is Debugger, which AWS closed to new accounts.")
    rules: dict[str, Literal["notify", "stop", "ignore"]] = Field(
        default={}, description="By rule, what it does when it fires: `LossNotDecreasing: stop`."
    )
    parameters: dict[str, dict[Word, str | int | float | bool]] = Field(
        default={}, description="By rule, its parameters: `LossNotDecreasing: {num_steps: 10}`."
    )
    save_interval: int = Field(default=10, ge=1, le=1_000_000, description="Steps between two saves of the tensors.")
    # botocore: DebugHookConfig.CollectionConfigurations has at most 20.
    collections: list[Word] = Field(
        default=[], max_length=20, description="Which tensors; by default what the rules need."
    )
    # botocore, ProfilerConfig.ProfilingIntervalInMilliseconds.
    profile: Literal[100, 200, 500, 1000, 5000, 60000] | None = Field(
        default=None, description="Milliseconds between two looks at the machine."
    )
