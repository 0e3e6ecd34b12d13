"""The models of project.yaml seen from a path in a file: what may stand there, and within which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from dropforge.project import Project
from dropforge.project_base import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.problems import Path


def keys(path: Path) -> list[str]:
    """The keys that the block at `path` may have; none for what is no block."""
    for option, _ in _at(path):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return [field.alias or name for name, field in option.model_fields.items()]
    return []


def limits(path: Path) -> dict[str, Any]:
    """The limits of the value at `path`: `ge`, `gt`, `le`, `lt`, `multiple_of`, `min_length`, `max_length`."""
    found: dict[str, Any] = {}
    for _, metadata in _at(path):
        for item in metadata:
            for name in ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length"):
                value = getattr(item, name, None)
                if value is not None:
                    found.setdefault(name, value)
    return found


def _at(path: Path) -> Iterator[tuple[Any, list[Any]]]:
    options: list[tuple[Any, list[Any]]] = [(Project, [])]
    for step in path:
        options = [inner for option, _ in options for inner in _inside(option, step)]
    yield from options


def _inside(option: Any, step: str | int) -> Iterator[tuple[Any, list[Any]]]:
    if isinstance(option, type) and issubclass(option, BaseModel):
        field = next((f for name, f in option.model_fields.items() if (f.alias or name) == step), None)
        if field is not None:
            yield from _options(field.annotation, list(field.metadata))
    elif get_origin(option) in (dict, list):
        yield from _options(get_args(option)[-1], [])


def _options(annotation: Any, metadata: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """What an annotation allows, without unions and `Annotated`; a `Part` is imported."""
    part = next((m for m in metadata if isinstance(m, Part)), None)
    if part is not None:
        yield part.model(), []
    elif get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        flat = [m for item in more for m in getattr(item, "metadata", [item])]
        yield from _options(inner, [*metadata, *flat])
    elif get_origin(annotation) in (dict, list, Literal) or not get_args(annotation):
        yield annotation, metadata
    else:
        for option in get_args(annotation):
            yield from _options(option, metadata)
