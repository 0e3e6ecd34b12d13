"""Stack events of an update tell what it touched, as on AWS: unchanged resources have none, new ones say CREATE."""

from __future__ import annotations

from typing import Any

from localcloud.glue import hooks

Json = dict[str, Any]
_Event = tuple[tuple[Any, ...], Json]
# (stack, logical id): the event that is held back until something is done to the resource.
_held: dict[tuple[str, str], _Event] = {}
_created: set[tuple[str, str]] = set()


def install() -> None:
    """Hold back the events that ministack writes for every resource of an updated stack."""
    hooks.wrap("services.cloudformation.stacks", "_add_event", _events)
    hooks.wrap("services.cloudformation.stacks", "_update_resource", _update)
    hooks.wrap("services.cloudformation.stacks", "_provision_resource", _provision)


def _events(add: Any) -> Any:
    def event(*arguments: Any, **named: Any) -> None:
        # arguments: stack id, stack name, logical id, resource type, status, and perhaps a reason and more
        (_, stack_name, logical_id, _, status), rest = arguments[:5], arguments[5:]
        key, plain = (stack_name, logical_id), not (rest and rest[0])
        if logical_id == stack_name or not status.startswith("UPDATE_"):
            add(*arguments, **named)
        elif status == "UPDATE_IN_PROGRESS" and plain:
            _created.discard(key)
            _held[key] = ((add, *arguments[:4]), named)
        elif status == "UPDATE_COMPLETE" and key in _held:
            del _held[key]  # nothing was done
        else:
            _release(key, "UPDATE_IN_PROGRESS")
            shown = status.replace("UPDATE_", "CREATE_") if key in _created else status
            add(*arguments[:4], shown, *rest, **named)

    return event


def _release(key: tuple[str, str], status: str) -> None:
    held = _held.pop(key, None)
    if held:
        (add, *arguments), named = held
        add(*arguments, status, **named)


def _update(update: Any) -> Any:
    def updated(*arguments: Any) -> Any:
        # arguments: resource type, physical id, old and new properties, stack name, logical id, and perhaps more
        _, _, old, new, stack_name, logical_id = arguments[:6]
        if old != new:
            _release((stack_name, str(logical_id)), "UPDATE_IN_PROGRESS")
        return update(*arguments)

    return updated


def _provision(provision: Any) -> Any:
    def provisioned(resource_type: str, logical_id: str, props: Json, stack_name: str) -> Any:
        key = (stack_name, logical_id)
        if key in _held:
            _created.add(key)
            _release(key, "CREATE_IN_PROGRESS")
        return provision(resource_type, logical_id, props, stack_name)

    return provisioned
