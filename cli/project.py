"""`dropforge project`: check a project.yaml before its upload, as the upload would, and print its JSON Schema."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dropforge.errors import ProjectInvalidError
from dropforge.project import Project
from dropforge.project_read import field_lines, project_warnings, read_project
from dropforge.project_yaml import SIZE_LIMIT
from rich.console import Console
from rich.text import Text

STANDARD_INPUT = "-"
REFUSED = "the upload would be refused, and the last valid version would stay in force"


class ProjectFileError(Exception):
    """There is no text to check; the message says why, and what to do."""


def add_project_parser(commands: Any) -> None:
    """Add `project check` and `project schema` to the command's sub-parsers."""
    parser: argparse.ArgumentParser = commands.add_parser("project", help="check a project.yaml before its upload")
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="say what the upload would say; needs no cloud")
    check.add_argument("file", help="the project.yaml, or - for standard input")
    check.add_argument(
        "--allowed-images",
        default="",
        metavar="PATTERNS",
        help="images that the stack's owner allows, as in the stack's parameter AllowedImages (default: none)",
    )
    actions.add_parser("schema", help="print the JSON Schema for editors")


def run_project(arguments: argparse.Namespace, console: Console) -> int:
    """Run `project check` or `project schema`.

    Returns:
        The exit status: 0 valid (warnings or not), 1 invalid, or nothing to check (the reason is on standard error).
    """
    if arguments.action == "schema":
        from dropforge.project_schema import schema

        sys.stdout.write(schema())
        return 0
    try:
        text = _text(arguments.file)
    except ProjectFileError as error:
        print(f"dropforge: {error}", file=sys.stderr)
        return 1
    name = "standard input" if arguments.file == STANDARD_INPUT else arguments.file
    return check_project(text, name, arguments.allowed_images, console)


def check_project(text: str, name: str, allowed_images: str, console: Console) -> int:
    """Print every problem and warning of a project.yaml's text; 0 if it is valid, else 1."""
    try:
        project = read_project(text, allowed_images)
    except ProjectInvalidError as error:
        for problem in error.problems:
            _print(name, problem, "", "red", console)
        count = _counted(len(error.problems), "problem")
        console.print(Text(f"{count}: {REFUSED}"), soft_wrap=True)
        return 1
    warnings = project_warnings(project, field_lines(text))
    for warning in warnings:
        _print(name, warning, "warning: ", "yellow", console)
    beside = f", with {_counted(len(warnings), 'warning')}" if warnings else ""
    console.print(Text.assemble(("valid", "green"), f": {_summary(project)}{beside}"), soft_wrap=True)
    return 0


def _text(file: str) -> str:
    """The file's text, at most as long as an upload may be."""
    try:
        if file == STANDARD_INPUT:
            data = sys.stdin.buffer.read(SIZE_LIMIT + 1)
        elif Path(file).is_dir():
            raise ProjectFileError(f"{file} is a directory; name the file in it, e.g. {Path(file) / 'project.yaml'}")
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ProjectFileError(f"{_printable(file)} cannot be read: {reason}") from None
    if len(data) > SIZE_LIMIT:
        raise ProjectFileError(f"{file} is larger than 64 KiB; keep data and code out of project.yaml")
    if b"\0" in data:
        raise ProjectFileError(f"{file} is not text in UTF-8 (it has NUL bytes); save it as UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ProjectFileError(f"{file}:{line}: a byte is not UTF-8; save the file as UTF-8 text") from None


def _print(name: str, told: dict[str, Any], kind: str, style: str, console: Console) -> None:
    place = f"{name}:{told['line']}" if told["line"] else name
    field = f"{told['field']}: " if told["field"] else ""
    line = Text.assemble(
        f"{_printable(place)}: ", (kind, style), (_printable(field), "bold"), _printable(told["reason"])
    )
    console.print(line, soft_wrap=True)
    console.print(Text(f"    {_printable(told['fix'])}", style="dim"), soft_wrap=True)


def _printable(text: str) -> str:
    """Without what could steer a terminal: a file is read before anybody trusts it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _summary(project: Project) -> str:
    doer = project.script or project.algorithm
    if project.target is None:
        return f"{doer} trains on the dropped bytes"
    target = project.target if isinstance(project.target, str) else f"column {project.target}"
    return _printable(f"{doer} learns {target}" + (f" ({project.problem})" if project.problem else ""))
