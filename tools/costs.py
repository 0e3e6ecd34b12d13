"""Write the figures of docs/costs.md: what a drop, a quiet stack and a quiet project cost, from published prices.

`python tools/costs.py` writes; with `--check` it only says whether the page is up to date (exit 1 if not). Prices, with
their sources, and what is assumed are in costs.json; how often each thing happens is here, and tested against the code.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/costs.md"
GIVEN = ROOT / "tools/costs.json"
DROP = 10_000
#: What `claim_drops` takes at once (stacks/intake.yaml), and what one receive or delete of SQS carries.
BATCH, MESSAGES = 100, 10
#: DynamoDB: keys of one BatchGetItem need a read unit each; the folder's pointer and window are read once a batch, and
#: the project's settings; touching the window writes its item, and the indexes by project (one) and by stage (two: its
#: key changes).
READS_PER_BATCH, WRITES_PER_BATCH = 3, 4
SHARDS = 16
LISTED = 1_000  # of one LIST
UNIT = 4_096
#: GB of memory of the functions (stacks/intake.yaml).
CLAIM_GB, DECIDE_GB, LIST_GB, INSPECT_GB, FIND_GB = 0.5, 0.5, 1.0, 1769 / 1024, 1.0
LAMBDAS = ("Plan Window", "Check Window", "Plan Close", "List Drop", "Plan Inspection", "Inspect Drop", "Judge Drop")
#: One execution for each object would take five transitions (shared design, section 1).
TRANSITIONS_PER_OBJECT = 5
DAY, MONTH = 86_400, 30.4
LOOK = 900  # ReconcileSchedule's default, in seconds
METRICS = 3  # ChangesClaimed, ClaimsFailed, ObjectsIgnored
POLL, STREAM_POLLS = 20, 4


@dataclass(frozen=True)
class Line:
    """So many of something that has a price."""

    part: str
    what: str
    number: float
    price: str


@dataclass(frozen=True)
class Given:
    """costs.json."""

    prices: dict[str, dict[str, Any]]
    assumed: dict[str, float]
    paths: dict[str, list[str]]

    @classmethod
    def read(cls) -> Given:
        """Read it."""
        found = json.loads(GIVEN.read_text(encoding="utf-8"))
        assumed = {name: float(item["value"]) for name, item in found["assumed"].items()}
        return cls(found["prices"], assumed, found["paths"])

    def usd(self, line: Line) -> float:
        """What a line costs."""
        price = self.prices[line.price]
        return float(line.number * price["usd"] / price["per"])


CLAIMED, CLOSED, LOOKED = "collecting", "closing", "looking and freezing"


def drop(given: Given, objects: int = DROP) -> list[Line]:
    """One drop of small objects, from their events to `Drop Completed`."""
    batches, a = objects / BATCH, given.assumed
    path = given.paths["intake"]
    deciding = sum(state in LAMBDAS for state in path) - 3  # those that look at S3 are counted by themselves
    stored = objects * a["object_bytes"] / UNIT
    looked = a["look_seconds"] * objects / DROP
    return [
        Line(CLAIMED, "events of S3", objects, "event"),
        Line(CLAIMED, "messages sent, received and deleted", objects + 2 * objects / MESSAGES, "queue"),
        Line(CLAIMED, "batches claimed", batches, "request"),
        Line(CLAIMED, "GB-seconds of `claim_drops`", batches * a["claim_seconds"] * CLAIM_GB, "gb_second"),
        Line(CLAIMED, "units read: what is known of each key", objects + READS_PER_BATCH * batches, "read"),
        Line(CLAIMED, "units written: objects, the window touched", objects + WRITES_PER_BATCH * batches, "write"),
        Line(CLOSED, "state transitions", len(path), "transition"),
        Line(CLOSED, "records of the stream that wake the machine", 1, "pipe"),
        Line(CLOSED, "events of ours", 1, "event"),
        Line(CLOSED, "LIST of the folder, the list of objects", objects / LISTED + 2, "put"),
        Line(CLOSED, "units read: compared with S3, listed", objects + stored + 2 * SHARDS, "read"),
        Line(CLOSED, "units written: the window", a["window_writes"], "write"),
        Line(CLOSED, "functions called", deciding + 2, "request"),
        Line(
            CLOSED,
            "their GB-seconds",
            deciding * a["decide_seconds"] * DECIDE_GB + looked * (CLAIM_GB + LIST_GB),
            "gb_second",
        ),
        Line(LOOKED, "GET of each object", objects, "get"),
        Line(LOOKED, "COPY of each object, profile", objects + objects / LISTED + 3, "put"),
        Line(LOOKED, "events of the copies, which no rule wants", objects, "event"),
        Line(LOOKED, "GB-seconds of `inspect_drop`", a["inspect_seconds"] * objects / DROP * INSPECT_GB, "gb_second"),
        Line(LOOKED, "requests to the key", 2 * objects * a["key_share"], "key_request"),
    ]


def repeated(objects: int = DROP) -> list[Line]:
    """As many messages again, all of them duplicates."""
    return [
        Line(CLAIMED, "messages sent, received and deleted", objects + 2 * objects / MESSAGES, "queue"),
        Line(CLAIMED, "batches claimed", objects / BATCH, "request"),
        Line(CLAIMED, "units read", objects + objects / BATCH, "read"),
    ]


def quiet_stack(given: Given) -> list[Line]:
    """A day of a stack in which nothing happens."""
    looks = DAY / LOOK
    states = sum(len(path) for machine, path in given.paths.items() if machine.endswith("_reconcile"))
    seconds = looks * given.assumed["decide_seconds"] * FIND_GB
    lost = looks * given.assumed["lost_seconds"] * DECIDE_GB
    return [
        Line("", f"months of {alarms()} alarms", alarms() / MONTH, "alarm_month"),
        Line("", "months of the key", 1 / MONTH, "key_month"),
        Line("", f"months of {METRICS} metrics of `claim_drops`", METRICS / MONTH, "metric_month"),
        Line("", "polls of an empty queue", given.assumed["pollers"] * DAY / POLL, "queue"),
        Line("", "state transitions of the reconcilers", looks * states, "transition"),
        Line("", "GB-seconds of `find_missed`", seconds, "gb_second"),
        Line("", "GB-seconds of `find_lost`", lost, "gb_second"),
        Line("", "LIST of the data bucket", looks, "put"),
        Line("", "units read: the windows to look at", looks * 3, "read"),
    ]


def quiet_project(given: Given, objects: int) -> list[Line]:
    """What a project adds to that day: its objects are listed, and compared with the table, at every look."""
    looks = DAY / LOOK
    return [
        Line("", "LIST", looks * objects / LISTED, "put"),
        Line("", "units read", looks * (objects + 1), "read"),
        Line("", "GB-seconds", looks * given.assumed["find_seconds"] * objects / LISTED * FIND_GB, "gb_second"),
    ]


def alarms() -> int:
    """How many the stack has."""
    files = [ROOT / "template.yaml", *(ROOT / "stacks").glob("*.yaml")]
    return sum(len(re.findall(r"Type: AWS::CloudWatch::Alarm\b", file.read_text())) for file in files)


def total(given: Given, lines: list[Line]) -> float:
    """Of some lines."""
    return sum(map(given.usd, lines))


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= SHARDS or number == int(number) else f"{number:.2f}"


def tables(given: Given) -> str:
    """What stands between the page's first markers."""
    lines = drop(given)
    rows = [
        f"| {line.part} | {line.what} | {_number(line.number)} | {given.usd(line):.4f} |"
        for line in sorted(lines, key=lambda line: (CLAIMED, CLOSED, LOOKED).index(line.part))
    ]
    parts = {part: total(given, [x for x in lines if x.part == part]) for part in (CLAIMED, CLOSED, LOOKED)}
    each = given.prices["transition"]
    one_each = DROP * TRANSITIONS_PER_OBJECT * each["usd"] / each["per"]
    stack = quiet_stack(given)
    stream = Line("", "", DAY * STREAM_POLLS, "stream")
    return "\n".join(
        [
            f"## One drop of {DROP:,} objects",
            "| part | what | number | USD |",
            "|---|---|---|---|",
            *rows,
            "",
            f"**{total(given, lines):.3f} USD**: "
            + ", ".join(f"{part} {usd:.3f}" for part, usd in parts.items())
            + ".",
            f"The uploads themselves (PUT) cost {total(given, [Line('', '', DROP, 'put')]):.3f}, whoever makes them.",
            f"{DROP:,} duplicates of the events add {total(given, repeated()):.4f}.",
            f"One execution for each object would cost {one_each:.2f} before anything is looked at:",
            f"{one_each / (parts[CLAIMED] + parts[CLOSED]):.0f} times as much as collecting and closing.",
            "",
            "## A day in which nothing happens",
            "| what | number | USD |",
            "|---|---|---|",
            *(f"| {line.what} | {_number(line.number)} | {given.usd(line):.4f} |" for line in stack),
            "",
            f"**{total(given, stack):.3f} USD** a day for the stack, however many projects it has.",
            "A project adds, by the objects that it keeps in the data bucket:",
            "",
            "| objects | USD a day |",
            "|---|---|",
            *(f"| {n:,} | {total(given, quiet_project(given, n)):.5f} |" for n in (1, 100, 1_000, 10_000)),
            "",
            f"Not counted, since no source says whether Pipes pay for them: {STREAM_POLLS} GetRecords a second and",
            f"shard of the drops table's stream, {given.usd(stream):.3f} USD a day and shard if they do.",
        ]
    )


def sources(given: Given) -> str:
    """What stands between the page's second markers."""
    found = json.loads(GIVEN.read_text(encoding="utf-8"))
    prices = [
        f"| {p['what']} | {p['usd']:g} / {p['per']:,} | {p['source']} | {p['quality']} |" for p in given.prices.values()
    ]
    assumed = [f"| {item['what']} | {item['value']:g} |" for item in found["assumed"].values()]
    return "\n".join(
        [
            "| price | USD | source | quality |", "|---|---|---|---|", *prices, "",
            "| assumed, on the high side | |", "|---|---|", *assumed,
        ]
    )  # fmt: skip


def page(text: str, given: Given) -> str:
    """The page with its figures renewed."""
    for name, made in (("figures", tables(given)), ("sources", sources(given))):
        begin, end = f"<!-- {name}: made by tools/costs.py -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{made}\n{end}{rest.split(end)[1]}"
    return text


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text, Given.read())
    if "--check" in arguments:
        if wanted != text:
            print("costs.md is out of date: run python tools/costs.py")
        return int(wanted != text)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
