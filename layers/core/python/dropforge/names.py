"""Names and places: the only module that builds a job name or a path in the artifacts bucket."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from dropforge.errors import NameInvalidError

PROJECT = re.compile(r"(?=.{2,31}$)[a-z](?:-?[a-z0-9])+")
RUN = re.compile(r"[a-z0-9]{10}")
JOB_NAME_LIMIT = 32  # tuning and AutoML jobs; training and processing jobs would allow 63
TRIES_PER_ATTEMPT = 10
QUIET_PERIOD = 300  # seconds without a new object until a drop is complete
CHANNELS = ("train", "validation", "batch", "truth", "unlabelled", "features")

_TEMPORARY = re.compile(r"(?:^|/)[._]|\.(?:tmp|temp|part|crdownload|swp)$|~$", re.IGNORECASE)
_TRANSFORMS = re.compile(
    r"ml\.(?:(?:m4|c4|c5|p2|p3)\.(?!large$)|(?:m5|[mcr][67]i|g4dn|g5|g6e?|trn1|inf2)\.)\w+$",
)
_LOCAL_STORAGE = re.compile(r"ml\.(?:[a-z]+\d[a-z]*d[a-z]*|g5|g6e?|gr6|p5(?:en?)?|trn\d.*)\.")


def is_project(name: str) -> bool:
    """Whether it can name a project, and so its endpoint and its model package group."""
    return PROJECT.fullmatch(name) is not None


def run_id(*parts: str) -> str:
    """Ten lower-case letters and digits that depend on nothing but `parts`."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.b32encode(digest)[:10].decode().lower()


def job_name(run: str, step: str, attempt: int) -> str:
    """`df-<run>-<step>-a<attempt>`.

    Raises:
        NameInvalidError: longer than 32 characters, or a run that is none.
    """
    name = f"df-{run}-{step}-a{attempt}"
    if not RUN.fullmatch(run) or len(name) > JOB_NAME_LIMIT:
        raise NameInvalidError(f"{name!r}: a job is named df-<10 letters and digits>-<step>-a<n>, at most 32 long")
    return name


def job_attempt(run_attempt: int, job_try: int = 1) -> int:
    """One number for both: the first run attempt has jobs a1, a2, …; the second a11, a12, …

    A job name can be used once, and both a job and its whole run may be tried again.
    """
    return (run_attempt - 1) * TRIES_PER_ATTEMPT + job_try


def next_job_name(name: str) -> str:
    """The same job's name for the next try.

    Raises:
        NameInvalidError: not a name that `job_name` made.
    """
    match = re.fullmatch(r"df-([a-z0-9]{10})-([a-z0-9-]+)-a(\d+)", name)
    if match is None:
        raise NameInvalidError(f"{name!r} is not named df-<run>-<step>-a<attempt>")
    return job_name(match[1], match[2], int(match[3]) + 1)


def job_try(name: str) -> int:
    """Which try within its run attempt this job is, from 1."""
    return (int(name.rsplit("-a", 1)[1]) - 1) % TRIES_PER_ATTEMPT + 1


def is_data(path: str) -> bool:
    """Whether an object at this path below its channel holds data (Spark and editors leave others beside it)."""
    return _TEMPORARY.search(path) is None


def transforms(instance_type: str) -> bool:
    """Whether transform jobs run on the instance type (botocore, TransformInstanceType: fewer than endpoints have)."""
    return _TRANSFORMS.match(instance_type) is not None


def has_local_storage(instance_type: str) -> bool:
    """Whether the instance has NVMe storage, for which SageMaker refuses a VolumeKmsKeyId."""
    return _LOCAL_STORAGE.match(instance_type) is not None


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key).

    Raises:
        NameInvalidError: not an S3 URI.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise NameInvalidError(f"{uri!r} is not an s3:// URI")
    return bucket, key


@dataclass(frozen=True)
class Place:
    """One object, in the forms that the AWS APIs ask for."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    def below(self, name: str) -> Place:
        """An object or prefix below this one."""
        return Place(self.bucket, f"{self.key}{name}")

    def parts(self) -> dict[str, str]:
        """`{uri, bucket, key}` for a state that reads or writes the object."""
        return {"uri": self.uri, "bucket": self.bucket, "key": self.key}


def run_folder(artifacts: str, project: str, run: str) -> Place:
    """`artifacts/<project>/runs/<run>/`."""
    return Place(artifacts, f"{project}/runs/{run}/")


def dataset_folder(artifacts: str, project: str, digest: str) -> Place:
    """`artifacts/<project>/datasets/<digest>/`."""
    return Place(artifacts, f"{project}/datasets/{digest}/")


def drop_folder(artifacts: str, project: str, drop: str) -> Place:
    """`artifacts/<project>/drops/<drop>/`."""
    return Place(artifacts, f"{project}/drops/{drop}/")


def batch_folder(artifacts: str, project: str, drop: str) -> Place:
    """`artifacts/<project>/batch/<drop>/`."""
    return Place(artifacts, f"{project}/batch/{drop}/")


def tags(project: str, run: str) -> list[dict[str, str]]:
    """The tags of everything that a run makes (not of versioned model packages, which take none)."""
    return [{"Key": "dropforge:project", "Value": project}, {"Key": "dropforge:run", "Value": run}]


# At most two digits: the last group of the UUID in EventBridge's own names can look like an attempt too.
_ATTEMPT = re.compile(r"-a(\d{1,2})$")


def next_execution(name: str, attempt: int) -> str:
    """The name of an execution that repeats `name`: the same base, so that two stop events restart it once."""
    base = _ATTEMPT.sub("", name)[:70]
    return f"{base}-a{attempt}"


def execution_attempt(name: str) -> int:
    """Which attempt an execution's name says it is, from 1."""
    match = _ATTEMPT.search(name)
    return int(match[1]) if match else 1


def model_name(run: str, version: int) -> str:
    """The SageMaker model of a model package's version."""
    return f"df-{run}-v{version}"


def endpoint_config_name(run: str, version: int, digest: str) -> str:
    """A configuration cannot be changed, so its name holds a digest of all that may differ; at most 63 characters."""
    return f"df-{run}-v{version}-{digest[:10]}"


_CONFIG = re.compile(r"df-([a-z0-9]{10})-v(\d+)-[a-z0-9-]+")


def configured_version(endpoint_config: str | None) -> tuple[str, int] | None:
    """(run, version) that a configuration of ours serves; None if it is not ours."""
    match = _CONFIG.fullmatch(endpoint_config or "")
    return (match[1], int(match[2])) if match else None


_MODEL = re.compile(r"df-[a-z0-9]{10}-v(\d+)(?:-s)?")


def modelled_version(model: str | None) -> int | None:
    """The version of a SageMaker model of ours; None if it is not ours."""
    match = _MODEL.fullmatch(model or "")
    return int(match[1]) if match else None
