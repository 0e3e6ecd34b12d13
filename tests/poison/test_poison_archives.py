"""Archives of code and models: plain files within, or refused; and nothing is ever unpickled by us."""

from __future__ import annotations

import ast
import gzip
import io
import tarfile
from pathlib import Path

import dropforge_jobs
import pytest
from dropforge_jobs.errors import ModelError
from dropforge_jobs.package import extract, package, read_members

from tests.poison.packed import tar_of

HOSTILE = {
    "parent": tar_of("../evil", "w:gz"),
    "parent_in_the_middle": tar_of("a/../../evil", "w:gz"),
    "absolute": tar_of("/etc/evil", "w:gz"),
    "backslash": tar_of("..\\evil", "w:gz"),
    "symlink": tar_of("a", "w:gz", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "symlink_within": tar_of("a", "w:gz", type=tarfile.SYMTYPE, linkname="b"),
    "hard_link": tar_of("a", "w:gz", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    "character_device": tar_of("a", "w:gz", type=tarfile.CHRTYPE),
    "block_device": tar_of("a", "w:gz", type=tarfile.BLKTYPE),
    "pipe": tar_of("a", "w:gz", type=tarfile.FIFOTYPE),
    "not_gzipped": tar_of("a"),
    "cut": tar_of("a", "w:gz")[:-30],
    "no_archive": b"hello",
    "empty": b"",
}


@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
def test_is_refused_everywhere_and_writes_nothing_outside(tmp_path: Path, archive: bytes) -> None:
    target = tmp_path / "inside"
    target.mkdir()
    (tmp_path / "sentinel").write_text("untouched")
    for act in (lambda: read_members(io.BytesIO(archive)), lambda: extract(io.BytesIO(archive), target)):
        with pytest.raises(ModelError):
            act()
    with pytest.raises(ModelError):
        package(io.BytesIO(archive), io.BytesIO(), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "sentinel"]
    assert list(target.rglob("*")) == []


def test_a_member_that_claims_too_much_is_refused_before_it_is_read() -> None:
    entry = tarfile.TarInfo("zeros")
    entry.size = 1 << 40
    with pytest.raises(ModelError, match="too large"):
        read_members(io.BytesIO(gzip.compress(entry.tobuf() + b"\0" * 10_000)))


def test_no_module_of_ours_can_unpickle() -> None:
    """Models and data are loaded by format: pickle, marshal, shelve, eval and exec are not to be found."""
    folder = Path(dropforge_jobs.__file__).parent
    found = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                found += [(path.name, m) for m in modules if m.split(".")[0] in ("pickle", "marshal", "shelve", "dill")]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                found.append((path.name, node.func.id))
    assert found == []
