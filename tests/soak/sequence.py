"""A generated sequence: what users do, in what order it is told and worked on, and what goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from tests.soak.choices import Choices
from tests.soak.executions import MACHINES
from tests.soak.surroundings import Surroundings
from tests.soak.users import ACTS, BODIES, PROJECTS, configure
from tests.soak.world import World

SECONDS = (0, 1, 2, 20, 70, 400, 4_000)
USER_ACTS, TURNS, ROUNDS = 20, 250, 16
PACES = (60, 25, 10)  # percent of the turns that are a user's
#: How far time goes before each look of the reconciler: its schedule, then what an inspection and a manifest may take.
WAITS = (1_000, 1_000, 7_000, 90_000, 1_000, 7_000)


def play(choices: Choices) -> World:
    """Play one sequence to its quiet end."""
    world = World(choices, MACHINES)
    perform(world)
    return world


def perform(world: Surroundings) -> None:
    """What users do, what comes of it, and the quiet end."""
    choices = world.choices
    for project in PROJECTS:
        if choices.chance(85):
            configure(world, project)
    acts, pace = 1 + choices.below(USER_ACTS), choices.among(PACES)
    for _ in range(TURNS):
        if acts and choices.chance(pace):
            acts -= 1
            choices.among(ACTS)(world)
        elif not (turn(world) or acts):
            break
    settle(world)


def turn(world: Surroundings) -> bool:
    """Something happens by itself; False if nothing can but time going by."""
    ready = world.ready()
    possible: list[Callable[[], object]] = []
    if ready:
        possible += [lambda: world.step(world.choices.among(ready))] * 4
    if world.messages:
        possible += [world.deliver] * 2
    if world.starts:
        possible.append(world.start)
    if possible and not world.choices.chance(15):
        world.choices.among(possible)()
        return True
    later = world.next_moment()
    world.advance(later if later is not None and world.choices.chance(50) else world.choices.among(SECONDS))
    return bool(possible) or later is not None


def settle(world: Surroundings) -> None:
    """No more faults: what was told arrives, dead letters are redriven, the reconciler comes until it is quiet."""
    world.faults = False
    for key in list(world.s3.uploads):
        world.s3.finish_upload(key, BODIES[0])
    drain(world)
    waits = list(WAITS)
    for _ in range(ROUNDS):
        world.advance(waits.pop(0) if waits else WAITS[0])
        quiet = reconcile(world)
        if quiet and not waits:
            return
    world.wrong.append(f"not quiet after {ROUNDS} reconciliations")


def reconcile(world: Surroundings) -> bool:
    """One reconciliation and what follows from it; True if it found nothing to do."""
    world.reconcile()
    before = world.progress()
    drain(world)
    return before == world.progress()


def drain(world: Surroundings) -> None:
    """All that is under way comes to its end, waits included."""
    world.messages += [m | {"receives": 0} for m in world.dead]
    world.dead.clear()
    for _ in range(5_000):
        ready = world.ready()
        if ready:
            world.step(ready[0])
        elif world.messages:
            world.deliver()
        elif world.starts:
            world.start()
        elif (later := world.next_moment()) is not None:
            world.advance(later)
        else:
            return
    world.wrong.append("it never comes to an end")
