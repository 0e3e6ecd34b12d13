import copy
import random

import pytest
from dropforge_jobs.profile.settings import POLICY, ProfileSettings
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.profile_tables import HEADER, column, finding, people, profile_of


def table(rows, names="x,y"):
    return names + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def checks(found):
    return [each["check"] for each in found.findings]


def test_a_sound_table_has_no_findings(tmp_path):
    assert profile_of(tmp_path, HEADER, "".join(people()), target="income").findings == []


def test_every_finding_has_the_contracts_shape(tmp_path):
    lines = people(60)
    text = HEADER + "".join(lines) + lines[0] + "1,2\n" + "61,20,red,2023-01-01,a b c d,x,\n"
    found = profile_of(tmp_path, text, target="income", identifier_column="warn", constant_column="warn")
    assert set(checks(found)) == {
        "ragged_rows",
        "missing_target",
        "duplicate_rows",
        "constant_column",
    }
    for each in found.findings:
        assert set(each) == {"check", "count", "message", "fix", "rows"}
        assert each["message"].endswith(".")
        assert each["check"] in POLICY
        for row in each["rows"]:
            assert set(row) == {"file", "line", "text"}
            assert len(row["text"]) <= 200


def test_target_is_no_column(tmp_path):
    found = profile_of(tmp_path, HEADER + "".join(people()), target="incone")
    told = finding(found, "no_target")
    assert "Did you mean 'income'?" in told["message"]
    assert found.summary["target"] is None
    assert found.json["rows"] == 400


def test_target_is_empty(tmp_path):
    told = finding(profile_of(tmp_path, table([(n, "?") for n in range(20)]), target="y"), "no_target")
    assert told["count"] == 20
    assert told["rows"][0] == {"file": "part-0.csv", "line": 2, "text": "0,?"}


def test_one_class(tmp_path):
    found = profile_of(tmp_path, table([(n, "yes") for n in range(20)]), target="y")
    assert "'yes'" in finding(found, "one_class")["message"]


def test_words_among_numbers_are_shown(tmp_path):
    rows = [(n, n * 1.5) for n in range(200)]
    rows[17], rows[90] = (17, "n.a."), (90, "\x1b[31mtwelve")
    told = finding(profile_of(tmp_path, table(rows), target="y"), "mixed_target")
    assert told["count"] == 2
    assert [row["line"] for row in told["rows"]] == [19, 92]
    assert "\\x1b[31mtwelve" in told["rows"][1]["text"]


def test_numbers_among_words_are_shown(tmp_path):
    rows = [(n, "cat" if n % 3 else "dog") for n in range(400)]
    rows[7] = (7, "5")
    told = finding(profile_of(tmp_path, table(rows), target="y"), "mixed_target")
    assert (told["count"], told["rows"][0]["line"]) == (1, 9)


@pytest.mark.parametrize("labels", [["1", "2", "many"], ["0", "1"], ["3+", "1", "2"], ["1.0", "2.0"]])
def test_classes_may_be_called_as_one_likes(tmp_path, labels):
    rows = [(n * n, labels[n % len(labels)]) for n in range(300)]
    assert finding(profile_of(tmp_path, table(rows), target="y"), "mixed_target") is None


def test_regression_wants_numbers(tmp_path):
    rows = [(n, ("few", "3", "4")[n % 3]) for n in range(60)]
    found = profile_of(tmp_path, table(rows), target="y", problem="regression")
    assert finding(found, "mixed_target")["count"] == 20


def test_a_problem_that_does_not_fit(tmp_path):
    rows = [(n, "abc"[n % 3]) for n in range(60)]
    told = finding(profile_of(tmp_path, table(rows), target="y", problem="binary"), "mixed_target")
    assert "binary needs two values, there are 3" in told["message"]


def test_rows_without_a_target_are_shown(tmp_path):
    rows = [(n, "" if n in (3, 50) else "ab"[n % 2]) for n in range(60)]
    told = finding(profile_of(tmp_path, table(rows), target="y"), "missing_target")
    assert (told["count"], [row["line"] for row in told["rows"]]) == (2, [5, 52])


def test_ragged_rows_are_shown(tmp_path):
    found = profile_of(tmp_path, table([(n, "ab"[n % 2]) for n in range(30)]) + "1\n2,a,b\n", target="y")
    told = finding(found, "ragged_rows")
    assert (told["count"], [row["line"] for row in told["rows"]]) == (2, [32, 33])
    assert found.json["rows"] == 30


def test_duplicates_are_shown_across_files(tmp_path):
    rows = [(n, "ab"[n % 2]) for n in range(30)]
    told = finding(profile_of(tmp_path, table(rows), table(rows[10:12]), target="y"), "duplicate_rows")
    assert told["count"] == 2
    assert [(row["file"], row["line"]) for row in told["rows"]] == [("part-1.csv", 2), ("part-1.csv", 3)]


@pytest.mark.parametrize(("rows", "count"), [(9, 9), (10, None)])
def test_too_few_rows(tmp_path, rows, count):
    found = profile_of(tmp_path, table([(n * 3, "ab"[n % 2]) for n in range(rows)]), target="y")
    told = finding(found, "too_few_rows")
    assert (told and told["count"]) == count


def test_without_a_target_nothing_is_said_of_it(tmp_path):
    assert profile_of(tmp_path, table([(1, "a"), (2, "b")])).findings == []


def test_ignored_checks_are_not_told_and_useless_columns_only_on_demand(tmp_path):
    text = HEADER + "".join(people())
    found = profile_of(tmp_path, text, target="income", identifier_column="warn", constant_column="warn")
    assert "'id'" in finding(found, "identifier_column")["message"]
    assert "'always'" in finding(found, "constant_column")["message"]
    rows = table([(1, "a")] * 30 + [(2, "b")] * 30)
    assert checks(profile_of(tmp_path, rows, target="y", duplicate_rows="ignore", target_leakage="ignore")) == []


def test_what_is_refused_comes_first(tmp_path):
    rows = table([(1, "a")] * 30) + "1\n"
    found = profile_of(tmp_path, rows, target="y", one_class="warn", duplicate_rows="refuse")
    policies = [
        ProfileSettings(checks={"one_class": "warn", "duplicate_rows": "refuse"}).policy(c) for c in checks(found)
    ]
    assert policies == sorted(policies)


LEAKS = {
    "copy": lambda y, chance: "paid" if y else "open",
    "noisy copy": lambda y, chance: y if chance.random() < 0.999 else 1 - y,
    "score": lambda y, chance: y * 10 + chance.random(),
    "two humps": lambda y, chance: chance.choice([-5, 5]) + chance.random() if y else chance.random(),
    "known later": lambda y, chance: f"2024-03-{chance.randint(1, 28):02}" if y else "",
}
HONEST = {
    "noise": lambda y, chance: chance.random(),
    "strong": lambda y, chance: y * 2 + chance.gauss(0, 1),
    "strong levels": lambda y, chance: "ab"[y] if chance.random() < 0.9 else "ba"[y],
    "keys": lambda y, chance: f"key {chance.random()}",
    "many levels": lambda y, chance: f"town {chance.randint(0, 300)}",
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_gives_the_target_away_is_told(tmp_path, name):
    chance = random.Random(4)
    rows = [(LEAKS[name](y, chance), chance.random(), y) for y in (int(chance.random() < 0.3) for _ in range(2000))]
    found = profile_of(tmp_path, table(rows, "leak,other,y"), target="y")
    told = finding(found, "target_leakage")
    assert told["count"] == 1
    assert f"'leak' (AUC {column(found, 'leak')['association']['value']:.4f}" in told["message"]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_column_is_no_leak(tmp_path, name):
    chance = random.Random(4)
    rows = [(HONEST[name](y, chance), chance.random(), y) for y in (int(chance.random() < 0.3) for _ in range(2000))]
    assert finding(profile_of(tmp_path, table(rows, "x,other,y"), target="y"), "target_leakage") is None


def test_leaks_of_several_classes_and_of_numbers(tmp_path):
    chance = random.Random(4)
    rows = [(f"code {y}", chance.gauss(y, 1), "abcd"[y]) for y in (chance.randint(0, 3) for _ in range(1000))]
    found = profile_of(tmp_path, table(rows, "leak,honest,y"), target="y")
    assert "'leak' (skill 1.0000" in finding(found, "target_leakage")["message"]
    assert finding(found, "target_leakage")["count"] == 1
    rows = [(y * 1.8 + 32, y + chance.gauss(0, 20), y) for y in (chance.random() * 100 for _ in range(1000))]
    found = profile_of(tmp_path, table(rows, "fahrenheit,honest,y"), target="y")
    assert "'fahrenheit' (R² 1.0000" in finding(found, "target_leakage")["message"]
    assert finding(found, "target_leakage")["count"] == 1


def test_few_rows_prove_no_leak(tmp_path):
    rows = [(f"code {n % 2}", n % 2) for n in range(40)]
    assert finding(profile_of(tmp_path, table(rows), target="y"), "target_leakage") is None


def before(tmp_path, lines=None):
    return profile_of(tmp_path, HEADER, "".join(lines or people(seed=9)), target="income").json


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([30, 120, 600]), st.sampled_from([30, 500]))
def test_another_draw_of_the_same_is_no_drift(tmp_path_factory, seed, now, then):
    folder = tmp_path_factory.mktemp("drift")
    previous = before(folder, people(then, seed))
    found = profile_of(folder, HEADER, "".join(people(now, seed + 1, start=then)), target="income", previous=previous)
    assert finding(found, "drift") is None


def test_a_column_that_moved_is_told_with_its_figure(tmp_path):
    found = profile_of(tmp_path, HEADER, "".join(people(older=15)), target="income", previous=before(tmp_path))
    drift = column(found, "age")["drift"]
    assert drift["over"]
    assert drift["ks"] > 0.15
    assert f"'age' (PSI {drift['value']:.2f}, threshold {drift['threshold']:.2f})" in finding(found, "drift")["message"]


def test_a_new_value_is_named_and_a_target_that_moved_comes_first(tmp_path):
    lines = [line.replace("green", "teal").replace(",low", ",low.").replace(",high", ",high.") for line in people()]
    found = profile_of(tmp_path, HEADER, "".join(lines), target="income", previous=before(tmp_path))
    message = finding(found, "drift")["message"]
    assert message.index("the target 'income'") < message.index("'colour'")
    assert "new value 'teal' in" in message


@pytest.mark.parametrize("now", ["7", "4", "5.5"])
def test_a_constant_that_changed_is_drift(tmp_path, now):
    previous = profile_of(tmp_path, table([(5, "ab"[n % 2], n * n) for n in range(60)], "x,y,z"), target="y").json
    found = profile_of(
        tmp_path, table([(now, "ab"[n % 2], n * n) for n in range(60)], "x,y,z"), target="y", previous=previous
    )
    assert "'x' (PSI" in finding(found, "drift")["message"]


def test_missing_values_are_drift(tmp_path):
    fields = [line.split(",") for line in people(500, 3)]
    lines = [",".join([row[0], "?" if n % 2 else row[1], *row[2:]]) for n, row in enumerate(fields)]
    found = profile_of(tmp_path, HEADER, "".join(lines), target="income", previous=before(tmp_path))
    assert "50% missing, before 0%" in finding(found, "drift")["message"]


def changed(tmp_path, edit, names=HEADER, previous=None):
    lines = [",".join(edit(line.rstrip("\n").split(","))) + "\n" for line in people()]
    return profile_of(tmp_path, names, "".join(lines), target="income", previous=previous or before(tmp_path))


def test_a_column_that_went_away(tmp_path):
    found = changed(tmp_path, lambda f: [f[0], *f[2:]], HEADER.replace("age,", ""))
    told = finding(found, "schema_changed")
    assert (told["count"], "'age'" in told["message"]) == (1, True)
    assert finding(found, "new_columns") is None


def test_a_column_that_looks_renamed(tmp_path):
    found = changed(tmp_path, lambda f: f, HEADER.replace("age", "age_years"))
    assert "'age' looks renamed to 'age_years'" in finding(found, "schema_changed")["message"]
    assert "'age_years'" in finding(found, "new_columns")["message"]


def test_a_new_column(tmp_path):
    found = changed(tmp_path, lambda f: ["9", *f], "extra," + HEADER)
    assert finding(found, "schema_changed") is None
    assert finding(found, "new_columns")["count"] == 1


def test_a_column_that_holds_something_else(tmp_path):
    found = changed(tmp_path, lambda f: [f[0], "old" if int(f[1]) > 50 else "young", *f[2:]])
    assert "'age' was number and is now boolean" in finding(found, "schema_changed")["message"]


def test_columns_in_another_order(tmp_path):
    found = changed(tmp_path, lambda f: [f[1], f[0], *f[2:]], "age,id,colour,joined,note,always,income\n")
    assert checks(found) == ["new_columns"]
    assert "another order" in finding(found, "new_columns")["message"]


def test_what_is_no_change_of_kind(tmp_path):
    """A missing value turns a boolean into a category; a column without any value says nothing."""
    found = changed(tmp_path, lambda f: [*f[:2], "red" if f[2] != "red" else "?", f[3], f[4], "", f[6]])
    assert finding(found, "schema_changed") is None


def test_a_profile_of_another_version_is_not_compared_with(tmp_path):
    previous = {"version": "dropforge.profile/0", "columns": "who knows"}
    found = profile_of(tmp_path, HEADER, "".join(people()), target="income", previous=previous)
    assert found.json["compared_with"] is None
    assert found.findings == []


def test_the_same_again_has_moved_nowhere(tmp_path):
    previous = before(tmp_path)
    kept = copy.deepcopy(previous)
    found = profile_of(tmp_path, HEADER, "".join(people(seed=9)), target="income", previous=previous)
    assert previous == kept
    assert found.findings == []
    assert all(each["drift"]["value"] == 0 for each in found.json["columns"])
    assert found.json["changes"] == {"missing": [], "new": [], "renamed": [], "kinds": [], "reordered": False}
