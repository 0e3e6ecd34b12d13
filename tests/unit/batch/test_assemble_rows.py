"""The answers beside the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from batch.errors import BatchRowsError
from moto import mock_aws

from tests.unit.batch.rows_cloud import Cloud

ANSWERS = '{"label": "yes", "probability": 0.9}\n{"error": "column \'age\': x"}\n'


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def assemble(cloud: Cloud, answers: str, kind: str = "classes") -> dict[str, Any]:
    cloud.put("adult/batch/abcdefghij/output/000000.jsonl.out", answers)
    return cloud.call("assemble_rows", staged={"kind": kind, "files": ["000000.jsonl"]})


def written(cloud: Cloud, name: str = "a.csv") -> str:
    return cloud.get(f"adult/batch/abcdefghij/predictions/{name}")


def test_every_row_keeps_its_columns_and_gets_its_answer_or_its_error(cloud: Cloud) -> None:
    cloud.drop(a='id,city,age\n1,"New\nYork",31\n2,Oslo,x\n')
    found = assemble(cloud, ANSWERS)
    lines = 'id,city,age,prediction,probability,error\n1,"New\nYork",31,yes,0.9,\n'
    assert written(cloud) == lines + "2,Oslo,x,,,column 'age': x\n"
    assert (found["rows"], found["refused"]) == (1, 1)
    assert found["errors"] == ["a.csv, line 4: column 'age': x"]


def test_without_a_header_there_is_none(cloud: Cloud) -> None:
    cloud.drop(a="1,2.5\n2,3.5\n3,4.5\n")
    assemble(cloud, '{"value": 1}\n{"value": 2}\n{"value": 3}\n', "value")
    assert written(cloud) == "1,2.5,1,\n2,3.5,2,\n3,4.5,3,\n"


@pytest.mark.parametrize("answers", ["[0, 1]\n", "0\n1\n", '{"predictions": [0, 1]}\n', "[0]\n[1]\n"])
def test_a_script_may_answer_as_it_likes(cloud: Cloud, answers: str) -> None:
    cloud.drop(a="age,prediction\n31,x\n40,y\n")
    assemble(cloud, answers, "script")
    assert written(cloud) == "age,prediction,dropforge_prediction\n31,x,0\n40,y,1\n"


def test_a_script_s_lists_become_columns(cloud: Cloud) -> None:
    cloud.drop(a="age,city\n31,x\n40,y\n")
    assemble(cloud, "0.1,0.9\n0.2,0.8\n", "script")
    assert written(cloud).splitlines()[0] == "age,city,prediction_1,prediction_2"


@pytest.mark.parametrize("answers", ['{"label": "yes"}\n', '{"label": "yes"}\n' * 3])
def test_one_answer_for_each_row_or_none_at_all(cloud: Cloud, answers: str) -> None:
    cloud.drop(a="age,city\n31,x\n40,y\n")
    with pytest.raises(BatchRowsError, match="the model gave"):
        assemble(cloud, answers)
