"""Machine definitions: found, substituted, valid, commented, and catching only what can be raised."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonata.jsonata import Jsonata
from statelint.linter import Linter

from tests.contract.application import ROOT, machines
from tests.contract.implied_actions import INTEGRATIONS
from tests.contract.raised_errors import ours, raised_by

ACTING = [(name, state_name) for name, m in machines().items() for state_name, _, _ in m.tasks()]


def state_of(machine: str, name: str) -> dict[str, Any]:
    return dict(machines()[machine].states())[name]


def caught_outside(machine: str) -> set[str]:
    """States inside a Map or Parallel that catches everything for them."""
    outer = [s for _, s in machines()[machine].states() if s["Type"] in ("Map", "Parallel")]
    caught = [s for s in outer if s["Catch"][-1]["ErrorEquals"] == ["States.ALL"]]
    inner = [
        m for s in caught for m in [*s.get("Branches", []), *([s["ItemProcessor"]] if "ItemProcessor" in s else [])]
    ]
    return {name for m in inner for name in m["States"]}


def expressions(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [e for v in value.values() for e in expressions(v)]
    if isinstance(value, list):
        return [e for v in value for e in expressions(v)]
    return [value] if isinstance(value, str) and value.lstrip().startswith("{%") else []


def snake(logical_id: str) -> str:
    """`TrainingRunStateMachine` → `training_run`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id.removesuffix("StateMachine")).lower()


def test_every_definition_is_deployed_and_every_one_deployed_exists() -> None:
    deployed = {m.definition_path for m in machines().values()}
    assert deployed == set((ROOT / "statemachines").resolve().glob("*.asl.yaml"))


@pytest.mark.parametrize("name", machines())
def test_names_agree(name: str) -> None:
    machine = machines()[name]
    assert machine.definition_path.name == f"{snake(name)}.asl.yaml"
    assert snake(name).split("_")[0] == machine.row
    assert machine.properties["Name"].startswith("dropforge-")


def test_physical_names_differ() -> None:
    names = [m.properties["Name"] for m in machines().values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", machines())
def test_substitutions_fit_both_ways(name: str) -> None:
    machine = machines()[name]
    assert set(re.findall(r"\$\{(\w+)\}", machine.text)) == set(machine.substitutions)


@pytest.mark.parametrize("name", machines())
def test_no_aliases(name: str) -> None:
    # CloudFormation reads the file with Jackson's YAMLFactory.readTree, which turns `*alias` into the text "alias"
    # (aws-cloudformation-resource-providers-stepfunctions, DefinitionProcessor.java).
    tokens = [type(t).__name__ for t in yaml.scan(machines()[name].text)]
    assert {"AnchorToken", "AliasToken"}.isdisjoint(tokens)


@pytest.mark.parametrize("name", machines())
def test_yaml_words_mean_the_same_to_every_reader(name: str) -> None:
    # yes, no, on and off are booleans to PyYAML and text to Jackson; dates are dates to PyYAML.
    for token in yaml.scan(machines()[name].text):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            assert not re.fullmatch(r"(?i)yes|no|on|off|\d{4}-\d\d-\d\d.*", token.value), token.start_mark


@pytest.mark.parametrize("name", machines())
def test_definition_is_valid(name: str) -> None:
    definition = json.loads(json.dumps(machines()[name].definition))
    for state in definition["States"].values():
        if state["Type"] == "Wait":  # statelint 3.1 does not know that these may be expressions
            state.update({k: v for k, v in {"Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z"}.items() if k in state})
    assert Linter.validate(definition) == []


@pytest.mark.parametrize("name", machines())
def test_every_state_says_what_it_is_for(name: str) -> None:
    silent = [n for n, state in machines()[name].states() if not state.get("Comment")]
    assert machines()[name].definition.get("Comment")
    assert machines()[name].definition["QueryLanguage"] == "JSONata"
    assert not silent


@pytest.mark.parametrize("name", machines())
def test_state_names(name: str) -> None:
    for state_name, state in machines()[name].states():
        words = state_name.rstrip("?").split()
        assert all(w[0].isupper() for w in words), f"{state_name}: Title Case"
        assert state_name.endswith("?") == (state["Type"] == "Choice"), f"{state_name}: a Choice ends in ?"


@pytest.mark.parametrize("name", machines())
def test_expressions_parse_and_stand_alone(name: str) -> None:
    for _, state in machines()[name].states():
        for expression in expressions(state):
            assert expression.startswith("{%"), expression
            assert expression.endswith("%}"), f"{expression!r}: nothing may follow %}}"
            Jsonata(expression[2:-2])
            assert "$eval(" not in expression


@pytest.mark.parametrize(("name", "state"), ACTING)
def test_acting_states_retry_and_catch(name: str, state: str) -> None:
    found = state_of(name, state)
    assert found["Retry"]
    for retrier in found["Retry"]:
        assert retrier["JitterStrategy"] == "FULL", "many executions must not retry at once"
        assert retrier["MaxAttempts"] >= 1
        assert {"States.ALL", "States.TaskFailed"}.isdisjoint(retrier["ErrorEquals"]), "retry by cause"
    assert state in caught_outside(name) or found["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize(("name", "state"), ACTING)
def test_only_errors_that_can_be_raised_are_expected(name: str, state: str) -> None:
    found = state_of(name, state)
    integration = found["Resource"].removeprefix("arn:aws:states:::")
    expected = {e for block in ("Retry", "Catch") for x in found.get(block, []) for e in x["ErrorEquals"]}
    assert expected - raised_by(integration) - ours() == set()


def test_an_error_that_a_machine_makes_up_is_known_to_a_function_of_its_row() -> None:
    for machine in machines().values():
        sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "functions" / machine.row).glob("*.py"))
        for name, state in machine.states():
            if state["Type"] == "Fail" and not state["Error"].startswith("{%"):
                assert state["Error"].endswith("Error"), name
                assert f'"{state["Error"]}"' in sources, f"{name}: nobody decides by {state['Error']}"


def test_every_integration_has_its_permissions_written_down() -> None:
    used = {integration for m in machines().values() for _, integration, _ in m.tasks()}
    assert used == set(INTEGRATIONS)


def test_nested_machines_exist() -> None:
    arns = {f"arn:aws:states:us-east-1:111122223333:stateMachine:{m.properties['Name']}" for m in machines().values()}
    for machine in machines().values():
        for value in machine.substitutions.values():
            if ":stateMachine:" in str(value):
                assert any(a.startswith(value) if value.endswith("-") else a == value for a in arns), value
