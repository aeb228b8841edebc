"""Whether the name of an operation only looks: each verb in it has to, also those behind an "and"."""

from itertools import pairwise

from safety.calls.vocabulary import (
    CHANGING,
    CONJUNCTIONS,
    NOTES,
    NOUNS,
    OBJECTS,
    PURE,
    QUALIFIERS,
    READING,
    REFERENCES,
    SHOWN,
    STEERING,
    THINGS,
)

_VERBS = CHANGING | STEERING
_BEFORE_A_VERB = ("auto", "self", "re", "un")
_SHORTEST = 3


def changing_words(told: list[str]) -> list[str]:
    """The words of a name, or of what an operation is asked to do, that would change something."""
    looks_first = told[:1] and told[0] in PURE
    found = [each for at, each in enumerate(told) if _changes(told, at, bool(looks_first))]
    return found + [each for each in _joined(told) if each not in found]


def _changes(told: list[str], at: int, looks_first: bool) -> bool:
    word = told[at]
    if word == "resolve" and _looks_up(told):
        return False
    if not looks_first or at == 0:
        return word in _VERBS or is_compound(word)
    if word in CHANGING:
        return word not in NOUNS
    # Behind a word that looks it may say which things are meant, if they are named after it.
    is_last = at == len(told) - 1
    return is_compound(word) or (word in STEERING - THINGS and is_last)


def _looks_up(told: list[str]) -> bool:
    """``resolve_library_id``, not ``resolve_incident``."""
    return "resolve" in told and bool(REFERENCES & set(told)) and not NOTES & set(told)


def is_compound(word: str) -> bool:
    """``autofix``, ``rescale``, ``unmute``: a changing word with something before it."""
    stems = (word.removeprefix(each) for each in _BEFORE_A_VERB if word.startswith(each))
    return word not in READING | OBJECTS | NOUNS and any(len(each) >= _SHORTEST and each in _VERBS for each in stems)


def _joined(told: list[str]) -> list[str]:
    """What stands behind an "and", if it is neither a word that looks nor a thing."""
    return [word for before, word in pairwise(told) if before in CONJUNCTIONS and not _is_thing(word)]


def _is_thing(word: str) -> bool:
    return word not in STEERING - THINGS and (word in READING | OBJECTS or (word.endswith("s") and word not in _VERBS))


def says_that_it_looks(told: list[str]) -> bool:
    """A verb that looks; or the name of what is shown, with no word behind it that may be a verb."""
    if (READING - SHOWN) & set(told) or _looks_up(told):
        return True
    at = next((at for at, each in enumerate(told) if each in SHOWN), None)
    if at is None:
        return False
    behind = told[at + 1 :]
    ends = next((index for index, each in enumerate(behind) if each in QUALIFIERS), len(behind))
    return all(_is_thing(each) or each in CONJUNCTIONS or each.isdigit() for each in behind[:ends])
