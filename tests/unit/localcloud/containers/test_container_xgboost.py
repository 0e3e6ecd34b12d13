from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Callable

import numpy as np
import pytest
import xgboost

from localcloud.containers import images
from localcloud.containers.guest.xgboost import channels, hyperparameters
from localcloud.containers.guest.xgboost.errors import UserError
from localcloud.containers.guest.xgboost.score import labels_of
from tests.unit.localcloud.containers.harness import XGBOOST, Endpoint, Job, as_csv, table

BINARY = {"num_round": "4", "objective": "binary:logistic", "max_depth": "3"}


def prepare(job: Job, given: dict[str, str], **types: str) -> None:
    """Configure a training job with CSV channels of the usual table."""
    job.configure(given, types or {"train": "text/csv", "validation": "text/csv"})
    rows = table()
    job.write("input/data/train/a/part-1.csv", as_csv(rows[:50]))
    job.write("input/data/train/b/part-2.csv", as_csv(rows[50:90]))
    job.write("input/data/train/_SUCCESS", "")
    job.write("input/data/validation/validation.csv", as_csv(rows[90:]))


def failure(job: Job) -> str:
    """Train; return the failure that it must leave."""
    assert job.run("train") == 1, job.log
    return job.read("output/failure")


def test_training_prints_metrics_that_the_built_in_definitions_read(job: Job, way: str) -> None:
    given = BINARY | {"eval_metric": "auc,error@0.7"}
    prepare(job, given)
    assert job.run("train") == 0, job.log
    lines = [line for line in job.log if line.startswith("[") and "\t" in line]
    assert len(lines) == 4
    definitions = images.metric_definitions(XGBOOST, given)
    assert definitions is not None
    for text in (lines[-1], lines[-1].replace("\t", "#011")):
        found = {d["Name"]: m[1] for d in definitions if (m := re.search(d["Regex"], text))}
        assert set(found) == {f"{c}:{m}" for c in ("train", "validation") for m in ("auc", "error@0.7")}
        assert 0.5 < float(found["validation:auc"]) <= 1
    booster = xgboost.Booster(model_file=bytearray((job.root / "model/xgboost-model").read_bytes()))
    assert (booster.num_boosted_rounds(), booster.num_features()) == (4, 3)


def test_the_images_own_metrics_are_those_of_the_model(job: Job) -> None:
    prepare(job, BINARY | {"eval_metric": "accuracy,f1_binary"})
    assert job.run("train") == 0, job.log
    booster = xgboost.Booster(model_file=bytearray((job.root / "model/xgboost-model").read_bytes()))
    rows = table()[90:]
    right = (booster.predict(xgboost.DMatrix(rows[:, 1:])) > 0.5) == rows[:, 0]
    assert f"validation-accuracy:{right.mean():.5f}" in job.log[-2]


@pytest.mark.parametrize(
    ("objective", "predictions", "expected"),
    [
        ("binary:logistic", [0.2, 0.7], [0, 1]),
        ("binary:logitraw", [-0.2, 0.2], [0, 1]),
        ("multi:softmax", [2.0, 0.0], [2, 0]),
        ("multi:softprob", [[0.1, 0.9], [0.8, 0.2]], [1, 0]),
    ],
)
def test_labels_of_predictions(objective: str, predictions: list[float], expected: list[int]) -> None:
    assert labels_of(np.array(predictions), objective).tolist() == expected


def test_early_stopping_keeps_the_best_model(job: Job) -> None:
    prepare(job, BINARY | {"num_round": "200", "eta": "1", "early_stopping_rounds": "2", "eval_metric": "logloss"})
    assert job.run("train") == 0, job.log
    scores = [float(line.rsplit(":", 1)[1]) for line in job.log if line.startswith("[") and "\t" in line]
    assert len(scores) < 200
    booster = xgboost.Booster(model_file=bytearray((job.root / "model/xgboost-model").read_bytes()))
    assert booster.num_boosted_rounds() == int(np.argmin(scores)) + 1


def test_training_resumes_from_a_checkpoint(job: Job, way: str) -> None:
    prepare(job, BINARY)
    (job.root / "checkpoints").mkdir()
    job.write("input/config/checkpointconfig.json", '{"LocalPath": "/opt/ml/checkpoints"}')
    assert job.run("train") == 0, job.log
    kept = sorted(path.name for path in (job.root / "checkpoints").iterdir())
    assert kept == [f"xgboost-checkpoint.{n}" for n in range(4)]
    prepare(job, BINARY | {"num_round": "7"})
    assert job.run("train") == 0, job.log
    assert [line.split("\t")[0] for line in job.log if "\t" in line] == ["[4]", "[5]", "[6]"]
    assert len(list((job.root / "checkpoints").iterdir())) == 5
    booster = xgboost.Booster(model_file=bytearray((job.root / "model/xgboost-model").read_bytes()))
    assert booster.num_boosted_rounds() == 7


def test_a_stopped_job_leaves_its_last_model_if_asked(job: Job) -> None:
    prepare(job, BINARY | {"num_round": "1000000", "save_model_on_termination": "true"})
    rounds = threading.Event()
    container = job.start("train", on_line=lambda line: rounds.set() if line.startswith("[5]\t") else None)
    assert rounds.wait(30)
    container.stop(20)
    assert container.wait() == 0
    booster = xgboost.Booster(model_file=bytearray((job.root / "model/xgboost-model").read_bytes()))
    assert booster.num_boosted_rounds() >= 5


def test_a_stopped_job_ends_by_the_signal_otherwise(job: Job) -> None:
    prepare(job, BINARY | {"num_round": "1000000"})
    rounds = threading.Event()
    container = job.start("train", on_line=lambda line: rounds.set() if line.startswith("[5]\t") else None)
    assert rounds.wait(30)
    container.stop(20)
    assert container.wait() == 128 + signal.SIGTERM
    assert not (job.root / "model/xgboost-model").exists()


def test_weights_are_the_second_column(job: Job) -> None:
    job.configure(BINARY | {"csv_weights": "1", "num_round": "1"}, {"train": "text/csv"})
    rows = table()
    weighted = np.column_stack([rows[:, 0], np.full(len(rows), 2.0), rows[:, 1:]])
    job.write("input/data/train/train.csv", as_csv(weighted))
    assert job.run("train") == 0, job.log
    assert any("120 rows and 3 columns" in line for line in job.log)


def test_failures_name_the_setting_or_the_place(job: Job) -> None:
    prepare(job, {"objective": "binary:logistic"})
    assert failure(job) == "UserError: Missing required hyperparameter: num_round"
    prepare(job, BINARY)
    job.write("input/data/train/a/part-1.csv", "1,2,3,4\n0,1,2\n")
    assert "part-1.csv, line 2: 3 columns where the first line has 4" in failure(job)
    prepare(job, BINARY)
    job.write("input/data/train/a/part-1.csv", "7,2,3,4\n")
    assert failure(job).startswith("UserError: ")  # the library's own words follow
    assert "label must be" in job.read("output/failure")
    assert "Stack trace" not in job.read("output/failure")
    job.configure(BINARY, {"validation": "text/csv"})
    assert failure(job) == "UserError: Missing required channel: train"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in [1, +inf)"),
        ({"num_round": "ten"}, "Hyperparameter num_round: could not parse value"),
        ({"eta": "1.5"}, "Hyperparameter eta: 1.5 is not in [0, 1]"),
        ({"learning_rate": "2"}, "Hyperparameter eta: 2.0 is not in [0, 1]"),
        ({"subsample": "0"}, "Hyperparameter subsample: 0.0 is not in (0, 1]"),
        ({"depth": "3"}, "Extraneous hyperparameter found: depth"),
        ({"objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        ({"objective": "reg:squarederror", "eval_metric": "auc"}, "Metric 'auc' can only be applied"),
        ({"eval_metric": "rmse,nonesuch"}, "Hyperparameter eval_metric: value"),
        ({"eval_metric": "auc@0.5"}, "should be one of these options: 'error', 'ndcg', 'map'"),
        ({"monotone_constraints": "(1,0,2)", "tree_method": "hist"}, "monotone_constraints: value (1,0,2)"),
        ({"monotone_constraints": "(1,0)"}, "can be used only when the tree_method parameter is set to"),
        ({"booster": "forest"}, "Hyperparameter booster: forest is not in"),
    ],
)
def test_wrong_hyperparameters(given: dict[str, str], message: str) -> None:
    with pytest.raises(UserError) as raised:
        hyperparameters.validate({"num_round": "10"} | given)
    assert message in str(raised.value)


def test_hyperparameters_get_their_types() -> None:
    given = {
        "num_round": "10",
        "reg_lambda": "0.5",
        "eval_metric": "error@0.7, auc",
        "objective": "binary:logistic",
        "tree_method": "hist",
        "interaction_constraints": "[[0,1],[2,3]]",
    }
    assert hyperparameters.validate(given) == {
        "num_round": 10,
        "lambda": 0.5,
        "eval_metric": ["error@0.7", "auc"],
        "objective": "binary:logistic",
        "tree_method": "hist",
        "interaction_constraints": "[[0, 1], [2, 3]]",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,a\n1,2\n", "x.csv, line 1: column 0 is not a number: 'label' (the algorithm takes no header)"),
        ("1,2\n1,two\n", "x.csv, line 2: column 1 is not a number: 'two'"),
        ("1,2\n1\n", "x.csv, line 2: 1 columns where the first line has 2"),
        ("1\n2\n", "x.csv has no feature columns"),
    ],
)
def test_wrong_csv(tmp_path, text: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(UserError) as raised:
        channels.load(tmp_path, channels.CSV, weights=False)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["1,,3\r\n,2,\r\n", "1;;3\n;2;\n"])
def test_empty_csv_fields_are_missing(tmp_path, text: str) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode())
    nan = np.nan
    np.testing.assert_array_equal(channels.read_csv(tmp_path / "x.csv"), [[1, nan, 3], [nan, 2, nan]])


def test_libsvm_has_labels_weights_queries_and_columns_as_written(tmp_path) -> None:
    (tmp_path / "x").write_text("1:0.5 qid:1 0:2 3:4.5\n0 qid:2 1:7 # note\n\n")
    matrix = channels.load(tmp_path, channels.LIBSVM, weights=False)
    assert matrix is not None
    assert (matrix.num_row(), matrix.num_col()) == (2, 4)
    assert matrix.get_label().tolist() == [1, 0]
    assert matrix.get_uint_info("group_ptr").tolist() == [0, 1, 2]
    (tmp_path / "x").write_text("1 0:2\nbroken 1:2\n")
    with pytest.raises(UserError, match="x, line 2: 'broken 1:2"):
        channels.load(tmp_path, channels.LIBSVM, weights=False)


def test_content_types() -> None:
    assert channels.content_type(None) == channels.LIBSVM
    assert channels.content_type("text/csv; label_size=1; charset=utf-8") == channels.CSV
    for wrong in ("text/csv; label_size=2", "application/json", "application/x-parquet"):
        with pytest.raises(UserError, match="is not an accepted"):
            channels.content_type(wrong)


def model(job: Job, objective: str = "binary:logistic", **more: str) -> xgboost.Booster:
    """Put a small model into the container."""
    rows = table()
    matrix = xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
    booster = xgboost.train({"objective": objective, "max_depth": 2} | more, matrix, num_boost_round=3)
    job.write("model/xgboost-model", bytes(booster.save_raw("ubj")))
    return booster


def test_the_model_answers_as_the_image_does(job: Job, way: str, serve: Callable[..., Endpoint]) -> None:
    booster = model(job)
    rows = table(5, seed=1)[:, 1:].astype(np.float32)
    expected = booster.predict(xgboost.DMatrix(rows))
    endpoint = serve()
    csv = "\n".join(",".join(repr(float(v)) for v in row) for row in rows).encode()
    answer = endpoint.invoke(csv)
    assert (answer.status, answer.content_type) == (200, "text/csv")
    np.testing.assert_allclose(np.loadtxt(answer.body.splitlines()), expected, rtol=1e-6)
    answer = endpoint.invoke(csv, accept="application/json")
    np.testing.assert_allclose([p["score"] for p in json.loads(answer.body)["predictions"]], expected)
    libsvm = "\n".join(" ".join(f"{i}:{float(v)!r}" for i, v in enumerate(row)) for row in rows).encode()
    assert endpoint.invoke(libsvm, "text/libsvm").body == endpoint.invoke(csv).body
    assert endpoint.invoke(b"0:1.5", "text/x-libsvm").status == 200  # the other columns are missing
    assert endpoint.invoke(b"").status == 204
    assert endpoint.invoke(b"1,2", "text/csv").status == 400
    assert endpoint.invoke(b"1,a,2", "text/csv").status == 415
    assert endpoint.invoke(csv, "image/png").status == 415
    assert endpoint.invoke(csv, accept="image/png").status == 406
    assert endpoint.send(f"{endpoint.url}/execution-parameters").status == 200
    assert endpoint.send(f"{endpoint.url}/other").status == 404


def test_probabilities_of_several_classes_are_comma_separated(job: Job, serve: Callable[..., Endpoint]) -> None:
    model(job, "multi:softprob", num_class="2")
    answer = serve().invoke(b"1,2,3\n-1,-2,3")
    rows = [[float(value) for value in line.split(",")] for line in answer.body.splitlines()]
    assert np.array(rows).shape == (2, 2)
    np.testing.assert_allclose(np.sum(rows, axis=1), 1, rtol=1e-6)


def test_a_server_with_its_network_cut_off_is_reached_all_the_same(job: Job, serve: Callable[..., Endpoint]) -> None:
    model(job)
    endpoint = serve(isolated=True)
    assert endpoint.invoke(b"1,2,3").status == 200
    endpoint.container.stop(10)
    assert endpoint.container.wait() == 143


def test_a_pickled_or_missing_model_ends_the_server_with_its_reason(job: Job) -> None:
    assert job.run("serve", port=1) == 1
    assert any("no file xgboost-model" in line for line in job.log)
    job.write("model/xgboost-model", b"\x80\x04\x95 a pickle")
    assert job.run("serve", port=1) == 1
    assert any("pickles are not loaded" in line for line in job.log)
