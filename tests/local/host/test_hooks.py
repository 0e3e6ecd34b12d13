"""Every private name of ministack that we hook is there; a version that we do not know is refused."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.glue import hooks
from localcloud.settings import REPOSITORY

GLUE = REPOSITORY / "localcloud" / "glue"
HOOKS = {"hooks.target", "hooks.replace", "hooks.wrap", "hooks.before"}
CHECK = """
import json, sys
from localcloud.glue import hooks
missing = []
for module, name in json.load(sys.stdin):
    try:
        hooks.target(module, name)
    except hooks.HookError as error:
        missing.append(str(error))
print(json.dumps(missing), file=sys.stderr)
"""


def hooked_names() -> list[tuple[str, str]]:
    """Read (module, name) of every hooks.target/replace/wrap call with literal arguments from the source."""
    found = set()
    for path in GLUE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in HOOKS:
                continue
            literal = [str(a.value) for a in node.args[:2] if isinstance(a, ast.Constant)]
            if len(literal) == 2:
                found.add((literal[0], literal[1]))
    return sorted(found)


def missing(names: list[tuple[str, str]], folder: Path) -> list[str]:
    """Return what a process of its own (ministack starts threads on import) does not find in ministack."""
    environment = {**os.environ, "TMPDIR": str(folder), "STATE_DIR": str(folder), "LOG_LEVEL": "CRITICAL"}
    ended = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=REPOSITORY,
        env=environment,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(ended.stderr.strip().splitlines()[-1]))


def test_the_version_is_the_one_we_know() -> None:
    hooks.check_version()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "version", lambda name: "1.6.0")
    with pytest.raises(hooks.HookError, match=r"ministack 1\.6\.0 is installed.*1\.5\.33"):
        hooks.check_version()


def test_every_hooked_name_is_there(tmp_path: Path) -> None:
    names = hooked_names()
    assert len(names) > 60
    assert missing(names, tmp_path) == []


def test_a_missing_name_is_said_clearly(tmp_path: Path) -> None:
    name, module = missing([("services.s3", "_gone"), ("services.gone", "x")], tmp_path)
    assert "ministack 1.5.33: ministack.services.s3._gone is gone" in name
    assert "no module ministack.services.gone" in module
