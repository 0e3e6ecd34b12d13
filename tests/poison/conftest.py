"""All cases are read by as few children as drops are: one after the other, each with its own peak of memory."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dropforge_jobs import sandbox, verdicts
from dropforge_jobs.dropped import Dropped, Fetched
from moto import mock_aws

from tests.poison import binaries, jsons, packed, parquets, texts
from tests.unit.jobs.inspect_cloud import Cloud

CASES = [*texts.CASES, *jsons.CASES, *packed.CASES, *binaries.CASES, *parquets.CASES]


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    path: Path
    reason: str | None
    peak: int


@dataclass(frozen=True)
class Corpus:
    """What became of all, and the peak of each child as its parent saw it."""

    outcomes: dict[str, Outcome]
    peaks: list[int]
    before: dict[str, str]
    root: Path

    def changed(self) -> list[str]:
        """What was written outside of the work folder."""
        now = _tree(self.root)
        return sorted(name for name in {*self.before, *now} if self.before.get(name) != now.get(name))


def _tree(root: Path) -> dict[str, str]:
    """Every path beside the work folder, with what tells whether it was touched."""
    return {
        str(path.relative_to(root)): f"{path.lstat().st_mtime_ns} {path.lstat().st_size} {path.lstat().st_mode}"
        for path in sorted(root.rglob("*"))
        if root / "work" not in (path, *path.parents)
    }


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = tmp_path_factory.mktemp("poison")
    work, files = root / "work", root / "files"
    work.mkdir()
    files.mkdir()
    for name in ("sentinel/keep.txt", "outside.txt", "objects-of-others/a.csv"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("untouched")
    fetched: dict[str, Fetched] = {}
    for number, case in enumerate(CASES):
        path = files / f"{number:06}"
        case.write(path)
        sha = hashlib.sha256(case.id.encode()).hexdigest()
        fetched[case.id] = Fetched(
            Dropped(case.name, case.name, 1), path, path.stat().st_size, sha, "", f"{case.id}/{case.name}"
        )
    before = _tree(root)
    outcomes, peaks = _read_all(fetched, work)
    return Corpus(outcomes, peaks, before, root)


def _read_all(fetched: dict[str, Fetched], work: Path) -> tuple[dict[str, Outcome], list[int]]:
    """Check every case, with the children's answers looked at on their way."""
    original, peaks, outcomes = verdicts.run_child, [], {}
    most: dict[str, int] = {}

    def watched(module: str, work: Path, request: dict, stall: float, until: float) -> sandbox.Ending:
        ending = original(module, work, request, stall, until)
        peaks.append(ending.peak)
        for answer in ending.answers:
            if "checked" in answer:
                most[request["files"][answer["checked"]][0]] = answer["most"]
        return ending

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "run_child", watched)
        for tabular in (True, False):
            chosen = [fetched[case.id] for case in CASES if case.tabular is tabular]
            reasons = verdicts.check_files(chosen, verdicts.Wanted(tabular=tabular), work, time.monotonic() + 500)
            for file in chosen:
                case = file.name.split("/")[0]
                outcomes[case] = Outcome(file.path, reasons.get(file.name), most.get(file.name, 0))
    return outcomes, peaks


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Two buckets; temporary files lie in `tmp_path`, so that a test sees what is left of them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with mock_aws():
        yield Cloud()
