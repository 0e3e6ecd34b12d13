from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dropforge.images import ImageRegionError, UnknownFrameworkError, framework_of, image_uri

from localcloud.containers import images
from localcloud.containers.images import ImageMapError, UnknownImageError
from tests.unit.localcloud.containers.harness import SKLEARN, XGBOOST, Endpoint, Job


@pytest.fixture
def image_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the user's image map, not there yet."""
    path = tmp_path / "map.yaml"
    monkeypatch.setenv("DROPFORGE_IMAGE_MAP", str(path))
    return path


def test_known_uris_of_aws() -> None:
    assert image_uri("xgboost", "us-east-1") == XGBOOST
    assert image_uri("sklearn", "us-east-1") == SKLEARN
    assert image_uri("xgboost", "eu-west-1").startswith("141502667606.dkr.ecr.eu-west-1.amazonaws.com/")
    assert image_uri("xgboost", "cn-north-1").startswith("450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/")
    assert image_uri("blazingtext", "us-east-1") == "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
    assert image_uri("model-monitor", "us-east-1") == (
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
    )


def test_a_region_or_framework_that_aws_lacks() -> None:
    with pytest.raises(ImageRegionError, match=r"no debugger image in 'ca-west-1'; it does in .*us-east-1"):
        image_uri("debugger", "ca-west-1")
    with pytest.raises(UnknownFrameworkError, match="xgboost, sklearn"):
        image_uri("tensorflow", "us-east-1")


@pytest.mark.parametrize(
    ("uri", "framework"),
    [
        (XGBOOST, "xgboost"),
        (SKLEARN, "sklearn"),
        ("sagemaker-xgboost:1.7-1", "xgboost"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/sagemaker-scikit-learn@sha256:abc", "sklearn"),
        ("localhost:5000/sagemaker-xgboost", "xgboost"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/my-sagemaker-xgboost:1", None),
        ("", None),
    ],
)
def test_the_framework_of_an_image(uri: str, framework: str | None) -> None:
    assert framework_of(uri) == framework


def test_an_unknown_image_is_refused_with_what_to_do(image_map: Path) -> None:
    with pytest.raises(UnknownImageError, match="'acme/trainer:1': the local cloud has no runner") as raised:
        images.check("acme/trainer:1", "train")
    assert str(image_map) in str(raised.value)
    images.check(XGBOOST, "serve")
    with pytest.raises(UnknownImageError):
        images.check(image_uri("blazingtext", "us-east-1"), "train")
    with pytest.raises(ValueError, match="kind 'fly'"):
        images.check(XGBOOST, "fly")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1", "not valid YAML"),
        ("- x", "must be a mapping"),
        ("acme: {pyhton: x}", "'acme': an image's entry has either"),
        ("acme: {python: /nonesuch.py}", "python: /nonesuch.py is not a file"),
        ("acme: {like: acme/other}", "'acme/other' is not one of"),
        ("acme: {command: run}", "command: must be a list"),
    ],
)
def test_a_wrong_map_names_its_fault(image_map: Path, text: str, message: str) -> None:
    image_map.write_text(text)
    with pytest.raises(ImageMapError, match=message) as raised:
        images.check("acme", "train")
    assert str(image_map) in str(raised.value)


def test_an_own_image_runs_what_the_map_says(job: Job, image_map: Path, tmp_path: Path, way: str) -> None:
    script = tmp_path / "own.py"
    script.write_text("import sys; print(sys.argv[1:], open('/opt/ml/x' if len(sys.argv) < 3 else sys.argv[2]).read())")
    job.write("x", "data")
    image_map.write_text(
        f'"acme/python:*": {{python: "{script}"}}\n'
        'acme/command: {command: [sh, -c, "echo $0 $1 $2", "{image}", "{root}"]}\n'
    )
    if way == "namespaces":
        assert job.run("train", image="acme/python:3") == 0, job.log
        assert job.log == ["['train'] data"]
    assert job.run("serve", image="acme/command", port=1) == 0
    assert job.log == [f"acme/command {job.root} serve"]
    assert job.run("process", "cat", "/opt/ml/x", image="acme/command") == 0
    assert job.log == ["data"]


def test_an_own_server_under_isolation_can_be_reached(image_map: Path, serve: Callable[..., Endpoint]) -> None:
    program = (
        "import os, http.server as h; h.test(h.SimpleHTTPRequestHandler, port=int(os.environ['P']), bind='127.0.0.1')"
    )
    image_map.write_text(
        f'acme/server: {{command: [sh, -c, "mkdir ping; P={{port}} exec python3 -c \\"{program}\\""]}}'
    )
    endpoint = serve(image="acme/server", isolated=True)
    assert endpoint.send(f"{endpoint.url}/").status == 200


def test_an_own_image_may_be_like_one_of_awss(job: Job, image_map: Path) -> None:
    image_map.write_text("acme/x: {like: 'sagemaker-xgboost:3.2-0'}")
    job.configure({}, {"train": "text/csv"})
    assert job.run("train", image="acme/x") == 1
    assert job.read("output/failure") == "UserError: Missing required hyperparameter: num_round"


def test_only_built_in_algorithms_have_metrics_of_their_own() -> None:
    assert images.metric_definitions(SKLEARN, {}) is None
    assert images.metric_definitions("acme/trainer", {}) is None
    assert images.metric_definitions(XGBOOST, {"sagemaker_program": '"train.py"'}) is None
    definitions = images.metric_definitions(XGBOOST, {"eval_metric": "error@0.7"})
    assert definitions is not None
    names = [definition["Name"] for definition in definitions]
    assert {"train:rmse", "validation:auc", "validation:error@0.7"} <= set(names)
    assert len(names) == len(set(names))
