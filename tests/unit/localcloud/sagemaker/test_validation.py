"""Requests are validated as AWS does: every constraint of the model, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sagemaker import patterns, validation, wire
from localcloud.sagemaker.errors import InvalidRequestError, SerializationError
from localcloud.sagemaker.service import OPERATIONS
from tests.unit.localcloud.sagemaker import shapes


def shape_of(operation: str) -> Any:
    return wire.operation_model("sagemaker", operation).input_shape


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("full", [False, True])
def test_valid_requests_pass(operation: str, full: bool) -> None:
    shape = shape_of(operation)
    request = shapes.sample(shape, full=full)
    assert not ParamValidator().validate(request, shape).has_errors() or "Timestamp" in str(request)
    assert validation.parse(shape, request) == request
    validation.validate(shape, request)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_violation_is_told(operation: str) -> None:
    shape = shape_of(operation)
    request = shapes.sample(shape, full=True)
    for broken, path, words in shapes.violations(shape, request):
        with pytest.raises(InvalidRequestError) as raised:
            validation.validate(shape, broken)
        assert f"at '{path}' failed to satisfy constraint: {words}" in raised.value.message
        count = raised.value.message.count("failed to satisfy constraint")
        assert raised.value.message.startswith(f"{count} validation error")


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_missing_member_is_told(operation: str) -> None:
    shape = shape_of(operation)
    request = shapes.sample(shape, full=True)
    for broken, path in shapes.required(shape, request):
        with pytest.raises(InvalidRequestError) as raised:
            validation.validate(shape, broken)
        assert raised.value.message == (
            f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
        )


def test_words() -> None:
    shape = shape_of("StopTrainingJob")
    with pytest.raises(InvalidRequestError) as raised:
        validation.validate(shape, {"TrainingJobName": "a b"})
    assert raised.value.message == (
        "1 validation error detected: Value 'a b' at 'trainingJobName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_several_errors_are_joined() -> None:
    request = shapes.sample(shape_of("CreateTrainingJob"), full=False)
    request |= {"TrainingJobName": "a_" * 40, "RoleArn": "x"}
    with pytest.raises(InvalidRequestError) as raised:
        validation.validate(shape_of("CreateTrainingJob"), request)
    assert raised.value.message.startswith("4 validation errors detected: Value 'a_a_")
    assert raised.value.message.count("; Value '") == 3


def test_lists_and_maps() -> None:
    shape = shape_of("CreateTrainingJob")
    request = shapes.sample(shape, full=False)
    request["Environment"] = {"1bad": "x"}
    request["AlgorithmSpecification"] = {"TrainingInputMode": "File", "ContainerEntrypoint": ["x" * 257]}
    with pytest.raises(InvalidRequestError) as raised:
        validation.validate(shape, request)
    assert (
        "Value '{1bad=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy constraint: [Member "
        "must have length less than or equal to 512, Member must have length greater than or equal to 0, Member must "
        "satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]"
    ) in raised.value.message
    assert "at 'algorithmSpecification.containerEntrypoint' failed to satisfy constraint: Member must satisfy" in (
        raised.value.message
    )


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"TrainingJobName": 3}, "NUMBER_VALUE can not be converted to a String"),
        ({"TrainingJobName": True}, "TRUE_VALUE can not be converted to a String"),
        ({"TrainingJobName": ["a"]}, "Start of list found where not expected"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": "60"}}, "STRING_VALUE can not be converted to an Integer"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 1.5}}, "DECIMAL_VALUE can not be converted to an Integer"),
        ({"EnableNetworkIsolation": "yes"}, "STRING_VALUE can not be converted to a Boolean"),
        ({"Tags": {"Key": "a"}}, "Start of structure or map found where not expected."),
        ({"ResourceConfig": [1]}, "Start of list found where not expected"),
    ],
)
def test_types(request_: dict, words: str) -> None:
    with pytest.raises(SerializationError) as raised:
        validation.parse(shape_of("CreateTrainingJob"), request_)
    assert raised.value.message == words


def test_unknown_members_and_nulls_are_ignored() -> None:
    request = {"TrainingJobName": "a", "Nonsense": 1, "Tags": None}
    assert validation.parse(shape_of("CreateTrainingJob"), request) == {"TrainingJobName": "a"}


def test_every_pattern_compiles() -> None:
    for service in ("sagemaker", "sagemaker-runtime"):
        description = wire.service_model(service)
        for name in description.shape_names:
            pattern = description.shape_for(name).metadata.get("pattern")
            if pattern:
                patterns.compiled(pattern)


@given(st.text(alphabet="aZ0-_ é", max_size=70))
def test_names_agree_with_the_rule(name: str) -> None:
    """The pattern, said in other words: ASCII letters and digits, hyphens only between them."""
    pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    plain = [c for c in name if c != "-"]
    fits = (
        1 <= len(plain) <= 63
        and all(c.isascii() and c.isalnum() for c in plain)
        and not name.startswith("-")
        and not name.endswith("-")
    )
    assert patterns.matches(pattern, name) == fits


def test_properties_take_no_commas() -> None:
    pattern = wire.shape_of("CustomerMetadataValue").metadata["pattern"]
    assert patterns.matches(pattern, "sha256:abc/d ü")
    assert not patterns.matches(pattern, "a,b")
    assert not patterns.matches(pattern, "{a}")
