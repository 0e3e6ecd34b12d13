"""The parent of every container process: isolates it, passes signals on, and leaves nothing behind.

Run as a script with the standard library only (`python -I -S supervise.py <plan as JSON>`), because it starts
before anything of the image and must cost a few milliseconds. The plan:

    argv      the command; argv[0] is looked up in PATH
    root      host directory that plays /opt/ml
    work      the process's working directory
    scratch   directory that is removed when the process has ended, or null
    lifeline  descriptor of a pipe whose other end the host holds: end of file means that the host died
    user      true: a user namespace is needed for the others (the host is not root)
    mount     true: a private mount namespace in which /opt/ml is `root`
    pids      true: a private process namespace; the kernel ends every process in it with the first
    network   true: a private network namespace with loopback only
    listen    port to listen on at 127.0.0.1 *before* the network is cut off, or null; the process finds the
              socket's descriptor in DROPFORGE_LISTEN_FD

Exit status: the command's, 128 + n when signal n ended it, 127 or 126 when it could not be run, 125 when the
namespaces could not be made (the numbers that `docker run` uses).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
OPT = "/opt"
SETUP_FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127

libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    arguments = (
        source.encode(),
        target.encode(),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        data.encode(),
    )
    _check(libc.mount(*arguments), f"mount {source} on {target}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def enter_namespaces(plan: dict[str, Any]) -> None:
    """Leave the host's namespaces for private ones, as far as the plan asks."""
    wanted = {"user": CLONE_NEWUSER, "mount": CLONE_NEWNS, "pids": CLONE_NEWPID, "network": CLONE_NEWNET}
    flags = sum(flag for name, flag in wanted.items() if plan[name])
    if not flags:
        return
    user, group = os.geteuid(), os.getegid()
    _check(libc.unshare(flags), "unshare")
    if plan["user"]:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    if plan["network"]:
        bring_up_loopback()
    if plan["mount"]:
        mount_root(plan["root"])


def bring_up_loopback() -> None:
    """Bring `lo` up in a fresh network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        _, flags, _ = struct.unpack("16sH14s", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))


def mount_root(root: str) -> None:
    """Make /opt/ml be `root` for us and our children; the host sees nothing of it.

    /opt/ml need not exist and nothing may be made on the host, so a tmpfs covers /opt; what was in /opt is
    bound back into it.
    """
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    # Opened in this namespace and before the tmpfs hides them (`root` may lie below /opt).
    opt, own = os.open(OPT, os.O_RDONLY | os.O_DIRECTORY), os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    _mount("tmpfs", OPT, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for entry in os.scandir(opt):
        if entry.name != "ml":
            restore(entry, opt)
    os.mkdir(f"{OPT}/ml")
    _mount(f"/proc/self/fd/{own}", f"{OPT}/ml", None, MS_BIND | MS_REC)
    os.close(opt)
    os.close(own)


def restore(entry: os.DirEntry[str], opt: int) -> None:
    """Make an entry of the real /opt visible again in the tmpfs that covers it."""
    target = f"{OPT}/{entry.name}"
    if entry.is_symlink():
        os.symlink(os.readlink(entry.name, dir_fd=opt), target)
        return
    if entry.is_dir():
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(f"/proc/self/fd/{opt}/{entry.name}", target, None, MS_BIND | MS_REC)


def listen(port: int) -> None:
    """Open the server's socket now; the network namespace that follows could not be reached from the host."""
    server = socket.create_server(("127.0.0.1", port), backlog=128)
    os.set_inheritable(server.fileno(), True)
    os.environ["DROPFORGE_LISTEN_FD"] = str(server.detach())


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent has gone (Linux only)."""
    if sys.platform == "linux":
        _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def execute(plan: dict[str, Any]) -> NoReturn:
    """Become the command."""
    die_with_parent()
    os.chdir(plan["work"])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        os.execvp(plan["argv"][0], plan["argv"])  # noqa: S606 (to run the command is the purpose)
    except OSError as error:
        say(f"cannot run {plan['argv'][0]!r}: {error.strerror}")
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)


def be_first(plan: dict[str, Any]) -> NoReturn:
    """Be process 1 of a private process namespace: run the command, reap orphans, end with the command."""
    try:
        die_with_parent()
        if plan["mount"]:  # /proc must show this namespace, or a process would find others under its own id
            _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError as error:
        say(str(error))
        os._exit(SETUP_FAILED)
    child = os.fork()
    if child == 0:
        execute(plan)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            os._exit(exit_code(status))


def exit_code(status: int) -> int:
    """Return the exit status as a container has it: 128 + n for signal n."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def say(message: str) -> None:
    """Write a line into the container's log."""
    print(f"container: {message}", file=sys.stderr, flush=True)


def wait_for(child: int, wakeup: int, plan: dict[str, Any]) -> int:
    """Return the child's exit status when it has ended; when the host has gone, end everything.

    Without a thread: none can be started once the process namespace has been left.
    """
    while True:
        ready, _, _ = select.select([plan["lifeline"], wakeup], [], [])
        if plan["lifeline"] in ready:
            os.kill(child, signal.SIGKILL)
            clean(plan)
            os.killpg(0, signal.SIGKILL)
        os.read(wakeup, 4096)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return exit_code(status)


def notice_children() -> int:
    """Return a descriptor that becomes readable whenever a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def clean(plan: dict[str, Any]) -> None:
    """Remove the scratch directory."""
    if plan["scratch"]:
        shutil.rmtree(plan["scratch"], ignore_errors=True)


def main() -> NoReturn:
    """Run the plan and exit as its command does."""
    plan = json.loads(sys.argv[1])
    os.set_inheritable(plan["lifeline"], False)
    wakeup = notice_children()
    # A stop goes to the whole group: the command ends by it, we stay to report how.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        if plan["listen"] is not None:
            listen(plan["listen"])
        enter_namespaces(plan)
    except OSError as error:
        say(str(error))
        clean(plan)
        os._exit(SETUP_FAILED)
    child = os.fork()
    if child == 0:
        (be_first if plan["pids"] else execute)(plan)
    code = wait_for(child, wakeup, plan)
    clean(plan)
    os._exit(code)


if __name__ == "__main__":
    main()
