"""The shell around a function: parse the event, call it, log one line, give back plain JSON."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools.logging import Logger
from pydantic import BaseModel, ConfigDict, ValidationError

from dropforge.errors import DropforgeError, InputInvalidError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = Logger(service="dropforge")
LONGEST_LOGGED = 300


class Facts(BaseModel):
    """Base of every function's input. What a machine passes beyond it is ignored, so that machines may grow."""

    # A row's models lie in one file: build only the one that is used, when it is.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Decision(BaseModel):
    """Base of every function's result."""

    model_config = ConfigDict(defer_build=True)


F = TypeVar("F", bound=Facts)


def takes(model: type[F]) -> Callable[[Callable[[F], Any]], Callable[[Any, Any], dict[str, Any]]]:
    """Turn `decide(facts: model) -> model or dict` into a Lambda handler.

    Raises (in the handler):
        InputInvalidError: the event does not fit `model`.
        DropforgeError: what the function refuses, under its own class name.
    """

    def wrap(function: Callable[[F], Any]) -> Callable[[Any, Any], dict[str, Any]]:
        @wraps(function)
        def handler(event: Any, context: Any) -> dict[str, Any]:
            logger.set_correlation_id(_correlation(event))
            logger.append_keys(function_name=getattr(context, "function_name", function.__module__))
            try:
                result = _plain(function(_parse(model, event)))
            except DropforgeError as error:
                logger.warning("refused", error=type(error).__name__, reason=str(error))
                raise
            except Exception:
                logger.exception("failed")
                raise
            logger.info("done", result=_short(result))
            return result

        return handler

    return wrap


def _correlation(event: Any) -> str | None:
    """The run that a line of the log belongs to; an event on the bus has it in its detail."""
    if not isinstance(event, dict):
        return None
    places = [event, *(event.get(k) for k in ("detail", "plan", "context", "window"))]
    names = [p.get(k) for p in places if isinstance(p, dict) for k in ("run", "drop")]
    return next((n for n in names if isinstance(n, str)), None)


def _parse(model: type[F], event: Any) -> F:
    try:
        return model.model_validate(event)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'event'}: {e['msg']}" for e in error.errors()[:5])
        raise InputInvalidError(f"{model.__name__} does not fit: {wrong}") from None


def _plain(result: Any) -> dict[str, Any]:
    plain: dict[str, Any] = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return plain


def _short(result: dict[str, Any]) -> dict[str, Any]:
    """The result's scalars: what was decided, without requests, data or secrets."""
    return {k: v for k, v in result.items() if not isinstance(v, dict | list) and len(str(v)) <= LONGEST_LOGGED}
