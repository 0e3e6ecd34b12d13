import json
import sys
import types

import numpy as np
import pytest
import xgboost
from dropforge_jobs import inference
from dropforge_jobs.columns import Column
from dropforge_jobs.errors import ModelError, RequestError
from dropforge_jobs.preprocessor import Preprocessor

ROWS = [(str(n % 50), "red" if n % 3 else "blue", f"id{n:04}", "True" if n % 2 else "False") for n in range(300)]
NAMES = ["age", "colour", "key", "member"]


def make_model(folder, problem="binary", delimiter=",", objective=None, **parameters):
    columns = []
    for name, texts in zip(NAMES, zip(*ROWS, strict=True), strict=True):
        column = Column(name)
        column.add(texts, np.ones(len(texts), dtype=bool))
        columns.append(column.describe())
    classes = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": None}[problem]
    preprocessor = Preprocessor(problem, "bought", 2, classes, delimiter, True, columns)
    matrix = preprocessor.transform(list(zip(*ROWS, strict=True)))
    label = matrix[:, 0] % (3 if classes is None else len(classes))
    chosen = {"binary": "binary:logistic", "multiclass": "multi:softprob", "regression": "reg:squarederror"}[problem]
    settings = {"objective": objective or chosen, "nthread": 1, **parameters}
    if problem == "multiclass":
        settings["num_class"] = 3
    booster = xgboost.train(settings, xgboost.DMatrix(matrix, label), 5)
    folder.mkdir(exist_ok=True)
    (folder / "xgboost-model").write_bytes(booster.save_raw("ubj"))
    (folder / "preprocessor.json").write_text(preprocessor.to_json())
    return inference.model_fn(str(folder))


@pytest.fixture
def model(tmp_path):
    return make_model(tmp_path)


def ask(model, body, content_type="text/csv", accept="application/json"):
    prediction = inference.predict_fn(inference.input_fn(body, content_type), model)
    answer, kind = inference.output_fn(prediction, accept)
    assert kind in ("application/json", "text/csv", "application/jsonlines")
    return answer


def refusal(model, body, content_type="text/csv", accept="application/json"):
    return inference.output_fn(inference.predict_fn(inference.input_fn(body, content_type), model), accept)


def predictions(model, body, content_type="text/csv"):
    return json.loads(ask(model, body, content_type))["predictions"]


CSV = "30,red,id0001,True\n31, blue ,new,?\n"
RECORDS = [
    {"age": 30, "colour": "red", "key": "id0001", "member": True},
    {"age": 31, "colour": "blue", "key": "new", "member": None},
]


def test_answer_as_json(model):
    first, second = predictions(model, CSV)
    assert set(first) == {"label", "probability", "probabilities"}
    assert first["label"] in ("no", "yes")
    assert first["probability"] == first["probabilities"][first["label"]] >= 0.5
    assert sum(second["probabilities"].values()) == pytest.approx(1)


def test_answer_as_csv(model):
    lines = ask(model, CSV, accept="text/csv").splitlines()
    label, probability = lines[0].split(",")
    assert {"label": label, "probability": float(probability)}.items() <= predictions(model, CSV)[0].items()
    assert len(lines) == 2


def test_answer_as_json_lines(model):
    lines = ask(model, CSV, accept="application/jsonlines").splitlines()
    assert [json.loads(line) for line in lines] == predictions(model, CSV)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (CSV, "text/csv; charset=utf-8"),
        (CSV.encode(), "text/csv"),
        (bytearray(CSV.encode()), None),
        (CSV.replace("\n", "\r\n"), "text/csv"),
        ("\ufeff" + CSV.rstrip("\n"), "text/csv"),
        ("age,colour,key,member\n" + CSV, "text/csv"),
        (CSV + "\n\n", "text/csv"),
        (json.dumps({"instances": RECORDS}), "application/json"),
        (json.dumps(RECORDS), "application/json"),
        (json.dumps([["30", "red", "id0001", "True"], [31, "blue", "new", None]]), "application/json"),
        (json.dumps([{k: v for k, v in r.items() if v is not None} for r in RECORDS]), "application/json"),
        ("\n".join(map(json.dumps, RECORDS)), "application/jsonlines"),
    ],
)
def test_all_ways_to_say_the_same(model, body, content_type):
    assert predictions(model, body, content_type) == predictions(model, CSV)


def test_one_record_is_enough(model):
    assert predictions(model, json.dumps(RECORDS[0]), "application/json") == predictions(model, CSV)[:1]
    assert predictions(model, "30,red,id0001,True")[0] == predictions(model, CSV)[0]


def test_unseen_categories_and_missing_values_are_answered(model):
    assert len(predictions(model, "?,violet,,\n,,,\n")) == 2


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("30,red,yes,id0001,True\n", "text/csv", r"row 1: 4 fields expected.*5 found; leave out the target 'bought'"),
        (CSV + "30,red\n", "text/csv", "row 3: 4 fields expected.*2 found"),
        ("30,red,x,True\nold,red,x,True\n", "text/csv", "row 2: column 'age' expects a number, found 'old'"),
        ('30,"red,x,True\n', "text/csv", "broken quoting"),
        ("", "text/csv", "no row"),
        ("age,colour,key,member\n", "text/csv", "no row"),
        ("age,colour,bought,key,member\n30,red,yes,x,True\n", "text/csv", "leave out the target"),
        ('[{"age": 3, "color": "red"}]', "application/json", "record 1: unknown column 'color'"),
        ('[{"age": 3, "bought": "yes"}]', "application/json", "'bought' is the target: leave it out"),
        ('[{"age": {"x": 1}}]', "application/json", "record 1, column 'age'"),
        ("[[1, 2]]", "application/json", "record 1: 4 fields expected"),
        ("{", "application/json", "not JSON"),
        ("3", "application/json", "JSON records"),
        (b"\xff\xfe", "text/csv", "not UTF-8"),
    ],
)
def test_refusals_name_the_place(model, body, content_type, message):
    with pytest.raises(RequestError, match=message) as caught:
        inference.predict(inference.input_fn(body, content_type), model)
    assert caught.value.status_code == 400
    answer = refusal(model, body, content_type)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert json.loads(answer.get_data())["error-message"] == caught.value.message


def test_unknown_formats(model):
    assert refusal(model, b"", "image/png").status_code == 415
    assert refusal(model, CSV, accept="image/png").status_code == 406
    assert ask(model, CSV, accept="*/*") == ask(model, CSV, accept=None) == ask(model, CSV)
    assert ask(model, CSV, accept="text/html, text/csv;q=0.9").count("\n") == 2


def test_multiclass(tmp_path):
    soft = predictions(make_model(tmp_path / "a", "multiclass"), CSV)[0]
    hard = predictions(make_model(tmp_path / "b", "multiclass", objective="multi:softmax"), CSV)[0]
    assert soft["label"] == hard["label"]
    assert list(soft["probabilities"]) == ["a", "b", "c"]
    assert hard["probability"] == 1


def test_raw_scores_become_probabilities(tmp_path):
    soft = predictions(make_model(tmp_path / "a", base_score=0.5), CSV)[0]
    raw = predictions(make_model(tmp_path / "b", objective="binary:logitraw", base_score=0.0), CSV)[0]
    assert raw["probability"] == pytest.approx(soft["probability"], abs=1e-5)


def test_regression(tmp_path):
    model = make_model(tmp_path, "regression")
    values = [prediction["value"] for prediction in predictions(model, CSV)]
    assert [float(line) for line in ask(model, CSV, accept="text/csv").splitlines()] == values


def test_rows_of_a_semicolon_table_come_either_way(tmp_path):
    model = make_model(tmp_path, delimiter=";")
    assert predictions(model, CSV.replace(",", ";")) == predictions(model, CSV)


def test_the_best_iteration_is_used(tmp_path):
    make_model(tmp_path)
    booster = xgboost.Booster(model_file=bytearray((tmp_path / "xgboost-model").read_bytes()))
    booster.set_attr(best_iteration="1")
    (tmp_path / "xgboost-model").write_bytes(booster.save_raw("ubj"))
    assert inference.model_fn(str(tmp_path)).trees == (0, 2)


def test_models_that_cannot_be_served(tmp_path, model):
    (tmp_path / "xgboost-model").write_bytes(b"\x80\x04pickled")
    with pytest.raises(ModelError, match="own format"):
        inference.model_fn(str(tmp_path))
    (tmp_path / "xgboost-model").write_bytes(b"")
    with pytest.raises(ModelError, match="no booster"):
        inference.model_fn(str(tmp_path))
    (tmp_path / "preprocessor.json").unlink()
    with pytest.raises(ModelError, match="no preprocessor"):
        inference.model_fn(str(tmp_path))


def test_in_the_image_a_bad_request_is_a_400_with_its_reason(model, monkeypatch):
    """sagemaker_containers turns every exception into a bare 500, so the refusal is a response of its own kind."""

    class Response:
        def __init__(self, response, status, mimetype):
            self.body, self.status, self.mimetype = response, status, mimetype

    worker = types.ModuleType("sagemaker_containers.beta.framework.worker")
    worker.Response = Response
    for name in ("sagemaker_containers", "sagemaker_containers.beta", "sagemaker_containers.beta.framework"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, worker.__name__, worker)
    answer = refusal(model, "1,2")
    assert (answer.status, answer.mimetype) == (400, "application/json")
    assert "4 fields expected" in json.loads(answer.body)["error-message"]
    assert ask(model, CSV)


def test_in_a_batch_what_cannot_be_read_gets_its_error_as_answer(model, monkeypatch):
    body = "\n".join(json.dumps({"age": str(n), "colour": "red"}) for n in range(9)) + '\n{"ag": 1}\nno JSON\n'
    assert refusal(model, body, "application/jsonlines").status_code == 400
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    answers = [
        json.loads(line) for line in ask(model, body, "application/jsonlines", "application/jsonlines").splitlines()
    ]
    assert ["label" in answer for answer in answers] == [True] * 9 + [False] * 2
    assert answers[9]["error"].startswith("unknown column 'ag'")
    assert "not JSON" in answers[10]["error"]
