"""The diagram in docs/architecture.md against the stacks: every name exists, every rule leads where it says."""

from __future__ import annotations

import re

from tests.contract.application import ROOT, machines, rules, stacks

KINDS = r"\w+(?:StateMachine|Function|Rule|Pipe|Table|Bucket|Queue|Topic)"
EDGE = re.compile(rf"-->\|({KINDS})\|\s*(\w+)")


def diagram() -> str:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    found = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_every_name_in_the_diagram_is_in_the_stacks() -> None:
    known = {name for stack in stacks() for name in stack.template["Resources"]}
    assert set(re.findall(rf"\b{KINDS}\b", diagram())) - known == set()


def test_every_rule_leads_where_the_diagram_says() -> None:
    shown = dict(EDGE.findall(diagram()))
    for name, target in shown.items():
        if name in rules():
            arns = [t["Arn"] for t in rules()[name][1]["Targets"]]
            name_of_target = machines()[target].properties["Name"] if target in machines() else f"dropforge-{target}"
            assert [a.rsplit(":", 1)[-1] for a in arns] == [name_of_target], name


def test_every_machine_but_the_recovering_ones_is_in_the_diagram() -> None:
    assert {m for m in machines() if not m.endswith("RecoverStateMachine")} <= set(re.findall(r"\w+", diagram()))
