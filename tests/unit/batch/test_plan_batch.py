"""The exact requests that predict a staged drop."""

from __future__ import annotations

from typing import Any

import pytest
from batch.plan_batch import handler
from dropforge.errors import InputInvalidError

from tests.unit.botocore_check import assert_valid

PACKAGE = {
    "ModelPackageVersion": 3,
    "InferenceSpecification": {
        "Containers": [{"Image": "i", "ModelDataUrl": "s3://a/model.tar.gz", "ImageDigest": "x"}]
    },
    "CustomerMetadataProperties": {"dropforge:run": "k3j9x0a1b2", "dropforge:isolated": "false"},
}
STAGED = {"kind": "classes", "content_type": "application/jsonlines", "files": ["000000.jsonl"], "rows": 4}


def plan(deploy: str = "{}", staged: dict[str, Any] = STAGED, **changes: Any) -> dict[str, Any]:
    config = '{"version": 1, "algorithm": "xgboost", "target": "y", "deploy": ' + deploy + "}"
    facts = {"project": "adult", "drop": "abcdefghij", "config": config, "package": PACKAGE, "staged": staged}
    return handler(facts | changes, None)


def test_the_requests_are_such_as_aws_takes() -> None:
    planned = plan()
    assert_valid("sagemaker", "CreateModel", planned["model"])
    assert_valid("sagemaker", "CreateTransformJob", planned["job"])
    assert planned["model"]["ModelName"] == planned["job"]["ModelName"] == "df-k3j9x0a1b2-v3-batch"
    assert planned["model"]["PrimaryContainer"] == {"Image": "i", "ModelDataUrl": "s3://a/model.tar.gz"}
    assert planned["model"]["EnableNetworkIsolation"] is False
    assert planned["job"]["TransformInput"]["ContentType"] == planned["job"]["TransformOutput"]["Accept"]


def test_each_attempt_has_a_job_of_its_own() -> None:
    names = {plan(attempt=n)["job"]["TransformJobName"] for n in (1, 2)}
    assert names == {"df-abcdefghij-batch-a1", "df-abcdefghij-batch-a11"}


def test_there_are_no_more_instances_than_files() -> None:
    deploy = '{"instance_type": "ml.g4dn.xlarge", "initial_instance_count": 3}'
    resources = plan(deploy, STAGED | {"files": ["a", "b"]})["job"]["TransformResources"]
    assert resources == {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2}, "and no key for local storage"
    assert plan(deploy)["job"]["TransformResources"]["InstanceCount"] == 1


def test_another_product_s_package_is_refused() -> None:
    with pytest.raises(InputInvalidError, match="not made by Dropforge"):
        plan(package=PACKAGE | {"CustomerMetadataProperties": {}})


@pytest.mark.parametrize(("wanted", "used"), [("ml.t2.medium", "ml.m5.large"), ("ml.c5.xlarge", "ml.c5.xlarge")])
def test_what_transform_jobs_do_not_run_on_gives_way(wanted: str, used: str) -> None:
    planned = plan(f'{{"instance_type": "{wanted}"}}')
    assert_valid("sagemaker", "CreateTransformJob", planned["job"])
    assert planned["job"]["TransformResources"]["InstanceType"] == used
