"""Intake in memory: the real algorithm and decisions on tables that are dictionaries (see executions.py)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

from intake import decide, items
from intake.changes import Change, Ignored, ignored_empty, judged, read_event
from intake.claims import claim
from intake.models import DecideRestart
from intake.windows import completes
from training import outcome
from training.models import DecideRecovery

from tests.soak import SETTINGS, actors
from tests.soak.actors import Actor, Function, Killed, Machine
from tests.soak.choices import Choices
from tests.soak.surroundings import Event, Surroundings
from tests.unit.intake.fake_store import FakeStore

Execution = Callable[["World", str, Any], Generator[str, None, None]]


class World(Surroundings):
    """The tables of intake and training, and the outlines of their machines."""

    def __init__(self, choices: Choices, machines: dict[str, Execution]) -> None:
        super().__init__(choices)
        self.machines = machines
        self.store = FakeStore(lambda: self.now, actors.pause)
        self.store.woken, self.store.opened = self._woken, self._opened
        self.configs: dict[str, str] = {}
        self.held: dict[tuple[str, str], tuple[str, str]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.datasets: dict[tuple[str, str], dict[str, Any]] = {}
        self.trained: list[tuple[str, str, str, bool]] = []
        self.closed: dict[str, dict[str, Any]] = {}

    def progress(self) -> object:
        return self.store.touches, len(self.names), len(self.store.objects)

    def configure(self, project: str, data: dict[str, Any]) -> None:
        """It takes effect, and takes up what waited for it."""
        self.configs[project] = json.dumps({"algorithm": "xgboost", "target": 0, "data": data})
        for (held, _), (pk, sk) in list(self.held.items()):
            if held == project:
                keys = {"pk": {"S": pk}, "sk": {"S": sk}}
                self.starts += [("intake", [{"eventName": "RESUME", "dynamodb": {"Keys": keys}}])] * self.copies()

    # ------------------------------------------------------------------ claims
    def claim(self, batch: list[Event], function: Function) -> list[Event]:
        """As `claim_drops.handler`, which itself is at work in tests/machines/stateful."""
        function.began = len(self.store.history)
        folders: dict[str, list[Change]] = defaultdict(list)
        ignored: list[Ignored] = []
        for message in batch:
            read = read_event(message["body"])
            change = read if isinstance(read, Ignored) else judged(read, completes(self.configs.get(read.project)))
            if isinstance(change, Ignored):
                ignored.append(change)
                continue
            folders[change.pk].append(change)
            ignored += [ignored_empty(change)] if change.kind == "empty" else []
        for changes in folders.values():
            claim(changes, self.store)
        for thing in ignored:
            self.store.ignore(thing)
        return []

    def _opened(self, window: Any, first: Change, previous: Any) -> None:
        self.note("opens", window.drop, window.state, "for", first.key, first.identity)
        restored = any(key == first.key for key, _ in self.s3.gone)
        began = actors.acting().began
        if not restored and self.store.history.get((first.key, first.identity), began) < began:
            self.wrong.append(f"{first.key} {first.identity} was in a drop already, and opened {window.drop}")

    def _woken(self, pk: str, drop: str, old: dict[str, Any] | None) -> None:
        """The pipe's filter (tests/machines/stateful reads it from the stack)."""
        new = self.store.windows[pk][drop]["state"]
        if old is None or (old["state"] in ("OPEN", "LISTED") and new in ("COMPLETE", "LISTED")):
            image = {"OldImage": {"state": {"S": old["state"]}}} if old else {}
            keys = {"pk": {"S": pk}, "sk": {"S": f"window#{drop}"}}
            record = [{"eventName": "MODIFY" if old else "INSERT", "dynamodb": {"Keys": keys, **image}}]
            self.starts += [("intake", record)] * self.copies()

    # ------------------------------------------------------------------ machines
    def machine(self, kind: str, name: str, given: Any) -> Actor:
        return Machine(kind, name, self.machines[kind](self, name, given), given)

    def announce(self, kind: str, detail: Event) -> None:
        """Put an event on the bus; the rule of training takes what is complete and for training."""
        self.note(kind, detail["drop"], detail["reason"])
        if kind == "Drop Completed" and detail["channel"] == "train":
            self.starts += [("training", {"detail": detail})] * self.copies()

    def ended(self, actor: Actor) -> None:
        """The recover machines; the status event of an execution may be lost as any other."""
        if actor.failed is None:
            return
        if not isinstance(actor.failed, Killed):
            self.failed(actor)
        assert isinstance(actor, Machine)
        event = {"name": actor.name, "status": "FAILED", "input": json.dumps(actor.given), "executionArn": actor.name}
        if actor.kind == "training":  # that this event is lost is training_reconcile's to find: tests/machines/stateful
            self._recover_run(actor.given["detail"], event)
        elif actor.kind == "intake":
            for _ in range(self.copies()):
                decision = decide.decide_restart(DecideRestart(event=event))
                if decision.action == "restart":
                    self.execute("intake", decision.input, decision.name)

    def _recover_run(self, detail: Event, event: Event) -> None:
        """statemachines/training_recover.asl.yaml."""
        run, attempt = detail["drop"], detail.get("attempt", 1)
        item = self.runs.get(run)
        facts = DecideRecovery(run=run, attempt=attempt, item=item and items.typed(item), event=event)
        decision = outcome.decide_recovery(facts)
        if decision.action == "restart":
            self.execute("training", {"detail": {**detail, "attempt": decision.attempt}}, decision.name)
        elif decision.action == "give up":
            new = {"attempt": attempt, "execution_arn": event["executionArn"]}
            self.runs[run] = {**new, **(item or {}), "status": "FAILED"}

    # ------------------------------------------------------------------ the real functions, on this world
    def call(self, module: Any, facts: Any) -> Any:
        """Call a handler's function on this bucket and these tables."""
        fields = type(module.settings).model_fields
        ours = {
            "settings": module.settings.model_copy(update={k: v for k, v in SETTINGS.items() if k in fields}),
            "s3": self.s3,
            "table": self.store,
            "dynamodb": SimpleNamespace(get_item=self._get_item),
        }
        kept = {name: value for name, value in vars(module).items() if name in ours}
        vars(module).update({name: ours[name] for name in kept})
        try:
            return module.handler.__wrapped__(facts)
        finally:
            vars(module).update(kept)

    def _get_item(self, TableName: str, Key: Any) -> Event:  # noqa: N803
        pk, sk = Key["pk"]["S"], Key["sk"]["S"]
        if sk == "config":
            return {"Item": {"config": {"S": self.configs[pk]}}} if pk in self.configs else {}
        return {"Item": {}} if sk == "run" and pk in self.runs else {}
