"""A model of two workers, one object and a network that loses, delays and repeats; explored to the last state.

It walks over the table of moves and the order of steps that the engine itself uses. What the model leaves out of a
design is named in ``Design``; with nothing left out no state may break a rule, with anything left out one has to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.lifecycle import MOVES, STEPS, Point, ProposalState

S = ProposalState
# What the model can do: so many crashes, spec changes and status writes of others, claims, tries and open requests.
CRASHES, FOREIGN, STATUS, CLAIMS, TRIES, OPEN = 1, 1, 1, 2, 1, 2
APPROVED_GENERATION = 1
_WITHOUT = frozenset({S.DENIED, S.EXPIRED, S.CANCELLED, S.STALE, S.BLOCKED, S.FAILED})
# Where a worker stands beside the steps.
_HOLD, _ANSWER, _CLOSE_HOLD, _CLOSE_READ, _CLOSE_ANSWER, _RECORD = -1, -2, -3, -4, -5, -6


class Worker(NamedTuple):
    """A worker that holds, or believes to hold, the execution. ``at`` is a step or one of the places beside them."""

    at: int
    fence: int
    generation: int = 0
    version: int = 0
    marked: bool = False
    tries: int = 0
    end: ProposalState | None = None


class Request(NamedTuple):
    """On its way: for which version it was made, and who still waits for its answer (0: nobody)."""

    is_abort: bool
    version: int
    fence: int


class State(NamedTuple):
    """Everything: the row, the two workers, the object, what is on its way, and what may still happen."""

    row: ProposalState = S.PENDING
    fence: int = 0
    leased: bool = False
    sent: bool = False
    workers: tuple[Worker, ...] = ()
    generation: int = APPROVED_GENERATION
    version: int = 1
    marked: bool = False
    effects: int = 0
    astray: bool = False
    requests: tuple[Request, ...] = ()
    crashes: int = CRASHES
    foreign: int = FOREIGN
    status: int = STATUS


@dataclass(frozen=True, slots=True)
class Design:
    """The order of steps, and what is left out on purpose: the guards by which the real design stands."""

    steps: Sequence[Point] = STEPS
    left_out: frozenset[str] = field(default_factory=frozenset)


def broken(state: State) -> str | None:
    """The rule that this state breaks, if it breaks one."""
    if state.effects > 1:
        return "two effects of one approval"
    if state.effects and state.row in _WITHOUT:
        return f"an effect of what is {state.row.value}"
    if state.effects and state.row in (S.PENDING, S.APPROVED):
        return "an effect of what nobody claimed"
    if state.row is S.SUCCEEDED and not state.effects:
        return "SUCCEEDED without an effect"
    return "an effect on another spec than the approved one" if state.astray else None


def explore(design: Design, most: int) -> tuple[int, str | None]:
    """Breadth first: how many states there are, and the first rule that one of them breaks (then it stops)."""
    first = State()
    seen = {first}
    frontier = [first]
    while frontier:
        following: list[State] = []
        for state in frontier:
            for after in successors(state, design):
                if after in seen:
                    continue
                why = broken(after)
                if why is not None:
                    return len(seen), why
                seen.add(after)
                following.append(after)
        if len(seen) > most:
            raise OverflowError(f"more than {most} states")
        frontier = following
    return len(seen), None


def successors(state: State, design: Design) -> Iterator[State]:
    """Every next state."""
    yield from _people(state, design)
    yield from _surroundings(state)
    yield from _network(state, design)
    for number, worker in enumerate(state.workers):
        for after in _steps(state, worker, design):
            yield _with(after[0], number, after[1])
        if state.crashes:
            orphans = tuple(each._replace(fence=0) if each.fence == worker.fence else each for each in state.requests)
            yield _with(state._replace(crashes=state.crashes - 1, requests=tuple(sorted(orphans))), number, None)


def _with(state: State, number: int, worker: Worker | None) -> State:
    workers = [*state.workers[:number], *state.workers[number + 1 :]]
    # Workers are alike, so their order says nothing.
    return state._replace(workers=tuple(sorted([*workers, worker] if worker else workers, key=_order)))


def _order(worker: Worker) -> tuple[int, int, int, int, bool, int, str]:
    return (*worker[:6], worker.end.value if worker.end else "")


# ---- what happens to the row ----------------------------------------------------------------------------------------


def _people(state: State, design: Design) -> Iterator[State]:
    moves = MOVES.get(state.row, frozenset())
    decided = [each for each in (S.APPROVED, S.DENIED, S.EXPIRED, S.CANCELLED) if each in moves]
    if "compare and swap" in design.left_out and state.row in (S.APPROVED, S.EXECUTING, S.SUCCEEDED):
        decided.append(S.DENIED)  # somebody who saw it PENDING writes without looking again
    for to in decided:
        yield state._replace(row=to)
    if state.row is S.EXECUTING and state.leased:
        yield state._replace(leased=False)
    takes = state.row is S.APPROVED or (state.row is S.EXECUTING and not state.leased)
    if S.EXECUTING in moves and takes and len(state.workers) < 2 and state.fence < CLAIMS:
        worker = Worker(_HOLD, state.fence + 1)
        claimed = state._replace(row=S.EXECUTING, fence=state.fence + 1, leased=True)
        yield claimed._replace(workers=tuple(sorted([*state.workers, worker], key=_order)))


def _surroundings(state: State) -> Iterator[State]:
    if state.foreign:
        yield state._replace(foreign=state.foreign - 1, generation=state.generation + 1, version=state.version + 1)
    if state.status:
        yield state._replace(status=state.status - 1, version=state.version + 1)


# ---- what happens to requests ---------------------------------------------------------------------------------------


def _network(state: State, design: Design) -> Iterator[State]:
    for number, request in enumerate(state.requests):
        rest = (*state.requests[:number], *state.requests[number + 1 :])
        gone = state._replace(requests=rest)
        applied, is_done = _applied(gone, request, design)
        yield applied  # the answer is lost
        yield gone  # the request is lost
        for index, worker in enumerate(state.workers):
            if request.fence == worker.fence and worker.at in (_ANSWER, _CLOSE_ANSWER):
                yield _with(applied, index, _answered(worker, request, is_done))


def _applied(state: State, request: Request, design: Design) -> tuple[State, bool]:
    guarded = "resourceVersion" not in design.left_out or request.is_abort
    if guarded and request.version != state.version:
        return state, False
    if request.is_abort:
        return state._replace(version=state.version + 1), True
    if state.marked:
        return state, True  # the same content again changes nothing
    astray = state.astray or state.generation != APPROVED_GENERATION
    return (
        state._replace(
            generation=state.generation + 1,
            version=state.version + 1,
            marked=True,
            effects=state.effects + 1,
            astray=astray,
        ),
        True,
    )


def _answered(worker: Worker, request: Request, is_done: bool) -> Worker:
    if request.is_abort:
        return worker._replace(at=_RECORD) if is_done else _again(worker, _CLOSE_HOLD)
    return worker._replace(at=_RECORD, end=S.SUCCEEDED) if is_done else _again(worker, _HOLD)


def _again(worker: Worker, at: int) -> Worker:
    """Back to reading: what was read before counts no more."""
    return Worker(at, worker.fence, tries=worker.tries + 1, end=worker.end)


# ---- what a worker does ---------------------------------------------------------------------------------------------


def _steps(state: State, worker: Worker, design: Design) -> Iterator[tuple[State, Worker | None]]:
    mine = state.row is S.EXECUTING and state.fence == worker.fence
    match worker.at:
        case at if at == _HOLD:
            yield from _held(state, worker, design, mine)
        case at if at == _ANSWER:
            orphans = tuple(e._replace(fence=0) if e.fence == worker.fence else e for e in state.requests)
            yield state._replace(requests=tuple(sorted(orphans))), _again(worker, _HOLD)
        case at if at in (_CLOSE_HOLD, _CLOSE_READ, _CLOSE_ANSWER):
            yield from _closing(state, worker, mine)
        case at if at == _RECORD:
            assert worker.end is not None
            if (mine or "compare and swap" in design.left_out) and worker.end in MOVES[S.EXECUTING]:
                yield state._replace(row=worker.end, leased=False), None
            yield state, None
        case _:
            yield from _step(state, worker, design, mine)


def _held(state: State, worker: Worker, design: Design, mine: bool) -> Iterator[tuple[State, Worker | None]]:
    if not mine:
        yield state, None
    elif worker.tries > TRIES:
        # Spent: by a conflict, or because no answer came; after a send the second ends without knowing.
        yield state, _closed(state, worker, S.FAILED, design)
        if state.sent:
            yield state, worker._replace(at=_RECORD, end=S.UNKNOWN)
    else:
        yield state._replace(leased=True), worker._replace(at=0)


def _step(state: State, worker: Worker, design: Design, mine: bool) -> Iterator[tuple[State, Worker | None]]:
    step = design.steps[worker.at]
    on = worker._replace(at=worker.at + 1)
    if step is Point.READ:
        yield state, on._replace(generation=state.generation, version=state.version, marked=state.marked)
    elif step is Point.NOTED:
        is_held = mine or "fence" in design.left_out
        yield (state._replace(sent=True), on) if is_held else (state, None)
    elif step is Point.WRITTEN:
        if len(state.requests) < OPEN:
            yield _asked(state, Request(False, worker.version, worker.fence)), worker._replace(at=_ANSWER)
    else:
        yield from _looked(state, worker, on, design)


def _looked(state: State, worker: Worker, on: Worker, design: Design) -> Iterator[tuple[State, Worker | None]]:
    """The steps that only judge what was read. The no of the approvers is that of the validator, one step earlier."""
    match design.steps[worker.at]:
        case Point.PROBED:
            yield state, worker._replace(at=_RECORD, end=S.SUCCEEDED) if worker.marked else on
        case Point.COMPARED:
            same = worker.generation == APPROVED_GENERATION
            yield state, on if same else worker._replace(at=_RECORD, end=S.STALE)
        case Point.JUDGED:
            yield state, on
            yield state, _closed(state, worker, S.BLOCKED, design)
        case Point.TRIED:
            yield state, on if worker.version == state.version else _again(worker, _HOLD)
            yield state, _closed(state, worker, S.FAILED, design)
        case _:
            yield state, on


def _asked(state: State, request: Request) -> State:
    return state._replace(requests=tuple(sorted([*state.requests, request])))


def _closed(state: State, worker: Worker, end: ProposalState, design: Design) -> Worker:
    """A no: at once when nothing was sent, else by way of the abort marker."""
    closes = state.sent and "abort" not in design.left_out
    return Worker(_CLOSE_HOLD if closes else _RECORD, worker.fence, tries=worker.tries, end=end)


def _closing(state: State, worker: Worker, mine: bool) -> Iterator[tuple[State, Worker | None]]:
    match worker.at:
        case at if at == _CLOSE_HOLD:
            if not mine:
                yield state, None
            elif worker.tries > TRIES + 1:
                yield state, worker._replace(at=_RECORD, end=S.UNKNOWN)
            else:
                yield state._replace(leased=True), worker._replace(at=_CLOSE_READ)
        case at if at == _CLOSE_READ:
            if state.marked:
                yield state, worker._replace(at=_RECORD, end=S.SUCCEEDED)
            elif len(state.requests) < OPEN:
                request = Request(True, state.version, worker.fence)
                yield (
                    state._replace(requests=tuple(sorted([*state.requests, request]))),
                    worker._replace(at=_CLOSE_ANSWER),
                )
        case _:
            orphans = tuple(e._replace(fence=0) if e.fence == worker.fence else e for e in state.requests)
            yield state._replace(requests=tuple(sorted(orphans))), worker._replace(at=_RECORD, end=S.UNKNOWN)
