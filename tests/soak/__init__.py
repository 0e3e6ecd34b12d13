"""Generated sequences through intake (docs/exactly-once.md)."""

from __future__ import annotations

import os

# The functions read their settings when they are imported.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
SETTINGS = {
    f"{name}_name": name.replace("_", "-")
    for name in ("data_bucket", "artifacts_bucket", "drops_table", "projects_table", "runs_table")
}
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name.upper(), _value)
