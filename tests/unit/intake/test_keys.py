from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake import keys


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("adult/train/a.csv", ("adult", "train", "", "a.csv")),
        ("adult/train/2026/11/a.csv", ("adult", "train", "2026/11", "a.csv")),
        ("adult/project.yaml", ("adult", "project.yaml", "", "")),
        ("adult", ("adult", "", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_the_parts_of_a_key(key: str, parts: tuple[str, ...]) -> None:
    assert keys.parts(key) == parts


@pytest.mark.parametrize(
    "key",
    [
        "adult/train/a.csv",
        "adult/train/2026/11/ein Name äöü+%20 (1).csv",
        "adult/features/a=1/b=2/part-0.parquet",
        "adult/train/…/a.csv",
        "adult/train/a..a/b..csv",
        "adult/train/_SUCCESS",
        "adult/train/x/_MANIFEST",
        "adult/train/_manifest.json",
        "adult/train/.manifest",
        "adult/train/family-\U0001f468\u200d\U0001f469.csv",
        "adult/train/" + "n" * 255,
        "adult/train/100%.csv",
    ],
)
def test_data(key: str) -> None:
    assert keys.why_not(key) is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("adult/train/../other/a.csv", "could leave the folder"),
        ("adult/train/./a.csv", "could leave the folder"),
        ("adult/train/..", "could leave the folder"),
        ("adult/train/%2e%2e/a.csv", "could leave the folder"),
        ("adult/train/%2E./a.csv", "could leave the folder"),
        ("adult/train/%252e%252e/a.csv", "could leave the folder"),
        ("adult/train/..%2fa.csv", "could leave the folder"),
        ("adult/train/..\\a.csv", "could leave the folder"),
        ("adult/train/..%5ca.csv", "could leave the folder"),
        ("adult/train//a.csv", "empty (//)"),
        ("adult/train/x//", "empty (//)"),
        ("adult/train/a\nb.csv", "U+000A"),
        ("adult/train/a\0b.csv", "U+0000"),
        ("adult/train/a\x7fb.csv", "U+007F"),
        ("adult/train/a\u0085b.csv", "U+0085"),
        ("adult/train/a\u202egpj.csv", "U+202E"),
        ("adult/train/a\u2066b.csv", "U+2066"),
        ("adult/train/a\u061cb.csv", "U+061C"),
        ("adult/train/a\u200bb.csv", "U+200B"),
        ("adult/train/a\u2028b.csv", "U+2028"),
        ("adult/train/\ufeffa.csv", "U+FEFF"),
        ("adult/train/a\\b.csv", "backslash"),
        ("adult/train/" + "n" * 256, "256 bytes"),
        ("adult/train/" + "ü" * 128, "256 bytes"),
        ("adult/train/" + "/".join(["f" * 200] * 5) + "/a.csv", "more than 900 bytes"),
    ],
)
def test_a_key_that_no_job_may_see_as_a_files_name(key: str, said: str) -> None:
    reason = keys.why_not(key)
    assert reason is not None
    assert reason.startswith("unsafe key: ")
    assert said in reason


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("adult/train/.hidden.csv", "hidden"),
        ("adult/train/_temporary/0/part-0.csv", "hidden"),
        ("adult/train/a.csv.tmp", "temporary"),
        ("adult/train/a.csv~", "temporary"),
        ("adult/train/.git/manifest.json", "hidden"),
        ("adult/train/sub/", "folder's own marker"),
        ("adult/train", "beside it"),
        ("adult/trian/a.csv", "'trian' is no channel; did you mean train?"),
        ("adult/data/a.csv", "'data' is no channel (train, validation"),
        ("adult/code/train.py", "next run"),
        ("adult/project.yaml", "machine of its own"),
        ("adult/sub/project.yaml", "'sub' is no channel"),
        ("Adult/train/a.csv", "no project's name"),
        ("\u0430dult/train/a.csv", r"'\u0430dult' is no project's name"),
        ("a.csv", "no project's name"),
        ("/train/a.csv", "no project's name"),
        ("", "no project's name"),
    ],
)
def test_what_is_part_of_no_drop(key: str, said: str) -> None:
    assert said in (keys.why_not(key) or "")


@given(st.text(max_size=40), st.sampled_from(["", "adult/train/", "adult/train/x/", "adult/"]))
def test_every_key_is_judged_in_one_printable_line(text: str, begin: str) -> None:
    reason = keys.why_not(begin + text)
    assert reason is None or (reason.isprintable() and 0 < len(reason) < 300)


@given(st.text(max_size=40))
def test_what_is_data_stays_in_its_folder(name: str) -> None:
    if keys.why_not(f"adult/train/{name}") is None:
        parts = name.split("/")
        assert "" not in parts
        assert not {".", ".."} & set(parts)
        assert "\n" not in name
