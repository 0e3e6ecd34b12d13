"""CloudFormation: nested stacks like root stacks, complete properties, custom resources that fail quickly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks
from localcloud.settings import Settings

Json = dict[str, Any]


def install(settings: Settings) -> None:
    """Put our provisioners, checks and supplements into ministack's table of resource types."""
    from localcloud.glue.cloudformation import custom, events, types
    from localcloud.glue.cloudformation.audit import audited
    from localcloud.glue.cloudformation.supplied import SUPPLEMENTS

    table = hooks.target("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    for resource_type, change in types.REPLACED.items():
        table[resource_type] = {**table[resource_type], **change}
    table.update(types.ADDED)
    for resource_type, handler in list(table.items()):
        supplement = SUPPLEMENTS.get(resource_type)
        complete = _supplemented(handler, supplement.apply) if supplement else handler
        table[resource_type] = audited(resource_type, complete, supplement.properties if supplement else frozenset())
    custom.install(settings)
    events.install()


def _supplemented(handler: Json, apply: Callable[[str, Json, Json], None]) -> Json:
    """The handler whose create and update apply the supplement; a refused supplement undoes the create."""

    def create(logical_id: str, props: Json, stack_name: str, *rest: Any) -> Any:
        physical_id, attributes = handler["create"](logical_id, props, stack_name, *rest)
        try:
            apply(physical_id, props, {})
        except Exception:
            handler["delete"](physical_id, props)
            raise
        return physical_id, attributes

    def update(physical_id: str, old: Json, new: Json, stack_name: str, *rest: Any) -> Any:
        new_id, attributes = handler["update"](physical_id, old, new, stack_name, *rest)
        apply(new_id, new, old if new_id == physical_id else {})
        return new_id, attributes

    return {**handler, "create": create, "update": update}
