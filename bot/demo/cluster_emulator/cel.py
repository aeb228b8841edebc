"""A part of the Common Expression Language, as the API server's admission policies use it.

What is not known here is refused when the expression is read (``Unsupported``), never guessed: a policy that the
emulator takes means the same on a real server. Known are literals, lists, member access, indexing, the operators
``! - && || == != < <= > >= + in ?:``, ``has``, ``size``, ``matches``, ``startsWith``, ``endsWith``, ``contains``, and
the macros ``all`` and ``exists``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Names = Mapping[str, Any]
Expression = Callable[[Names], Any]


class Unsupported(ValueError):
    """The text is no expression, or one that is not known here."""


class CelError(Exception):
    """The expression has no value, such as that of a key that is not there."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<raw>r'[^']*'|r"[^"]*")|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+)
    |(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+!<>?:.,()\[\]]))""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARED = ("==", "!=", "<=", ">=", "<", ">", "in")
_METHODS: Mapping[str, Callable[[str, str], bool]] = {
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
}


def compiled(text: str) -> Expression:
    """The expression as a function of the names it is asked with."""
    reader = _Reader(_tokens(text))
    made = reader.choice()
    if reader.kind() != "end":
        raise Unsupported(f"{reader.value()!r} is not expected here")
    return made


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Unsupported(f"{text[at : at + 20]!r} is not supported")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "")]


@dataclass(slots=True)
class _Reader:
    """Goes over the tokens from left to right; each method reads one level of binding, the weakest first."""

    tokens: list[tuple[str, str]]
    at: int = 0

    def kind(self) -> str:
        return self.tokens[self.at][0]

    def value(self) -> str:
        return self.tokens[self.at][1]

    def take(self, *signs: str) -> str | None:
        """The next token, if it is one of these."""
        kind, value = self.tokens[self.at]
        if kind not in ("sign", "name") or value not in signs:
            return None
        self.at += 1
        return value

    def need(self, sign: str) -> None:
        if self.take(sign) is None:
            raise Unsupported(f"{sign!r} is missing before {self.value()!r}")

    def choice(self) -> Expression:
        condition = self.alternatives()
        if self.take("?") is None:
            return condition
        yes = self.choice()
        self.need(":")
        no = self.choice()
        return lambda names: yes(names) if _truth(condition(names)) else no(names)

    def alternatives(self) -> Expression:
        parts = [self.conjunction()]
        while self.take("||"):
            parts.append(self.conjunction())
        return _joined(parts, stops_at=True) if len(parts) > 1 else parts[0]

    def conjunction(self) -> Expression:
        parts = [self.comparison()]
        while self.take("&&"):
            parts.append(self.comparison())
        return _joined(parts, stops_at=False) if len(parts) > 1 else parts[0]

    def comparison(self) -> Expression:
        left = self.sum()
        sign = self.take(*_COMPARED)
        if sign is None:
            return left
        right = self.sum()
        return lambda names: _compared(sign, left(names), right(names))

    def sum(self) -> Expression:
        made = self.unary()
        while (sign := self.take("+", "-")) is not None:
            made = _summed(sign, made, self.unary())
        return made

    def unary(self) -> Expression:
        if self.take("!"):
            denied = self.unary()
            return lambda names: not _truth(denied(names))
        if self.take("-"):
            turned = self.unary()
            return lambda names: -_number(turned(names))
        return self.member()

    def member(self) -> Expression:
        made = self.primary()
        while (sign := self.take(".", "[")) is not None:
            if sign == "[":
                made = _indexed(made, self.choice())
                self.need("]")
            else:
                made = self.named(made)
        return made

    def named(self, of: Expression) -> Expression:
        if self.kind() != "name":
            raise Unsupported(f"a name is missing before {self.value()!r}")
        name = self.value()
        self.at += 1
        if self.take("(") is None:
            return _selected(of, name)
        made = self.macro(of, name) if name in ("all", "exists") else self.method(of, name)
        self.need(")")
        return made

    def macro(self, of: Expression, name: str) -> Expression:
        if self.kind() != "name":
            raise Unsupported(f"{name} needs a name for what it looks at")
        variable = self.value()
        self.at += 1
        self.need(",")
        asked = self.choice()

        def each_with(element: Any) -> Expression:
            return lambda names: asked({**names, variable: element})

        # Once one element decides, what is wrong with the others does not matter.
        return lambda names: _decided(
            [each_with(element) for element in _elements(of(names))], names, stops_at=name == "exists"
        )

    def method(self, of: Expression, name: str) -> Expression:
        if name == "size":
            return lambda names: len(_sized(of(names)))
        if name not in _METHODS:
            raise Unsupported(f"the function {name} is not supported")
        argument = self.choice()
        return lambda names: _METHODS[name](_text(of(names)), _text(argument(names)))

    def primary(self) -> Expression:
        kind, value = self.tokens[self.at]
        self.at += 1
        match kind:
            case "number":
                return _always(int(value))
            case "raw":
                return _always(value[2:-1])
            case "text":
                return _always(_ESCAPE.sub(r"\1", value[1:-1]))
            case "name":
                return self.name(value)
        if value == "(":
            made = self.choice()
            self.need(")")
            return made
        if value == "[":
            return self.list()
        raise Unsupported(f"{value!r} is not expected here")

    def name(self, name: str) -> Expression:
        if name in _CONSTANTS:
            return _always(_CONSTANTS[name])
        if self.take("(") is None:
            return _known(name)
        made = self.choice()
        self.need(")")
        if name == "size":
            return lambda names: len(_sized(made(names)))
        if name == "has" and isinstance(made, _Selected):
            return made.is_there
        raise Unsupported(f"the function {name} is not supported")

    def list(self) -> Expression:
        parts: list[Expression] = []
        while self.take("]") is None:
            parts.append(self.choice())
            if self.take(",") is None:
                self.need("]")
                break
        return lambda names: [each(names) for each in parts]


def _always(value: Any) -> Expression:
    return lambda _names: value


def _known(name: str) -> Expression:
    def looked_up(names: Names) -> Any:
        if name not in names:
            raise CelError(f"undeclared reference to {name!r}")
        return names[name]

    return looked_up


@dataclass(frozen=True, slots=True)
class _Selected:
    """``of.name``: an error where it is not there, and a question to ``has``."""

    of: Expression
    name: str

    def __call__(self, names: Names) -> Any:
        held = self.of(names)
        if not isinstance(held, Mapping) or self.name not in held:
            raise CelError(f"no such key: {self.name}")
        return held[self.name]

    def is_there(self, names: Names) -> bool:
        held = self.of(names)
        if not isinstance(held, Mapping):
            raise CelError(f"no such key: {self.name}")
        return self.name in held


def _selected(of: Expression, name: str) -> Expression:
    return _Selected(of, name)


def _indexed(of: Expression, at: Expression) -> Expression:
    def looked_up(names: Names) -> Any:
        held, key = of(names), at(names)
        try:
            return held[key]
        except (KeyError, IndexError, TypeError):
            raise CelError(f"no such key: {key}") from None

    return looked_up


def _joined(parts: list[Expression], *, stops_at: bool) -> Expression:
    return lambda names: _decided(parts, names, stops_at=stops_at)


def _decided(parts: list[Expression], names: Names, *, stops_at: bool) -> bool:
    """``&&`` and ``||`` do not mind an error on one side if the other side decides."""
    trouble: CelError | None = None
    for each in parts:
        try:
            if _truth(each(names)) is stops_at:
                return stops_at
        except CelError as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return not stops_at


def _compared(sign: str, left: Any, right: Any) -> bool:
    if sign == "in":
        return left in _sized(right)
    if sign in ("==", "!="):
        return bool(_same(left, right) is (sign == "=="))
    if isinstance(left, str) and isinstance(right, str):
        return _in_order(sign, left < right, left == right)
    return _in_order(sign, _number(left) < _number(right), left == right)


def _in_order(sign: str, is_less: bool, is_same: bool) -> bool:
    found = {"<": is_less, "<=": is_less or is_same, ">": not is_less and not is_same, ">=": not is_less}
    return found[sign]


def _same(left: Any, right: Any) -> bool:
    # True is no number here.
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _summed(sign: str, left: Expression, right: Expression) -> Expression:
    def made(names: Names) -> Any:
        one, other = left(names), right(names)
        if sign == "+" and isinstance(one, str) and isinstance(other, str):
            return one + other
        return _number(one) + (_number(other) if sign == "+" else -_number(other))

    return made


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CelError("no such overload: a condition must be true or false")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise CelError("no such overload: not a number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CelError("no such overload: not a string")
    return value


def _sized(value: Any) -> Any:
    if not isinstance(value, str | list | Mapping):
        raise CelError("no such overload: it has no size")
    return value


def _elements(value: Any) -> list[Any]:
    if not isinstance(value, list | Mapping):
        raise CelError("no such overload: it has no elements")
    return list(value)
