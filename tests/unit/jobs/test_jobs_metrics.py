import numpy as np
import pytest
from dropforge_jobs import metrics
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle


def values(found):
    return {name: metric["value"] for name, metric in found.items() if "value" in metric}


BITS = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=150).filter(
    lambda rows: len({truth for truth, _ in rows}) == 2
)


@given(BITS)
def test_binary_agrees_with_scikit_learn(rows):
    truth = np.array([int(truth) for truth, _ in rows])
    scores = np.array([score / 20 for _, score in rows])
    predicted = (scores >= 0.5).astype(int)
    found = values(metrics.binary(truth, predicted, scores, ["a", "b"]))
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert found["precision"] == pytest.approx(oracle.precision_score(truth, predicted, zero_division=0))
    assert found["recall"] == pytest.approx(oracle.recall_score(truth, predicted))
    assert found["f2"] == pytest.approx(oracle.fbeta_score(truth, predicted, beta=2, zero_division=0))
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(truth, scores))
    assert found["log_loss"] == pytest.approx(oracle.log_loss(truth, np.clip(scores, 1e-15, 1 - 1e-15)), rel=1e-3)
    share = max(np.mean(truth), 1 - np.mean(truth))
    assert found["accuracy_best_constant_classifier"] == pytest.approx(share)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=100))
def test_multiclass_agrees_with_scikit_learn(rows):
    truth, predicted = np.array(rows).T
    found = metrics.multiclass(truth, predicted, None, list("abcd"))
    got = values(found)
    present = sorted(set(truth.tolist()))
    assert got["accuracy"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    for mean in ("macro", "weighted"):
        expected = oracle.f1_score(truth, predicted, labels=present, average=mean, zero_division=0)
        assert got[f"{mean}_f1"] == pytest.approx(expected)
    matrix = oracle.confusion_matrix(truth, predicted, labels=range(4))
    assert [list(row.values()) for row in found["confusion_matrix"].values()] == matrix.tolist()


FLOATS = st.floats(-1e3, 1e3, width=32)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=60).filter(lambda r: len({t for t, _ in r}) > 1))
def test_regression_agrees_with_scikit_learn(rows):
    truth, predicted = np.array(rows, dtype=float).T
    got = values(metrics.regression(truth, predicted))
    assert got["mae"] == pytest.approx(oracle.mean_absolute_error(truth, predicted))
    assert got["mse"] == pytest.approx(oracle.mean_squared_error(truth, predicted))
    if "r2" in got:
        assert got["r2"] == pytest.approx(oracle.r2_score(truth, predicted), rel=1e-6, abs=1e-6)


def test_deviations_need_rows_and_are_the_same_each_time():
    truth = np.arange(300) % 2
    scores = (np.arange(300) * 7 % 300) / 300
    few = metrics.binary(truth[:100], truth[:100], None, ["0", "1"])
    assert few["accuracy"]["standard_deviation"] == "NaN"
    one, two = (metrics.binary(truth, (scores > 0.5).astype(int), scores, ["0", "1"]) for _ in range(2))
    assert one == two
    # For a share of p of n rows it is sqrt(p (1 - p) / n).
    share = one["accuracy"]["value"]
    expected = (share * (1 - share) / 300) ** 0.5
    assert one["accuracy"]["standard_deviation"] == pytest.approx(expected, rel=0.25)


def test_one_class_has_no_auc():
    found = metrics.binary(np.zeros(5, int), np.zeros(5, int), np.linspace(0, 1, 5), ["0", "1"])
    assert "auc" not in found
    assert "receiver_operating_characteristic_curve" not in found


def test_curves_are_thinned_and_end_in_the_corner():
    truth = np.arange(1000) % 2
    found = metrics.binary(truth, truth, np.linspace(0, 1, 1000), ["0", "1"])
    curve = found["receiver_operating_characteristic_curve"]
    assert len(curve["true_positive_rates"]) <= 101
    assert (curve["true_positive_rates"][-1], curve["false_positive_rates"][-1]) == (1, 1)


def test_baselines():
    assert metrics.baseline("regression", np.array([1.0, 2, 3, 6]), 0)["r2"] == 0
    assert metrics.baseline("regression", np.array([1.0, 2, 3, 6]), 0)["mae"] == 1.5
    found = metrics.baseline("binary", np.array([0, 0, 0, 1]), 2)
    assert (found["accuracy"], found["recall"], found["auc"]) == (0.75, 0, 0.5)
    assert metrics.baseline("multiclass", np.array([0, 2, 2, 1]), 3)["accuracy"] == 0.5
