import numpy as np
import pytest
from dropforge_jobs.errors import SettingsError, SplitError
from dropforge_jobs.split import (
    TEST,
    TRAIN,
    VALIDATION,
    SplitSettings,
    row_hash,
    split_classes,
    split_groups,
    split_rows,
    split_time,
)
from hypothesis import example, given
from hypothesis import strategies as st

SIZES = st.integers(10, 300)
SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.sampled_from([0.1, 0.2, 0.25, 0.33])


def hashes(rows, seed=0):
    return np.array([row_hash([str(row)], seed) for row in range(rows)], dtype=np.uint64)


@given(SIZES, SEEDS, SHARES, SHARES)
def test_parts_are_complete_never_empty_and_of_the_right_size(rows, seed, test, validation):
    parts = split_rows(hashes(rows, seed), SplitSettings(test=test, validation=validation))
    counts = np.bincount(parts, minlength=3)
    assert len(parts) == rows
    assert counts.sum() == rows
    assert counts[TEST] == max(1, round(rows * test))
    assert counts[VALIDATION] == max(1, round(rows * validation))
    assert counts[TRAIN] > 0


@given(SIZES, SEEDS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, seed, random):
    settings = SplitSettings(seed=seed)
    order = list(range(rows))
    random.shuffle(order)
    labels = np.arange(rows) % 2
    found = hashes(rows, seed)
    for split in (
        lambda o: split_rows(found[o], settings),
        lambda o: split_classes(labels[o], found[o], settings),
        lambda o: split_groups(found[np.array(o) % 8], settings),
        lambda o: split_time(np.array(o, dtype=float) % 7, found[o], settings),
    ):
        shuffled = np.empty(rows, dtype=np.uint8)
        shuffled[order] = split(order)
        assert shuffled.tolist() == split(list(range(rows))).tolist()


@example([1, 1, 1, 1, 2, 32], 0)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) >= 30), SEEDS)
def test_every_class_keeps_its_share(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts = split_classes(labels, hashes(len(labels), seed), SplitSettings())
    assert (parts == TEST).sum() == round(len(labels) * 0.2)
    # A class of one or two rows may have none to give; the others then give them, since the total is kept.
    given_by_others = 0.2 * sum(size for size in sizes if size <= 2)
    for label, size in enumerate(sizes):
        mine = parts[labels == label]
        assert (mine == TRAIN).any()
        assert abs((mine == TEST).sum() - size * 0.2) <= 1.5 + given_by_others


def test_a_class_of_one_learns():
    labels = np.array([0] * 20 + [1])
    assert split_classes(labels, hashes(21), SplitSettings())[20] == TRAIN


def test_other_seed_other_rows():
    one = split_rows(hashes(200, 1), SplitSettings())
    two = split_rows(hashes(200, 2), SplitSettings())
    assert one.tolist() != two.tolist()


def test_latest_rows_test():
    times = np.array([5.0, 1, 9, 3, 7, 2, 8, 4, 6, 0])
    parts = split_time(times, hashes(10), SplitSettings(test=0.2, validation=0.1))
    assert sorted(times[parts == TEST]) == [8, 9]
    assert times[parts == VALIDATION].tolist() == [7]


def test_rows_without_time_are_oldest():
    parts = split_time(np.array([np.nan, 1, 2, 3, 4]), hashes(5), SplitSettings(test=0.2, validation=0.2))
    assert parts.tolist() == [TRAIN, TRAIN, TRAIN, VALIDATION, TEST]


@given(st.integers(3, 30), st.integers(1, 12), SEEDS)
def test_groups_stay_together(groups, size, seed):
    keys = np.repeat(hashes(groups, seed), size)
    parts = split_groups(keys, SplitSettings(seed=seed)) if groups * size > 4 else np.array([0, 1, 2] * 2)
    assert set(parts.tolist()) == {TRAIN, VALIDATION, TEST}
    if groups * size > 4:
        assert (parts.reshape(groups, size) == parts.reshape(groups, size)[:, :1]).all()


def test_a_giant_group_learns():
    keys = np.concatenate([np.full(900, hashes(1)[0]), np.repeat(hashes(21)[1:], 5)])
    parts = split_groups(keys, SplitSettings())
    assert (parts[:900] == TRAIN).all()


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows(rows):
    with pytest.raises(SplitError, match="too few"):
        split_rows(hashes(rows), SplitSettings())


def test_too_few_groups():
    with pytest.raises(SplitError, match="2 groups"):
        split_groups(np.repeat(hashes(2), 20), SplitSettings())


def test_settings_are_checked():
    assert SplitSettings.read({"by": {"group": "g"}}).group == "g"
    for wrong in ({"test": 0.9, "validation": 0.2}, {"test": -1}, {"by": {"group": "g", "time": "t"}}):
        with pytest.raises(SettingsError):
            SplitSettings.read(wrong)
