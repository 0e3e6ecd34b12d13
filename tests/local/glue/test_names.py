"""ministack is pinned: if a private name that the glue uses is gone or has other parameters, this says which.

`tests/local/host/test_hooks.py` checks names that are given to `hooks`; here are those that are reached through a
module (`sqs._get_q`). Renew the record after a change of version and of everything that it names:
`python -m tests.local.glue.test_names`.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from functools import cache
from pathlib import Path

import pytest

from localcloud.settings import REPOSITORY

GLUE = REPOSITORY / "localcloud" / "glue"
PARTS = ("callers.py", "outbox.py", "sqs", "lambdas", "eventbridge", "pipes", "sns", "cloudwatch", "cloudformation")
RECORD = Path(__file__).with_name("ministack_names.json")
# Methods that our worker overrides or calls.
WORKER = (
    *(
        f"ProvidedWorker.{name}"
        for name in ("__init__", "_spawn", "_await_init", "_build_handler_class", "_pump_output")
    ),
    *("ProvidedWorker._teardown", "ProvidedWorker.invoke", "Worker._drain_stderr_bounded", "Worker._drain_stderr"),
)


def _files() -> list[Path]:
    return [path for part in PARTS for path in ([GLUE / part] if part.endswith(".py") else (GLUE / part).glob("*.py"))]


def _bindings(tree: ast.AST) -> dict[str, str]:
    """Names that stand for a module of ministack in a file: by import, or by ``x = hooks.module("…")``."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            module = str(node.module)
            for name in node.names:
                inner = f"{module}.{name.name}"
                found[name.asname or name.name] = inner if _spec(inner) else ""
        elif isinstance(node, ast.Assign):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            target = node.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Call) and _asks_for_module(value):
                    found[name.id] = f"ministack.{ast.literal_eval(value.args[0])}"
    return {name: module for name, module in found.items() if module}


def _asks_for_module(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "hooks.module"


@cache
def _spec(module: str) -> Path | None:
    """A module's file, without importing it (ministack starts threads when it is imported)."""
    root = Path(str(importlib.util.find_spec("ministack").submodule_search_locations[0]))  # type: ignore[union-attr,index]
    base = root.joinpath(*module.split(".")[1:])
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


def used() -> set[tuple[str, str]]:
    """(module, attribute) of everything that the glue reaches through a module of ministack."""
    found = set()
    for path in _files():
        tree = ast.parse(path.read_text())
        modules = _bindings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                found.add((modules[node.value.id], node.attr))
    return found | {("ministack.core.lambda_runtime", name) for name in WORKER}


@cache
def _definitions(module: str) -> dict[str, str]:
    path = _spec(module)
    assert path is not None, f"no module {module}"
    found: dict[str, str] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = "class"
            functions = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found |= {f"{node.name}.{each.name}": f"({ast.unparse(each.args)})" for each in functions}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = f"({ast.unparse(node.args)})"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id: "value" for each in targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {each.asname or each.name: "import" for each in node.names}
    return found


@cache
def current() -> dict[str, str]:
    return {f"{module}.{name}": _definitions(module).get(name, "gone") for module, name in sorted(used())}


def test_enough_is_found_to_mean_something() -> None:
    assert len(used()) > 100


@pytest.mark.parametrize("name", sorted(current()))
def test_a_name_is_as_it_was(name: str) -> None:
    recorded = json.loads(RECORD.read_text()).get(name)
    assert current()[name] != "gone", f"{name} is gone from ministack; the glue uses it"
    assert current()[name] == recorded, f"{name}: parameters were {recorded}, are {current()[name]}"


if __name__ == "__main__":
    RECORD.write_text(json.dumps(current(), indent=1) + "\n")
