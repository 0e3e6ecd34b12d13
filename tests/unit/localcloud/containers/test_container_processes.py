from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from localcloud.containers import environ, interpreter, isolation
from localcloud.containers.supervise import exit_code
from tests.unit.localcloud.containers.harness import XGBOOST, Job


class Waiter:
    """Keeps the log and says when a line has come."""

    def __init__(self, line: str) -> None:
        self.line, self.log, self.seen = line, [], threading.Event()  # type: ignore[var-annotated]

    def __call__(self, line: str) -> None:
        self.log.append(line)
        if line == self.line:
            self.seen.set()


def gone(pid: int) -> bool:
    """Say whether no process has that id (a zombie counts as gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually_gone(pid: int) -> bool:
    """Wait for a process to go, by its own end and not by a fixed time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_opt_ml_is_the_root(job: Job, way: str) -> None:
    job.write("processing/input/x.txt", "dropped")
    program = (
        "import os; path = os.environ['PLACE']; print(open(path + '/input/x.txt').read());"
        "open(path + '/out', 'w').write('done')"
    )
    code = job.run("process", "python3", "-c", program, environment={"PLACE": "/opt/ml/processing"})
    assert (code, job.log) == (0, ["dropped"])
    assert job.read("processing/out") == "done"


def test_arguments_are_relocated(job: Job, way: str) -> None:
    job.write("processing/a b.txt", "spaces and ünïcode")
    assert job.run("process", "cat", "/opt/ml/processing/a b.txt") == 0
    assert job.log == ["spaces and ünïcode"]


def test_variables_keep_the_true_paths_in_a_namespace(job: Job) -> None:
    if not isolation.best().mount:
        pytest.skip("this kernel allows no private mount namespace")
    job.run("process", "sh", "-c", "echo $SM_MODEL_DIR $SAGEMAKER_BASE_DIR")
    assert job.log == ["/opt/ml/model"]


def test_without_namespaces_the_base_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "best", lambda: isolation.NONE)
    job.run("process", "sh", "-c", "echo $SM_MODEL_DIR $SAGEMAKER_BASE_DIR")
    assert job.log == [f"{job.root}/model {job.root}"]


def test_the_rest_of_opt_stays_and_nothing_is_mounted_afterwards(job: Job) -> None:
    if not isolation.best().mount:
        pytest.skip("this kernel allows no private mount namespace")
    before = Path("/proc/self/mounts").read_text()
    job.run("process", "ls", "/opt")
    assert set(job.log) == {"ml", *os.listdir("/opt")}
    assert Path("/proc/self/mounts").read_text() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "/r"),
        ("/opt/ml/model", "/r/model"),
        ("file:///opt/ml/x,/opt/ml/y", "file:///r/x,/r/y"),
        ("/opt/mlx /opt/ml-y /opt/ml.z /my/opt/ml", "/opt/mlx /opt/ml-y /opt/ml.z /my/opt/ml"),
    ],
)
def test_relocation_of_text(text: str, expected: str) -> None:
    assert environ.relocate(text, Path("/r")) == expected


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 3"], 3),
        (["sh", "-c", "kill -9 $$"], 137),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["nonesuch"], 127),
        (["/etc/passwd"], 126),
        ([], 127),  # AWS's framework images have no program for processing
    ],
)
def test_exit_codes_are_a_containers(job: Job, way: str, command: list[str], code: int) -> None:
    assert job.run("process", *command) == code


def test_exit_code_of_a_wait_status() -> None:
    assert [exit_code(0), exit_code(7 << 8), exit_code(9)] == [0, 7, 137]


def test_lines_of_both_streams_arrive_whole(job: Job) -> None:
    job.run("process", "sh", "-c", "echo out; echo err >&2; printf 'no end'; printf '\\351' ")
    assert job.log == ["out", "err", "no end�"]


def test_an_error_of_the_callers_does_not_block_the_process_and_is_raised(job: Job) -> None:
    def fail(line: str) -> None:
        raise RuntimeError("cannot store the log")

    container = job.start("process", "sh", "-c", "yes | head -c 1000000", on_line=fail)
    with pytest.raises(RuntimeError, match="cannot store the log"):
        container.wait(30)


def test_wait_gives_up_in_time(job: Job) -> None:
    container = job.start("process", "sleep", "60")
    assert container.wait(0.01) is None
    container.stop(5)
    assert container.wait() == 143


def test_stop_ends_the_whole_group_and_reports_the_programs_own_status(job: Job, way: str) -> None:
    waiter = Waiter("ready")
    script = "trap 'echo bye; exit 7' TERM; sleep 60 & echo ready; wait"
    container = job.start("process", "sh", "-c", script, on_line=waiter)
    assert waiter.seen.wait(20)
    container.stop(20)
    assert container.wait() == 7
    assert waiter.log == ["ready", "bye"]


def test_stop_kills_what_ignores_it(job: Job, way: str) -> None:
    waiter = Waiter("ready")
    container = job.start("process", "sh", "-c", "trap '' TERM; echo ready; sleep 60", on_line=waiter)
    assert waiter.seen.wait(20)
    started = time.monotonic()
    container.stop(0.1)
    assert container.wait() == 137
    assert time.monotonic() - started < 5


def test_children_in_the_background_end_with_the_program(job: Job, way: str) -> None:
    os.mkfifo(job.root / "alive")
    # The fifo's reader gets an end of file only when the child, which inherits it open, has gone.
    alive = os.open(job.root / "alive", os.O_RDONLY | os.O_NONBLOCK)
    assert job.run("process", "sh", "-c", "exec 3> /opt/ml/alive; sleep 60 & exit 0") == 0
    os.set_blocking(alive, True)
    assert select.select([alive], [], [], 5)[0]
    assert os.read(alive, 1) == b""
    os.close(alive)


HOST = """
import sys, time
from pathlib import Path
from localcloud.containers import isolation
from localcloud.containers.launch import Launch, start
if sys.argv[3] == "relocation":
    isolation.best = lambda: isolation.NONE
start(Launch("{image}", "process", Path(sys.argv[1]), {{}}, ["sh", "-c", sys.argv[2]], False, None,
      lambda line: print(line, flush=True), {{}}))
time.sleep(60)
"""


def test_nothing_outlives_a_host_that_is_killed(job: Job, way: str) -> None:
    """The process and its child end, and the scratch directory goes, when the host gets SIGKILL."""
    program = textwrap.dedent(HOST.format(image=XGBOOST))
    host = subprocess.Popen(
        [sys.executable, "-c", program, str(job.root), "echo ready; sleep 60 & wait", way],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[4],
        env=os.environ | {"PYTHONPATH": "layers/core/python:."},
    )
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    (scratch,) = (job.root.parent / "home/containers").iterdir()
    own = [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and str(scratch).encode() in safe_read(path / "environ")
    ]
    assert own
    host.kill()
    host.wait()
    host.stdout.close()
    assert all(eventually_gone(pid) for pid in own)
    assert not scratch.exists()


def safe_read(path: Path) -> bytes:
    """Return a file of /proc, empty if its process has gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_network_can_be_cut_off(job: Job) -> None:
    if not isolation.can_cut_network():
        pytest.skip("this kernel allows no private network namespace")
    program = "import socket; print(sorted(name for _, name in socket.if_nameindex()))"
    job.run("process", "python3", "-c", program, isolated=True)
    assert job.log == ["['lo']"]


def test_the_users_own_aws_credentials_stay_out(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "real"), ("AWS_PROFILE", "work"), ("GITHUB_TOKEN", "secret")):
        monkeypatch.setenv(name, value)
    job.run("process", "env", credentials={"AWS_SESSION_TOKEN": "job"})
    given = dict(line.split("=", 1) for line in job.log if "=" in line)
    assert not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "GITHUB_TOKEN"} & set(given)
    assert given["AWS_SESSION_TOKEN"] == "job"
    assert given["HOME"] != os.environ.get("HOME")


def test_threads_follow_the_processors_and_the_request_wins(job: Job) -> None:
    job.run("process", "sh", "-c", "echo $OMP_NUM_THREADS $MKL_NUM_THREADS", environment={"MKL_NUM_THREADS": "9"})
    assert job.log == [f"{len(os.sched_getaffinity(0))} 9"]


def test_python3_is_an_environment_of_the_processs_own(job: Job) -> None:
    job.run("process", "python3", "-c", "import sys, numpy; print(sys.prefix)")
    (prefix,) = job.log
    assert prefix.startswith(str(job.root.parent / "home/containers"))
    assert not Path(prefix).exists()


def test_a_killed_process_counts_as_sigkill(job: Job) -> None:
    waiter = Waiter("ready")
    container = job.start("process", "sh", "-c", "echo ready; sleep 60", on_line=waiter)
    assert waiter.seen.wait(20)
    os.kill(container.pid, signal.SIGKILL)
    assert container.wait(20) == 137
    assert gone(container.pid)


def test_namespaces_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPFORGE_NAMESPACES", "off")
    assert isolation.best.__wrapped__() == isolation.NONE


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("pids", [False, True])
def test_every_combination_of_namespaces_that_the_kernel_allows_works(
    job: Job, monkeypatch: pytest.MonkeyPatch, user: bool, pids: bool
) -> None:
    wanted = isolation.Isolation(user=user, mount=True, pids=pids)
    if not isolation.allowed(wanted):
        pytest.skip("this kernel does not allow it")
    monkeypatch.setattr(isolation, "best", lambda: wanted)
    assert job.run("process", "sh", "-c", "echo data > /opt/ml/out; id -u; exit 4") == 4
    assert (job.log, job.read("out")) == ([str(os.getuid())], "data\n")


def test_an_environment_without_pip_gets_pythons_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"purelib": str(tmp_path), "platlib": str(tmp_path)}
    monkeypatch.setattr(interpreter.sysconfig, "get_paths", lambda: empty)
    interpreter.build(tmp_path / "env", interpreter.host_packages())
    pip = [str(interpreter.scripts(tmp_path / "env") / "pip"), "--version"]
    assert subprocess.run(pip, capture_output=True, check=True).stdout.startswith(b"pip ")
