"""The grammar of bash, as far as it tells which commands a line holds and how they are joined."""

import re

from safety.shell.lexer import Lexer, Token
from safety.shell.tree import (
    DEEPEST,
    Assignment,
    Group,
    Node,
    Pipeline,
    Redirection,
    Simple,
    Text,
    Unreadable,
    Variable,
    Word,
)

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(\[[^]]*\])?(\+?)=", re.ASCII)
_CLOSERS = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})
_ENDS_OF_CASE = frozenset({";;", ";&", ";;&"})
_COMPARES = frozenset({"=", "==", "!=", "=~"})
_PREFIXES = frozenset({"!", "time", "coproc"})


def parse(text: str) -> tuple[Node, ...]:
    """The whole line. Raises ``Unreadable``."""
    try:
        lexer = Lexer(text, _nested)
        nodes = _Parser(lexer).commands()
        if lexer.peek().kind != "end":
            raise Unreadable(f"there is a stray {_shown(lexer.peek())}")
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    return nodes


def _nested(lexer: Lexer) -> tuple[Node, ...]:
    """The script inside brackets that have just been opened, up to the one that closes them."""
    lexer.depth += 1
    if lexer.depth > DEEPEST:
        raise Unreadable("it is nested too deeply")
    nodes = _Parser(lexer).commands()
    if lexer.peek().text != ")" or lexer.peek().kind != "operator":
        raise Unreadable("a bracket is not closed")
    lexer.next()
    lexer.depth -= 1
    return nodes


def _shown(token: Token) -> str:
    return repr(_reserved(token) or token.text or "end")


def _is_closing(token: Token) -> bool:
    return token.kind == "operator" and token.text != "("


def _reserved(token: Token) -> str:
    return (token.word.plain() or "") if token.word is not None else ""


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer

    def commands(self) -> tuple[Node, ...]:
        """Commands up to something that closes them, which stays."""
        nodes: list[Node] = []
        while True:
            token = self._lexer.peek()
            if token.kind == "newline" or (token.kind == "operator" and token.text in (";", "&", "&&", "||")):
                self._lexer.next()
            elif token.kind == "end" or _reserved(token) in _CLOSERS or _is_closing(token):
                return tuple(nodes)
            else:
                nodes.append(self._pipeline())

    def _pipeline(self) -> Node:
        stages = [self._command()]
        while self._lexer.peek().kind == "operator" and self._lexer.peek().text in ("|", "|&"):
            self._lexer.next()
            self._newlines()
            stages.append(self._command())
        return stages[0] if len(stages) == 1 else Pipeline(tuple(stages))

    def _newlines(self) -> None:
        while self._lexer.peek().kind == "newline":
            self._lexer.next()

    def _command(self) -> Node:
        while _reserved(self._lexer.peek()) in _PREFIXES:
            is_time = _reserved(self._lexer.next()) == "time"
            while is_time and _reserved(self._lexer.peek()) in ("-p", "--"):
                self._lexer.next()
        token = self._lexer.peek()
        if token.kind == "operator" and token.text == "(":
            return self._bracket()
        opened = {
            "{": self._braces,
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "select": self._for,
            "case": self._case,
            "function": self._function,
            "[[": self._test,
        }.get(_reserved(token))
        return opened() if opened else self._simple()

    # ---- compound commands ------------------------------------------------------------------------------------------

    def _bracket(self) -> Group:
        if self._lexer.arithmetic():
            return Group("test", (), redirections=self._redirections())
        self._lexer.next()
        body = self.commands()
        self._take_operator(")")
        return Group("group", body, redirections=self._redirections())

    def _braces(self) -> Group:
        self._take("{")
        body = self.commands()
        self._take("}")
        return Group("group", body, redirections=self._redirections())

    def _if(self) -> Group:
        self._take("if")
        body = self.commands()
        while True:
            word = _reserved(self._lexer.next())
            if word == "fi":
                return Group("group", body, redirections=self._redirections())
            if word not in ("then", "elif", "else"):
                raise Unreadable("an if is not closed")
            body += self.commands()

    def _while(self) -> Group:
        self._lexer.next()
        body = self.commands() + self._do()
        return Group("loop", body, redirections=self._redirections())

    def _do(self) -> tuple[Node, ...]:
        if _reserved(self._lexer.peek()) == "{":
            return (self._braces(),)
        self._take("do")
        body = self.commands()
        self._take("done")
        return body

    def _for(self) -> Group:
        self._lexer.next()
        names: tuple[str, ...] = ()
        words: list[Word] = []
        if not self._lexer.arithmetic():
            names = (_reserved(self._lexer.next()),)
            self._newlines()
            if _reserved(self._lexer.peek()) == "in":
                self._lexer.next()
                words = self._words()
        while self._lexer.peek().text in (";", "\n") and self._lexer.peek().kind != "word":
            self._lexer.next()
        return Group("loop", self._do(), tuple(words), self._redirections(), names)

    def _words(self) -> list[Word]:
        words = []
        while (word := self._lexer.peek().word) is not None:
            words.append(word)
            self._lexer.next()
        return words

    def _case(self) -> Group:
        self._take("case")
        subject = self._lexer.next().word
        if subject is None:
            raise Unreadable("a case has no subject")
        self._newlines()
        self._take("in")
        words, body = [subject], list[Node]()
        while True:
            self._newlines()
            if _reserved(self._lexer.peek()) == "esac":
                self._lexer.next()
                return Group("group", tuple(body), tuple(words), self._redirections())
            words += self._pattern()
            body += self.commands()
            if self._lexer.peek().kind == "operator" and self._lexer.peek().text in _ENDS_OF_CASE:
                self._lexer.next()
            elif _reserved(self._lexer.peek()) != "esac":
                raise Unreadable("a case is not closed")

    def _pattern(self) -> list[Word]:
        words = []
        while True:
            token = self._lexer.next()
            if token.word is not None:
                words.append(token.word)
            elif token.kind != "operator" or token.text not in ("(", "|", ")"):
                raise Unreadable("a pattern of a case is not closed")
            elif token.text == ")":
                return words

    def _function(self) -> Group:
        self._take("function")
        self._lexer.next()
        if self._lexer.peek().kind == "operator" and self._lexer.peek().text == "(":
            self._lexer.next()
            self._take_operator(")")
        return self._body_of_function()

    def _body_of_function(self) -> Group:
        self._newlines()
        return Group("function", (self._command(),))

    def _test(self) -> Group:
        self._take("[[")
        parts: list[list[Word]] = [[]]
        while True:
            token = self._lexer.next()
            if _reserved(token) == "]]":
                break
            if token.kind == "end":
                raise Unreadable("a [[ is not closed")
            if token.word is not None:
                parts[-1].append(token.word)
            elif token.text in ("&&", "||", "\n", "(", ")"):
                parts.append([])
            elif token.text not in ("<", ">"):
                raise Unreadable("a [[ holds what is no test")
        # A shell that knows no [[ would take what stands between && for a command.
        if not all(map(_is_test, parts)):
            raise Unreadable("a [[ holds what is no test")
        return Group("test", (), tuple(word for each in parts for word in each), self._redirections())

    # ---- simple commands --------------------------------------------------------------------------------------------

    def _simple(self) -> Node:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            token = self._lexer.peek()
            if token.kind == "redirect":
                redirections.append(self._redirection())
            elif token.word is not None:
                self._lexer.next()
                assigned = None if words else assignment(token.word)
                if assigned is not None:
                    assignments.append(assigned)
                else:
                    words.append(token.word)
            elif token.kind == "operator" and token.text == "(" and len(words) == 1 and not assignments:
                self._lexer.next()
                self._take_operator(")")
                return self._body_of_function()
            elif token.text == "(" or not (assignments or words or redirections):
                raise Unreadable(f"there is a stray {_shown(token)}")
            else:
                return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirections(self) -> tuple[Redirection, ...]:
        found = []
        while self._lexer.peek().kind == "redirect":
            found.append(self._redirection())
        return tuple(found)

    def _redirection(self) -> Redirection:
        operator = self._lexer.next().text
        # A here-document ends at its word, whose quotes count, before anything in it is read.
        word = self._lexer.next().word
        if word is None:
            raise Unreadable(f"nothing follows {operator}")
        redirection = Redirection(operator, word)
        if operator in ("<<", "<<-"):
            self._lexer.expect_document(redirection)
        return redirection

    def _take(self, word: str) -> None:
        token = self._lexer.next()
        if _reserved(token) != word:
            raise Unreadable(f"{_shown(token)} stands where {word!r} should")

    def _take_operator(self, operator: str) -> None:
        token = self._lexer.next()
        if token.kind != "operator" or token.text != operator:
            raise Unreadable(f"{_shown(token)} stands where {operator!r} should")


def _is_test(words: list[Word]) -> bool:
    """One word, ``-f word``, ``word == word`` and the like."""
    plain = [each.plain() or "" for each in words]
    if plain[:1] == ["!"]:
        return _is_test(words[1:])
    return (
        len(words) < 2
        or (len(words) == 2 and (plain[0].startswith("-") or not plain[1].isalpha()))
        or (len(words) == 3 and (plain[1] in _COMPARES or bool(re.fullmatch(r"-[a-z]{2}", plain[1]))))
    )


def assignment(word: Word) -> Assignment | None:
    """``name=…`` with the name and the sign in bare letters."""
    bare, at = "", 0
    for piece in word.pieces:
        if not isinstance(piece, Text) or piece.quoted:
            break
        bare += piece.text
        at += 1
    found = _ASSIGNED.match(bare)
    if found is None:
        return None
    value = (Text(bare[found.end() :], quoted=False), *word.pieces[at:])
    is_array = any(isinstance(each, Variable) and not each.name for each in word.pieces[at:])
    return Assignment(found[1], Word(value), not (found[2] or found[3] or is_array))
