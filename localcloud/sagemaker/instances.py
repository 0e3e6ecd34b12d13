"""What is known of instance types beyond the service model's enums."""

from __future__ import annotations

import re

from localcloud.sagemaker.errors import InvalidRequestError

# Families with NVMe instance storage (EC2 "Instance store volumes"): those with a "d" among the letters after
# the generation (g4dn, m5d, c5d, r5d, p4d…), and these.
_LOCAL_STORAGE = {
    *("g5", "g6", "g6e", "gr6", "g7e", "i3", "i4i", "p3dn"),
    *("p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200", "trn1", "trn1n", "trn2"),
}


def has_local_storage(instance_type: str) -> bool:
    """Whether `ml.g4dn.xlarge` and the like keep their data on NVMe that AWS encrypts itself."""
    family = instance_type.split(".")[1]
    return family in _LOCAL_STORAGE or bool(re.match(r"[a-z]+\d+[a-z]*d", family))


def check_volume_key(key: str | None, instance_types: list[str]) -> None:
    """Refuse a VolumeKmsKeyId on instance types with local storage, as AWS does."""
    for instance_type in instance_types if key else ():
        if has_local_storage(instance_type):
            raise InvalidRequestError(
                f"VolumeKmsKeyId is not supported for instance type {instance_type}: its local storage volumes "
                "are encrypted using a hardware module on the instance. Leave VolumeKmsKeyId out."
            )
