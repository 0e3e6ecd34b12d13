"""Everything that we add to ministack or change in it, installed from here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.glue import hooks
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.glue.outbox import Outbox
    from localcloud.glue.persistence.durability import Durability
    from localcloud.sagemaker.service import SageMaker
    from localcloud.scaling.service import Scaling


@dataclass(frozen=True)
class Installed:
    """What the host starts and stops."""

    durability: Durability
    outbox: Outbox
    sagemaker: SageMaker
    scaling: Scaling


def install(settings: Settings) -> Installed:
    """Install every hook and bring back the state that is on disk. Raises HookError, DatabaseError, SettingsError.

    The environment must be set (Settings.apply_to_environment) before, and nothing of ministack imported.
    Order: state is kept from the first moment; then the hooks; then what is on disk, so that the loaders,
    which repair what a restart breaks, are the hooked ones.
    """
    hooks.check_version()
    from localcloud.glue import (
        auth,
        callers,
        cloudformation,
        cloudwatch,
        eventbridge,
        lambdas,
        logs,
        managed_policies,
        mount_sagemaker,
        mount_scaling,
        persistence,
        pipes,
        s3,
        sns,
        sqs,
        stepfunctions,
        template_urls,
    )
    from localcloud.glue.backlog import Backlog
    from localcloud.glue.outbox import Outbox

    durability = persistence.install(settings)
    outbox = Outbox(settings.data / "outbox.sqlite")
    auth.install()
    callers.install(settings)
    sqs.install()
    schedule = eventbridge.install(settings, outbox)
    lambdas.install(settings, outbox)
    pipes.install(settings, outbox)
    sns.install(settings)
    alarms = cloudwatch.install(settings)
    logs.install()
    managed_policies.install()
    backlog = Backlog()
    stepfunctions.install(settings, behind=lambda: backlog.seconds)
    cloudformation.install(settings)
    template_urls.install(settings)
    s3.install(outbox)
    sagemaker = mount_sagemaker.install(settings)
    scaling = mount_scaling.install(settings, sagemaker, alarms, schedule.now)
    persistence.load(durability)
    backlog.start()
    return Installed(durability, outbox, sagemaker, scaling)
