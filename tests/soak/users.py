"""What users do, and the schedule."""

from __future__ import annotations

from tests.soak.surroundings import Surroundings

PROJECTS = ("one", "two")
#: Folders of two projects, two channels; few names, so that they meet.
FOLDERS = ("one/train/", "one/train/", "one/train/", "one/train/x/", "one/validation/", "two/train/")
NAMES = ("a.csv", "b.csv", "c.csv")
BODIES = (b"1,2\n", b"3,4\n", b"bad\n")
RULES = ("any", "any", "any", "quiet", "success", "manifest")


def configure(world: Surroundings, project: str | None = None) -> None:
    """A valid project.yaml."""
    choices = world.choices
    project = project or choices.among(PROJECTS)
    data = {"complete_on": choices.among(RULES), "quiet_period": choices.among((60, 300)), "manifest_wait": 3_600}
    world.configure(project, data)


def _key(world: Surroundings) -> str:
    return world.choices.among(FOLDERS) + world.choices.among((*NAMES, *NAMES[:1] * 2))


def upload(world: Surroundings) -> None:
    """An object, new or over another."""
    world.s3.put(_key(world), world.choices.among(BODIES[:2]))


def upload_odd(world: Surroundings) -> None:
    """What is ignored, or refused for its content."""
    folder = world.choices.among(FOLDERS)
    name, body = world.choices.among((("a.csv", b"bad\n"), ("b.csv", b""), (".hidden", b"x"), ("c.csv.tmp", b"x")))
    world.s3.put(folder + name, body)


def upload_parts(world: Surroundings) -> None:
    """An upload in parts begins, or one is finished."""
    begun = sorted(world.s3.uploads)
    if begun and world.choices.chance(60):
        world.s3.finish_upload(world.choices.among(begun), world.choices.among(BODIES[:2]))
    else:
        world.s3.begin_upload(_key(world))


def mark_success(world: Surroundings) -> None:
    world.s3.put(world.choices.among(FOLDERS) + "_SUCCESS", b"")


def write_manifest(world: Surroundings) -> None:
    """It names some objects, there or not yet."""
    folder, number = world.choices.among(FOLDERS), 1 + world.choices.below(7)
    names = [name for place, name in enumerate(NAMES) if number >> place & 1]
    force = ["# force: true"] if world.choices.chance(20) else []
    world.s3.put(folder + "manifest.txt", "\n".join([*names, *force]).encode())


def delete(world: Surroundings) -> None:
    there = sorted(k for k in world.s3.versions if world.s3.current(k))
    if there:
        world.s3.delete(world.choices.among(there))


def delete_version(world: Surroundings) -> None:
    there = sorted(world.s3.versions)
    if there:
        key = world.choices.among(there)
        world.s3.delete_version(key, world.choices.among((-1, 0)))


def look_around(world: Surroundings) -> None:
    """The reconciler comes by schedule, too."""
    world.reconcile()


ACTS = (
    *(upload,) * 8,
    upload_odd,
    upload_parts,
    mark_success,
    write_manifest,
    delete,
    delete_version,
    configure,
    look_around,
)
