"""What AWS refuses of a call before any model sees it, by the constraints of botocore's service model."""

from __future__ import annotations

from functools import lru_cache

from localcloud.dataplane.answers import RefusedError, invalid
from localcloud.dataplane.request import Request
from localcloud.sagemaker import patterns

# (member, header in lower case or "" for the endpoint's name, least, most, pattern)
Constraint = tuple[str, str, int | None, int | None, str | None]
_NOT_HERE = {
    b"x-amzn-sagemaker-target-model": "TargetModel",
    b"x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    b"x-amzn-sagemaker-inference-component": "InferenceComponentName",
    b"x-amzn-sagemaker-enable-explanations": "EnableExplanations",
    b"x-amzn-sagemaker-session-id": "SessionId",
    b"x-amzn-sagemaker-prefix-aware-id": "PrefixAwareId",
}


class Checks:
    """The constraints of each operation."""

    def __init__(self, constraints: dict[str, list[list[object]]]) -> None:
        self._by_operation = {
            operation: {str(rule[1]).encode(): tuple(rule) for rule in rules}
            for operation, rules in constraints.items()
        }

    def check(self, request: Request) -> None:
        """Raise the RefusedError that AWS would answer with."""
        rules = self._by_operation[request.operation]
        _check(rules[b""], request.endpoint)  # type: ignore[arg-type]
        for header, value in request.headers.items():
            rule = rules.get(header)
            if rule is not None:
                _check(rule, value.decode("latin-1"))  # type: ignore[arg-type]
            if header in _NOT_HERE:
                raise _not_here(f"{request.operation} with {_NOT_HERE[header]}")


@lru_cache(4096)
def _fault(rule: Constraint, value: str) -> str | None:
    member, _, least, most, pattern = rule
    where = f"1 validation error detected: Value at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: "
    if least is not None and len(value) < least:
        return f"{where}Member must have length greater than or equal to {least}"
    if most is not None and len(value) > most:
        return f"{where}Member must have length less than or equal to {most}"
    if pattern is not None and not patterns.matches(pattern, value):
        return f"{where}Member must satisfy regular expression pattern: {pattern}"
    return None


def _check(rule: Constraint, value: str) -> None:
    fault = _fault(rule, value)
    if fault is not None:
        raise invalid(fault)


def _not_here(what: str) -> RefusedError:
    # 501 is the one 5xx that botocore does not repeat.
    message = f"sagemaker:{what} is not implemented here (Dropforge local cloud)"
    return RefusedError("NotImplementedError", message, 501)
