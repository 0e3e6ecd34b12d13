"""No property is ignored in silence: what a provisioner never reads is supplied, excused or refused.

A provisioner gets its properties in a dictionary that notes which keys are read. A key that is neither read
by ministack, nor supplied by us (``supplied``), nor listed with a reason (``no_effect``) fails the resource
with a message that names it, before the stack can believe that it took effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from localcloud.glue.cloudformation.no_effect import NO_EFFECT

Json = dict[str, Any]
Handler = dict[str, Any]


class IgnoredPropertyError(ValueError):
    """The template sets a property that nothing here would act on."""


class Read(dict[str, Any]):
    """A dictionary that remembers which of its keys were read."""

    def __init__(self, values: Json) -> None:
        super().__init__(values)
        self.seen: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: D102 (as in dict)
        self.seen.add(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:  # noqa: D102
        self.seen.add(key)
        return super().pop(key, *default)

    def __iter__(self) -> Iterator[str]:
        self.seen.update(super().keys())
        return super().__iter__()

    def items(self) -> Any:  # noqa: D102
        self.seen.update(super().keys())
        return super().items()

    def values(self) -> Any:  # noqa: D102
        self.seen.update(super().keys())
        return super().values()


def audited(resource_type: str, handler: Handler, supplied: frozenset[str]) -> Handler:
    """The handler with ``create`` and ``update`` that refuse properties nothing acts on."""
    wrapped = dict(handler)
    if "create" in handler:
        wrapped["create"] = _audited_create(resource_type, handler, supplied)
    if "update" in handler:
        wrapped["update"] = _audited_update(resource_type, handler["update"], supplied)
    return wrapped


def _audited_create(resource_type: str, handler: Handler, supplied: frozenset[str]) -> Callable[..., Any]:
    create = handler["create"]

    def checked(logical_id: str, props: Json, stack_name: str, *rest: Any) -> Any:
        read = Read(props)
        physical_id, attributes = create(logical_id, read, stack_name, *rest)
        ignored = _ignored(resource_type, set(props) - read.seen - supplied)
        if ignored:
            # The resource exists by now, but its stack does not know it yet: it goes before the refusal.
            arguments = (
                (physical_id, props, logical_id) if handler.get("delete_with_logical_id") else (physical_id, props)
            )
            handler.get("delete", lambda *_: None)(*arguments)
            raise _refusal(resource_type, logical_id, ignored)
        return physical_id, attributes

    return checked


def _audited_update(resource_type: str, update: Callable[..., Any], supplied: frozenset[str]) -> Callable[..., Any]:
    def checked(physical_id: str, old_props: Json, new_props: Json, stack_name: str, *rest: Any) -> Any:
        read = Read(new_props)
        result = update(physical_id, old_props, read, stack_name, *rest)
        changed = {key for key in new_props if old_props.get(key) != new_props[key]}
        ignored = _ignored(resource_type, changed - read.seen - supplied)
        if ignored:
            raise _refusal(resource_type, str(rest[0] if rest else physical_id), ignored)
        return result

    return checked


def _ignored(resource_type: str, keys: set[str]) -> list[str]:
    return sorted(keys - set(NO_EFFECT.get(resource_type, {})))


def _refusal(resource_type: str, logical_id: str, ignored: list[str]) -> IgnoredPropertyError:
    names = ", ".join(ignored)
    return IgnoredPropertyError(
        f"{logical_id} ({resource_type}): the local cloud does not act on {names}, so it would silently do "
        f"nothing. Supply it in localcloud/glue/cloudformation/supplied.py, or list it with the reason why it "
        f"has no effect on a laptop in localcloud/glue/cloudformation/no_effect.py."
    )
