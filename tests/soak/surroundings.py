"""What is around intake: a bucket, a queue, rules and a pipe that tell often, late or never, and hosts that die."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from intake import items

from tests.soak import actors
from tests.soak.actors import Actor, Function
from tests.soak.choices import Choices
from tests.soak.s3 import ARTIFACTS, DATA, S3

Event = dict[str, Any]
LOST_PERCENT, KILLED_PERCENT, REPEATED_PERCENT, REPEATS = 10, 4, 25, 10
FUNCTION_SECONDS, RECEIVES = 60, 5


class Surroundings:
    """`faults`: whether anything goes wrong. `wrong`: what must never happen, and did."""

    def __init__(self, choices: Choices, buckets: tuple[str, str] = (DATA, ARTIFACTS)) -> None:
        self.choices = choices
        self.now = datetime(2026, 11, 23, 8, tzinfo=UTC)
        self.moment = items.stamp(self.now)
        self.faults = True
        self.s3 = S3(lambda: self.now, self._told, page=choices.among((1000, 2)), buckets=buckets)
        self.messages: list[Event] = []
        self.dead: list[Event] = []
        self.starts: list[tuple[str, Any]] = []  # what the pipe or a rule shall start: (machine, input)
        self.running: list[Actor] = []
        self.since: dict[Actor, datetime] = {}
        self.names: set[str] = set()
        self.untold: set[str] = set()
        self.wrong: list[str] = []
        self._log: list[tuple[datetime, tuple[object, ...]]] = []

    # ------------------------------------------------------------------ what is tried
    def claim(self, batch: list[Event], function: Function) -> list[Event]:
        """Claim the messages of a batch; gives back those that failed."""
        raise NotImplementedError

    def machine(self, kind: str, name: str, given: Any) -> Actor:
        """An execution."""
        raise NotImplementedError

    def ended(self, actor: Actor) -> None:
        """An execution is over."""
        raise NotImplementedError

    def progress(self) -> object:
        """Something that differs once anything was done."""
        raise NotImplementedError

    def reconcile(self) -> None:
        """The reconcilers begin, as they do by schedule."""
        self.execute("reconcile", {})

    def configure(self, project: str, data: dict[str, Any]) -> None:
        """A valid project.yaml is uploaded."""
        raise NotImplementedError

    # ------------------------------------------------------------------ delivery: often, late or never
    def copies(self) -> int:
        """How often something is told: at least once, sometimes up to eleven times, and now and then never."""
        if not self.faults:
            return 1
        if self.choices.chance(LOST_PERCENT):
            return 0
        return 1 + (self.choices.below(REPEATS + 1) if self.choices.chance(REPEATED_PERCENT) else 0)

    def _told(self, event: Event) -> None:
        thing = event["detail"]["object"]
        self.note(event["detail-type"], thing["key"], thing["version-id"], event["detail"].get("deletion-type", ""))
        copies = self.copies()
        if not copies:
            self.untold.add(str(thing["key"]))
        self.tell(event, copies)

    def tell(self, event: Event, copies: int) -> None:
        """Give an event of S3 to those that wait for it."""
        self.messages += [{"body": event, "receives": 0} for _ in range(copies)]

    def deliver(self) -> None:
        """Give some messages of the queue to a claim function."""
        batch = [self._pick(self.messages) for _ in range(min(len(self.messages), 1 + self.choices.below(4)))]
        function = Function("claim", lambda: function.failures.extend(self.claim(batch, function)))
        function.batch = batch
        self.note("claims", *(m["body"]["detail-type"] + " " + m["body"]["detail"]["object"]["key"] for m in batch))
        self._run(function)

    def start(self) -> None:
        """Start an execution that was asked for."""
        self.execute(*self._pick(self.starts))

    def _pick(self, things: list[Any]) -> Any:
        return things.pop(self.choices.below(len(things)))

    # ------------------------------------------------------------------ what runs
    def execute(self, kind: str, given: Any, name: str | None = None) -> bool:
        """Start an execution; False if its name was used before."""
        name = name or f"{kind.rsplit(':', 1)[-1]}-{len(self.names):04}-x"
        if name in self.names:
            return False
        self.names.add(name)
        self.note("starts", name, given)
        self._run(self.machine(kind, name, given))
        return True

    def _run(self, actor: Actor) -> None:
        self.running.append(actor)
        self.since[actor] = self.now

    def ready(self) -> list[Actor]:
        """What may take its next step now."""
        return [a for a in self.running if a.until <= self.moment]

    def step(self, actor: Actor) -> None:
        """One step of it, or its host's death."""
        if self.faults and self.choices.chance(KILLED_PERCENT):
            self.note("killed:", actor.name)
            actor.kill()
        else:
            actor.step()
        if actor.done:
            self._end(actor)

    def _end(self, actor: Actor) -> None:
        self.running.remove(actor)
        if actor.name != "claim":
            self.ended(actor)
            return
        assert isinstance(actor, Function)
        for message in actor.batch if actor.failed else actor.failures:
            message["receives"] += 1
            (self.dead if message["receives"] == RECEIVES else self.messages).append(message)
        if actor.failed and not isinstance(actor.failed, actors.Killed):
            self.failed(actor)

    def failed(self, actor: Actor) -> None:
        """Only lost races may end a function, and its claims' long silence a machine; both are tried again."""
        # What the machine asked for was not claimed for so long: an operator hears of it, and it begins anew.
        starved = self.faults and type(actor.failed).__name__ == "ClaimsStuckError"
        if type(actor.failed).__name__ != "ContentionError" and not starved:
            self.wrong.append(f"{actor.name}: {type(actor.failed).__name__}: {actor.failed}")

    def advance(self, seconds: float) -> None:
        """Time goes by; a function that has run too long is ended."""
        self.now += timedelta(seconds=seconds)
        self.moment = items.stamp(self.now)
        for actor in list(self.running):
            if actor.name == "claim" and self.now - self.since[actor] > timedelta(seconds=FUNCTION_SECONDS):
                actor.kill()
                self._end(actor)

    def next_moment(self) -> float | None:
        """Seconds until something that waits goes on."""
        waiting = [a.until for a in self.running if a.until > self.moment]
        return (datetime.fromisoformat(min(waiting)) - self.now).total_seconds() if waiting else None

    # ------------------------------------------------------------------ for whoever reads a counterexample
    def note(self, *what: object) -> None:
        """A line of the log."""
        self._log.append((self.now, what))

    @property
    def log(self) -> list[str]:
        """What happened, in order."""
        return [" ".join([f"{now:%d %H:%M:%S}", *map(str, what)])[:200] for now, what in self._log]
