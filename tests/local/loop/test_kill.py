"""A cloud killed in the middle of a run: what was acknowledged is there, and the run comes to its end."""

from __future__ import annotations

import pytest

from localcloud import deploy
from localcloud.cloud import LocalCloud
from tests.local.loop.test_failures import TABLE, XGBOOST
from tests.local.loop.user import ENDINGS, User


@pytest.mark.parametrize("moment", ["Drop Completed", "Model Registered"])
def test_killed_and_started_again(moment: str, own_cloud: LocalCloud) -> None:
    outputs = deploy.deploy(own_cloud)
    user = User(own_cloud, outputs, "survivor")
    user.upload("survivor/project.yaml", XGBOOST)
    user.upload("survivor/train/t.csv", TABLE)
    event = user.wait_event("survivor", {moment})
    if moment == "Model Registered":
        user.wait_notice("survivor", moment)
        user.approve(event["detail"]["model_package_arn"])
    own_cloud.kill()
    user.cloud = own_cloud.restart()
    registered = user.wait_event("survivor", ENDINGS)
    assert registered["detail-type"] == "Model Registered", registered["detail"]
    if moment == "Drop Completed":
        user.approve(registered["detail"]["model_package_arn"])
    deployed = user.wait_event("survivor", {"Model Deployed", "Deployment Failed"})
    assert deployed["detail-type"] == "Model Deployed", deployed["detail"]
    assert user.ask("survivor", [["1", "12"], ["1", "2"]])[0][0] == "yes"
    user.wait_notice("survivor", "Model Deployed")
    assert [notice["event"] for notice in user.notices("survivor")] == ["Model Registered", "Model Deployed"]
    user.leave()
