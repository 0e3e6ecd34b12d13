"""The router's process as the host sees it: started with its listening socket, asked and heard over a socket pair."""

from __future__ import annotations

import json
import logging
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_CLOSE_SECONDS = 8.0
Message = dict[str, Any]


class ChannelLostError(Exception):
    """The router's process has ended, or does not answer."""


class RouterProcess:
    """One run of the process. `hear` is given what it tells; `ended` is called once when it has ended by itself."""

    def __init__(
        self,
        listening: socket.socket,
        greeting: list[Message],
        hear: Callable[[Message], None],
        ended: Callable[[RouterProcess, int | None], None],
    ) -> None:
        self._hear = hear
        self._ended = ended
        self._waiting: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._lock = threading.Lock()
        self._lost = False
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", "localcloud.dataplane", str(theirs.fileno()), str(listening.fileno())]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own program)
                command,
                cwd=_PACKAGE_ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), listening.fileno()],
            )
        for message in greeting:
            self._send(message)
        threading.Thread(target=self._read, name="router-channel", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, message: Message, seconds: float) -> Message:
        """Send a message with an `id` and return its answer; raises ChannelLostError."""
        answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        with self._lock:
            if self._lost:
                raise ChannelLostError("the router has ended")
            self._waiting[message["id"]] = answers
        try:
            self._send(message)
            answer = answers.get(timeout=seconds)
        except (OSError, queue.Empty) as error:
            self._process.kill()  # it hangs; it is started again
            raise ChannelLostError(f"no answer from the router to {message['do']!r}") from error
        finally:
            with self._lock:
                self._waiting.pop(message["id"], None)
        if answer is None:
            raise ChannelLostError("the router has ended")
        return answer

    def close(self) -> None:
        """Let it finish and end."""
        try:
            self._send({"do": "close"})
            self._process.wait(_CLOSE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._socket.close()

    def _send(self, message: Message) -> None:
        data = json.dumps(message).encode() + b"\n"
        with self._lock:
            self._socket.sendall(data)

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, ValueError) as error:
            _log.debug("router channel: %s", error)
        with self._lock:
            self._lost = True
            waiting = list(self._waiting.values())
        for answers in waiting:
            answers.put(None)
        self._process.kill()  # a process without its channel is of no use
        self._ended(self, self._process.wait())

    def _take(self, message: Message) -> None:
        if "tell" in message:
            self._hear(message)
            return
        with self._lock:
            answers = self._waiting.get(message["answer"])
        if answers is not None:
            answers.put(message)
