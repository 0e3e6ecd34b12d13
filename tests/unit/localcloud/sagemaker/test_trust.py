"""Trust policies in their forms."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.trust import trusts_sagemaker

SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Allow", "Principal": SAGEMAKER, "Action": "sts:AssumeRole"}, True),
        ({"Effect": "Allow", "Principal": {"Service": ["a", "sagemaker.amazonaws.com"]}, "Action": ["sts:*"]}, True),
        ({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}, False),
        ({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}, False),
        ({"Effect": "Allow", "Principal": SAGEMAKER, "Action": "sts:TagSession"}, False),
        ({"Effect": "Deny", "Principal": SAGEMAKER, "Action": "sts:AssumeRole"}, False),
    ],
)
def test_statement(statement: dict, expected: bool) -> None:
    assert trusts_sagemaker({"Statement": statement}) is expected
    assert trusts_sagemaker({"Statement": [statement]}) is expected


def test_deny_wins() -> None:
    allow, deny = ({"Effect": e, "Principal": SAGEMAKER, "Action": "sts:AssumeRole"} for e in ("Allow", "Deny"))
    assert not trusts_sagemaker({"Statement": [allow, deny]})


def test_empty() -> None:
    assert not trusts_sagemaker({})
