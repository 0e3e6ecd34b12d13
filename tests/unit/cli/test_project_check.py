"""`dropforge project check` says what the upload would say, and `dropforge project schema` prints the schema."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest
from intake.read_project import handler
from rich.console import Console

from cli.project import add_project_parser, run_project

ROOT = Path(__file__).resolve().parents[3]
GOOD = "algorithm: xgboost\ntarget: income\n"


def run(*words: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_project_parser(parser.add_subparsers(dest="command", required=True))
    out = io.StringIO()
    status = run_project(parser.parse_args(["project", *words]), Console(file=out, width=80))
    return status, out.getvalue()


def check(tmp_path: Path, data: str | bytes, *more: str) -> tuple[int, str]:
    file = tmp_path / "project.yaml"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    status, said = run("check", str(file), *more)
    return status, said.replace(str(tmp_path) + "/", "")


def test_a_valid_file(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == (0, "valid: xgboost learns income\n")
    assert check(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())[0] == 0
    assert check(tmp_path, "algorithm: sklearn")[1] == "valid: train.py trains on the dropped bytes\n"
    assert check(tmp_path, "algorithm: xgboost\ntarget: -1\nproblem: binary")[1].endswith("column -1 (binary)\n")


def test_warnings_leave_a_file_valid(tmp_path: Path) -> None:
    status, said = check(tmp_path, GOOD + "tune: {}\n")
    assert status == 0
    assert said.startswith("project.yaml:3: warning: tune: `tune` is checked and kept")
    assert said.endswith("valid: xgboost learns income, with 1 warning\n")


def test_every_problem_has_its_place_reason_and_fix(tmp_path: Path) -> None:
    status, said = check(tmp_path, GOOD + "train:\n  max_runtime: soon\n  instance_typ: ml.m5.large\n")
    assert status == 1
    assert said.splitlines() == [
        "project.yaml:4: train.max_runtime: must be a whole number, not 'soon'",
        "    write a whole number",
        "project.yaml:5: train.instance_typ: unknown key",
        "    did you mean `instance_type`?",
        "2 problems: the upload would be refused, and the last valid version would stay in force",
    ]


def test_the_owners_images(tmp_path: Path) -> None:
    text = GOOD + "train: {image: 'registry/mine:1'}\n"
    assert "not on the list" in check(tmp_path, text)[1]
    assert check(tmp_path, text, "--allowed-images", "registry/mine:*")[0] == 0


@pytest.mark.parametrize("text", [GOOD, GOOD + "tune: {}\nzz: 1", "algorithm: x", "", "- 1", "a: &b 1", "x" * 60_000])
def test_it_says_what_the_upload_says(tmp_path: Path, text: str) -> None:
    size = len(text.encode())
    facts = {"key": "adult/project.yaml", "size": size, "sequencer": "1", "text": text}
    reading = handler(facts, None)
    status, said = check(tmp_path, text)
    assert (status == 0) is reading["valid"]
    shown = said.splitlines()
    for problem in reading["problems"]:
        place = f"project.yaml:{problem['line']}: " if problem["line"] else "project.yaml: "
        field = f"{problem['field']}: " if problem["field"] else ""
        assert f"{place}{field}{problem['reason']}" in shown
        assert f"    {problem['fix']}" in shown


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"algorithm: xgboost\nzz: 1\n")))
    status, said = run("check", "-")
    assert status == 1
    assert said.startswith("standard input:2: zz: unknown key\n")


def test_what_a_file_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    said = check(tmp_path, '"\\e[31m[red]x\\n": 1')[1]
    assert "\x1b" not in said
    assert "\\x1b[31m[red]x\\n: unknown key" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"algorithm: xgboost\ntarget: \xff\n", "project.yaml:2: a byte is not UTF-8"),
        (GOOD.encode("utf-16"), "not text in UTF-8"),
        (b"\x7fELF\0\0", "has NUL bytes"),
        (b"#" * 70_000, "larger than 64 KiB"),
    ],
)
def test_what_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, said: str) -> None:
    assert check(tmp_path, data) == (1, "")
    assert said in capsys.readouterr().err


def test_what_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(tmp_path))[0] == 1
    assert "is a directory; name the file in it" in capsys.readouterr().err
    assert run("check", str(tmp_path / "none.yaml"))[0] == 1
    assert "none.yaml cannot be read: No such file or directory" in capsys.readouterr().err
    assert run("check", "a\0b")[0] == 1
    assert "cannot be read" in capsys.readouterr().err
    assert run("check", "/dev/zero")[0] == 1
    assert "larger than 64 KiB" in capsys.readouterr().err


def test_the_schema_is_the_published_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == (0, "")
    printed = capsys.readouterr().out
    assert json.loads(printed)["title"] == "Dropforge project.yaml"
    assert printed == (ROOT / "docs/project.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*/project.yaml")), ids=lambda f: f.parent.name)
def test_every_example_is_valid_without_a_warning(file: Path) -> None:
    status, said = run("check", str(file))
    assert status == 0
    assert "warning" not in said
