"""The child in which files are read: what it takes, it is refused; what it does, its parent survives."""

from __future__ import annotations

import hashlib
import time

import pytest
from dropforge_jobs import limits, sandbox, verdicts
from dropforge_jobs.dropped import Dropped, Fetched

NEVER = 600.0


def child(tmp_path, monkeypatch, code):
    """Run `code` as the child's module."""
    folder = tmp_path / "modules"
    folder.mkdir(exist_ok=True)
    (folder / "hostile_child.py").write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return work


def run(work, stall=NEVER, seconds=NEVER, **request):
    return sandbox.run_child("hostile_child", work, request, stall, time.monotonic() + seconds)


HEAD = "import sys; from pathlib import Path; from dropforge_jobs import sandbox; sandbox.limit()\n"


def test_memory_is_refused_and_named(tmp_path, monkeypatch):
    work = child(tmp_path, monkeypatch, HEAD + "held = [bytearray(1 << 20) for _ in range(1000)]\n")
    ending = run(work)
    assert ending.trouble == "more than 256 MiB of memory"
    assert ending.peak <= limits.MEMORY


def test_memory_of_arrow_is_refused_too(tmp_path, monkeypatch):
    code = HEAD + "import pyarrow\nheld = [pyarrow.allocate_buffer(8 << 20) for _ in range(1000)]\n"
    ending = run(child(tmp_path, monkeypatch, code))
    assert ending.trouble == "more than 256 MiB of memory"
    assert ending.peak <= limits.MEMORY


def test_what_the_kernel_does_not_count_is_seen_by_the_parent(tmp_path, monkeypatch):
    code = HEAD + (
        "import mmap, signal\nheld = mmap.mmap(-1, 400 << 20)\n"
        "for place in range(0, 400 << 20, 4096): held[place] = 1\n"
        "signal.pause()\n"
    )
    ending = run(child(tmp_path, monkeypatch, code))
    assert ending.trouble == "more than 256 MiB of memory"
    assert ending.seconds < 30


def test_silence_and_lateness_end_it(tmp_path, monkeypatch):
    work = child(tmp_path, monkeypatch, "import signal; signal.pause()")
    assert run(work, stall=0.2).trouble == "more than 0 seconds"
    assert run(work, seconds=0.2).trouble is not None


def test_a_crash_is_told(tmp_path, monkeypatch):
    work = child(tmp_path, monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert run(work).trouble == "signal 11"
    assert run(child(tmp_path, monkeypatch, "raise ValueError('odd')")).trouble == "exit code 1: ValueError: odd"


def test_answers_survive_the_child(tmp_path, monkeypatch):
    code = HEAD + (
        "import os\nanswers = sandbox.Answers(Path(sys.argv[1]))\n"
        "answers.give(got=answers.request['x'])\nos.write(answers._stream.fileno(), b'{\"half')\nos._exit(3)\n"
    )
    ending = run(child(tmp_path, monkeypatch, code), x=7)
    assert ending.answers == [{"got": 7}]
    assert ending.trouble == "exit code 3: "


def test_a_core_is_not_left_and_temporary_files_have_a_place(tmp_path, monkeypatch):
    code = HEAD + (
        "import resource, tempfile\nanswers = sandbox.Answers(Path(sys.argv[1]))\n"
        "answers.give(core=resource.getrlimit(resource.RLIMIT_CORE), tmp=tempfile.gettempdir())\n"
    )
    work = child(tmp_path, monkeypatch, code)
    assert run(work).answers == [{"core": [0, 0], "tmp": str(work / "tmp")}]


def fetched(folder, name, content):
    path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    path.write_bytes(content)
    return Fetched(Dropped(name, name, len(content)), path, len(content), hashlib.sha256(content).hexdigest(), "", name)


#: A reader that dies of some files, as only a fault in a library could make ours do.
FRAGILE = """
import os, signal, sys
from pathlib import Path
from dropforge_jobs import checking, reading
ours = checking.check_file
def check(file, tabular, wanted=None):
    text = file.path.read_bytes()
    if text.startswith(b"crash"):
        os.kill(os.getpid(), signal.SIGKILL)
    if text.startswith(b"hang"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        while True: pass
    if text.startswith(b"raise"):
        raise ZeroDivisionError("nobody thought of it")
    if text.startswith(b"memory"):
        return bytearray(1 << 30)
    if text.startswith(b"slow"):
        while True: pass
    ours(file, tabular, wanted)
checking.check_file = check
if __name__ == "__main__":
    reading.main(Path(sys.argv[1]))
"""


def test_a_file_that_kills_its_reader_is_the_only_one_left_out(tmp_path, monkeypatch):
    work = child(tmp_path, monkeypatch, FRAGILE)
    monkeypatch.setattr(verdicts, "CHILD", "hostile_child")
    monkeypatch.setattr(verdicts, "FILE_SECONDS", 1.0)
    monkeypatch.setattr(verdicts, "GRACE_SECONDS", 1.0)
    good = b"x,y\n1,2\n3,4\n"
    contents = {
        "a": good,
        "b": b"crash",
        "c": good,
        "d": b"hang",
        "e": b"raise",
        "f": b"memory",
        "g": b"slow",
        "h": good,
    }
    files = [fetched(tmp_path, name, content) for name, content in contents.items()]
    reasons = verdicts.check_files(files, verdicts.Wanted(tabular=True), work, time.monotonic() + NEVER)
    assert reasons == {
        "b": "b: reading it took signal 9",
        "d": "d: reading it took more than 2 seconds",
        "e": "e: it cannot be read (ZeroDivisionError: nobody thought of it)",
        "f": "f: reading it took more than 256 MiB of memory",
        "g": "g: reading it took more than 1 seconds",
    }


def test_without_time_the_drop_is_too_slow_rather_than_quarantined(tmp_path):
    file = fetched(tmp_path, "a", b"x,y\n1,2\n")
    with pytest.raises(verdicts.TooSlowError, match="in the time there is"):
        verdicts.check_files([file], verdicts.Wanted(tabular=True), tmp_path, time.monotonic() - 1)
    with pytest.raises(verdicts.TooSlowError):
        verdicts.profile_files([file], verdicts.Wanted(tabular=True), None, tmp_path, time.monotonic() - 1)
