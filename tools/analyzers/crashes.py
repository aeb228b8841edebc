"""Programs that end when they should run: what their own words say about why, before what the exit code says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from tools.analyzers.addresses import find_place
from tools.analyzers.bringing import is_named, read_by
from tools.analyzers.interface import (
    Blame,
    Claim,
    began_at,
    cited,
    count_words,
    failing,
    find_blame,
    finding,
    is_proven,
    is_superseded,
    logs_of,
    said,
)
from tools.analyzers.pods import is_out_of_memory
from tools.evidence import Category, Evidence, Finding, evidence
from tools.logs.hunches import hunch
from tools.logs.reading import Sign, SignKind
from tools.snapshot import Container, LogTail, Pod, Release, Snapshot, Topic, Workload

K = SignKind


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a sign in the log of a program that ended makes of the crash."""

    category: Category
    confidence: float
    words: str
    advice: str
    # A release that changed one of these brought the fault, however long it took to show. A new image did so only if
    # the trouble began shortly after it: an old one ran well before.
    topics: frozenset[Topic] = frozenset({"environment", "config source", "command"})


# Those that say most come first: a program that lacks a variable may also log an exception of that.
_MEANINGS: tuple[tuple[SignKind, _Meaning], ...] = (
    (
        K.MISSING_VARIABLE,
        _Meaning(
            Category.MISSING_ENV_VAR,
            0.88,
            "needs the setting {target}, which is not set",
            "It reads the setting when it starts and gives up without it. Set it in the pod template (or in the "
            "ConfigMap or Secret it comes from), or go back to a release that had it.",
        ),
    ),
    (
        K.ADDRESS_IN_USE,
        _Meaning(
            Category.PORT_CONFLICT,
            0.85,
            "wants to listen on {target}, which is taken",
            "Two programs of the pod (or of the node, with host networking) want the same port. Give one of them "
            "another port.",
            frozenset({"environment", "config source", "command", "ports"}),
        ),
    ),
    (
        K.BAD_CONFIG,
        _Meaning(
            Category.APP_CONFIG_ERROR,
            0.82,
            "does not accept its configuration ({target})",
            "It reads its configuration when it starts, finds a fault in it and gives up. Correct the setting, the "
            "flag or the file.",
        ),
    ),
    (
        K.MISSING_FILE,
        _Meaning(
            Category.APP_CONFIG_ERROR,
            0.62,
            "does not find the file {target}",
            "The file is neither in the image nor mounted. Mount it, or correct the path.",
        ),
    ),
    (
        K.CANNOT_EXECUTE,
        _Meaning(
            Category.APP_CRASH,
            0.75,
            "cannot be started ({target})",
            "The command is not in the image, may not be run, or was built for another processor. Correct the command "
            "or the image.",
            frozenset({"command"}),
        ),
    ),
    (
        K.MISSING_MODULE,
        _Meaning(
            Category.APP_CRASH,
            0.78,
            "lacks a part of itself ({target})",
            "A module or library is not in the image: the image was built incompletely. Build it again, or go back to "
            "the image before it.",
            frozenset(),
        ),
    ),
    (
        K.SCHEMA_MISMATCH,
        _Meaning(
            Category.APP_CRASH,
            0.7,
            "expects {target} in its database, which is not there",
            "The program and the database's schema do not fit: a migration did not run, or ran too early.",
            frozenset(),
        ),
    ),
    (
        K.KILLED_BY_SIGNAL,
        _Meaning(
            Category.APP_CRASH,
            0.75,
            "broke off with a memory fault ({target})",
            "That is a fault in the program's own code or in a library it loads.",
            frozenset(),
        ),
    ),
    (
        K.UNCAUGHT,
        _Meaning(
            Category.APP_CRASH,
            0.78,
            "ends with an error that nobody catches ({target})",
            "That is a fault in the program's own code, or something it met that it was not written for.",
            frozenset(),
        ),
    ),
)
# What the last words of a program that ends at once are only loosely about: sure enough to be named, and no more.
_LIKELY = 0.62
_HUNCHES = {
    K.MISSING_VARIABLE: _Meaning(
        Category.MISSING_ENV_VAR,
        _LIKELY,
        "seems to need a setting that is not set ({target})",
        "It gives up right after the start, and its last words speak of a setting that is missing. Set it in the pod "
        "template (or in the ConfigMap or Secret it comes from), or go back to a release that had it.",
    ),
    K.BAD_CONFIG: _Meaning(
        Category.APP_CONFIG_ERROR,
        _LIKELY,
        "does not seem to accept its configuration ({target})",
        "It gives up right after the start, and its last words speak of a value or a file that it does not accept. "
        "Correct the setting, the flag or the file.",
    ),
    K.CONNECTION_TIMEOUT: _Meaning(
        Category.DEPENDENCY_UNREACHABLE,
        _LIKELY,
        "seems to wait in vain for {target}",
        "It gives up right after the start, and its last words speak of something it does not reach. Look there first; "
        "a restart of the caller does not help.",
    ),
    K.AUTHENTICATION_FAILED: _Meaning(
        Category.INVALID_CREDENTIALS,
        _LIKELY,
        "does not seem to be let in where it logs in ({target})",
        "It gives up right after the start, and its last words speak of a login that was refused. Compare the user and "
        "the password or key it is given with those that the other side knows.",
    ),
}
# What sysexits.h has a program say that was called wrongly, or that does not accept its configuration.
_REFUSED = _Meaning(
    Category.APP_CONFIG_ERROR,
    _LIKELY,
    "does not accept how it is set up",
    "It ends with the exit code that stands for wrong arguments or a wrong configuration; its log says which.",
)
_EXITS_OF_SETTINGS = (64, 78)
_SOON = timedelta(minutes=2)
# These say that the fault lies elsewhere; the analyzers of dependencies, storage and rights speak of them.
ELSEWHERE = frozenset(
    {K.CONNECTION_REFUSED, K.CONNECTION_TIMEOUT, K.DNS_FAILURE, K.AUTHENTICATION_FAILED, K.ACCESS_FORBIDDEN}
    | {K.CERTIFICATE_EXPIRED, K.CERTIFICATE_INVALID, K.TOO_MANY_CONNECTIONS, K.READ_ONLY, K.DISK_FULL}
    | {K.PERMISSION_DENIED, K.PROTOCOL_MISMATCH}
)


def crashed(snapshot: Snapshot) -> Iterator[Finding]:
    """The program ends with a fault of its own, told by its log or, where that tells nothing, by its exit code."""
    for workload in snapshot.workloads:
        pairs = [
            pair
            for pair in failing(workload, snapshot)
            if not is_out_of_memory(*pair) and not is_superseded(pair[0], workload)
        ]
        if pairs:
            yield _crash(workload, pairs, snapshot)


def _crash(workload: Workload, pairs: list[tuple[Pod, Container]], snapshot: Snapshot) -> Finding:
    pods = tuple(dict.fromkeys(pod for pod, _ in pairs))
    container = next((each for _, each in pairs if each.is_init), pairs[0][1])
    tails = [each for pod in pods for each in pod.logs if each.container == container.name]
    sign, tail, meaning = _told_by(tails, container)
    code = container.ended.exit_code if container.ended else -1
    if meaning is None and code in _EXITS_OF_SETTINGS and not _points_elsewhere(tails):
        meaning = _REFUSED
    blame = _blame(workload, pods, container, tails, meaning, snapshot)
    category, what = _category(workload, container, meaning, blame)
    shown = [said(tail, sign, snapshot)] if sign is not None and tail is not None else []
    how = f"{what} {container.name} "
    target = sign.target or "see its log" if sign else ""
    how += meaning.words.format(target=target) if meaning else f"ends with exit code {code}"
    restarts = max(each.restarts for _, each in pairs)
    called = sign.target if sign is not None and sign.kind is K.CONNECTION_TIMEOUT else None
    place = find_place(called, workload.ref.namespace, snapshot)
    claim = Claim(
        category=category,
        summary=f"{how}: {count_words(workload, pods)}, up to {restarts} restarts",
        explanation=_explanation(container, code, meaning, sign),
        evidence=cited(shown, _around(tails, snapshot), (each.evidence for each in pods), logs_of(pods)),
        confidence=meaning.confidence if meaning else 0.45 if _points_elsewhere(tails) else 0.6,
        pods=pods,
        since=began_at(pods, "BackOff"),
        blame=blame,
        may_roll_back=is_proven(pods, snapshot.thresholds),
        because=place.refs if place is not None else (),
    )
    return finding(workload, claim)


def _blame(
    workload: Workload,
    pods: tuple[Pod, ...],
    container: Container,
    tails: list[LogTail],
    meaning: _Meaning | None,
    snapshot: Snapshot,
) -> Blame | None:
    """A release is to blame that changed what the program complains of by name, or how it is started."""
    topics = meaning.topics if meaning else _STARTING if _never_started(container) else frozenset[Topic]()
    said_of = " ".join(entry.text for tail in tails for entry in tail.reading.entries[-60:])

    def is_direct(release: Release, _older: Release) -> bool:
        return bool(release.changed & topics) or any(is_named(each, said_of) for each in release.differences)

    return find_blame(workload, pods, is_direct, snapshot.thresholds, read_by(pods[0], container.name))


_STARTING: frozenset[Topic] = frozenset({"command"})


def _never_started(container: Container) -> bool:
    ended = container.ended
    return ended is not None and (ended.exit_code in (126, 127, 128) or ended.reason in _NEVER_STARTED)


_NEVER_STARTED = frozenset({"StartError", "ContainerCannotRun"})


def _around(tails: list[LogTail], snapshot: Snapshot) -> list[Evidence]:
    """The first error of a log with the lines after it: the reason often stands a line below."""
    found = []
    for tail in sorted(tails, key=lambda each: not each.previous)[:1]:
        first = tail.reading.first_error
        if first is not None:
            after = [each for each in tail.reading.entries if first.number < each.number <= first.number + 3]
            pieces = [first.text, "\n".join(each.first_line[:130] for each in after)]
            for number, piece in enumerate(each for each in pieces if each):
                part = f":{tail.container}:first-error{number}"
                found.append(evidence("log", tail.pod, snapshot.say(piece[:1_200]), first.at, part))
    return found


def _told_by(tails: list[LogTail], container: Container) -> tuple[Sign | None, LogTail | None, _Meaning | None]:
    """The sign that says most about the end, and the log it stands in; of what ended before what runs now."""
    if _points_elsewhere(tails):
        return None, None, None
    ordered = sorted(tails, key=lambda each: not each.previous)
    guessed = next(((found, tail) for tail in ordered if (found := hunch(tail.reading)) is not None), None)
    for kind, meaning in _MEANINGS:
        if kind is K.UNCAUGHT and guessed is not None and _ended_soon(container):
            return *guessed, _HUNCHES[guessed[0].kind]
        for tail in ordered:
            for sign in tail.reading.standing(kind):
                return sign, tail, meaning
    return None, None, None


def _ended_soon(container: Container) -> bool:
    ended = container.ended
    times = (ended.started_at, ended.finished_at) if ended is not None else (None, None)
    return times[0] is None or times[1] is None or times[1] - times[0] <= _SOON


def _points_elsewhere(tails: list[LogTail]) -> bool:
    first = [each.reading.first_error for each in tails if each.reading.first_error is not None]
    numbers = {each.number for each in first}
    return any(
        sign.number in numbers or sign.last_number in numbers
        for tail in tails
        for sign in tail.reading.standing(*ELSEWHERE)
    )


def _category(
    workload: Workload, container: Container, meaning: _Meaning | None, blame: Blame | None
) -> tuple[Category, str]:
    if container.is_init:
        return Category.INIT_CONTAINER_FAILED, "init container"
    what = "job container" if workload.ref.kind in ("Job", "CronJob") else "container"
    if blame is not None and blame.is_direct and blame.release.changed & _STARTING and _never_started(container):
        return Category.BAD_ROLLOUT_CONFIG, what
    is_crash = meaning is None or meaning.category is Category.APP_CRASH
    if blame is not None and blame.is_direct and is_crash and blame.release.changed & {"environment", "command"}:
        return Category.APP_CONFIG_ERROR, what
    if meaning is not None and (meaning.category is not Category.APP_CRASH or what == "container"):
        return meaning.category, what
    return (Category.JOB_FAILED if what == "job container" else Category.APP_CRASH), what


def _explanation(container: Container, code: int, meaning: _Meaning | None, sign: Sign | None) -> str:
    told = _exit_words(container.name, code)
    if meaning is None or sign is None:
        return (
            f"{told} The first error in its log, cited as evidence, is the best place to read why. A restart does not "
            "help as long as it ends the same way each time."
        )
    words = meaning.words.format(target=sign.target or "see its log")
    return (
        f"{told} Its log says why: it {words}. {meaning.advice} Restarting does not help: it ends the same way again."
    )


def _exit_words(name: str, code: int) -> str:
    match code:
        case 0:
            return f"The program in container {name} ends by itself without an error, although it should keep running."
        case 126 | 127:
            return f"Container {name} cannot start its program: the command is missing or may not be run (exit {code})."
        case 137:
            return f"The program in container {name} was killed from outside (exit code 137)."
        case 134:
            return f"The program in container {name} aborted itself (exit code 134)."
        case 139:
            return f"The program in container {name} broke off with a memory fault (exit code 139)."
        case 143:
            return f"The program in container {name} was asked to stop and did (exit code 143)."
        case _:
            return f"The program in container {name} ends itself with an error (exit code {code}) and is started again."
