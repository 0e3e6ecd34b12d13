"""The case files themselves: they name states that exist, their answers are AWS's, and together they go everywhere."""

from __future__ import annotations

import pytest

from tests.machines import answers_check, harness
from tests.machines.case_files import Case, cases

EVERY = pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)


@EVERY
def test_states_exist(case: Case) -> None:
    named = {*case.own["path"], *case.own.get("answers", {}), *case.own.get("calls", {})}
    assert named - harness.states(case.machine).keys() == set()


@EVERY
def test_what_is_answered_and_expected_is_on_the_path(case: Case) -> None:
    named = {*case.own.get("answers", {}), *case.own.get("calls", {})}
    assert named - set(case.own["path"]) == set()


@EVERY
def test_answers_are_such_as_aws_gives(case: Case) -> None:
    states = harness.states(case.machine)
    found = [
        f"{name}: {text}"
        for name, answers in case.own.get("answers", {}).items()
        for answer in answers
        for text in answers_check.odd(states[name], answer)
    ]
    assert found == []


@pytest.mark.parametrize("name", harness.machines())
def test_every_machine_has_a_case_for_every_ending(name: str) -> None:
    ends = {state for state, body in harness.states(name).items() if body["Type"] in {"Succeed", "Fail"}}
    # What ends an item of a Map is anywhere in the path.
    assert ends - {state for case in cases() if case.machine == name for state in case.own["path"]} == set()


@pytest.mark.parametrize("name", harness.machines())
def test_every_machine_has_a_case_for_every_state(name: str) -> None:
    paths = [case.own["path"] for case in cases() if case.machine == name]
    assert harness.states(name).keys() - {state for path in paths for state in path} == set()


def test_every_folder_of_cases_is_a_machine_s() -> None:
    assert {case.machine for case in cases()} == set(harness.machines())
