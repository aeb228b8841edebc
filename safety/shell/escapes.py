"""The escapes of bash: those of ``$'…'``, and braces that stand for several words."""

import re

from safety.shell.tree import UNKNOWN, Unreadable

_LETTERS = {
    **{"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    **{"\\": "\\", "'": "'", '"': '"', "?": "?"},
}
_NUMBERS = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")
_MOST_WORDS = 500

# A letter, and whether it was quoted.
Letter = tuple[str, bool]


def ansi_c(text: str, at: int) -> tuple[str, int]:
    """What ``$'…'`` means from just behind its opening quote, and the place behind the closing one."""
    out: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "'":
            return "".join(out), at + 1
        at += 1
        if char == "\\" and text[at : at + 1] == "'":
            # Some shells end the quote here and run what follows.
            raise Unreadable("a quote inside $'…' is not read")
        if char == "\\":
            char, at = _escape(text, at)
        out.append(char)
    raise Unreadable("a quote is not closed")


def _escape(text: str, at: int) -> tuple[str, int]:
    number = _NUMBERS.match(text, at)
    if number:
        digits, base = (number[4], 8) if number[4] else (number[1] or number[2] or number[3], 16)
        value = int(digits, base)
        # What is no letter is told apart by no reader; the word counts as unknown.
        return chr(value) if 0 < value < 0x110000 else UNKNOWN, number.end()
    char = text[at : at + 1]
    if char == "c":
        return UNKNOWN, at + 2
    return _LETTERS.get(char, "\\" + char), at + 1


def braces(letters: list[Letter], depth: int = 0) -> list[list[Letter]]:
    """``a{b,c}`` as the words it stands for."""
    if depth > 12:
        raise Unreadable("too many braces")
    for start, letter in enumerate(letters):
        if letter != ("{", False):
            continue
        found = _choices(letters, start)
        if found is None:
            continue
        choices, end = found
        words = [
            letters[:start] + choice + rest for choice in choices for rest in braces(letters[end + 1 :], depth + 1)
        ]
        expanded = [word for each in words for word in braces(each, depth + 1)]
        if len(expanded) > _MOST_WORDS:
            raise Unreadable("too many braces")
        return expanded
    return [letters]


def _choices(letters: list[Letter], start: int) -> tuple[list[list[Letter]], int] | None:
    """What stands between the commas of a brace, and where it ends; None if it is an ordinary letter."""
    choices: list[list[Letter]] = [[]]
    depth = 0
    for at in range(start + 1, len(letters)):
        letter = letters[at]
        if letter == ("}", False) and depth == 0:
            if len(choices) > 1:
                return choices, at
            inner = "".join(char for char, _ in choices[0])
            return ([[(UNKNOWN, True)]], at) if ".." in inner else None
        depth += (letter == ("{", False)) - (letter == ("}", False))
        if letter == (",", False) and depth == 0:
            choices.append([])
        else:
            choices[-1].append(letter)
    return None
