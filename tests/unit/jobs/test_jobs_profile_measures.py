"""The measures against other people's implementations of them."""

import math
import random

import pytest
from dropforge_jobs.profile.association import Labels, area, association
from dropforge_jobs.profile.drift import basis, compare, distance, psi
from dropforge_jobs.profile.reading import numbers_or_none, read_numbers
from dropforge_jobs.profile.schema import changes
from dropforge_jobs.profile.shape import Spread, bins, histogram, shares
from dropforge_jobs.profile.values import Values
from dropforge_jobs.values import MISSING, number
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans(), st.integers(1, 3)), min_size=2, max_size=60))
def test_area_is_that_of_scikit_learn(rows):
    scores, labels, weights = zip(*rows, strict=True)
    if len(set(labels)) == 1:
        assert area(scores, labels, weights) == 0.5
    else:
        assert area(scores, labels, weights) == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_distance_is_that_of_scipy(left, right):
    left = [part / sum(left) if sum(left) else 0.25 for part in left]
    right = [part / sum(right) if sum(right) else 0.25 for part in right]
    assert distance(left, right) == pytest.approx(jensenshannon(left, right, base=2), abs=1e-6)


def test_psi_is_that_of_the_books():
    old, new = [0.1, 0.4, 0.3, 0.2], [0.2, 0.3, 0.3, 0.2]
    by_hand = (0.2 - 0.1) * math.log(2) + (0.3 - 0.4) * math.log(0.75)
    assert psi(old, new, 1e9, 1e9) == pytest.approx(by_hand, rel=1e-6)
    assert psi(old, old, 50, 1e6) == pytest.approx(0, abs=1e-2)


def test_r2_of_an_order_is_spearmans():
    chance = random.Random(1)
    numbers = [chance.randint(0, 8) for _ in range(400)]
    target = [value**3 + chance.gauss(0, 5) for value in numbers]
    found = association(Labels(target, [n % 2 for n in range(400)], [1] * 400, "regression"), numbers, ())
    assert found["value"] >= round(spearmanr(numbers, target)[0] ** 2, 4) - 1e-4


def test_weights_are_rows():
    chance = random.Random(1)
    rows = [(chance.randint(0, 5), float(chance.random() < 0.4), chance.randint(1, 3), n % 2) for n in range(200)]
    numbers, labels, weights, halves = map(list, zip(*rows, strict=True))
    again = [row for row in rows for _ in range(row[2])]
    once = association(Labels(labels, halves, weights, "binary"), numbers, ())
    spelt = association(
        Labels([r[1] for r in again], [r[3] for r in again], [1] * len(again), "binary"), [r[0] for r in again], ()
    )
    assert once == spelt


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_histogram_and_bins_hold_every_number(values):
    spread = Spread((value, 1.0) for value in values)
    drawn = histogram(spread)
    assert sum(drawn["counts"]) == len(values)
    assert drawn["edges"] == sorted(drawn["edges"])
    found = bins(spread)
    assert sum(found["shares"]) == pytest.approx(1, abs=1e-4)
    assert len(found["shares"]) == len(found["edges"]) + 1
    assert shares(spread, found["edges"]) == found["shares"]


def test_a_long_tail_does_not_flatten_the_histogram():
    drawn = histogram(Spread((float(value), 1.0) for value in [*range(1000), 10**9]))
    assert (drawn["above"], drawn["below"]) == (True, False)
    assert drawn["edges"][-1] < 2000


@settings(deadline=None)
@given(st.lists(st.text("0123456789.eE+-_ infNA\u0661,", max_size=8).map(str.strip), max_size=40), st.booleans())
def test_numbers_mean_what_they_mean_elsewhere(texts, comma):
    texts = [text for text in texts if text not in MISSING]
    expected = [number(text, comma) for text in texts]
    assert numbers_or_none(texts, comma) == expected
    values, odd = read_numbers(texts, comma)
    assert sorted(values) == sorted(value for value in expected if value is not None)
    assert sum(odd.values()) == expected.count(None)


def test_other_values_count_and_only_known_ones_are_called_new():
    before = basis(None, Values({"a": 60, "b": 40}, 1.0, True), 0.0, 100)
    found = compare(before, None, Values({"a": 60, "c": 40}, 1.0, True), 0.0, 100)
    assert found["over"]
    assert found["new"] == [{"value": "c", "share": 0.4}]
    many = basis(None, Values({f"v{n}": 1 for n in range(100)}, 1.0, True), 0.0, 100)
    assert compare(many, None, Values({"new": 5, "v1": 5}, 1.0, True), 0.0, 10)["new"] == []


def named(*names, family="numbers"):
    return [{"name": name, "index": index, "kind": "number", "family": family} for index, name in enumerate(names)]


def test_a_renamed_column_is_found_by_its_name_or_its_place():
    found = changes(named("a", "customer_age", "z"), named("a", "age_of_customer", "customer_age2"))
    assert found["renamed"] == [
        {"from": "customer_age", "to": "customer_age2"},
    ]
    found = changes(named("a", "b", "c"), named("a", "quantity", "c"))
    assert found["renamed"] == [{"from": "b", "to": "quantity"}]
    assert not found["reordered"]
    assert changes(named("a", "b"), named("b", "a"))["reordered"]
