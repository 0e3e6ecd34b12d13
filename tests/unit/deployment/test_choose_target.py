from __future__ import annotations

from typing import Any

import pytest
from deployment.choose_target import handler
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.deployment.facts import PACKAGE, config, endpoint, package

GROUP = PACKAGE["ModelPackageArn"].rpartition("/")[0]


def served(*versions: int) -> list[dict[str, Any]]:
    """The history: these versions were deployed, in this order."""
    return [
        {
            "pk": {"S": "project#adult"},
            "sk": {"S": f"deployed#2026-11-0{day}T00:00:00.000Z"},
            "package_arn": {"S": f"{GROUP}/{version}"},
        }
        for day, version in enumerate(versions, 1)
    ]


def live(version: int, **more: Any) -> dict[str, Any]:
    return endpoint(f"df-run000000{version}-v{version}-0123456789", **more)


def choose(
    version: int,
    status: str,
    at: Any = 1_795_000_000_000,
    approved: tuple[int, ...] = (),
    text: str = "",
    **more: Any,
) -> dict[str, Any]:
    facts = {
        "package": package(version, ModelApprovalStatus=status),
        "status": status,
        "changed_at": at,
        "config": config(text),
        "approved": [{"ModelPackageArn": f"{GROUP}/{n}", "ModelApprovalStatus": "Approved"} for n in approved],
    }
    return handler(facts | more, None)


def test_an_approved_version_is_the_one_to_serve() -> None:
    target = choose(3, "Approved", endpoint=live(2))
    assert (target["action"], target["after"], target["version"], target["live_version"]) == (
        "deploy",
        "approval",
        3,
        2,
    )
    assert target["package_arns"][0] == f"{GROUP}/3"


def test_an_older_version_that_is_approved_again_is_served_again() -> None:
    assert choose(1, "Approved", endpoint=live(2))["package_arns"][0] == f"{GROUP}/1"


@pytest.mark.parametrize("status", ["Approved", "Rejected"])
@pytest.mark.parametrize(
    ("more", "text", "reason"),
    [
        ({"package": package(3, ModelApprovalStatus="PendingManualApproval")}, "", "PendingManualApproval now"),
        ({"package": package(3, CustomerMetadataProperties=None)}, "", "not made by Dropforge"),
        ({"package": package(3, ModelPackageGroupName="other")}, "", "not made by Dropforge"),
    ],
)
def test_nothing_to_do(status: str, more: Any, text: str, reason: str) -> None:
    target = choose(3, status, text=text, endpoint=live(3), **more)
    assert (target["action"], target["package_arns"]) == ("none", [])
    assert reason in target["reason"]


def test_an_approval_that_only_marks() -> None:
    target = choose(3, "Approved", text="deploy: {enabled: false}\n", endpoint=live(2))
    assert (target["action"], target["package_arns"]) == ("none", [])
    assert "deploy.enabled" in target["reason"]


def test_rejected_while_live_goes_back_to_what_was_served_before() -> None:
    target = choose(3, "Rejected", approved=(1, 2), endpoint=live(3), items=served(1, 2, 3))
    assert (target["action"], target["after"], target["package_arns"]) == ("deploy", "rejection", [f"{GROUP}/2"])
    assert "version 2 was served before" in target["reason"]


def test_history_decides_not_the_number() -> None:
    target = choose(3, "Rejected", approved=(1, 2), endpoint=live(3), items=served(2, 1, 3))
    assert target["package_arns"] == [f"{GROUP}/1"]


def test_two_rejections_in_a_row_go_back_twice() -> None:
    target = choose(2, "Rejected", approved=(1,), endpoint=live(2), items=served(1, 2, 3, 2))
    assert target["package_arns"] == [f"{GROUP}/1"]


def test_a_version_that_was_never_served_stands_in_only_if_it_is_earlier() -> None:
    assert choose(3, "Rejected", approved=(2,), endpoint=live(3))["package_arns"] == [f"{GROUP}/2"]
    assert choose(3, "Rejected", approved=(4,), endpoint=live(3))["action"] == "impossible"


def test_rejected_and_not_live_is_nothing_but_a_record() -> None:
    target = choose(2, "Rejected", approved=(1, 3), endpoint=live(3), items=served(1, 2, 3))
    assert (target["action"], target["reason"]) == ("none", "version 2 is not live")
    assert choose(2, "Rejected")["action"] == "none"


def test_rejected_while_it_is_coming_goes_back() -> None:
    pending = {"EndpointConfigName": "df-run0000003-v3-aaaaaaaaaa"}
    coming = live(2, status="Updating", PendingDeploymentSummary=pending)
    target = choose(3, "Rejected", approved=(1, 2), endpoint=coming, items=served(1, 2))
    assert target["package_arns"] == [f"{GROUP}/2"]


def wanted(version: int | str, decision: str = "another") -> dict[str, Any]:
    arn = version if isinstance(version, str) else f"{GROUP}/{version}"
    item = {"pk": "project#adult", "sk": "wanted", "package_arn": arn, "decision": decision}
    return {key: {"S": value} for key, value in item.items()}


def test_rejected_while_it_waits_for_its_turn_goes_back() -> None:
    items = [wanted(3), *served(1, 2)]
    target = choose(3, "Rejected", approved=(1, 2), endpoint=live(2), items=items, wanted_status="RUNNING")
    assert target["package_arns"] == [f"{GROUP}/2"]


@pytest.mark.parametrize("status", ["FAILED", "DEPLOYED", None])
def test_rejected_after_it_failed_changes_nothing(status: str | None) -> None:
    items = [wanted(3), *served(1, 2)]
    target = choose(3, "Rejected", approved=(1, 2), endpoint=live(2), items=items, wanted_status=status)
    assert (target["action"], target["reason"]) == ("none", "version 3 is not live")


def test_rejecting_the_live_version_waits_for_the_one_that_is_coming() -> None:
    facts = {"approved": (1, 3), "endpoint": live(2), "items": [wanted(3), *served(1, 2)], "wanted_status": "RUNNING"}
    target = choose(2, "Rejected", **facts)
    assert (target["action"], target["reason"]) == ("wait", "version 3 is on its way")
    assert choose(2, "Rejected", **facts, held=True)["action"] == "wait"  # should that one fail, too


def test_if_that_one_fails_the_rejected_version_goes_all_the_same() -> None:
    items = [wanted(3), *served(1, 2)]
    facts = {"approved": (1, 3), "items": items, "wanted_status": "FAILED", "held": True}
    target = choose(2, "Rejected", endpoint=live(2), **facts)
    assert target["package_arns"] == [f"{GROUP}/1"]
    assert choose(2, "Rejected", endpoint=live(3), **facts)["reason"] == "version 2 is not live"


def test_what_was_chosen_before_the_turn_is_rejected_meanwhile() -> None:
    """Version 3 is live and was rejected, version 2 would have followed, and is rejected too."""
    items = [wanted(2), *served(1, 2, 3)]
    facts = {"approved": (1,), "endpoint": live(3), "items": items}
    first = choose(2, "Rejected", **facts, wanted_status="RUNNING")
    assert (first["action"], first["package_arns"]) == ("deploy", [f"{GROUP}/1"])
    again = choose(2, "Rejected", **facts, wanted_status="SUPERSEDED", held=True)
    assert (again["action"], again["package_arns"], again["version"]) == ("deploy", [f"{GROUP}/1"], 3)
    none = choose(2, "Rejected", **facts | {"approved": ()}, wanted_status="SUPERSEDED", held=True)
    assert (none["action"], none["detail"]["rejected_version"], none["detail"]["still_live"]) == ("impossible", 3, True)
    assert none["detail"]["run"] == "run0000003"


def test_the_live_version_may_be_one_of_the_approved_that_are_not_listed() -> None:
    many = {"approved": tuple(range(10, 110)), "endpoint": live(3), "held": True}
    assert choose(2, "Rejected", **many)["action"] == "none"


def test_a_first_endpoint_that_is_gone_at_the_turn_is_not_called_live() -> None:
    target = choose(1, "Rejected", endpoint=None, items=[wanted(1)], wanted_status="FAILED", held=True)
    assert (target["action"], target["reason"]) == ("none", "version 1 is not live")


def test_another_attempt_brings_what_the_first_one_chose() -> None:
    own = wanted(1, f"{GROUP}/2#1795000000000")
    facts = {"approved": (1,), "endpoint": live(1), "items": [own, *served(1, 2)], "wanted_status": "RUNNING"}
    assert choose(2, "Rejected", **facts, attempt=2)["package_arns"] == [f"{GROUP}/1"]
    assert choose(2, "Rejected", **facts | {"approved": ()}, attempt=2)["action"] == "none"
    assert choose(2, "Rejected", **facts)["reason"] == "version 2 is not live"


def test_a_rejection_needs_no_deploy_enabled() -> None:
    target = choose(3, "Rejected", approved=(2,), text="deploy: {enabled: false}\n", endpoint=live(3))
    assert target["package_arns"] == [f"{GROUP}/2"]


def test_what_comes_back_brings_the_variants_but_not_the_rejected_one() -> None:
    text = "deploy: {variants: [{name: a, model: 3}, {name: b, model: live}, {name: c, model: 1}]}\n"
    target = choose(3, "Rejected", approved=(1, 2), text=text, endpoint=live(3), items=served(1, 2, 3))
    assert target["package_arns"] == [f"{GROUP}/2", f"{GROUP}/1"]


@pytest.mark.parametrize(("on_reject", "action"), [("notify", "impossible"), ("delete", "retire")])
def test_nothing_earlier_is_a_notice_unless_the_project_says_otherwise(on_reject: str, action: str) -> None:
    text = f"deploy: {{on_reject: {on_reject}}}\n"
    target = choose(3, "Rejected", text=text, endpoint=live(3), items=served(3))
    assert (target["action"], target["package_arns"]) == (action, [])
    assert target["detail"]["rejected_version"] == 3
    assert target["detail"]["still_live"] is (action == "impossible")
    assert {"version", "id", "project", "run", "drop", "cause"} <= target["detail"].keys()


def test_versions_that_the_variants_name_come_along() -> None:
    text = "deploy: {variants: [{name: a, model: 1}, {name: b, model: latest}]}\n"
    arns = choose(3, "Approved", text=text, endpoint=live(2))["package_arns"]
    assert arns == [f"{GROUP}/3", f"{GROUP}/1", f"{GROUP}/2"]


def test_times_sort_as_text_whatever_their_form() -> None:
    forms = [1_795_000_000_000, "1795000000000", "2026-11-18T11:06:40Z", "2026-11-18T12:06:40.000+01:00"]
    assert {choose(3, "Approved", at)["decided_at"] for at in forms} == {"2026-11-18T11:06:40.000Z"}
    assert choose(3, "Approved", 1_795_000_000_001)["decided_at"] > choose(3, "Approved")["decided_at"]


@given(
    history=st.lists(st.integers(1, 9), max_size=9),
    approved=st.sets(st.integers(1, 9)),
    rejected=st.integers(1, 9),
    serving=st.integers(1, 9),
)
def test_whatever_was_served_what_comes_is_approved_and_is_not_the_rejected_one(
    history: list[int], approved: set[int], rejected: int, serving: int
) -> None:
    kept = tuple(sorted(approved - {rejected}))
    target = choose(rejected, "Rejected", approved=kept, endpoint=live(serving), items=served(*history))
    assert target["action"] in (("deploy", "impossible") if serving == rejected else ("none",))
    for arn in target["package_arns"]:
        assert int(arn.rpartition("/")[2]) in kept


def sharing(*models: str, shadow: str | None = None) -> dict[str, Any]:
    """DescribeEndpointConfig with these models."""
    found: dict[str, Any] = {"ProductionVariants": [{"VariantName": m, "ModelName": m} for m in models]}
    return found | ({"ShadowProductionVariants": [{"VariantName": "Shadow", "ModelName": shadow}]} if shadow else {})


@pytest.mark.parametrize(
    "live_config",
    [
        sharing("df-run0000002-v2", "df-run0000003-v3"),
        sharing("df-run0000002-v2-s", "df-run0000003-v3-s"),
        sharing("df-run0000002-v2", shadow="df-run0000003-v3"),
    ],
)
def test_a_rejected_version_that_has_a_share_goes_and_the_live_one_serves_alone(live_config: dict[str, Any]) -> None:
    facts = {"endpoint": live(2), "live_config": live_config, "items": served(1, 2)}
    target = choose(3, "Rejected", approved=(1, 2), **facts)
    assert (target["action"], target["package_arns"]) == ("deploy", [f"{GROUP}/2"])
    assert target["reason"] == "version 3 was rejected; version 2 serves on without it"
    assert choose(4, "Rejected", approved=(1, 2), **facts)["action"] == "none"
    alone = choose(3, "Rejected", **facts)
    assert (alone["action"], alone["detail"]["still_live"]) == ("impossible", True)


def test_a_rejected_version_of_several_variants_is_replaced_by_the_others() -> None:
    text = "deploy: {variants: [{name: a, model: latest}, {name: b, model: 2}]}\n"
    shared = sharing("df-run0000003-v3", "df-run0000002-v2")
    target = choose(2, "Rejected", approved=(1, 3), text=text, endpoint=live(3), live_config=shared, items=served(2, 3))
    assert target["package_arns"] == [f"{GROUP}/3"]
