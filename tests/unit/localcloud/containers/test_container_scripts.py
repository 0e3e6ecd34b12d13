from __future__ import annotations

import json
import sysconfig
from pathlib import Path

from tests.unit.localcloud.containers.harness import SKLEARN, XGBOOST, Job, archive, as_csv, table

# As in the tutorials: argparse, SM_* variables, and paths written out.
TUTORIAL = """
import argparse, os
import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--penalty", type=float, default=1.0)
    parser.add_argument("--output-data-dir", type=str, default=os.environ["SM_OUTPUT_DATA_DIR"])
    parser.add_argument("--model-dir", type=str, default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    args = parser.parse_args()
    rows = np.loadtxt(os.path.join(args.train, "train.csv"), delimiter=",")
    model = LogisticRegression(C=args.penalty).fit(rows[:, 1:], rows[:, 0])
    print("accuracy=%.2f; c=%s" % (model.score(rows[:, 1:], rows[:, 0]), args.penalty))
    joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""


def script_job(job: Job, **extra: str) -> None:
    """Configure a job that runs train.py of s3://code/sourcedir.tar.gz, in the SDK's JSON-quoted way."""
    quoted = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://code/sourcedir.tar.gz"}
    job.configure({**{k: json.dumps(v) for k, v in quoted.items()}, **extra}, {"train": ""})
    job.write("input/data/train/train.csv", as_csv(table()))


def host_packages() -> set[str]:
    """Return what is in the host's environment."""
    folder = Path(sysconfig.get_paths()["purelib"])
    return {path.name for path in folder.iterdir() if path.name != "__pycache__"}


def test_a_tutorial_script_runs_unmodified(job: Job, way: str, s3) -> None:
    objects, credentials = s3
    objects["/code/sourcedir.tar.gz"] = archive({"train.py": TUTORIAL})
    script_job(job, penalty="0.5")
    assert job.run("train", image=SKLEARN, credentials=credentials) == 0, job.log
    assert any(line.startswith("accuracy=0.9") and line.endswith("c=0.5") for line in job.log)
    assert (job.root / "model/model.joblib").stat().st_size > 0


def test_a_script_may_write_opt_ml_out_where_the_kernel_allows(job: Job, s3) -> None:
    from localcloud.containers import isolation

    objects, credentials = s3
    objects["/code/sourcedir.tar.gz"] = archive(
        {"train.py": "open('/opt/ml/model/hello', 'w').write(open('/opt/ml/input/data/train/train.csv').read())"}
    )
    script_job(job)
    if isolation.best().mount:
        assert job.run("train", image=XGBOOST, credentials=credentials) == 0, job.log
        assert job.read("model/hello") == job.read("input/data/train/train.csv")


def test_a_script_that_raises_leaves_its_reason(job: Job, s3) -> None:
    objects, credentials = s3
    objects["/code/sourcedir.tar.gz"] = archive({"train.py": "raise RuntimeError('no such luck')"})
    script_job(job)
    assert job.run("train", image=SKLEARN, credentials=credentials) == 1
    assert "RuntimeError: no such luck" in "\n".join(job.log)
    assert "ExecuteUserScriptError" in job.read("output/failure")


def test_a_job_without_a_script_says_what_is_missing(job: Job) -> None:
    job.configure({})
    assert job.run("train", image=SKLEARN) == 1
    assert "sagemaker_program" in job.read("output/failure")


def test_requirements_go_into_a_layer_that_the_next_job_reuses(job: Job, way: str, s3, wheels: Path) -> None:
    objects, credentials = s3
    files = {"train.py": "import tinything; print('value', tinything.VALUE)", "requirements.txt": "tinything==1.0\n"}
    objects["/code/sourcedir.tar.gz"] = archive(files)
    before = host_packages()
    script_job(job)
    assert job.run("train", image=SKLEARN, credentials=credentials) == 0, job.log
    assert "value 42" in job.log
    (wheels / "tinything-1.0-py3-none-any.whl").unlink()  # the next job can only have it from the layer
    (job.root / "code/requirements.txt").unlink()
    (job.root / "code/train.py").unlink()
    assert job.run("train", image=SKLEARN, credentials=credentials) == 0, job.log
    assert "value 42" in job.log
    assert host_packages() == before


def test_requirements_that_do_not_exist_fail_the_job_with_the_toolkits_reason(job: Job, s3, wheels: Path) -> None:
    objects, credentials = s3
    objects["/code/sourcedir.tar.gz"] = archive({"train.py": "", "requirements.txt": "nonesuch==9\n"})
    script_job(job)
    assert job.run("train", image=SKLEARN, credentials=credentials) == 1
    assert "InstallRequirementsError" in job.read("output/failure")
    assert any("nonesuch" in line for line in job.log)


def test_a_script_that_calls_pip_itself_installs_into_its_own_layer(job: Job, s3, wheels: Path) -> None:
    objects, credentials = s3
    script = (
        "import subprocess, sys\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', 'tinything'])\n"
        "import tinything; print('value', tinything.VALUE, tinything.__file__)\n"
    )
    objects["/code/sourcedir.tar.gz"] = archive({"train.py": script})
    before = host_packages()
    script_job(job)
    assert job.run("train", image=SKLEARN, credentials=credentials) == 0, job.log
    assert any(line.startswith("value 42") for line in job.log)
    assert host_packages() == before
    assert not list((job.root.parent / "home/containers").iterdir())
