"""What deployment's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts

After = Literal["approval", "rejection"]


class ChooseTarget(Facts):
    """A package whose approval status changed (DescribeModelPackage), and all that its project has.

    `items`: the project's items of the deployments table, as DynamoDB gives them; `approved`: ListModelPackages;
    `status` and `changed_at` are the event's: epoch milliseconds or ISO 8601. `wanted_status`: of the decision that is
    wanted, as its own item has it; `held`: whether it is this execution's turn, so that nobody else changes anything.
    `live_config`: DescribeEndpointConfig of the endpoint (null: unknown), for versions that share the traffic.
    """

    package: dict[str, Any]
    status: str
    changed_at: Any
    config: str | None = None
    endpoint: dict[str, Any] | None = None
    live_config: dict[str, Any] | None = None
    approved: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    wanted_status: str | None = None
    held: bool = False
    attempt: int = 1


class Target(Decision):
    """Which packages are to be served now: the first is the one that all this is about.

    `impossible`: the live version was rejected and nothing earlier is approved; `retire`: then the endpoint goes;
    `wait`: the live version was rejected while another is on its way, which may fail. `stays`: what is served is live
    already, and only loses the rejected version beside it.
    """

    action: Literal["deploy", "retire", "impossible", "wait", "none"]
    reason: str
    after: After
    decided_at: str
    project: str
    package_arns: list[str] = []
    version: int | None = None
    live_version: int | None = None
    stays: bool = False
    detail: dict[str, Any] = {}


class PlanDeployment(Facts):
    """The packages of the target, the endpoint as it is (null: none) and its configuration (null: unknown).

    `items`: the project's of the deployments table; its history says what was served before.
    """

    packages: list[dict[str, Any]]
    config: str | None = None
    endpoint: dict[str, Any] | None = None
    live_config: dict[str, Any] | None = None
    after: After = "approval"
    attempt: int = 1
    items: list[dict[str, Any]] = []


class DeploymentPlan(Decision):
    """What changes, in order, and the exact requests.

    `phases`: {kind: create | update | weights, request, config: what must be live afterwards}, {kind: watch, seconds},
    {kind: experiment, input, detail}; `fallback`: those that bring back
    what was live before, if the answers turn out to be others than those that were evaluated.
    `check`: an earlier attempt asked SageMaker already; only wait, check and tell. `first`: nothing was served before.
    `rescale`: what the scaling machine takes, where the version is live already, but project.yaml may have changed.
    """

    action: Literal["create", "update", "check", "none"]
    reason: str
    project: str | None = None
    run: str | None = None
    version: int | None = None
    mode: str = "real_time"
    strategy: str = "all_at_once"
    previous_version: int | None = None
    models: list[dict[str, Any]] = []
    endpoint_configs: list[dict[str, Any]] = []
    alarms: list[dict[str, Any]] = []
    watched_alarms: list[str] = []
    obsolete_alarms: list[str] = []
    phases: list[dict[str, Any]] = []
    fallback: list[dict[str, Any]] = []
    verify: bool = False
    unscale: list[str] = []
    scaling: dict[str, Any] | None = None
    rescale: dict[str, Any] | None = None
    config: str | None = None
    first: bool = False
    warnings: list[str] = []


class CheckDeployment(Facts):
    """What was asked for, what the endpoint is now, and what a state caught (null: nothing).

    `alarms`: DescribeAlarms of those that watched; `log`: {events} of each of the newest log streams; `verified`:
    what the experiment row says of the answers, `experiment`: of the two versions; `live_config`: what was live before.
    """

    package: dict[str, Any] | None = None
    plan: DeploymentPlan | None = None
    endpoint: dict[str, Any] | None = None
    live_config: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    target: Target | None = None
    alarms: list[dict[str, Any]] = []
    log: list[dict[str, Any]] = []
    verified: dict[str, Any] | None = None
    experiment: dict[str, Any] | None = None


class DeploymentCheck(Decision):
    """Whether what is live is what was asked for, and what follows.

    `clean_up`: the first endpoint never came up and must be deleted; `mark`: the UpdateModelPackage request;
    `scaling`: what the scaling machine takes.
    """

    deployed: bool
    reason: str
    stage: str | None = None
    clean_up: bool = False
    mark: dict[str, Any] | None = None
    scaling: dict[str, Any] | None = None
    detail_type: Literal["Model Deployed", "Model Rolled Back", "Deployment Failed"]
    detail: dict[str, Any]


class DecideRecovery(Facts):
    """The detail of a deployment execution's status event, and of the approval that started it."""

    event: dict[str, Any]
    approval: dict[str, Any]


class FindLost(Facts):
    """Where to go on (null: from the first project), and the time of the look."""

    cursor: dict[str, Any] | None = None
    now: str


class InUse(Facts):
    """What an endpoint has, or is getting; `models`: as far as its configuration is still there to say."""

    configs: list[str] = []
    models: list[str] = []


class PlanPruning(Facts):
    """The project's `config#` and `deployed#` items, and what all endpoints use (null: not yet asked)."""

    configs: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    used: list[InUse] | None = None


class Pruning(Decision):
    """What goes; `endpoint_configs`: {name, alarms}. `look`: something may go, so ask what endpoints use."""

    action: Literal["look", "prune", "none"]
    reason: str
    endpoint_configs: list[dict[str, Any]] = []
    models: list[str] = []
