"""What an inspection found in a drop, in words. Pure."""

from __future__ import annotations

from notification.passages import table
from notification.words import Detail, number, said, things, word

SHOWN = 10
ROWS = 5
TEXT = 120
FILE = 60
#: What a check can be set to so that such data is accepted; all others to `warn`.
ACCEPTING = {"unreadable_file": "skip", "ragged_rows": "skip"}
MEANT = {"skip": "`skip` leaves out what is wrong", "warn": "`warn` uses the data as it is"}


def refusing(findings: list[Detail], reason: str) -> list[Detail]:
    """The findings for which the drop was refused: those whose messages its reason is made of."""
    found = []
    for finding in findings:
        message = said(finding.get("message"), len(reason) + 1)
        if not reason or not message or not (reason.startswith(message) or message.startswith(reason)):
            break
        found.append(finding)
        reason = reason[len(message) :].removeprefix("; ")
    return found


def described(title: str, findings: list[Detail]) -> str:
    """Each finding with its fix and the first rows that it is about."""
    if not findings:
        return ""
    more = [f"  … and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else []
    return "\n".join([title, *map(_one, findings[:SHOWN]), *more])


def _one(finding: Detail) -> str:
    fix, rows = word(finding, "fix", ""), things(finding, "rows")[:ROWS]
    if finding.get("check") == "unreadable_file":  # files that were left out are listed as such, with their reasons
        rows = [row for row in rows if row.get("line") is not None]
    found = number(finding.get("count"))
    times = f" ({found:,.0f}×)" if found and found > 1 else ""
    parts = [f"  - {word(finding, 'check', 'check')}{times}: {word(finding, 'message', 'no message')}"]
    parts += [f"    fix: {fix}"] if fix else []
    if rows:
        shown = [(word(r, "file", "-", FILE), _line(r), word(r, "text", "", TEXT)) for r in rows]
        parts.append(table([("file", "line", "text"), *shown], "      "))
    return "\n".join(parts)


def _line(row: Detail) -> str:
    line = number(row.get("line"))
    return "-" if line is None else f"{line:.0f}"


def acceptance(findings: list[Detail]) -> str:
    """What to write into project.yaml so that such data is accepted from now on."""
    checks = list(dict.fromkeys(check for f in findings if (check := word(f, "check", ""))))
    if not checks:
        return ""
    chosen = {check: ACCEPTING.get(check, "warn") for check in checks}
    meant = " and ".join(MEANT[policy] for policy in sorted(set(chosen.values())))
    said_so = ", ".join(f"{check}: {policy}" for check, policy in chosen.items())
    return (
        f"If such data is right for you, say so in project.yaml and upload it before the next drop ({meant}):\n\n"
        f"  data: {{checks: {{{said_so}}}}}"
    )
