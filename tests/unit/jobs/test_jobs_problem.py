import numpy as np
import pytest
from dropforge_jobs.errors import SettingsError, TargetError
from dropforge_jobs.problem import infer_problem, label_values, sorted_classes


def infer(counts, wanted=None):
    return infer_problem(counts, wanted, "y")


@pytest.mark.parametrize(
    ("counts", "problem"),
    [
        ({"yes": 5, "no": 3}, "binary"),
        ({"0": 5, "1": 3}, "binary"),
        ({"1.5": 5, "2.5": 3}, "binary"),
        ({"a": 5, "b": 3, "c": 1}, "multiclass"),
        ({"0": 5, "1": 3, "2": 9}, "multiclass"),
        ({str(n): 2 for n in range(20)}, "multiclass"),
        ({str(n): 2 for n in range(21)}, "regression"),
        ({str(n): 1 + (n < 5) for n in range(7)}, "regression"),
        ({"0.5": 9, "1.5": 9, "2.5": 9}, "regression"),
        ({"1.0": 9, "2.0": 9, "3.0": 9}, "multiclass"),
        ({"1": 9, "2": 9, "many": 9}, "multiclass"),
    ],
)
def test_inferred(counts, problem):
    assert infer(counts) == problem


def test_abalone_rings_are_a_number():
    assert infer({str(n): 100 for n in range(1, 30)}) == "regression"


def test_the_project_wins():
    assert infer({"0": 5, "1": 3, "2": 9}, "regression") == "regression"
    assert infer({str(n): 1 for n in range(30)}, "multiclass") == "multiclass"
    assert infer({"0": 5, "1": 3}, "classification") == "binary"


@pytest.mark.parametrize(
    ("counts", "wanted", "message"),
    [
        ({}, None, "no row has a value"),
        ({"a": 9}, None, "same value 'a'"),
        ({"a": 9, "b": 1, "c": 2}, "binary", "binary needs two values, there are 3"),
        ({"1": 9, "x": 1, "2": 4}, "regression", "'x'"),
        ({f"name {n}": 1 for n in range(1001)}, None, "1001 different values are too many"),
    ],
)
def test_refused(counts, wanted, message):
    with pytest.raises(TargetError, match=message):
        infer(counts, wanted)


def test_unknown_problem():
    with pytest.raises(SettingsError, match="ranking"):
        infer({"a": 1, "b": 1}, "ranking")


def test_classes_are_sorted_as_numbers_if_they_are():
    assert sorted_classes({"10": 1, "9": 1, "-1": 1}) == ["-1", "9", "10"]
    assert sorted_classes({"b": 1, "10": 1, "9": 1}) == ["10", "9", "b"]


def test_labels():
    assert label_values("binary", ["b", "a", "z"], ["a", "b"]).tolist()[:2] == [1.0, 0.0]
    assert np.isnan(label_values("binary", ["z"], ["a", "b"])).all()
    assert label_values("regression", ["1.5"], None).tolist() == [1.5]
