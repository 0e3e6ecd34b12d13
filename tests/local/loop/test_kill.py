"""The cloud killed in the middle of a run: what was acknowledged is there, and the run comes to its end."""

from __future__ import annotations

from tests.local.loop.test_failures import TABLE, XGBOOST
from tests.local.loop.user import ENDINGS, User


def test_killed_twice_and_started_again(user: User) -> None:
    user.upload("survivor/project.yaml", XGBOOST)
    user.upload("survivor/train/t.csv", TABLE)
    user.wait_event("survivor", {"Drop Completed"})
    user.kill_and_restart()
    registered = user.wait_event("survivor", ENDINGS)
    assert registered["detail-type"] == "Model Registered", registered["detail"]
    user.wait_notice("survivor", "Model Registered")
    user.approve(registered["detail"]["model_package_arn"])
    user.kill_and_restart()
    deployed = user.wait_event("survivor", {"Model Deployed", "Deployment Failed"})
    assert deployed["detail-type"] == "Model Deployed", deployed["detail"]
    assert user.ask("survivor", [["1", "12"], ["1", "2"]])[0][0] == "yes"
    user.wait_notice("survivor", "Model Deployed")
    assert [notice["event"] for notice in user.notices("survivor")] == ["Model Registered", "Model Deployed"]
