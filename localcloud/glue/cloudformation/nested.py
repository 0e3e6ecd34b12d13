"""Nested stacks as stacks of their own: transforms, roll-back, retained resources, no-op updates.

ministack deploys a nested stack with a loop of its own that applies no transform, does not roll back,
ignores ``DeletionPolicy`` on delete and drops errors. Here the child goes through the very functions that
deploy, update and delete a root stack, so it behaves as on AWS.
"""

from __future__ import annotations

import asyncio
import copy
import uuid
from typing import Any

from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import cloudformation as cfn
from ministack.services.cloudformation import engine, handlers, helpers, provisioners, stacks

Json = dict[str, Any]
_CARRIED = ("_resources", "_template", "_template_body", "_resolved_params", "_conditions")
_SHOWN = ("Parameters", "Tags", "Outputs")


class NestedStackError(RuntimeError):
    """A nested stack could not be created, updated or deleted; the message carries the first cause."""


def create(logical_id: str, props: Json, parent: str) -> tuple[str, Json]:
    """Create a nested stack: ``(StackId, {"Outputs.<Name>": value})``.

    Raises:
        NestedStackError: a resource of the child failed; the child is rolled back and deleted first.
    """
    name = f"{parent}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
    scope = f"{get_region()}:{get_account_id()}"
    stack_id = f"arn:aws:cloudformation:{scope}:stack/{name}/{uuid.uuid4()}"
    prepared = _prepare(props, parent, {})
    stack = {
        "StackName": name,
        "StackId": stack_id,
        "CreationTime": now_iso(),
        "_resources": {},
        "Outputs": [],
    }
    cfn._stacks[name] = stack
    cfn._stack_events.setdefault(stack_id, [])
    _run(stack, parent, props, prepared, previous=None)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        reason = _failure(stack, "created")
        asyncio.run(stacks._delete_stack_async(name, stack_id))
        raise NestedStackError(reason)
    return stack_id, _outputs(stack)


def update(physical_id: str, old_props: Json, new_props: Json, parent: str) -> tuple[str, Json]:
    """Update a nested stack; nothing happens when template, parameters and tags resolve to what it runs.

    Raises:
        NestedStackError: a resource failed; the child is back in its previous state.
    """
    name = provisioners._nested_stack_lookup_name(physical_id)
    stack = cfn._stacks[name]
    prepared = _prepare(new_props, parent, stack.get("_resolved_params", {}))
    template, _, params = prepared
    tags = _tags(new_props)
    if handlers._stack_has_no_updates(stack, template, params, tags, tags_given=True):
        return physical_id, _outputs(stack)
    previous = {key: copy.deepcopy(stack.get(key)) for key in (*_CARRIED, *_SHOWN) if key in stack}
    _run(stack, parent, new_props, prepared, previous=previous)
    if stack["StackStatus"] != "UPDATE_COMPLETE":
        raise NestedStackError(_failure(stack, "updated"))
    return physical_id, _outputs(stack)


def delete(physical_id: str, props: Json) -> None:
    """Delete a nested stack in reverse order of its dependencies, keeping what its policies retain.

    Raises:
        NestedStackError: a resource did not delete.
    """
    stack = cfn._stacks.get(provisioners._nested_stack_lookup_name(physical_id))
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        return
    asyncio.run(stacks._delete_stack_async(stack["StackName"], stack["StackId"]))
    if stack["StackStatus"] != "DELETE_COMPLETE":
        raise NestedStackError(_failure(stack, "deleted"))


def _prepare(props: Json, parent: str, previous_params: Json) -> tuple[Json, str, Json]:
    """The transformed and validated template, its text, and the resolved parameters."""
    url = props.get("TemplateURL")
    if not url:
        raise NestedStackError("AWS::CloudFormation::Stack needs TemplateURL: run `sam package` or `sam deploy`.")
    body, error = helpers._resolve_template({"TemplateURL": [url]})
    if error is not None or not body:
        raise NestedStackError(f"Cannot read the nested stack's template at {url}.")
    values = props.get("Parameters") or {}
    if any(isinstance(value, list) for value in values.values()):
        raise NestedStackError("Value of property Parameters must be an object with String properties")
    provided = [{"Key": key, "Value": "" if value is None else str(value)} for key, value in values.items()]
    sent = engine._parse_template(body)
    template = engine._apply_transforms(sent, provided, previous_params)
    params = engine._resolve_parameters(template, provided, previous_params)
    declared = {**template, "Transform": sent["Transform"]} if "Transform" in sent else template
    provisioners._check_nested_stack_capabilities(parent, declared)
    engine.validate_template_support(template, engine._evaluate_conditions(template, params), params=params)
    return template, body, params


def _run(stack: Json, parent: str, props: Json, prepared: tuple[Json, str, Json], previous: Json | None) -> None:
    template, body, params = prepared
    verb = "UPDATE" if previous is not None else "CREATE"
    owner = cfn._stacks.get(parent) or {}
    stack.update(
        {
            "StackStatus": f"{verb}_IN_PROGRESS",
            "StackStatusReason": "",
            "LastUpdatedTime": now_iso(),
            "Description": template.get("Description", ""),
            "Tags": _tags(props),
            "DisableRollback": bool(owner.get("DisableRollback", False)),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
                for key, value in params.items()
            ],
            "_template": template,
            "_template_body": body,
            "_resolved_params": params,
            "_conditions": engine._evaluate_conditions(template, params),
            "_parent_stack_name": parent,
            "ParentId": provisioners._cr_stack_id(parent),
            "RootId": owner.get("RootId") or provisioners._cr_stack_id(parent),
            "Capabilities": provisioners._parent_capabilities(parent),
        }
    )
    stacks._add_event(
        stack["StackId"],
        stack["StackName"],
        stack["StackName"],
        "AWS::CloudFormation::Stack",
        stack["StackStatus"],
        physical_id=stack["StackId"],
    )
    # This already runs on a worker thread of its own (ministack's _runs_on_worker_thread): a loop of our
    # own waits there for what the child's own nested stacks and custom resources do.
    asyncio.run(
        stacks._deploy_stack_async(
            stack["StackName"],
            stack["StackId"],
            template,
            params,
            stack["DisableRollback"],
            stack["Tags"],
            is_update=previous is not None,
            previous_stack=previous,
        )
    )


def _tags(props: Json) -> list[Json]:
    tags = provisioners._tag_map(props.get("Tags"))
    return [{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")]


def _outputs(stack: Json) -> Json:
    return {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])}


def _failure(stack: Json, verb: str) -> str:
    """AWS's sentence, and the first resource that failed with its reason."""
    text = f"Embedded stack {stack['StackId']} was not successfully {verb}"
    for event in reversed(_last_operation(cfn._stack_events.get(stack["StackId"], []), stack["StackName"])):
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack["StackName"]:
            text += f": {event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
            return text
    return f"{text}: {stack.get('StackStatusReason') or stack['StackStatus']}"


def _last_operation(events: list[Json], name: str) -> list[Json]:
    """The newest operation's events, newest first, so that an old failure is not reported again."""
    started = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
    for index in range(len(events) - 1, -1, -1):
        if events[index]["LogicalResourceId"] == name and events[index]["ResourceStatus"] in started:
            return events[index:][::-1]
    return events[::-1]
