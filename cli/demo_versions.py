"""The demo's second chapter: another version takes over as a canary, is rejected, and the one before it is back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cli.timeline import StoryError

if TYPE_CHECKING:
    from cli.demo import Story

Event = dict[str, Any]


def is_version(kind: str, project: str, version: int) -> Callable[[Event], bool]:
    """Whether an event is of this kind and about this version of the project."""
    told = {"detail-type": kind}
    return lambda event: (
        event["detail-type"] == told["detail-type"]
        and event["detail"].get("project") == project
        and event["detail"].get("model_version") == version
    )


def train_second(story: Story, project: str, data: bytes) -> None:
    """Drop more rows; the next version is registered and measured beside the one that is live."""
    s3, bucket = story.stack.client("s3"), story.stack.output("DataBucketName")
    s3.put_object(Bucket=bucket, Key=f"{project}/train/later/breast-cancer.csv", Body=data)
    story.console.print(f"Uploaded to s3://{bucket}/{project}/train/later/: all 569 rows")
    wait = story.timeline.wait_for
    event = wait("Training a second version", is_version("Model Registered", project, 2), seconds=300)
    story.second = event["detail"]


def approve_second(story: Story, project: str) -> None:
    """Approve it: half of the traffic first, then all, watched by alarms."""
    _decide(story, "Approved")
    wait = story.timeline.wait_for
    wait("A canary, then all traffic", is_version("Model Deployed", project, 2), seconds=180)
    _live(story, project, 2)


def reject_second(story: Story, project: str) -> None:
    """Reject it: the version before it is live again."""
    _decide(story, "Rejected")
    wait = story.timeline.wait_for
    wait("The version before it comes back", is_version("Model Rolled Back", project, 1), seconds=180)
    _live(story, project, 1)


def _decide(story: Story, status: str) -> None:
    arn = story.second["model_package_arn"]
    story.console.print(
        f"    aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status {status}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    story.stack.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)


def _live(story: Story, project: str, version: int) -> None:
    """Show what DescribeEndpoint says, and stop the story if it is something else than what was told.

    Raises:
        StoryError: another version is live.
    """
    live = story.stack.client("sagemaker").describe_endpoint(EndpointName=project)["EndpointConfigName"]
    story.console.print(f"DescribeEndpoint says: {live}", highlight=False)
    if f"-v{version}-" not in live:
        raise StoryError(f"Version {version} was told to be live, but the endpoint serves {live}.")
