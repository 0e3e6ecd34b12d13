"""The decision where a drop is inspected, and the exact request. Pure."""

from __future__ import annotations

import json

from dropforge import names
from dropforge.images import image_uri
from dropforge.jobs import Job, JobSettings, processing_request
from intake.models import InspectionPlan, PlanInspection

#: What a function reads, hashes, profiles and copies in its fifteen minutes, at the 3 MB/s of a busy processor.
FUNCTION_BYTES = 512 * 1024**2
FUNCTION_OBJECTS = 20_000
INSTANCE_TYPE = "ml.m5.large"


class PlanInspectionSettings(JobSettings):
    """The environment of `plan_inspection`."""

    data_bucket_name: str
    intake_job_role_arn: str


def plan_inspection(facts: PlanInspection, settings: PlanInspectionSettings) -> InspectionPlan:
    """The settings of the inspection, and if the drop is too large for a function, the job's request."""
    folder = names.drop_folder(settings.artifacts_bucket_name, facts.project, facts.drop)
    said = {
        "project": facts.project,
        "channel": facts.channel,
        "folder": facts.folder,
        "drop": facts.drop,
        "data_bucket": settings.data_bucket_name,
        "artifacts_bucket": settings.artifacts_bucket_name,
        "objects_uri": facts.listing.uri,
        "config": facts.config,
        "previous": facts.listing.previous,
    }
    small = facts.listing.bytes <= FUNCTION_BYTES and facts.listing.count <= FUNCTION_OBJECTS
    if small and not facts.large:
        return InspectionPlan(job=False, settings=said)
    place = folder.below("inspect.json")
    job = Job(
        name=names.job_name(facts.drop, "inspect", facts.attempt),
        module="inspect",
        image=image_uri("xgboost", facts.region),
        inputs={"settings": place.uri},
        output_name="inspected",
        output_uri=folder.below("job/").uri,
        instance_type=INSTANCE_TYPE,
        role_arn=settings.intake_job_role_arn,
        isolated=False,  # it reads object versions, which no ProcessingInput can name
    )
    return InspectionPlan(
        job=True,
        settings=said,
        request=processing_request(job, settings, names.tags(facts.project, facts.drop)),
        place=place.parts() | {"body": json.dumps(said)},
        result=folder.below("inspection.json").parts(),
    )
