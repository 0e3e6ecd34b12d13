"""Parallel and Map (inline) states: branches that run at the same time and end together."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.glue.stepfunctions.clock import Scope
from localcloud.glue.stepfunctions.errors import CancelledError, StateError
from localcloud.glue.stepfunctions.expressions import typed
from localcloud.glue.stepfunctions.retry import Step, guarded
from localcloud.glue.stepfunctions.run import Frame

Walk = Callable[[Frame, dict[str, Any], Any], Any]  # machine.walk
_INLINE_CONCURRENCY = 40  # AWS's limit for inline Map iterations


def parallel(walk: Walk, frame: Frame, state: dict[str, Any], value: Any) -> Step:
    """Run a Parallel state. Raises the StateError of the first branch that failed."""
    return guarded(frame, state, value, lambda: _branches(walk, frame, state, value))


def _branches(walk: Walk, frame: Frame, state: dict[str, Any], value: Any) -> Step:
    given = frame.evaluate(state.get("Arguments", value), value, "Arguments")
    frame.record("ParallelStateStarted")
    jobs = [_branch(walk, frame, branch, given) for branch in state["Branches"]]
    try:
        result = together(frame.scope, jobs, len(jobs))
    except StateError:
        frame.record("ParallelStateFailed")
        raise
    frame.record("ParallelStateSucceeded")
    return frame.finish(state, value, result, result=result), state.get("Next")


def _branch(walk: Walk, frame: Frame, branch: dict[str, Any], given: Any) -> Callable[[Scope], Any]:
    return lambda scope: walk(frame.fork(scope), branch, given)


def map_inline(walk: Walk, frame: Frame, state: dict[str, Any], value: Any) -> Step:
    """Run a Map state in INLINE mode. Raises the StateError of the first iteration that failed."""
    return guarded(frame, state, value, lambda: _iterations(walk, frame, state, value))


def _iterations(walk: Walk, frame: Frame, state: dict[str, Any], value: Any) -> Step:
    items = typed(frame.evaluate(state.get("Items", value), value, "Items"), (list,), "Items")
    wanted = typed(frame.evaluate(state.get("MaxConcurrency", 0), value, "MaxConcurrency"), (int,), "MaxConcurrency")
    frame.record("MapStateStarted", mapStateStartedEventDetails={"length": len(items)})
    jobs = [_iteration(walk, frame, state, value, element) for element in enumerate(items)]
    try:
        result = together(frame.scope, jobs, min(wanted or _INLINE_CONCURRENCY, _INLINE_CONCURRENCY))
    except StateError:
        frame.record("MapStateFailed")
        raise
    frame.record("MapStateSucceeded")
    return frame.finish(state, value, result, result=result), state.get("Next")


def _iteration(
    walk: Walk, frame: Frame, state: dict[str, Any], value: Any, element: tuple[int, Any]
) -> Callable[[Scope], Any]:
    index, item = element

    def run(scope: Scope) -> Any:
        inner = frame.fork(scope, Map={"Item": {"Index": index, "Value": item}})
        details = {"name": frame.context["State"]["Name"], "index": index}
        inner.record("MapIterationStarted", mapIterationStartedEventDetails=details)
        try:
            given = inner.evaluate(state["ItemSelector"], value, "ItemSelector") if "ItemSelector" in state else item
            result = walk(inner, state["ItemProcessor"], given)
        except StateError:
            inner.record("MapIterationFailed", mapIterationFailedEventDetails=details)
            raise
        inner.record("MapIterationSucceeded", mapIterationSucceededEventDetails=details)
        return result

    return run


def together(scope: Scope, jobs: list[Callable[[Scope], Any]], limit: int) -> list[Any]:
    """Run jobs in a common inner scope, at most `limit` at a time; return their results in order.

    The first StateError ends the others and is raised.
    """
    group = scope.child()
    lock = threading.Lock()
    failures: list[Exception] = []

    def guard(job: Callable[[Scope], Any]) -> Any:
        try:
            group.check()
            return job(group)
        except CancelledError:
            return None  # a sibling failed, or the whole execution is over: said below
        except Exception as error:
            with lock:
                failures.append(error)
            group.cancel()
            return None

    with ThreadPoolExecutor(max(1, limit), thread_name_prefix="sfn-branch") as pool:
        futures = [pool.submit(contextvars.copy_context().run, guard, job) for job in jobs]
        results = [future.result() for future in futures]
    scope.check()
    if failures:
        raise failures[0]
    return results
