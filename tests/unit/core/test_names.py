from __future__ import annotations

import botocore.session
import pytest
from dropforge import names
from dropforge.errors import NameInvalidError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", ["ab", "churn-eu", "a1", "a" * 31, "a-b-c"])
def test_good_project_names(name: str) -> None:
    assert names.is_project(name)


@pytest.mark.parametrize("name", ["a", "", "a" * 32, "A1", "1a", "a--b", "a-", "-a", "a_b", "ä1", "a b", "a\n"])
def test_bad_project_names(name: str) -> None:
    assert not names.is_project(name)


@given(st.lists(st.text(), min_size=1))
def test_a_run_id_is_ten_letters_and_digits(parts: list[str]) -> None:
    assert names.RUN.fullmatch(names.run_id(*parts))


def test_every_job_name_fits_tuning_jobs_too() -> None:
    longest = names.job_name("abcdefghij", "evaluate", names.job_attempt(3, 10))
    assert longest == "df-abcdefghij-evaluate-a30"
    assert len(longest) <= 32
    with pytest.raises(NameInvalidError, match="at most 32"):
        names.job_name("abcdefghij", "a-very-long-step-name", 1)


@given(st.integers(1, 9), st.integers(1, 10))
def test_no_two_tries_share_a_name(attempt: int, job_try: int) -> None:
    number = names.job_attempt(attempt, job_try)
    assert divmod(number - 1, names.TRIES_PER_ATTEMPT) == (attempt - 1, job_try - 1)
    assert names.job_try(names.job_name("abcdefghij", "train", number)) == job_try


def test_the_next_job_name() -> None:
    assert names.next_job_name("df-abcdefghij-train-a9") == "df-abcdefghij-train-a10"
    with pytest.raises(NameInvalidError):
        names.next_job_name("somebody-elses")


@pytest.mark.parametrize(
    "instance", ["ml.m5d.large", "ml.g4dn.xlarge", "ml.c6gd.4xlarge", "ml.p4d.24xlarge", "ml.g5.xlarge"]
)
def test_instances_with_disks_of_their_own(instance: str) -> None:
    assert names.has_local_storage(instance)


@pytest.mark.parametrize("instance", ["ml.m5.large", "ml.c5n.xlarge", "ml.t3.medium", "ml.p3.2xlarge", "ml.m6i.large"])
def test_instances_without(instance: str) -> None:
    assert not names.has_local_storage(instance)


def test_uris() -> None:
    assert names.split_uri("s3://b/a/ü b.csv") == ("b", "a/ü b.csv")
    with pytest.raises(NameInvalidError):
        names.split_uri("https://b/a")


def test_an_execution_that_starts_again_keeps_its_base() -> None:
    assert names.next_execution("x" * 79, 2) == "x" * 70 + "-a2"
    assert names.next_execution("run-a2", 3) == "run-a3"
    assert [names.execution_attempt(n) for n in ("run", "run-a4", "x-a58730601751")] == [1, 4, 1]


def test_a_configurations_name_tells_run_and_version() -> None:
    name = names.endpoint_config_name("abcdefghij", 12, "0123456789abcdef")
    assert name == "df-abcdefghij-v12-0123456789"
    assert names.configured_version(name) == ("abcdefghij", 12)
    assert names.configured_version("somebody-elses") is None
    assert names.configured_version(None) is None


def test_transform_jobs_run_on_what_aws_says() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    known = {
        name: set(model.shape_for(name).enum) for name in ("TransformInstanceType", "ProductionVariantInstanceType")
    }
    every = known["TransformInstanceType"] | known["ProductionVariantInstanceType"]
    assert {name for name in every if names.transforms(name)} == known["TransformInstanceType"]
