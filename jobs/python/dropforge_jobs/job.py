"""Where a SageMaker Processing job finds its files, and how it tells why it stopped.

Contract: "Build Your Own Processing Container" in the SageMaker developer guide. Inputs and outputs lie under
/opt/ml/processing; a text of at most 1 KB in /opt/ml/output/message becomes the job's ExitMessage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropforge_jobs.errors import JobError, SettingsError

MESSAGE_BYTES = 1024


@dataclass(frozen=True)
class Job:
    """The folders of one job; `base` is /opt/ml, or what stands for it where that cannot be mounted."""

    base: Path

    def input(self, name: str) -> Path:
        """The folder of the processing input `name`."""
        return self.base / "processing" / "input" / name

    def has_input(self, name: str) -> bool:
        """Whether the job was given the input `name` with at least one file in it."""
        folder = self.input(name)
        return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))

    @property
    def output(self) -> Path:
        """The folder whose content is uploaded when the job ends."""
        return self.base / "processing" / "output"

    def settings(self, name: str) -> dict[str, Any]:
        """The JSON object in the settings input's file `name`; SettingsError if it is not one."""
        return self.json_object("settings", name)

    def json_object(self, name: str, file: str) -> dict[str, Any]:
        """The JSON object in the file of the input `name`; SettingsError if it is not one."""
        path = self.input(name) / file
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path}: cannot be read as JSON: {error}") from error
        if not isinstance(value, dict):
            raise SettingsError(f"{path}: a JSON object is expected, found {type(value).__name__}")
        return value

    def tell(self, text: str) -> None:
        """Leave `text`, cut to 1 KB, as the job's exit message."""
        folder = self.base / "output"
        folder.mkdir(parents=True, exist_ok=True)
        cut = text.encode("utf-8")[:MESSAGE_BYTES].decode("utf-8", errors="ignore")
        (folder / "message").write_text(cut, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, the same bytes for the same value; a number that is not finite is refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _default_base() -> Path:
    """/opt/ml, unless our own variable or that of AWS's toolkits (SAGEMAKER_BASE_DIR) says otherwise."""
    return Path(os.environ.get("DROPFORGE_OPT_ML") or os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def run(main: Callable[[Job], None], argv: list[str] | None = None) -> int:
    """Run a job's `main`; return its exit code. What it refuses goes to the exit message and to stderr."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, default=_default_base(), help="stands for /opt/ml")
    job = Job(parser.parse_args(argv).base)
    try:
        main(job)
    except JobError as error:
        job.tell(str(error))
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        job.tell(f"{type(error).__name__}: {error} (see the job's log)")
        traceback.print_exc()
        return 1
    return 0
