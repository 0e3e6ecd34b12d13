"""Every hostile file is quarantined with its reason, or read correctly; in bounded memory; and writes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dropforge_jobs import limits
from dropforge_jobs.files import DropFile
from dropforge_jobs.tables import open_table

from tests.poison.case import Case
from tests.poison.conftest import CASES, Corpus

EVIL_WAS_HERE = Path("/tmp/poison-was-here")


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.id for case in CASES}) == len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_poison(corpus: Corpus, case: Case) -> None:
    outcome = corpus.outcomes[case.id]
    assert outcome.peak <= limits.MEMORY, f"{outcome.peak / limits.MIB:.0f} MiB"
    if case.reason is not None:
        assert outcome.reason is not None, "it was read"
        assert re.search(case.reason, outcome.reason), outcome.reason
        assert case.name in outcome.reason, "the reason names the file"
        assert outcome.reason.isprintable()
        return
    assert outcome.reason is None
    if case.tabular:
        _is_read(case, outcome.path)


def _is_read(case: Case, path: Path) -> None:
    table = open_table([DropFile(case.name, path)], on_ragged="skip")
    if case.names is not None:
        assert table.names == case.names
    if isinstance(case.rows, int):
        assert sum(len(chunk.lines) for chunk in table.chunks()) == case.rows
    else:
        assert [list(row) for chunk in table.chunks() for row in zip(*chunk.columns, strict=True)] == case.rows


def test_no_child_ever_held_more_than_it_may(corpus: Corpus) -> None:
    assert max(corpus.peaks) <= limits.MEMORY
    assert min(corpus.peaks) > 0


def test_nothing_was_written_outside(corpus: Corpus) -> None:
    assert corpus.changed() == []
    assert not EVIL_WAS_HERE.exists(), "a pickle was loaded"
    left = list((corpus.root / "work" / "tmp").rglob("*"))
    assert left == [], "a file that was unpacked stayed"
