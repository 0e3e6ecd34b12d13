"""Tables for the tests of the profile, written by code."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dropforge_jobs.files import DropFile
from dropforge_jobs.profile import Profile, ProfileSettings, profile_table
from dropforge_jobs.tables import Table, open_table


def table_of(folder: Path, *texts: str | bytes, target: str | int | None = None, columns: Any = None) -> Table:
    """The texts as the files of a drop."""
    files = []
    for place, text in enumerate(texts):
        path = folder / f"part-{place}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        files.append(DropFile(path.name, path))
    return open_table(files, target, columns, on_ragged="skip")


def profile_of(
    folder: Path,
    *texts: str | bytes,
    target: str | int | None = None,
    previous: Any = None,
    columns: Any = None,
    problem: str | None = None,
    **checks: str,
) -> Profile:
    """The profile of the texts as files of one drop."""
    table = table_of(folder, *texts, target=target, columns=columns)
    return profile_table(table, ProfileSettings(target, problem, columns, checks), previous)


def column(profile: Profile, name: str) -> dict[str, Any]:
    """The figures of a column."""
    return next(each for each in profile.json["columns"] if each["name"] == name)


def finding(profile: Profile, check: str) -> dict[str, Any] | None:
    """The first finding of a check."""
    return next((each for each in profile.findings if each["check"] == check), None)


HEADER = "id,age,colour,joined,note,always,income\n"


def people(rows: int = 400, seed: int = 1, start: int = 0, older: int = 0) -> list[str]:
    """Lines of a table with a column of each kind; the income goes with the age and the colour."""
    chance = random.Random(seed)
    lines = []
    for row in range(start, start + rows):
        age = chance.randint(18, 80) + older
        colour = chance.choice(["red", "green", "blue", "?"])
        joined = f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        rich = chance.random() < (0.2 + (age - older > 50) * 0.3 + (colour == "red") * 0.2)
        note = f"person {row} came on foot and stayed for {chance.randint(1, 10_000)} days"
        lines.append(f"{row},{age},{colour},{joined},{note},x,{'high' if rich else 'low'}\n")
    return lines
