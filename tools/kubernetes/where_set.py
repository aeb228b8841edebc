"""Looks for the file and the line that set what failed: in the change behind it, and in the repositories."""

from collections.abc import Iterator
from dataclasses import dataclass

from safety.redaction import Redacted
from tools.evidence import Evidence, Finding, ObjectRef, evidence
from tools.kubernetes.settings import settings_of
from tools.settings import SetAt, Setting, set_in_diff
from tools.snapshot import Snapshot
from tools.world import Reader, RecordedChange, SettingSource, WorldError

MOST_REPOSITORIES = 2


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of it: a place with its evidence, or in words why there is none. Both None: nothing to look for."""

    place: SetAt | None = None
    evidence: Evidence | None = None
    note: Redacted | None = None


async def find_where_set(found: Finding, snapshot: Snapshot, world: Reader) -> Looked:
    """Never raises: a repository that cannot be read becomes a note."""
    settings = settings_of(found, snapshot)
    change = next((each for each in snapshot.recorded if each.id == found.culprit), None)
    repositories = (*world.repositories, *snapshot.repositories)
    if not settings or (change is None and not repositories):
        return Looked()
    place, notes = None, list[str]()
    for source in _sources(found, change, repositories):
        try:
            place = await source.where_set(settings, found.subject.name, change.files if change else ())
        except WorldError as error:
            notes.append(f"the files of {source.repository}: {error}")
        if place is not None:
            break
    place = place or _in_the_change(settings, change)
    if place is not None:
        return Looked(place, _seen(place, snapshot))
    if not repositories:
        return Looked()  # that nobody looks at source code is said anyway
    why = "; ".join(notes) or f"no file that could be read sets {_named(settings)} for certain"
    return Looked(note=snapshot.say(f"Where it is set: {why}"))


def _named(settings: tuple[Setting, ...]) -> str:
    return " or ".join(f"{each.what} {each.value}" for each in settings)


def _sources(
    found: Finding, change: RecordedChange | None, repositories: tuple[SettingSource, ...]
) -> Iterator[SettingSource]:
    """The repository of the change behind it, then those of the service; the only one there is, whatever its name."""
    of_change = [each for each in repositories if change is not None and each.repository == change.repo]
    own = [each for each in repositories if each.concerns(found.subject.name) and each not in of_change]
    chosen = [*of_change, *own] or (list(repositories) if len(repositories) == 1 else [])
    yield from chosen[:MOST_REPOSITORIES]


def _in_the_change(settings: tuple[Setting, ...], change: RecordedChange | None) -> SetAt | None:
    """What the record of the change itself shows, where the repository is out of reach."""
    for each in settings:
        found = set_in_diff(change.diff, each, change.files) if change is not None and change.diff else None
        if change is not None and found is not None:
            path, line, text = found
            return SetAt(each, change.repo or change.id, path, line, text)
    return None


def _seen(place: SetAt, snapshot: Snapshot) -> Evidence:
    ref = ObjectRef("File", None, f"{place.repository}/{place.place}")
    at = f" at {place.ref[:12]}" if place.ref else ""
    told = f"{place.place} of {place.repository}{at} sets the {place.setting.what}: {place.text}"
    return evidence("repository", ref, snapshot.say(told), None)
