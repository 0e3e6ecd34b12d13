from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake import keys
from intake.manifest import NAMES_LIMIT, SIZE_LIMIT, Manifest, read_manifest

FOLDER = "adult/train/x/"
TWO = [f"{FOLDER}a.csv", f"{FOLDER}b.csv"]


def read(content: object, folder: str = FOLDER) -> Manifest:
    text = content if isinstance(content, str) else json.dumps(content)
    return read_manifest(text.encode(), "data-bucket", folder)


@pytest.mark.parametrize(
    "content",
    [
        "a.csv\nb.csv\n",
        "# what was exported today\r\n\r\n  a.csv  \r\n./b.csv\r\n",
        "\ufeffb.csv\na.csv\na.csv",
        f"{FOLDER}a.csv\ns3://data-bucket/{FOLDER}b.csv",
        ["a.csv", "b.csv"],
        [{"prefix": f"s3://data-bucket/{FOLDER}"}, "a.csv", "b.csv"],
        [{"prefix": f"s3://data-bucket/{FOLDER}"}, "b.csv", "a.csv", "b.csv"],
        {"objects": ["a.csv", "b.csv"]},
        {"files": ["./a.csv", f"{FOLDER}b.csv"]},
        {"prefix": FOLDER, "objects": ["a.csv", "b.csv"]},
        {"entries": [{"url": f"s3://data-bucket/{FOLDER}{n}", "mandatory": True} for n in ("a.csv", "b.csv")]},
        [{"url": f"s3://data-bucket/{FOLDER}a.csv"}, {"url": "b.csv"}],
    ],
)
def test_the_forms_of_a_manifest(content: object) -> None:
    assert read(content) == Manifest(TWO)


@pytest.mark.parametrize(
    "content",
    [
        "# force: true\na.csv\nb.csv",
        "a.csv\nb.csv\nforce = TRUE",
        {"objects": ["a.csv", "b.csv"], "force": True},
        [{"prefix": FOLDER, "force": True}, "a.csv", "b.csv"],
    ],
)
def test_the_same_content_shall_be_trained_again(content: object) -> None:
    assert read(content) == Manifest(TWO, force=True)


@pytest.mark.parametrize(
    "content", ["# force: false\na.csv", {"objects": ["a.csv"], "force": False}, "#force: maybe\na.csv"]
)
def test_it_shall_not(content: object) -> None:
    assert read(content).force is False


def test_a_channel_itself_is_a_folder() -> None:
    assert read("a.csv", "adult/train/") == Manifest(["adult/train/a.csv"])


@pytest.mark.parametrize(
    "name",
    [
        "sub/b.csv",
        "../b.csv",
        "%2e%2e%2fb.csv",
        "/b.csv",
        "s3://other-bucket/adult/train/x/b.csv",
        "s3://data-bucket/adult/train/y/b.csv",
        "s3://data-bucket",
        "adult/train/y/b.csv",
        ".hidden.csv",
        "b.csv.tmp",
        "b\u202e.csv",
        "https://example.com/b.csv",
    ],
)
def test_what_is_no_data_of_its_folder_is_named(name: str) -> None:
    read_ = read(["a.csv", name])
    assert read_.keys == []
    assert read_.problem == (f"it names 1 that are no data of its own folder {FOLDER}: {name!a}")


def test_only_a_few_foreign_names_are_shown() -> None:
    problem = read([f"{n}/a.csv" for n in range(50)]).problem
    assert problem is not None
    assert "it names 50 that" in problem
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it names no object"),
        ("# only a comment\n", "it names no object"),
        ([], "it names no object"),
        ([{"prefix": FOLDER}], "it names no object"),
        ({"objects": []}, "it names no object"),
        ({"prefix": FOLDER}, 'no list "objects"'),
        ({"objects": "a.csv"}, 'no list "objects"'),
        ("[1, 2", "begins like JSON and is none"),
        ([1], "'1' is no object's name"),
        (["a.csv", None], "'None' is no object's name"),
        (["a.csv", ""], "'' is no object's name"),
        (["a.csv", ["b.csv"]], "is no object's name"),
        ([{"prefix": 5}, "a.csv"], '"prefix" is text'),
        ({"objects": ["a.csv"], "force": "yes"}, '"force" is true or false'),
    ],
)
def test_what_cannot_be_a_manifest_says_why(content: object, said: str) -> None:
    assert said in (read(content).problem or "")


def test_bytes_that_are_no_text() -> None:
    assert "not UTF-8" in (read_manifest(b"\xff\xfe\x00a", "data-bucket", FOLDER).problem or "")


def test_json_within_json_without_end() -> None:
    assert read_manifest(b"[" * 200_000, "data-bucket", FOLDER).problem


def test_the_limits() -> None:
    assert "more than 8 MiB" in (read_manifest(b"a" * (SIZE_LIMIT + 1), "data-bucket", FOLDER).problem or "")
    many = "\n".join(f"{n}.csv" for n in range(NAMES_LIMIT + 1))
    assert f"more than {NAMES_LIMIT:,}" in (read(many).problem or "")
    assert len(read(many.partition("\n")[2]).keys) == NAMES_LIMIT


@given(st.binary(max_size=200))
def test_nothing_makes_it_fail_or_reach_elsewhere(content: bytes) -> None:
    read_ = read_manifest(content, "data-bucket", FOLDER)
    assert bool(read_.keys) != bool(read_.problem)
    for key in read_.keys:
        assert key.startswith(FOLDER)
        assert keys.why_not(key) is None


@given(
    st.lists(st.text(st.characters(whitelist_categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=9),
    st.sampled_from(["plain", "list", "prefixed", "object", "whole"]),
    st.booleans(),
)
def test_every_form_says_the_same(names: list[str], form: str, force: bool) -> None:
    files = [f"{name}.csv" for name in names]
    head = {"prefix": f"s3://data-bucket/{FOLDER}", "force": force}
    content = {
        "plain": "\n".join([f"# force: {str(force).lower()}", *files]),
        "list": [{"force": force}, *files],
        "prefixed": [head, *files],
        "object": {"objects": files, "force": force},
        "whole": {"objects": [f"{FOLDER}{file}" for file in files], "force": force},
    }[form]
    assert read(content) == Manifest(sorted({f"{FOLDER}{file}" for file in files}), force)
