"""Rows as the model is sent them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from batch.errors import BatchRowsError, BatchTooLargeError
from moto import mock_aws

from tests.unit.batch.rows_cloud import DATASET, Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def sent(cloud: Cloud, name: str = "000000.jsonl") -> list[dict[str, str]]:
    return [json.loads(line) for line in cloud.get(f"adult/batch/abcdefghij/input/{name}").splitlines()]


def test_our_model_gets_its_columns_by_name_and_nothing_else(cloud: Cloud) -> None:
    cloud.drop(a='id,city,left,age\n1,"New\nYork",yes,31\n2,Oslo,no,40\n', b="id,city,left,age\n3,Rom,no,50\n")
    staged = cloud.call("stage_rows")
    assert sent(cloud) == [{"age": "31", "city": "New\nYork"}, {"age": "40", "city": "Oslo"}]
    assert sent(cloud, "000001.jsonl") == [{"age": "50", "city": "Rom"}]
    assert staged == {
        "kind": "classes",
        "content_type": "application/jsonlines",
        "files": ["000000.jsonl", "000001.jsonl"],
        "rows": 3,
        "skipped": 0,
    }


@pytest.mark.parametrize("rows", ["31,1.5\n40,2.5\n50,3.5\n", "31,no,1.5\n40,no,2.5\n50,no,3.5\n"])
def test_without_a_header_columns_go_by_their_place_with_or_without_the_target(cloud: Cloud, rows: str) -> None:
    cloud.drop(a=rows)
    cloud.call("stage_rows")
    assert sent(cloud)[0] == {"age": "31", "city": "1.5"}


def test_a_missing_column_is_named(cloud: Cloud) -> None:
    cloud.drop(a="id,age\n1,31\n2,40\n")
    with pytest.raises(BatchRowsError, match="lacks 1 of the 2 columns that the model learnt from: city"):
        cloud.call("stage_rows")


def test_a_row_of_the_wrong_width_is_counted(cloud: Cloud) -> None:
    cloud.drop(a="city,age\nOslo,31\nRom\nBonn,40\n")
    assert cloud.call("stage_rows")["skipped"] == 1


def test_a_script_gets_csv_without_header_and_target(cloud: Cloud) -> None:
    cloud.drop(ours=False, a='age,left,city\n31,yes,"New\nYork"\n40,no,Oslo\n')
    assert cloud.call("stage_rows")["kind"] == "script"
    assert cloud.get("adult/batch/abcdefghij/input/000000.csv") == "31,New York\n40,Oslo\n"


def test_what_no_function_can_read_is_refused_before_it_is_read(cloud: Cloud) -> None:
    dataset = {"digest": "0d", "uri": DATASET, "objects": 1, "bytes": 2 * 1024**3}
    with pytest.raises(BatchTooLargeError, match=r"2\.0 GiB"):
        cloud.call("stage_rows", dataset=dataset)
