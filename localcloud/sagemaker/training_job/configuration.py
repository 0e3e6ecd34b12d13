"""What a training container finds under /opt/ml/input/config (sagemaker dg, your-algorithms-training-algo)."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.jobs.workspace import HOST, Workspace

_GROUP = "homogeneousCluster"


def write(space: Workspace, job: dict[str, Any]) -> None:
    """Write the three files, and make the directories that a container writes to."""
    space.directory("model")
    space.directory("output/data")
    space.write_json("input/config/hyperparameters.json", job.get("HyperParameters", {}))
    space.write_json("input/config/inputdataconfig.json", _channels(job))
    space.write_json("input/config/resourceconfig.json", _resources(job["ResourceConfig"]["InstanceType"]))


def _resources(instance_type: str) -> dict[str, Any]:
    return {
        "current_host": HOST,
        "current_instance_type": instance_type,
        "current_group_name": _GROUP,
        "hosts": [HOST],
        "instance_groups": [{"instance_group_name": _GROUP, "instance_type": instance_type, "hosts": [HOST]}],
        "network_interface_name": "eth0",
    }


def _channels(job: dict[str, Any]) -> dict[str, dict[str, str]]:
    mode = job["AlgorithmSpecification"]["TrainingInputMode"]
    described = {}
    for channel in job.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        entry = {
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        if "ContentType" in channel:
            entry["ContentType"] = channel["ContentType"]
        described[channel["ChannelName"]] = entry
    return described
