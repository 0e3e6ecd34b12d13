"""What every section refuses, with line, field, reason and fix."""

from __future__ import annotations

from typing import Any

import pytest
from dropforge.errors import ProjectInvalidError
from dropforge.project_read import read_project

TABLE = "algorithm: xgboost\ntarget: y\n"
SCRIPT = "algorithm: sklearn\n"
CAPTURED = "deploy: {capture: {}}\n"
TURK = "label: {engine: managed, workforce: mechanical_turk, public: true, labels: [a, b], "


def refusal(text: str) -> dict[str, Any]:
    with pytest.raises(ProjectInvalidError) as caught:
        read_project(text)
    (found,) = caught.value.problems
    return found


def told(text: str, field: str, reason: str, fix: str) -> None:
    found = refusal(text)
    assert found["field"] == field
    assert reason in found["reason"], found
    assert fix in found["fix"], found
    assert found["line"] == len(text.rstrip("\n").splitlines())


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("data: {quiet_period: 0}", "data.quiet_period", "greater than or equal to 1", "write 1 to 86400"),
        ("data: {complete_on: sucess}", "data.complete_on", "not one of: any", "write success"),
        ("data: {mode: apend}", "data.mode", "not one of", "write append"),
        ("data: {format: xlsx}", "data.format", "not one of: auto, csv, tsv, jsonl or parquet", "write"),
        ("data: {checks: {ragged_row: skip}}", "data.checks.ragged_row", "unknown key", "`ragged_rows`"),
        ("data: {checks: {drift: skip}}", "data.checks.drift", "not one of: refuse, warn or ignore", "write"),
        (
            "data: {checks: {unreadable_file: warn}}",
            "data.checks.unreadable_file",
            "not one of: refuse or skip",
            "write",
        ),
        ("data: {checks: {no_target: warn}}", "data.checks.no_target", "nothing can be learnt", "refuse"),
        ("data: {checks: {drift: true}}", "data.checks.drift", "not one of", "write"),
    ],
)
def test_data(line: str, field: str, reason: str, fix: str) -> None:
    told(TABLE + line, field, reason, fix)


def test_columns_are_for_files_without_names() -> None:
    told(TABLE + "data: {format: parquet}\ncolumns: [x, y]", "columns", "carry the names", "remove")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("train: {max_wait: 7200}", "train.max_wait", "for spot training only", "spot: true"),
        ("train: {spot: true, max_wait: 100}", "train.max_wait", "at least `max_runtime` (3600)", "3600 or more"),
        ("train: {fallback: [ml.m5.huge]}", "train.fallback[0]", "no instance type ml.m5.huge", "ml."),
        ("train: {fallback: [m5.large]}", "train.fallback[0]", "look right", "ml.m5.large"),
        ("evaluate: {bias: {facets: []}}", "evaluate.bias.facets", "at least 1 item", "write 1 to 10"),
        ("evaluate: {bias: {facets: [{column: a}]}}", "evaluate.bias.facets[0]", "exactly one of", "group"),
        ("evaluate: {bias: {facets: [{column: y, above: 1}]}}", "evaluate.bias.facets[0].column", "the target", "name"),
        (
            "evaluate: {bias: {facets: [{column: a, above: 1}], limits: {CDDL: 0.1}}}",
            "evaluate.bias.limits.CDDL",
            "within groups",
            "group: <column>",
        ),
        (
            "evaluate: {bias: {facets: [{column: a, above: 1}], limits: {DPL: -1}}}",
            "evaluate.bias.limits.DPL",
            "never below 0",
            "0.2",
        ),
        (
            "evaluate: {bias: {facets: [{column: a, above: 1}], limits: {DPLL: 1}}}",
            "evaluate.bias.limits.DPLL",
            "not one of",
            "DPL",
        ),
        ("budget: {run_usd: 5, month_usd: 4}", "budget.month_usd", "less than one run", "raise"),
        ("budget: {on_idle: stop}", "budget.on_idle", "not one of: notify or delete", "write"),
    ],
)
def test_train_evaluate_and_budget(line: str, field: str, reason: str, fix: str) -> None:
    told(TABLE + line, field, reason, fix)


def test_a_script_without_held_out_rows_has_nothing_to_explain() -> None:
    told(SCRIPT + "evaluate: {explain: {}}", "evaluate.explain", "no rows are held out", "split")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("capture: {}", "capture", "captures no data", "remove"),
        ("scaling: {}", "scaling", "no instances to scale", "provisioned"),
        ("asynchronous: {}", "asynchronous", "not both", "remove"),
        ("variants: [{name: a}, {name: b}]", "variants", "one variant only", "remove"),
        ("variants: [{name: a, instance_type: ml.m5.large}]", "variants[0].instance_type", "no instances", "remove"),
        ("shadow: {}", "shadow", "no shadow tests for serverless", "remove `serverless`"),
        ("instance_type: ml.m5.large", "instance_type", "has no instances", "remove"),
        ("initial_instance_count: 1", "initial_instance_count", "has no instances", "remove"),
        ("strategy: rolling", "strategy", "no rolling updates for serverless", "linear"),
        ("ab: {}", "ab", "one variant only", "remove"),
        ("strategy: a/b", "strategy", "one variant only", "remove"),
    ],
)
def test_what_aws_excludes_from_serverless(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}deploy: {{serverless: {{}}, {line}}}", f"deploy.{field}", reason, fix)
    off = f"{TABLE}deploy: {{serverless: {{enabled: false}}, initial_instance_count: 2, {line}}}"
    if "initial_instance_count" not in line:
        assert read_project(off)


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("scaling: {}", "scaling", "keeps warm", "provisioned: 1"),
        ("scaling: {metric: backlog}", "scaling.metric", "in use", "concurrency"),
        ("scaling: {max: 6}", "scaling.max", "at most `max_concurrency` (5)", "5 or less"),
        ("scaling: {target: 101}", "scaling.target", "percentage", "1 to 100"),
    ],
)
def test_scaling_of_what_a_serverless_endpoint_keeps_warm(line: str, field: str, reason: str, fix: str) -> None:
    warm = "" if line == "scaling: {}" else "provisioned: 1"
    told(f"{TABLE}deploy: {{serverless: {{{warm}}}, {line}}}", f"deploy.{field}", reason, fix)


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("strategy: canary", "strategy", "no endpoint", "change `mode`"),
        ("capture: {}", "capture", "no endpoint", "remove"),
        ("scaling: {}", "scaling", "no endpoint", "remove"),
        ("variants: [{name: a}]", "variants", "no endpoint", "remove"),
        ("ab: {}", "ab", "no endpoint", "remove"),
        ("serverless: {}", "serverless", "no endpoint", "remove"),
    ],
)
def test_what_batch_excludes(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}deploy: {{mode: batch, {line}}}", f"deploy.{field}", reason, fix)


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("mode: real-time, serverless: {}", "serverless", "mode is real_time", "mode: serverless"),
        ("mode: serverless, asynchronous: {}", "asynchronous", "mode is serverless", "mode: asynchronous"),
        ("mode: serverless, serverless: {enabled: false}", "serverless", "switched off", "enabled: false"),
        ("mode: serverless, instance_type: ml.m5.large", "instance_type", "no instances", "change `mode`"),
        ("mode: offline", "mode", "is not one of", "write one of them"),
        ("strategy: canari", "strategy", "is not one of", "write canary"),
        ("strategy: all at once, ab: {}", "ab", "strategy is all_at_once", "strategy: ab"),
        ("strategy: ab, ab: {enabled: false}", "ab", "switched off", "change `strategy`"),
        ("ab: {}, shadow: {}", "shadow", "one way only", "keep"),
        ("ab: {}, variants: [{name: a}, {name: b}]", "ab", "`variants` are others", "keep one"),
        ("asynchronous: {}, ab: {}", "ab", "does not tell which", "remove"),
        ("ab: {weight: 100}", "ab.weight", "less than or equal to 99", "1 to 99"),
        ("ab: {steps: [50, 25]}", "ab.steps", "must grow", "[25, 50, 100]"),
        ("ab: {weight: 30, steps: [30, 60]}", "ab.steps", "not above the `weight` of 30", "higher"),
        ("ab: {bake: 100, longest: 60}", "ab.bake", "longer than `longest`", "raise"),
        ("ab: {}, rollout: {size: 10}", "rollout.size", "steps of its own", "canary"),
        ("shadow: {bake: 100, longest: 60}", "shadow.bake", "longer than `longest`", "raise"),
        ("shadow: {}, rollout: {rollback_size: 5}", "rollout.rollback_size", "steps of its own", "remove"),
        ("scaling: {night: {from: 9pm}}", "scaling.night.from", "look right", "22:00"),
        ("scaling: {night: {form: '21:00'}}", "scaling.night.form", "unknown key", "`from`"),
        ("scaling: {night: {from: '21:00', until: '21:00'}}", "scaling.night.until", "ends when it begins", "another"),
        ("scaling: {night: {min: 3}}", "scaling.night.min", "greater than `max`", "lower"),
        ("scaling: {night: {min: 0}}", "scaling.night.min", "wait in a queue", "asynchronous"),
        ("scaling: {night: {timezone: Europe/Berlim}}", "scaling.night.timezone", "no time zone", "Europe/Berlin"),
        ("on_reject: stop", "on_reject", "is not one of", "write one of them"),
        ("rollout: {type: canary}", "rollout.type", "is now `deploy.strategy`", "strategy: canary"),
        ("rollout: {max_errors: 0}", "rollout.max_errors", "greater than 0", "more than 0"),
        ("shadow: {days: 7}", "shadow.days", "is now `shadow.longest`", "86400"),
        ("shadow: {model: latest}", "shadow.model", "the one that is approved", "remove"),
    ],
)
def test_modes_and_strategies(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}deploy: {{{line}}}", f"deploy.{field}", reason, fix)


@pytest.mark.parametrize(
    ("line", "mode", "strategy"),
    [
        ("", "real_time", "all_at_once"),
        ("serverless: {}", "serverless", "all_at_once"),
        ("asynchronous: {}", "asynchronous", "all_at_once"),
        ("serverless: {enabled: false}", "real_time", "all_at_once"),
        ("mode: Real-Time, strategy: All at once", "real_time", "all_at_once"),
        ("mode: batch", "batch", "all_at_once"),
        ("ab: {}", "real_time", "ab"),
        ("strategy: A/B", "real_time", "ab"),
        ("shadow: {}", "real_time", "shadow"),
        ("strategy: rolling, initial_instance_count: 3", "real_time", "rolling"),
    ],
)
def test_mode_and_strategy_in_force(line: str, mode: str, strategy: str) -> None:
    project = read_project(f"{TABLE}deploy: {{{line}}}")
    assert (project.deploy.serving, project.deploy.moving) == (mode, strategy)
    again = type(project).model_validate_json(project.to_json())
    assert (again.deploy.serving, again.deploy.moving) == (mode, strategy)


def test_a_night_survives_being_kept() -> None:
    project = read_project(TABLE + "deploy: {scaling: {night: {from: '20:30'}}}")
    scaling = type(project).model_validate_json(project.to_json()).deploy.scaling
    assert scaling
    assert scaling.night
    assert scaling.night.start == "20:30"


def test_serverless_excludes_isolation_and_monitors() -> None:
    serverless = TABLE + "deploy: {serverless: {}}\n"
    told(serverless + "train: {network_isolation: true}", "train.network_isolation", "no network isolation", "remove")
    told(serverless + "monitor: {data_quality: {}}", "monitor", "no monitor, for serverless", "remove")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("serverless: {memory: 1500}", "serverless.memory", "steps of 1 GB", "a multiple of 1024"),
        ("serverless: {memory: 7168}", "serverless.memory", "1 to 6 GB", "1024 to 6144"),
        ("serverless: {max_concurrency: 201}", "serverless.max_concurrency", "at most 200", "1 to 200"),
        ("serverless: {provisioned: 6}", "serverless.provisioned", "at most `max_concurrency` (5)", "raise"),
        ("strategy: canary", "strategy", "single instance", "2 or more"),
        ("strategy: linear, rollout: {size: 50}", "rollout.size", "single instance", "2 or more"),
        ("rollout: {size: 5}", "rollout.size", "no steps", "canary"),
        ("rollout: {rollback_size: 5}", "rollout.rollback_size", "no steps", "canary"),
        ("rollout: {wait: 4000}", "rollout.wait", "at most an hour", "0 to 3600"),
        ("rollout: {timeout: 60}", "rollout.timeout", "10 minutes to 8 hours", "600 to 28800"),
        ("rollout: {bake: 900, timeout: 600}", "rollout.timeout", "add up to 900 s", "lower"),
        (f"rollout: {{alarms: [{', '.join('abcdefghijk')}]}}", "rollout.alarms", "at most 10 alarms", "0 to 8"),
        ("rollout: {alarms: [' ']}", "rollout.alarms[0]", "look right", "alarm"),
        ("variants: []", "variants", "1 to 10 variants", "1 to 10"),
        (f"variants: [{', '.join(f'{{name: v{i}}}' for i in range(11))}]", "variants", "1 to 10 variants", "1 to 10"),
        ("variants: [{name: a}, {name: a}]", "variants[1].name", "there twice", "its own"),
        ("variants: [{name: a_b}]", "variants[0].name", "look right", "letters, digits and hyphens"),
        ("variants: [{name: a, weight: 0}]", "variants", "all weights are 0", "above 0"),
        ("variants: [{name: a, model: newest}]", "variants[0].model", "must be a version", "`latest`"),
        ("variants: [{name: a, model: 0}]", "variants[0].model", "must be a version", "number"),
        ("variants: [{name: a, instance_type: ml.x.y}]", "variants[0].instance_type", "no instance type", "ml."),
        ("variants: [{name: a}, {name: b}], shadow: {}", "shadow", "exactly one production variant", "keep one"),
        ("asynchronous: {}, shadow: {}", "shadow", "no shadow tests for asynchronous", "remove"),
        ("shadow: {instance_type: ml.inf1.xlarge}", "shadow.instance_type", "Inf1", "another"),
        ("instance_type: ml.inf1.xlarge, shadow: {}", "instance_type", "Inf1", "another"),
        ("shadow: {longest: 2592001}", "shadow.longest", "30 days at most", "1 to 2592000"),
        ("shadow: {sampling: 0}", "shadow.sampling", "percentage", "1 to 100"),
        ("asynchronous: {max_concurrent: 1001}", "asynchronous.max_concurrent", "1,000", "1 to 1000"),
        ("scaling: {min: 3, max: 2}", "scaling.min", "greater than `max`", "swap"),
        ("scaling: {min: 0}", "scaling.min", "requests wait in a queue", "asynchronous"),
        ("scaling: {metric: backlog}", "scaling.metric", "only an asynchronous", "invocations"),
        ("instance_type: ml.t2.medium, scaling: {}", "instance_type", "burstable", "another"),
        ("capture: {sampling: 101}", "capture.sampling", "percentage", "0 to 100"),
    ],
)
def test_deploy(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}deploy: {{{line}}}", f"deploy.{field}", reason, fix)


@pytest.mark.parametrize(
    ("strategy", "rollout", "field", "reason", "fix"),
    [
        ("canary", "size: 51", "size", "1 to 50 percent", "1 to 50"),
        ("canary", "size: 3, unit: instances", "size", "3 of 4 instances", "1 to 2"),
        ("linear", "size: 9", "size", "10 to 50 percent", "10 to 50"),
        ("canary", "rollback_size: 50", "rollback_size", "only a rolling update", "rolling"),
        ("rolling", "size: 4", "size", "5 to 50 percent", "5 to 50"),
        ("rolling", "rollback_size: 4", "rollback_size", "5 to 100 percent", "5 to 100"),
        ("rolling", "bake: 60", "bake", "replaces instances as it goes", "remove"),
        ("linear", "size: 10, wait: 60, bake: 60, timeout: 600", "timeout", "add up to 660 s", "fewer steps"),
        ("linear", "size: 10, wait: 3600", "wait", "add up to 36300 s, more than the 28800 s", "lower"),
    ],
)
def test_sizes_and_waits_of_a_roll_out(strategy: str, rollout: str, field: str, reason: str, fix: str) -> None:
    text = f"{TABLE}deploy: {{initial_instance_count: 4, strategy: {strategy}, rollout: {{{rollout}}}}}"
    told(text, f"deploy.rollout.{field}", reason, fix)


@pytest.mark.parametrize(
    ("strategy", "rollout"),
    [
        ("canary", "size: 50"),
        ("canary", "size: 2, unit: instances"),
        ("linear", "size: 10, wait: 60, bake: 0, timeout: 600"),
        ("rolling", "size: 25, rollback_size: 100"),
        ("all-at-once", ""),
    ],
)
def test_roll_outs_that_aws_takes(strategy: str, rollout: str) -> None:
    assert read_project(
        f"{TABLE}deploy: {{initial_instance_count: 4, strategy: {strategy}, rollout: {{{rollout}}}}}"
    ).deploy.rollout


def test_a_rolling_update_excludes_several_variants() -> None:
    two = "variants: [{name: a}, {name: b}], initial_instance_count: 2"
    told(f"{TABLE}deploy: {{{two}, strategy: rolling}}", "deploy.strategy", "several variants", "linear")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("strategy: bayes", "strategy", "not one of", "write bayesian"),
        ("metric: auc", "metric", "cannot be tuned by it", "validation:auc"),
        ("metric: train:auc", "metric", "cannot be tuned by it", "validation:auc"),
        ("metric: validation:rmse, goal: maximize", "goal", "as one to minimize", "minimize"),
        ("ranges: {eta: {min: 0.3, max: 0.1}}", "ranges.eta.min", "not less than `max`", "smaller"),
        ("ranges: {eta: {min: 0, max: 0.1, scale: log}}", "ranges.eta.min", "only above 0", "linear"),
        ("ranges: {eta: {min: 0.5, max: 1, scale: reverse_log}}", "ranges.eta.scale", "to below 1", "linear"),
        ("ranges: {eta: {min: 0.1}}", "ranges.eta", "needs `min` and `max`", "log"),
        ("ranges: {eta: {min: 0.1, max: 1.5}}", "ranges.eta", "takes 0 to 1", "within"),
        ("ranges: {max_depth: {min: 2.5, max: 8}}", "ranges.max_depth", "whole numbers", "fraction"),
        ("ranges: {learning_rate: {min: 0.1, max: 0.5}}", "ranges.learning_rate", "does not let", "`eta`"),
        ("ranges: {max_dept: {min: 1, max: 5}}", "ranges.max_dept", "does not let", "max_depth"),
        ("ranges: {eta: {values: [0.1], min: 0.1}}", "ranges.eta", "mean nothing", "one of the two"),
        ("ranges: {eta: {values: [0.1, 0.1]}}", "ranges.eta.values", "twice", "keep one"),
        ("ranges: {eta: {values: []}}", "ranges.eta.values", "1 to 30 values", "1 to 30"),
        ("ranges: {eta: {values: [true]}}", "ranges.eta.values[0]", "text or a number", "number"),
        ("jobs: 3, parallel: 4", "parallel", "more than the 3 `jobs`", "raise"),
        ("jobs: 751", "jobs", "at most 750", "random"),
        ("jobs: 10001, strategy: random", "jobs", "10,000", "1 to 10000"),
        ("parallel: 101", "parallel", "100 on request", "1 to 100"),
        ("max_runtime: 60", "max_runtime", "greater than or equal to 120", "120 to"),
        ("strategy: grid", "strategy", "needs `ranges`", "add"),
        ("strategy: grid, ranges: {eta: {min: 0.1, max: 0.2}}", "ranges.eta", "lists of values only", "values"),
        ("strategy: grid, jobs: 3, ranges: {eta: {values: [0.1, 0.2]}}", "jobs", "there are 2", "write 2"),
        ("strategy: hyperband, early_stopping: true", "early_stopping", "Hyperband stops", "remove"),
        ("strategy: hyperband, min_resource: 9, max_resource: 3", "min_resource", "greater than", "swap"),
        ("max_resource: 9", "max_resource", "Hyperband only", "hyperband"),
        ("warm_start: {parents: [a, b, c, d, e, f]}", "warm_start.parents", "1 to 5 parents", "0 to 5"),
        ("warm_start: {parents: [a, a]}", "warm_start.parents", "twice", "keep one"),
        ("warm_start: {parents: [a_b]}", "warm_start.parents[0]", "look right", "letters, digits and hyphens"),
        ("warm_start: {type: same}", "warm_start.type", "not one of", "write"),
    ],
)
def test_tune(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}tune: {{{line}}}", f"tune.{field}", reason, fix)


def test_a_grid_of_more_than_aws_runs() -> None:
    values = "{values: [" + ", ".join(f"0.{i + 10}" for i in range(28)) + "]}"
    text = f"{TABLE}tune: {{strategy: grid, ranges: {{eta: {values}, subsample: {values}}}}}"
    told(text, "tune.ranges", "784 combinations", "random")


def test_a_hyperparameter_is_fixed_or_searched() -> None:
    text = TABLE + "train: {hyperparameters: {eta: 0.1}}\ntune: {ranges: {eta: {min: 0.1, max: 0.2}}}"
    told(text, "tune.ranges.eta", "fixed or searched, not both", "remove one")


@pytest.mark.parametrize(
    ("tune", "field", "reason", "fix"),
    [
        ("goal: maximize, ranges: {c: {values: [1]}}", "tune.metric", "is required for a script", "train.metrics"),
        ("metric: f2, goal: maximize, ranges: {c: {values: [1]}}", "tune.metric", "none of `train.metrics`", "`f1`"),
        ("metric: f1, ranges: {c: {values: [1]}}", "tune.goal", "is required", "maximize"),
        ("metric: f1, goal: maximize", "tune.ranges", "only you know", "lr"),
    ],
)
def test_tuning_a_script(tune: str, field: str, reason: str, fix: str) -> None:
    told(SCRIPT + f"train: {{metrics: [{{name: f1, regex: '(.)'}}]}}\ntune: {{{tune}}}", field, reason, fix)


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("schedule: weekly", "monitor.schedule", "no schedule", "daily"),
        ("schedule: 'cron(*/5 * ? * * *)'", "monitor.schedule", "no schedule", "'cron(0 6"),
        ("model_quality: {}", "monitor.model_quality", "`monitor.truth`", "truth"),
        ("attribution_drift: {}", "monitor.attribution_drift", "`evaluate.explain`", "add"),
        ("truth: {}, bias_drift: {}", "monitor.bias_drift", "`evaluate.bias`", "add"),
        ("truth: {}, model_quality: {metric: acuracy, min: 1}", "monitor.model_quality.metric", "measured", "accuracy"),
        ("truth: {}, model_quality: {metric: auc}", "monitor.model_quality.metric", "a limit", "min"),
        ("truth: {}, model_quality: {min: 2, max: 1}", "monitor.model_quality.min", "greater", "swap"),
        ("instance_type: ml.x.y", "monitor.instance_type", "no instance type", "ml."),
        ("data_quality: {on_violation: rollback}", "monitor.data_quality.on_violation", "not one of", "roll_back"),
        ("data_quality: {threshold: 0}", "monitor.data_quality.threshold", "greater than 0", "more than 0"),
        ("retraining: {per_day: 0}", "monitor.retraining.per_day", "greater than or equal to 1", "1 to 24"),
    ],
)
def test_monitor(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}{CAPTURED}monitor: {{{line}}}", field, reason, fix)


@pytest.mark.parametrize(
    "schedule", ["hourly", "daily", "cron(0 * ? * * *)", "cron(0 6 ? * * *)", "cron(0 6/2 ? * * *)"]
)
def test_schedules_that_aws_takes(schedule: str) -> None:
    assert read_project(f"{TABLE}{CAPTURED}monitor: {{schedule: '{schedule}'}}").monitor


def test_a_monitor_needs_an_endpoint_that_captures() -> None:
    told(TABLE + "monitor: {}", "monitor", "captured, and nothing is", "capture: {}")
    told(TABLE + "deploy: {enabled: false}\nmonitor: {}", "monitor", "makes none", "remove")
    wrong = refusal(TABLE + "deploy: {capture: {mode: input}}\nmonitor: {}")
    assert (wrong["line"], wrong["field"]) == (3, "deploy.capture.mode")
    assert refusal(TABLE + "deploy: {capture: {sampling: 0}}\nmonitor: {}")["field"] == "deploy.capture.sampling"


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("rules: {LossNotDecreasin: stop}", "rules.LossNotDecreasin", "no such rule", "LossNotDecreasing"),
        ("rules: {Overfit: kill}", "rules.Overfit", "not one of: notify, stop or ignore", "write"),
        ("rules: {VanishingGradient: stop}", "rules.VanishingGradient", "neural network", "remove"),
        ("rules: {IOBottleneck: notify}", "rules.IOBottleneck", "nothing is profiled", "profile: 500"),
        ("parameters: {Overfit: {patience: 3}}", "parameters.Overfit", "none of `debug.rules`", "Overfit: notify"),
        ("profile: 300", "profile", "not one of", "write"),
        ("save_interval: 0", "save_interval", "greater than or equal to 1", "1 to"),
        ("engine: aws", "engine", "not one of: builtin or managed", "write"),
    ],
)
def test_debug(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}debug: {{{line}}}", f"debug.{field}", reason, fix)


def test_debug_of_a_script() -> None:
    assert read_project(SCRIPT + "debug: {rules: {VanishingGradient: stop}}")
    told(SCRIPT + "debug: {rules: {TreeDepth: stop}}", "debug.rules.TreeDepth", "XGBoost's trees", "remove")
    told(SCRIPT + "debug: {engine: managed}", "debug.engine", "does not look into scikit-learn", "builtin")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("record_id: a", "event_time", "is required", "add `event_time:`"),
        ("record_id: a, event_time: a", "event_time", "two columns", "another"),
        ("record_id: a b, event_time: t", "record_id", "cannot name a feature", "letters"),
        ("record_id: write_time, event_time: t", "record_id", "cannot name a feature", "another name"),
        ("record_id: a, event_time: t, online: false, offline: false", "offline", "at least one", "remove"),
        ("record_id: a, event_time: t, online: false, ttl: 60", "ttl", "online", "remove"),
        ("record_id: a, event_time: t, online: false, storage: in_memory", "storage", "online", "remove"),
        ("record_id: a, event_time: t, offline: false, table_format: iceberg", "table_format", "offline", "remove"),
        ("record_id: a, event_time: t, group: a_", "group", "look right", "letters"),
    ],
)
def test_features(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}features: {{{line}}}", f"features.{field}", reason, fix)


def test_features_are_columns() -> None:
    text = "algorithm: xgboost\ntarget: y\ncolumns: [id, t, y]\nfeatures: {record_id: ids, event_time: t}"
    told(text, "features.record_id", "not one of `columns`", "`id`")
    text = "algorithm: xgboost\ntarget: y\nfeatures: {record_id: id, event_time: t}\ncolumns: [id, t, y, a b]"
    told(text, "columns[3]", "cannot name a feature", "letters")


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("{task: text_classification}", "labels", "is required", "add `labels:`"),
        ("{task: text_clasification, labels: [a, b]}", "task", "not one of", "text_classification"),
        ("{task: text_classification, labels: [a]}", "labels", "nothing to choose", "two or more"),
        ("{task: bounding_box, labels: [a, a]}", "labels", "twice", "keep one"),
        ("{task: bounding_box, labels: [a], workers: 10}", "workers", "1 to 9 people", "1 to 9"),
        ("{task: bounding_box, labels: [a], price: 0.12}", "price", "Mechanical Turk only", "mechanical_turk"),
        ("{task: bounding_box, labels: [a], workforce: vendor}", "workforce", "Ground Truth only", "managed"),
        ("{task: bounding_box, labels: [a], engine: managed}", "workteam", "a private team", "ARN"),
        ("{task: bounding_box, labels: [a], workteam: mine}", "workteam", "look right", "arn:aws:sagemaker"),
        ("{task: bounding_box, labels: [a], time_limit: 90, available: 60}", "available", "shorter", "raise"),
        ("{task: bounding_box, labels: [a], keywords: [a-b]}", "keywords[0]", "look right", "single spaces"),
        ("{task: bounding_box, labels: [a], time_limit: 28801}", "time_limit", "8 hours", "30 to 28800"),
    ],
)
def test_label(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}label: {line}", f"label.{field}", reason, fix)


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("task: bounding_box", "price", "is required", "0.036"),
        ("task: bounding_box, price: 0.012", "price", "no price of $0.012", "0.036"),
        ("task: semantic_segmentation, price: 0.6", "price", "no price of $0.6", "0.84"),
        ("task: text_classification, price: 0.012, available: 50000", "available", "12 hours", "43200"),
        (
            "task: text_classification, price: 0.012, workteam: 'arn:aws:sagemaker:x:111122223333:workteam/a'",
            "workteam",
            "which AWS names",
            "remove",
        ),
        ("task: text_classification, price: 0.012, public: false", "public", "already set", "keep one"),
    ],
)
def test_mechanical_turk(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}{TURK}{line}}}", f"label.{field}", reason, fix)


def test_mechanical_turk_sees_only_what_anyone_may_see() -> None:
    turk = "label: {task: text_multilabel, labels: [a], workforce: mechanical_turk, price: 0.6"
    told(f"{TABLE}{turk}, engine: managed}}", "label.workforce", "AWS's terms forbid", "public: true")
    told(f"{TABLE}{turk}, public: true}}", "label.workforce", "Ground Truth only", "managed")
    assert read_project(f"{TABLE}{turk}, engine: managed, public: true}}").label


@pytest.mark.parametrize(
    ("line", "field", "reason", "fix"),
    [
        ("email: [ada]", "email[0]", "look right", "ada@example.com"),
        ("email: [a@b]", "email[0]", "look right", "ada@example.com"),
        ("email: ada@example.com", "email", "must be a list", "list"),
        ("email: [a@b.de, A@b.de]", "email[1]", "there twice", "keep one"),
        ("sms: ['0170 1234567']", "sms[0]", "look right", "+ and country code"),
        ("sms: [441632960001]", "sms[0]", "must be text", "quotes"),
        ("queue: [mine]", "queue[0]", "look right", "arn:aws:sqs"),
        ("min_severity: fatal", "min_severity", "not one of: info, warning or error", "write"),
        ("chat: x", "chat", "unknown key", "possible here"),
    ],
)
def test_notify(line: str, field: str, reason: str, fix: str) -> None:
    told(f"{TABLE}notify: {{{line}}}", f"notify.{field}", reason, fix)


def test_a_switched_off_block_is_read_but_not_held_against_the_rest() -> None:
    assert read_project(TABLE + "monitor: {enabled: false, model_quality: {}}").monitor
    assert refusal(TABLE + "monitor: {enabled: false, model_qualty: {}}")["field"] == "monitor.model_qualty"
