"""Cuts a line of bash into words and operators, the way bash does: quotes, expansions, comments, here-documents."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from safety.shell.escapes import ansi_c
from safety.shell.tree import DEEPEST, Inner, Node, Piece, Redirection, Text, Unreadable, Variable, Word

_BLANK = " \t"
_META = " \t\n;&|()<>"
_OPERATORS = (";;&", "&>>", ";;", ";&", "&&", "&>", "||", "|&", ";", "&", "|", "(", ")")
_REDIRECTS = ("<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">", "&>>", "&>")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ARRAY = re.compile(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=", re.ASCII)
_SET_HERE = re.compile(r"([A-Za-z_]\w*):?=", re.ASCII)
_DESCRIPTOR = re.compile(r"(?:\d+|\{[A-Za-z_]\w*\})(?=[<>])", re.ASCII)
_SIDE_BY_SIDE = re.compile(r"[\w'\"}\])\\]\s+-{0,2}(?:[A-Za-z_'\"\\$]|[./]\w)")
_LAST_JOB = "$!"
_SPECIAL = "@*#?-$!0123456789"

Kind = Literal["word", "operator", "redirect", "newline", "end"]
Scripts = Callable[["Lexer"], tuple[Node, ...]]


@dataclass(frozen=True, slots=True)
class Token:
    """One word or operator, and where it starts."""

    kind: Kind
    text: str
    at: int
    word: Word | None = None


class Lexer:
    """One text, read once from the left. ``scripts`` reads a nested script up to its closing bracket."""

    def __init__(self, text: str, scripts: Scripts, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise Unreadable("it is nested too deeply")
        self.text, self.at, self.depth = text, 0, depth
        self._scripts = scripts
        self._pending: list[Redirection] = []
        self._peeked: Token | None = None

    def peek(self) -> Token:
        """The next token, which stays."""
        if self._peeked is None:
            self._peeked = self._read()
        return self._peeked

    def next(self) -> Token:
        """The next token, which is taken."""
        token, self._peeked = self.peek(), None
        return token

    def expect_document(self, redirection: Redirection) -> None:
        """A here-document whose lines follow the next newline."""
        self._pending.append(redirection)

    def arithmetic(self) -> bool:
        """Take ``((…))`` if it stands here."""
        self.at, self._peeked = self.peek().at, None
        if not self.text.startswith("((", self.at):
            return False
        end = _end_of_arithmetic(self.text, self.at + 2)
        if end is None:
            return False
        self._computed(self.text[self.at + 2 : end - 2])
        self.at = end
        return True

    # ---- tokens -----------------------------------------------------------------------------------------------------

    def _read(self) -> Token:
        self._skip()
        start = self.at
        if start >= len(self.text):
            if self._pending:
                self._documents()
            return Token("end", "", start)
        if self.text[start] == "\n":
            self.at += 1
            self._documents()
            return Token("newline", "\n", start)
        return self._redirect(start) or self._operator(start) or Token("word", "", start, self._word())

    def _skip(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] in _BLANK:
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _redirect(self, start: int) -> Token | None:
        number = _DESCRIPTOR.match(self.text, start)
        at = number.end() if number else start
        if self.text.startswith(("<(", ">("), at):
            return None
        found = next((each for each in _REDIRECTS if self.text.startswith(each, at)), None)
        if found is None:
            return None
        self.at = at + len(found)
        return Token("redirect", found, start)

    def _operator(self, start: int) -> Token | None:
        found = next((each for each in _OPERATORS if self.text.startswith(each, start)), None)
        if found is None:
            return None
        self.at = start + len(found)
        return Token("operator", found, start)

    # ---- words ------------------------------------------------------------------------------------------------------

    def _word(self) -> Word:
        start, pieces = self.at, list[Piece]()
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "(" and _ARRAY.fullmatch(self.text[start : self.at]):
                pieces += self._array()
            elif char == "(" and self.at > start and self.text[self.at - 1] in "@?*+!":
                raise Unreadable("patterns with brackets are not read")
            elif char in "<>" and self.text.startswith("(", self.at + 1):
                self.at += 2
                pieces.append(Inner(self._scripts(self), is_fed=char == ">"))
            elif char in _META:
                break
            else:
                pieces += self._piece(char)
        return Word(tuple(pieces))

    def _piece(self, char: str) -> list[Piece]:
        match char:
            case "\\":
                return self._escaped()
            case "'":
                end = self._find("'", self.at + 1)
                text, self.at = self.text[self.at + 1 : end], end + 1
                return [Text(text, quoted=True)]
            case '"':
                self.at += 1
                return self._double_quoted('"')
            case "`":
                return [self._backquoted()]
            case "$":
                return self._dollar(quoted=False)
            case _:
                self.at += 1
                return [Text(char, quoted=False)]

    def _escaped(self) -> list[Piece]:
        char = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return [] if char == "\n" else [Text(char or "\\", quoted=True)]

    def _double_quoted(self, closing: str) -> list[Piece]:
        """Up to the closing quote; with none of it, up to the end."""
        pieces: list[Piece] = [Text("", quoted=True)]
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == closing:
                self.at += 1
                return pieces
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                pieces += self._escaped()
            elif char == "`":
                pieces.append(self._backquoted())
            elif char == "$":
                pieces += self._dollar(quoted=True)
            else:
                self.at += 1
                pieces.append(Text(char, quoted=True))
        if closing:
            raise Unreadable("a quote is not closed")
        return pieces

    def _backquoted(self) -> Inner:
        inner, at = "", self.at + 1
        while at < len(self.text) and self.text[at] != "`":
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in ("`", "\\", "$"):
                at += 1
            inner += self.text[at : at + 1]
            at += 1
        if at >= len(self.text):
            raise Unreadable("a backquote is not closed")
        self.at = at + 1
        return Inner(self._scripts(Lexer(inner + "\n)", self._scripts, self.depth + 1)))

    def _dollar(self, quoted: bool) -> list[Piece]:
        after = self.text[self.at + 1 : self.at + 2]
        if after == "'" and not quoted:
            text, self.at = ansi_c(self.text, self.at + 2)
            return [Text(text, quoted=True)]
        if after == '"' and not quoted:
            self.at += 2
            return self._double_quoted('"')
        match after:
            case "(":
                return self._substituted()
            case "{":
                return self._braced(quoted)
            case "[":
                end = self._find("]", self.at + 2)
                inner, self.at = self.text[self.at + 2 : end], end + 1
                return [Variable("", quoted=True), *self._inside(inner)]
        return self._named(after, quoted)

    def _named(self, after: str, quoted: bool) -> list[Piece]:
        found = _NAME.match(self.text, self.at + 1)
        if found:
            self.at = found.end()
            return [Variable(found[0], quoted)]
        if after == "!":
            # The last job of this very shell: a number that it owns.
            self.at += 2
            return [Text(_LAST_JOB, quoted=True)]
        if after and after in _SPECIAL:
            self.at += 2
            return [Variable("", quoted)]
        self.at += 1
        return [Text("$", quoted)]

    def _substituted(self) -> list[Piece]:
        if self.text.startswith("$((", self.at):
            end = _end_of_arithmetic(self.text, self.at + 3)
            if end is not None:
                inner, self.at = self.text[self.at + 3 : end - 2], end
                return [Variable("", quoted=True), *self._computed(inner)]
        self.at += 2
        return [Inner(self._scripts(self))]

    def _braced(self, quoted: bool) -> list[Piece]:
        end = _end_of_braces(self.text, self.at + 2)
        inner, self.at = self.text[self.at + 2 : end], end + 1
        if _NAME.fullmatch(inner):
            return [Variable(inner, quoted)]
        set_here = _SET_HERE.match(inner)
        return [Variable("", quoted, set_here[1] if set_here else ""), *self._inside(inner)]

    def _computed(self, text: str) -> list[Piece]:
        """The scripts inside a sum. Words side by side are none; some shells take them for a command after all."""
        if _SIDE_BY_SIDE.search(text):
            raise Unreadable("between (( and )) stands no sum")
        return self._inside(text)

    def _inside(self, text: str) -> list[Piece]:
        """The scripts that an expansion runs; its own text says nothing."""
        nested = Lexer(text, self._scripts, self.depth + 1)
        return [each for each in nested._double_quoted("") if isinstance(each, Inner)]

    def _array(self) -> list[Piece]:
        self.at += 1
        pieces: list[Piece] = [Variable("", quoted=False)]
        while True:
            token = self._read()
            if token.kind == "operator" and token.text == ")":
                return pieces
            if token.kind not in ("word", "newline"):
                raise Unreadable("a list of values is not closed")
            pieces += [each for each in (token.word.pieces if token.word else ()) if isinstance(each, Inner)]

    def _find(self, char: str, start: int) -> int:
        end = self.text.find(char, start)
        if end < 0:
            raise Unreadable("a quote or a bracket is not closed")
        return end

    # ---- here-documents ---------------------------------------------------------------------------------------------

    def _documents(self) -> None:
        pending, self._pending = self._pending, []
        for each in pending:
            each.body = self._document(each)

    def _document(self, redirection: Redirection) -> Word:
        quoted = any(isinstance(each, Text) and each.quoted for each in redirection.target.pieces)
        if not all(isinstance(each, Text) for each in redirection.target.pieces):
            raise Unreadable("the end of a here-document is not plain")
        end = "".join(each.text for each in redirection.target.pieces if isinstance(each, Text))
        lines = []
        while self.at < len(self.text):
            stop = self.text.find("\n", self.at)
            stop = len(self.text) if stop < 0 else stop
            line, self.at = self.text[self.at : stop], stop + 1
            line = line.lstrip("\t") if redirection.operator == "<<-" else line
            if line == end:
                break
            lines.append(line + "\n")
        body = "".join(lines)
        if quoted:
            return Word((Text(body, quoted=True),))
        # A quote means nothing in there, everything else does.
        return Word(tuple(Lexer(body, self._scripts, self.depth + 1)._double_quoted("")))


def _end_of_arithmetic(text: str, start: int) -> int | None:
    """Just behind the ``))`` that ends what began with ``((``; None if it is not arithmetic after all."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")" and depth:
            depth -= 1
        elif text[at] == ")":
            return at + 2 if text.startswith("))", at) else None
    return None


def _end_of_braces(text: str, start: int) -> int:
    """The ``}`` that ends ``${``."""
    depth, at, quote = 1, start, ""
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return at
        at += 1
    raise Unreadable("a ${ is not closed")
