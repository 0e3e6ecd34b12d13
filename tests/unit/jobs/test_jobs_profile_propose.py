import pytest
from dropforge.project_read import read_project
from dropforge_jobs.profile.propose import propose_project
from dropforge_jobs.profile.yaml_text import comment, flow, quoted
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.profile_tables import HEADER, people, profile_of, table_of


def proposal(folder, text, columns=None):
    """The proposal for a drop without project.yaml, as the inspection makes it."""
    found = profile_of(folder, text, columns=columns)
    table = table_of(folder, text, columns=columns)
    head = {"columns": table.names if table.header else None, "fields": len(table.names), "header": table.header}
    return propose_project(found.json, head)


def proposed(folder, text):
    return read_project(proposal(folder, text)["yaml"])


def test_a_usual_table(tmp_path):
    told = proposal(tmp_path, HEADER + "".join(people()))
    project = read_project(told["yaml"])
    assert (project.algorithm, project.target, project.problem, project.columns) == (
        "xgboost",
        "income",
        "binary",
        None,
    )
    assert "last column and holds 2 classes" in told["notes"][0]
    assert "id, always" in told["yaml"]


def rows(make, count=60):
    return "".join(",".join(map(str, make(n))) + "\n" for n in range(count))


@pytest.mark.parametrize(
    ("text", "target", "problem"),
    [
        ("y,a,b\n" + rows(lambda n: (n % 2, n * 7 % 50, n * 3 % 40)), "y", "binary"),
        ("a,Target,b\n" + rows(lambda n: (n * 7 % 50, n * 1.5, n * 3 % 40)), "Target", "regression"),
        ("a,churn_label,b\n" + rows(lambda n: (n * 7 % 50, "xyz"[n % 3], n * 3 % 40)), "churn_label", "multiclass"),
        ("kind,title\n" + rows(lambda n: (n % 4, f"a headline of words {n * 7919 % 1000}"), 200), "kind", "multiclass"),
        ("a,b,price\n" + rows(lambda n: (n * 7 % 50, n * 3 % 40, n * 17.25)), "price", "regression"),
        ("a,good,id\n" + rows(lambda n: (n * 7.5, "yn"[n % 2], n)), "good", "binary"),
        ("target,a,b\n" + rows(lambda n: ("x", n * 7 % 50, "pq"[n % 2])), "b", "binary"),
        ("a,no\n" + rows(lambda n: (n * 7 % 50, n % 3)), "no", "multiclass"),
        ('a,"the: ""best"" # one"\n' + rows(lambda n: (n * 7 % 50, n % 3)), 'the: "best" # one', "multiclass"),
        ("größe,évaluation 🎯\n" + rows(lambda n: (n * 7 % 50, "ab"[n % 2])), "évaluation 🎯", "binary"),
    ],
)
def test_the_target_is_guessed(tmp_path, text, target, problem):
    project = proposed(tmp_path, text)
    assert (project.target, project.problem) == (target, problem)


def test_files_without_header_get_placeholders(tmp_path):
    project = proposed(tmp_path, rows(lambda n: (n * 7.5, "abc"[n % 3], n % 2)))
    assert project.columns == ["column_0", "column_1", "column_2"]
    assert project.target == "column_2"


def test_very_many_columns_without_header_are_counted(tmp_path):
    project = proposed(tmp_path, rows(lambda n: [n * 7 % (place + 11) + 0.5 for place in range(5000)] + [n % 2], 30))
    assert project.columns is None
    assert project.target == 5000


@pytest.mark.parametrize(
    "text",
    ["a\n" + rows(lambda n: (n % 2,)), "a,b\n" + rows(lambda n: (n, "x")), rows(lambda n: (f"some words of {n}", "x"))],
)
def test_what_cannot_be_foretold_takes_a_script(tmp_path, text):
    found = propose_project(
        profile_of(tmp_path, text + "".join("" for _ in text)).json if "," in text else one_column(), {"columns": None}
    )
    project = read_project(found["yaml"])
    assert project.script == "train.py"
    assert "script" in found["notes"][0]


def one_column():
    column = {"name": "a", "index": 0, "kind": "boolean", "family": "words", "distinct": 2}
    return {"rows": 60, "columns": [column], "header": True, "format": "jsonl"}


def test_no_table_no_proposal():
    assert propose_project(None, None)["yaml"] is None
    assert propose_project({"columns": []}, {})["yaml"] is None


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_the_format_is_said(tmp_path, kind):
    found = profile_of(tmp_path, HEADER + "".join(people(60))).json
    project = read_project(propose_project({**found, "format": kind}, {"columns": HEADER.strip().split(",")})["yaml"])
    assert (project.data.format, project.target) == (kind, "income")


NAMES = st.one_of(
    st.sampled_from(
        ["target: x", "a\nalgorithm: sklearn", "!!python/object", "&a", "*a", "~", "1.5", "true", "'", "\\"]
    ),
    st.text(min_size=1, max_size=30),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), st.booleans(), st.data())
def test_no_name_can_say_anything_in_yaml(names, header, data):
    """Whatever columns are called, the file says what it should and nothing else."""
    kinds = st.sampled_from(["number", "boolean", "category", "identifier", "constant", "text"])
    columns = [
        {"name": name, "index": index, "kind": data.draw(kinds), "family": "words", "distinct": 2 + index}
        for index, name in enumerate(names)
    ]
    profile = {"rows": 60, "columns": columns, "header": header, "format": "csv"}
    project = read_project(propose_project(profile, {"columns": names if header else None})["yaml"])
    assert project.model_fields_set <= {"algorithm", "target", "problem", "columns", "train"}
    if project.target is None:
        assert project.script == "train.py"
    elif header:
        assert project.target in names or isinstance(project.target, int)
    else:
        assert project.target in project.columns


@settings(deadline=None)
@given(st.text())
def test_quoted_texts_come_out_again(text):
    import yaml

    assert yaml.safe_load(f"key: {quoted(text)}") == {"key": text}
    assert yaml.safe_load(f"{comment(text)}\nkey: 1") == {"key": 1}
    assert yaml.safe_load("\n".join(flow("key", [text, "b"] * 20))) == {"key": [text, "b"] * 20}
