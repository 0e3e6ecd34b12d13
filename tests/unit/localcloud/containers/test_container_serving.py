"""Users' inference scripts behind the model server."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.unit.localcloud.containers.harness import SKLEARN, XGBOOST, Endpoint, Job, archive, table

MODEL_FN = """
import joblib, os
def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
IN_MODEL = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
Serve = Callable[..., Endpoint]


@pytest.fixture
def fitted(job: Job) -> LogisticRegression:
    """Put a fitted scikit-learn model into the container."""
    rows = table()
    model = LogisticRegression().fit(rows[:, 1:], rows[:, 0].astype(int))
    joblib.dump(model, job.root / "model/model.joblib")
    return model


def test_scikit_learn_defaults(job: Job, way: str, serve: Serve, fitted: LogisticRegression) -> None:
    job.write("model/code/inference.py", MODEL_FN)
    endpoint = serve(image=SKLEARN, environment=IN_MODEL)
    rows = table(4, seed=1)[:, 1:]
    expected = fitted.predict(rows).tolist()
    answer = endpoint.invoke(json.dumps(rows.tolist()).encode(), "application/json")
    assert (json.loads(answer.body), answer.content_type) == (expected, "application/json")
    body = "\n".join(",".join(map(repr, row)) for row in rows.tolist()).encode()
    answer = endpoint.invoke(body, accept="text/csv")
    assert ([int(line) for line in answer.body.split()], answer.content_type) == (expected, "text/csv")
    assert json.loads(endpoint.invoke(body.split(b"\n")[0]).body) == expected[:1]
    stream = io.BytesIO()
    np.save(stream, rows)
    assert json.loads(endpoint.invoke(stream.getvalue(), "application/x-npy").body) == expected
    assert endpoint.invoke(body, "image/png").status == 415
    assert endpoint.invoke(body, accept="image/png").status == 406


def test_all_functions_of_a_script(job: Job, serve: Serve) -> None:
    script = """
    import json
    def model_fn(model_dir): return {"dir": model_dir}
    def input_fn(data, content_type): return [type(data).__name__, content_type]
    def predict_fn(rows, model): return rows + [model["dir"]]
    def output_fn(prediction, accept):
        if accept == "x/y":
            raise ValueError("cannot write x/y")
        return json.dumps(prediction + [accept])
    """
    job.write("model/code/inference.py", "\n".join(line[4:] for line in script.splitlines()))
    endpoint = serve(image=XGBOOST, environment=IN_MODEL | {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/plain"})
    model_dir = json.loads(endpoint.invoke(b"1").body)[2]
    assert json.loads(endpoint.invoke(b"1").body) == ["str", "text/csv", model_dir, "text/plain"]
    assert json.loads(endpoint.invoke(b"1", "a/b", "c/d").body) == ["bytes", "a/b", model_dir, "c/d"]
    failed = endpoint.invoke(b"1", accept="x/y")
    assert (failed.status, failed.body) == (500, "ValueError: cannot write x/y")
    assert any(line.startswith("Traceback") for line in job.log)
    assert any("inference.py" in line for line in job.log)


def test_head_has_no_body(job: Job, serve: Serve) -> None:
    job.write("model/code/inference.py", "def model_fn(d): return None\ndef transform_fn(m, d, c, a): return d\n")
    endpoint = serve(image=SKLEARN, environment=IN_MODEL)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)) as connection:
        for path, status in (("/ping", 200), ("/none", 404), ("/ping", 200)):
            connection.request("HEAD", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (status, b"")


def test_transform_fn_and_an_answer_as_a_pair(job: Job, serve: Serve) -> None:
    job.write(
        "model/code/inference.py",
        "def model_fn(d): return 2\n"
        "def transform_fn(model, data, content_type, accept): return str(int(data) * model), 'text/number'\n",
    )
    answer = serve(environment=IN_MODEL).invoke(b"21")
    assert (answer.status, answer.body, answer.content_type) == (200, "42", "text/number")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "there is no "),
        ("x = 1", "has no model_fn"),
        ("def model_fn(d): return 1\ntransform_fn = input_fn = model_fn", "transform_fn cannot be used together"),
        ("import nonesuch", "No module named 'nonesuch'"),
        ("def model_fn(d): raise OSError('no model here')", "OSError: no model here"),
    ],
)
def test_a_script_that_cannot_serve_ends_with_its_reason(job: Job, script: str | None, reason: str) -> None:
    if script is not None:
        job.write("model/code/inference.py", script)
    assert job.run("serve", port=1, environment=IN_MODEL) == 1
    assert any(reason in line for line in job.log), job.log


def test_code_and_requirements_from_s3(job: Job, serve: Serve, s3, wheels: Path) -> None:
    objects, credentials = s3
    script = "import tinything\nfrom helper import answer\ndef model_fn(d): return 1\n"
    script += "def transform_fn(model, data, content_type, accept): return answer(tinything.VALUE)\n"
    files = {"inference.py": script, "helper.py": "answer = str", "requirements.txt": "tinything==1.0\n"}
    objects["/code/sourcedir.tar.gz"] = archive(files)
    given = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://code/sourcedir.tar.gz"}
    assert serve(image=SKLEARN, environment=given, credentials=credentials).invoke(b"").body == "42"


def test_the_modules_of_awss_images_are_there(job: Job, serve: Serve, fitted: LogisticRegression) -> None:
    """As in AWS's "Inference Pipeline with Scikit-learn" sample."""
    job.write(
        "model/code/inference.py",
        "from sagemaker_containers.beta.framework import (\n"
        "    content_types, encoders, env, modules, transformer, worker)\n"
        "from sagemaker_inference import decoder\n"
        + MODEL_FN
        + "def input_fn(data, content_type): return decoder.decode(data, content_type)\n"
        "def output_fn(prediction, accept):\n"
        "    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)\n",
    )
    answer = serve(image=SKLEARN, environment=IN_MODEL).invoke(b"[[3,3,3]]", "application/json", "text/csv")
    assert (answer.status, answer.body.strip(), answer.content_type) == (200, "1", "text/csv")


def test_an_xgboost_script_with_the_images_defaults(job: Job, serve: Serve) -> None:
    """As in AWS's XGBoost script-mode sample: train with get_dmatrix, serve with the default input and output."""
    script = """
    import json, os
    import xgboost as xgb
    from sagemaker_containers import entry_point  # noqa: F401 (AWS's abalone.py)
    from sagemaker_xgboost_container import distributed
    from sagemaker_xgboost_container.data_utils import get_dmatrix

    def fit(args, is_master):
        matrix = get_dmatrix(os.environ["SM_CHANNEL_TRAIN"], "text/libsvm")
        xgb.train({}, matrix, 2).save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.ubj"))

    if __name__ == "__main__":
        hosts = json.loads(os.environ["SM_HOSTS"])
        distributed.rabit_run(exec_fun=fit, args={"args": 1}, include_in_training=True, hosts=hosts,
                              current_host=os.environ["SM_CURRENT_HOST"], update_rabit_args=True)

    def model_fn(model_dir):
        assert xgb.XGBClassifier  # the library is whole
        return xgb.Booster(model_file=os.path.join(model_dir, "model.ubj"))
    """
    job.write("code/inference.py", "\n".join(line[4:] for line in script.splitlines()))
    job.configure({"sagemaker_program": "inference.py", "sagemaker_submit_directory": "/opt/ml/code"}, {"train": ""})
    job.write("input/data/train/x.libsvm", "1 0:1 1:2\n2 0:3 1:4\n")
    assert job.run("train") == 0, job.log
    endpoint = serve(environment={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/code"})
    assert len(json.loads(endpoint.invoke(b"1,2\n3,4").body)) == 2
    assert endpoint.invoke(b"0:1 1:2", "text/libsvm", "text/csv").status == 200
    assert endpoint.invoke(b"{}", "application/json").status == 415
