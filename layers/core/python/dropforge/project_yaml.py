"""Text to plain values with the line of each; a careful reader of the part of YAML that a project.yaml needs.

YAML 1.1 turns `no`, `on`, `1:30`, `010` and `2024-01-01` into something else; here, as in YAML 1.2, only `true`,
`false`, `null` and decimal numbers are not text. Anchors (and so alias bombs), tags and duplicate keys are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from dropforge.errors import ProjectInvalidError
from dropforge.problems import Path, Problem

SIZE_LIMIT = 65_536
DEPTH_LIMIT = 8

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Loader(yaml.SafeLoader):
    """Composes nodes; every plain scalar stays text (values are told apart below)."""

    yaml_implicit_resolvers: dict[str, Any] = {}


def read(text: str) -> tuple[Any, dict[Path, int]]:
    """The file's values, and the line (from 1) of each path.

    Raises:
        ProjectInvalidError: not YAML, or YAML that a project.yaml may not use.
    """
    if len(text.encode(errors="replace")) > SIZE_LIMIT:
        raise _refuse(1, "the file is larger than 64 KiB", "keep data and code out of project.yaml")
    try:
        _plain(text)
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _refuse(*_explain(error, text)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _refuse(1, f"not YAML: {str(error) or 'nested too deeply'}", "check the file's encoding") from None
    if node is None:
        raise _refuse(1, "the file is empty", "write at least `algorithm: xgboost` and `target: <column>`")
    lines: dict[Path, int] = {}
    return _value(node, (), lines), lines


def _plain(text: str) -> None:
    """Refuse anchors and depth while the text is read: PyYAML needs the square of the depth in time."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refuse(line, "anchors (&, *) are not supported", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _refuse(line, "nested too deeply", "see docs/project.md for the fields")


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if node.tag not in _PLAIN_TAGS:
        raise _refuse(line, f"the tag {node.tag} is not supported", "write a plain value", path)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), lines) for i, item in enumerate(node.value)]
    return _scalar(node.value) if getattr(node, "style", None) is None else node.value


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _refuse(line, "a key must be one word", "write `key: value`", path)
        key = str(key_node.value)
        if key in found:
            first = lines[(*path, key)]
            raise _refuse(line, f"`{key}` is already set in line {first}", "keep one of the two", (*path, key))
        lines[(*path, key)] = line
        found[key] = _value(value_node, (*path, key), lines)
    return found


def _scalar(text: str) -> Any:
    if text.lower() in _WORDS and text in {text.lower(), text.capitalize(), text.upper()}:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str]:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    reason = f"not YAML: {error.problem or error.context}"
    if "\t" in (text.splitlines() + [""] * line)[line - 1]:
        return line, reason, "indent with spaces, not tabs"
    return line, reason, "check the indentation, the colons and the quotes around this line"


def _refuse(line: int, reason: str, fix: str, path: Path = ()) -> ProjectInvalidError:
    return ProjectInvalidError([Problem(path, reason, fix).as_dict({path: line})])
