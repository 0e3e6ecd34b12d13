"""AutoRollbackConfiguration: the CloudWatch alarms of a deployment, looked at with the execution role."""

from __future__ import annotations

import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import AssumeRoleError, DeploymentFailedError, InvalidRequestError

_log = logging.getLogger(__name__)
# Seconds for which alarms that cannot be seen are waited for before the deployment is rolled back.
_PATIENCE = 10.0


class Alarms:
    """The alarms of one deployment."""

    def __init__(self, context: Context, role: str, config: dict[str, Any]) -> None:
        alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        self.names = [alarm["AlarmName"] for alarm in alarms]
        self._context = context
        self._role = role
        self._seen = time.monotonic()

    def require(self) -> None:
        """Raise InvalidRequestError for alarms that do not exist or that the role may not see."""
        if not self.names:
            return
        try:
            known = {alarm["AlarmName"] for alarm in self._describe()}
        except (ClientError, BotoCoreError, AssumeRoleError) as error:
            raise InvalidRequestError(
                f"Could not describe the alarms in AutoRollbackConfiguration with role {self._role}. Please ensure "
                f"that the role has the permission cloudwatch:DescribeAlarms on them: {error}"
            ) from error
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise InvalidRequestError(
                f"The CloudWatch alarm(s) [{', '.join(unknown)}] in AutoRollbackConfiguration could not be found."
            )

    def look(self) -> None:
        """Raise DeploymentFailedError if an alarm rings, or if the alarms cannot be seen for a while."""
        if not self.names:
            return
        try:
            found = self._describe()
        except (ClientError, BotoCoreError, AssumeRoleError) as error:
            if time.monotonic() - self._seen > _PATIENCE:
                raise DeploymentFailedError(
                    f"The alarms in AutoRollbackConfiguration could not be described with role {self._role}: {error}"
                ) from error
            _log.warning("alarms %s: %s", self.names, error)
            return
        self._seen = time.monotonic()
        ringing = [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]
        if ringing:
            raise DeploymentFailedError(
                "One or more alarms in AutoRollbackConfiguration went into ALARM state: "
                f"[{', '.join(ringing)}]. {self._reasons(found)}"
            )

    def _describe(self) -> list[dict[str, Any]]:
        client = self._context.aws.role(self._role).client("cloudwatch")
        answer = client.describe_alarms(AlarmNames=self.names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]

    def _reasons(self, found: list[dict[str, Any]]) -> str:
        told = [alarm.get("StateReason", "") for alarm in found if alarm["StateValue"] == "ALARM"]
        return " ".join(text for text in told if text)
