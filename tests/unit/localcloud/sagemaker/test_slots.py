"""More jobs than a laptop carries: they wait for their turn, and can be stopped while they do."""

from __future__ import annotations

import threading

import pytest

from localcloud.sagemaker.errors import JobStoppedError
from localcloud.sagemaker.jobs import slots
from localcloud.sagemaker.jobs.running import JobControl, RunningJobs
from localcloud.sagemaker.jobs.slots import Slots
from localcloud.settings import SettingsError
from tests.unit.localcloud.sagemaker.helpers import Cloud, processing_request, training_request

HOLD = "import signal, sys; print('holding'); signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); signal.pause()"


@pytest.fixture
def one_slot(cloud: Cloud) -> Cloud:
    cloud.service.context.jobs = RunningJobs(1)
    cloud.put("data/rows.csv")
    cloud.runtime.images |= {"hold": HOLD, "quick": "print('done')"}
    return cloud


def test_a_job_waits_in_starting_and_runs_when_the_one_before_has_ended(one_slot: Cloud) -> None:
    one_slot.call("CreateTrainingJob", **training_request(one_slot, "first", "hold"))
    one_slot.runtime.wait_for_line("holding")
    one_slot.call("CreateTrainingJob", **training_request(one_slot, "second", "quick"))
    one_slot.wait(lambda event: event["detail"].get("TrainingJobName") == "second")
    waiting = one_slot.call("DescribeTrainingJob", TrainingJobName="second")
    assert (waiting["TrainingJobStatus"], waiting["SecondaryStatus"]) == ("InProgress", "Starting")
    assert "TrainingStartTime" not in waiting  # neither billed nor measured against MaxRuntimeInSeconds yet
    assert "quick" not in one_slot.runtime.requests
    one_slot.call("StopTrainingJob", TrainingJobName="first")
    assert one_slot.wait_job("second")["detail"]["TrainingJobStatus"] == "Completed"


def test_a_waiting_job_can_be_stopped_and_the_next_in_line_goes_on(one_slot: Cloud) -> None:
    one_slot.call("CreateTrainingJob", **training_request(one_slot, "first", "hold"))
    one_slot.runtime.wait_for_line("holding")
    one_slot.call("CreateTrainingJob", **training_request(one_slot, "second", "quick"))
    one_slot.call("CreateProcessingJob", **processing_request(one_slot, "third", "quick"))
    one_slot.call("StopTrainingJob", TrainingJobName="second")
    assert one_slot.wait_job("second")["detail"]["TrainingJobStatus"] == "Stopped"
    assert "quick" not in one_slot.runtime.requests
    one_slot.call("StopTrainingJob", TrainingJobName="first")
    assert one_slot.wait_job("third")["detail"]["ProcessingJobStatus"] == "Completed"


def test_turns_are_taken_in_order() -> None:
    line, order, inside = Slots(1), [], threading.Event()
    hold = threading.Event()

    def work(number: int) -> None:
        with line.one(JobControl()):
            order.append(number)
            inside.set()
            hold.wait(30)

    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        if number == 0:
            assert inside.wait(30)
        else:
            while len(line._waiting) < number:
                hold.wait(0.001)
    hold.set()
    for thread in threads:
        thread.join(30)
    assert order == [0, 1, 2, 3]


def test_a_stop_before_the_wait_is_a_stop() -> None:
    line, control = Slots(1), JobControl()
    control.stop("asked")
    with pytest.raises(JobStoppedError), line.one(control):
        raise AssertionError("it ran")
    with line.one(JobControl()):
        pass  # the slot was given back


def test_the_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPFORGE_MAX_JOBS", "7")
    assert slots.from_environment() == 7
    monkeypatch.delenv("DROPFORGE_MAX_JOBS")
    assert slots.from_environment() >= 2
    monkeypatch.setenv("DROPFORGE_MAX_JOBS", "none")
    with pytest.raises(SettingsError, match="DROPFORGE_MAX_JOBS='none'"):
        slots.from_environment()
