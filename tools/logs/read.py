"""Reads a log's text: entries, templates, signs, and what was the first error of what led to its end."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from tools.logs.answered import answered_in
from tools.logs.entries import entries_of
from tools.logs.progress import Progress, families, progress_of
from tools.logs.reading import Entry, Level, LogReading, Sign, SignKind
from tools.logs.rules import address_in
from tools.logs.signs import signs_of
from tools.logs.templates import mine

MAX_LINES = 5_000
MAX_CHARACTERS = 1_000_000
# Errors that lie further apart than this, in time or in entries, are not one story.
ONE_STORY = timedelta(minutes=5)
ONE_STORY_ENTRIES = 25
LAST_WORDS = 6
_LEAVES = re.compile(
    r"\b(?:exit(?:ing|ed)?(?: with)?(?: status| code)?|shutting down|shutdown complete|aborting|giving up|"
    r"terminat(?:ed|ing)|quitting|"
    r"bye|goodbye|stopped|killed|process \d{1,9} died|worker failed to boot|ELIFECYCLE|command failed|core dumped)\b|"
    r"Node\.js v\d",
    re.IGNORECASE,
)


def read_log(text: str, *, now: datetime | None) -> LogReading:
    """Read the end of a log, at most 5,000 lines of it. ``now`` gives a year to times that have none.

    Total and linear in the text: nothing in a log makes it fail.
    """
    lines = text[-MAX_CHARACTERS:].splitlines()[-MAX_LINES:]
    entries = entries_of(lines, now)
    progress = progress_of(entries)
    signs = signs_of(entries, progress)
    return LogReading(
        lines=len(lines),
        entries=entries,
        templates=mine(entries),
        signs=signs,
        first_error=_first_error(entries, signs, progress),
        exit_line=_exit_line(entries),
        served=len(progress.served),
        answers=answered_in(entries),
    )


def _first_error(entries: Sequence[Entry], signs: Sequence[Sign], progress: Progress) -> Entry | None:
    """Back from the last error as long as the one before it belongs to the same story."""
    shown = {each.number for each in signs if _is_error(each)} | {each.last_number for each in signs if _is_error(each)}
    begin = max(progress.run_began, progress.ran)
    bad = [
        each
        for each in entries[max(begin, 0) :]
        if (each.level >= Level.ERROR or (each.number in shown and not each.is_level_told))
        and not _is_handled(each, progress)
    ]
    # What is said on leaving is no cause, unless nothing else was said.
    bad = [each for each in bad if each.is_trace or each.number in shown or not _LEAVES.search(each.message)] or bad
    if not bad:
        return None
    first = bad[-1]
    for earlier in reversed(bad[:-1]):
        if not _is_one_story(earlier, first, progress):
            break
        first = earlier
    return first


def _is_error(sign: Sign) -> bool:
    return sign.stands and sign.level >= Level.ERROR and sign.kind is not SignKind.SHUTDOWN


def _is_handled(entry: Entry, progress: Progress) -> bool:
    return progress.works_again(entry.number, address_in(entry.message[:2_000]), families(entry.message), False)


def _is_one_story(earlier: Entry, later: Entry, progress: Progress) -> bool:
    if later.number - earlier.number > ONE_STORY_ENTRIES or progress.served_between(earlier.number, later.number):
        return False
    return earlier.at is None or later.at is None or later.at - earlier.at <= ONE_STORY


def _exit_line(entries: Sequence[Entry]) -> Entry | None:
    """What was said on leaving, among the last words; else the last word, when it is an error."""
    last_words = entries[-LAST_WORDS:]
    leaving = [each for each in last_words if _LEAVES.search(each.headline[:400])]
    if leaving:
        return leaving[-1]
    return entries[-1] if entries and entries[-1].level >= Level.ERROR else None
