import json

import pytest
from dropforge_jobs.errors import ModelError
from dropforge_jobs.sample import BYTES, ROWS, Sampler, sample_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.jobs.jobs_loop import full_loop
from tests.unit.jobs.test_jobs_evaluate import wave


class Model:
    accepted = "application/json"

    def __init__(self, answer):
        self.answer = answer

    def predict(self, rows, delimiter):
        return [self.answer(row) for row in rows]


def sampler(labels, rows):
    found = Sampler()
    found.add(labels, rows)
    return found


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=200))
def test_rows_are_spread_over_the_labels(labels):
    rows = sampler(labels, [(label, str(place)) for place, label in enumerate(labels)]).rows()
    assert len(rows) == min(ROWS, len(labels)) == len(set(rows))
    counts = {label: sum(row[0] == label for row in rows) for label in set(labels)}
    most = max(counts.values())
    assert all(count >= min(most - 1, labels.count(label)) for label, count in counts.items())


def test_what_cannot_be_compared_is_left_out():
    given_rows = sampler(["a"], [("1",)])
    numbers = iter(range(9))

    def refuse(row):
        raise ModelError("no")

    for answer in (lambda row: next(numbers), lambda row: float("nan"), lambda row: {1, 2}, refuse):
        assert sample_of(given_rows, Model(answer), ",", "binary") is None


@pytest.mark.parametrize(("length", "rows"), [(10, 40), (20_000, 5), (BYTES, None)])
def test_it_stays_small(length, rows):
    found = sample_of(sampler(["a"] * 40, [("x" * length,)] * 40), Model(lambda row: 1), ",", "binary")
    assert (len(found["answers"]) if found else None) == rows


def test_the_evaluating_job_writes_what_the_packaged_model_answers(tmp_path):
    result = full_loop(tmp_path, {"target": "way"}, {"a.csv": wave()})
    found = json.loads((tmp_path / "evaluate" / "processing" / "output" / "sample.json").read_text())
    assert 0 < found["body"].count("\n") == len(found["answers"]) <= ROWS
    assert {answer["label"] for answer in found["answers"]} == {"up", "down"}
    module = result.served.module
    request = module.predict_fn(module.input_fn(found["body"], found["content_type"]), result.served.model)
    body, _ = module.output_fn(request, found["accept"])
    assert json.loads(body)["predictions"] == found["answers"]
