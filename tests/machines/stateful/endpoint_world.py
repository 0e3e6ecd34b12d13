"""What the deployment machine meets: DynamoDB's conditions evaluated for real, a registry and one endpoint in memory.

A test says what happens at which call: `at["Update Endpoint", 2] = hook`, or `at["Update Endpoint"]` for every one.
A hook may raise `StateError`, answer, or answer nothing, and then the world does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud.glue.stepfunctions import calls
from localcloud.glue.stepfunctions.errors import StateError
from tests.machines import harness
from tests.machines.stateful.dynamo import Dynamo

TABLES = {"DeploymentsTable": "dropforge-deploymentstable", "ProjectsTable": "dropforge-projectstable"}
GROUP = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn"
TIME = "2026-11-20T08:00:00Z"
Json = dict[str, Any]
Hook = Callable[[harness.Call], Any]


def busy(call: harness.Call) -> None:
    """Somebody else's change is under way."""
    raise _error(call, 'Cannot update in-progress endpoint "arn:x".')


def refused(call: harness.Call) -> None:
    """What AWS does not do."""
    raise _error(call, "You have exceeded a quota. (Service: SageMaker)")


def throttled(call: harness.Call) -> None:
    """A call that comes too soon after others."""
    raise _error(call, "Rate exceeded (Service: SageMaker, Status Code: 400)")


def _error(call: harness.Call, cause: str) -> StateError:
    """SageMaker's, as both kinds of integration call it."""
    return StateError(f"SageMaker.{'Amazon' if call.resource.kind == 'optimised' else ''}SageMakerException", cause)


def run_of(version: int) -> str:
    """The run that made a version."""
    return f"run000000{version}"


def config_of(version: int, digest: str = "0123456789") -> str:
    """The name of a configuration called after a version."""
    return f"df-{run_of(version)}-v{version}-{digest}"


class World:
    """`packages`: their approval by version; `events`: what was announced; `count`: the calls by state."""

    def __init__(self, patch: pytest.MonkeyPatch, packages: dict[int, str], **deploy: Any) -> None:
        self.dynamo = Dynamo(TABLES, lambda _: None)
        self.packages = packages
        self.configs: dict[str, Json] = {}
        self.endpoint: Json | None = None
        self.at: dict[Any, Hook] = {}
        self.count: Counter[str] = Counter()
        self.events: list[Json] = []
        self._patch = patch
        self.project(**deploy)

    def project(self, **deploy: Any) -> None:
        """Upload project.yaml."""
        text = json.dumps({"version": 1, "algorithm": "xgboost", "target": "left", "deploy": deploy})
        self._put("ProjectsTable", pk="churn", sk="config", config=text)

    def served(self, version: int, *, day: int = 1, **models: str) -> None:
        """A version was deployed, and is live; `models`: of each variant, if there are several."""
        name = config_of(version, "both" if models else "0123456789")
        self._put(
            "DeploymentsTable",
            pk="project#churn",
            sk=f"deployed#2026-11-0{day}T00:00:00.000Z",
            package_arn=f"{GROUP}/{version}",
            endpoint_config=config_of(version),
        )
        variants = models or {"AllTraffic": f"df-{run_of(version)}-v{version}"}
        of = [
            {"VariantName": v, "ModelName": m, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            for v, m in variants.items()
        ]
        self.configs[name] = {"EndpointConfigName": name, "ProductionVariants": of}
        self.serve(name)

    def serve(self, name: str, status: str = "InService") -> None:
        """The endpoint has this configuration."""
        kinds = ("ProductionVariants", "ShadowProductionVariants")
        variants = {
            kind: [
                {"VariantName": v["VariantName"], "DesiredInstanceCount": 1} for v in self.configs[name].get(kind, [])
            ]
            for kind in kinds
        }
        self.endpoint = {
            "EndpointName": "churn",
            "EndpointConfigName": name,
            "EndpointStatus": status,
            "CreationTime": TIME,
        } | variants

    def claim(self, version: int, time: str, status: str, kind: str = "approval") -> None:
        """Another execution's decision, as its claim and, while it runs, what is wanted say it."""
        arn = f"{GROUP}/{version}"
        self._put(
            "DeploymentsTable", pk=arn, sk=f"{kind}#{time}", project="churn", status=status, execution_arn="x:other"
        )
        if status == "RUNNING":
            wanted = {"package_arn": arn, "decided_at": time, "decision": f"{arn}#{time}", "claim": f"{kind}#{time}"}
            self._put("DeploymentsTable", pk="project#churn", sk="wanted", **wanted)

    def item(self, pk: str, sk: str) -> dict[str, str]:
        """An item of the deployments table."""
        found = self.dynamo.get_item(TableName=TABLES["DeploymentsTable"], Key={"pk": {"S": pk}, "sk": {"S": sk}})
        return {key: str(next(iter(value.values()))) for key, value in found.get("Item", {}).items()}

    def run(
        self, version: int, status: str, time: str = "2026-11-23T10:00:00.000Z", attempt: int = 1
    ) -> harness.Outcome:
        """Run the machine for a decision to its end."""
        detail = {
            "ModelPackageGroupName": "churn",
            "ModelPackageVersion": version,
            "ModelPackageArn": f"{GROUP}/{version}",
            "ModelApprovalStatus": status,
            "LastModifiedTime": time,
            "attempt": attempt,
        }
        return harness.run("deployment", {"id": "e1", "detail": detail}, {}, self._patch, self)

    def told(self) -> Json:
        """The detail of the last event, with its type."""
        entry = self.events[-1]
        detail = entry["Detail"] if isinstance(entry["Detail"], dict) else json.loads(entry["Detail"])
        return {"type": entry["DetailType"], **detail}

    def __call__(self, call: harness.Call) -> Any:
        self.count[call.state] += 1
        hook = self.at.get((call.state, self.count[call.state])) or self.at.get(call.state)
        answer = hook(call) if hook else None
        return json.loads(json.dumps(self._do(call) if answer is None else answer, default=str))

    def _do(self, call: harness.Call) -> Any:
        if call.resource.client == "dynamodb":
            return self._table(call)
        name = call.resource.action
        if hasattr(self, f"_{xform_name(name)}"):
            return getattr(self, f"_{xform_name(name)}")(call.arguments)
        return {"describeExecution": {"Status": "RUNNING"}, "describeLogStreams": {"LogStreams": []}}.get(name, {})

    def _table(self, call: harness.Call) -> Any:
        if call.state == "Wait For Endpoint":
            raise StateError("States.Timeout", "its event is lost")
        try:
            return getattr(self.dynamo, xform_name(call.resource.operation))(**call.arguments)
        except ClientError as error:
            error.response.setdefault("ResponseMetadata", {"HTTPStatusCode": 400})
            raise calls.failure(call.resource, call.resource.operation, error) from error

    def _describe_model_package(self, asked: Json) -> Json:
        version = int(asked["ModelPackageName"].rsplit("/", 1)[1])
        said = {"dropforge:project": "churn", "dropforge:run": run_of(version), "dropforge:isolated": "true"}
        return {
            "ModelPackageName": f"churn/{version}",
            "ModelPackageGroupName": "churn",
            "ModelPackageVersion": version,
            "ModelPackageArn": f"{GROUP}/{version}",
            "ModelApprovalStatus": self.packages[version],
            "InferenceSpecification": {"Containers": [{"Image": "1.dkr.ecr/x", "ModelDataUrl": "s3://a/b"}]},
            "CustomerMetadataProperties": said,
        }

    def _list_model_packages(self, _: Json) -> Json:
        approved = [
            {"ModelPackageArn": f"{GROUP}/{v}", "ModelApprovalStatus": s}
            for v, s in self.packages.items()
            if s == "Approved"
        ]
        return {"ModelPackageSummaryList": approved}

    def _describe_endpoint(self, _: Json) -> Json:
        if self.endpoint is None:
            raise StateError("SageMaker.SageMakerException", 'Could not find endpoint "churn".')
        return self.endpoint

    def _describe_endpoint_config(self, asked: Json) -> Json:
        return self.configs[asked["EndpointConfigName"]]

    def _create_endpoint_config(self, asked: Json) -> Json:
        self.configs[asked["EndpointConfigName"]] = asked
        return {}

    def _create_endpoint(self, asked: Json) -> Json:
        self.serve(asked["EndpointConfigName"])
        return {}

    _update_endpoint = _create_endpoint

    def _delete_endpoint(self, _: Json) -> Json:
        self.endpoint = None
        return {}

    def _put_events(self, asked: Json) -> Json:
        self.events += asked["Entries"]
        return {"FailedEntryCount": 0}

    def _start_execution(self, asked: Json) -> Json:
        output: Json = {"registered": [], "deregistered": []}
        if "-verify-" in asked["Name"]:
            output = {"decision": "passed", "reason": "ok", "figures": None}
        if "-experiment-" in asked["Name"]:
            output = {"decision": "promote", "reason": "no worse", "figures": None}
        return {"Status": "SUCCEEDED", "Output": output}

    def _put(self, table: str, **item: str) -> None:
        self.dynamo.put_item(TableName=TABLES[table], Item={key: {"S": value} for key, value in item.items()})
