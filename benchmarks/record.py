"""Record the events that functions get in the loop, for `make bench`, from a local cloud in which a run went by.

Use: `make up`, run an example to its endpoint, paste the export lines, `python -m benchmarks.record`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.template import functions
from cli.stack import Stack, find_stack

EVENTS = Path(__file__).parent / "events"


def invocations(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    """(function name, event) of every Lambda task in the histories of the stack's machines."""
    states = stack.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            pages = states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
            for event in (event for page in pages for event in page["events"]):
                details = event.get("taskScheduledEventDetails", {})
                if details.get("resourceType") == "lambda":
                    given = json.loads(details["parameters"])
                    yield given["FunctionName"], given["Payload"]


def main() -> None:
    """Write one event for each deciding handler, the largest that was seen."""
    stack = find_stack()
    found: dict[str, str] = {}
    for name, event in invocations(stack):
        handler = stack.client("lambda").get_function_configuration(FunctionName=name)["Handler"]
        text = json.dumps(event, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        if len(text) > len(found.get(handler, "")):
            found[handler] = text
    EVENTS.mkdir(exist_ok=True)
    for handler in sorted({function.handler for function in functions() if function.deciding} & set(found)):
        text = found[handler]
        (EVENTS / f"{handler.removesuffix('.handler')}.json").write_text(text)
        print(f"{handler}: {len(text)} bytes")


if __name__ == "__main__":
    main()
