"""From a parsed line to the commands it would run, in order: words expanded as far as the line itself tells."""

from dataclasses import dataclass

from safety.shell.escapes import Letter, braces
from safety.shell.parser import assignment, parse
from safety.shell.tree import (
    UNKNOWN,
    Group,
    Inner,
    Node,
    Pipeline,
    Redirection,
    Simple,
    Text,
    Variable,
    Word,
    nodes_of,
    words_of,
)

# Programs that set variables in ways that the line does not spell out.
_SETTERS = frozenset({"read", "mapfile", "readarray", "printf", "getopts", "unset", "declare", "typeset", "local"})
# After these any variable may have any value.
_REWRITERS = frozenset({"eval", "source", ".", "alias", "builtin", "command", "trap"})
_DECLARING = frozenset({"export", "readonly", "declare", "typeset", "local"})
# Between words that came out of one variable.
_GAP = ("\x1f", False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where one stream of a command goes or comes from."""

    operator: str
    target: str


@dataclass(frozen=True, slots=True)
class Command:
    """One program that would be started (``words`` is empty for assignments alone).

    ``stdin`` is what it is fed, as far as the line tells; ``None`` means nothing but the terminal. ``repeated`` says
    that it stands in a loop or a function, so that it may run any number of times.
    """

    words: tuple[str, ...]
    assigned: tuple[tuple[str, str], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    stdin: str | None = None
    repeated: bool = False


def read(line: str) -> tuple[Command, ...]:
    """Every command of the line, those inside substitutions and functions included. Raises ``Unreadable``."""
    nodes = parse(line)
    reader = _Reader(_variables(nodes))
    reader.run(nodes, None, repeated=False)
    return tuple(reader.commands)


def _variables(nodes: tuple[Node, ...]) -> dict[str, Word | None]:
    """Variables that get one value in the whole line, and ``None`` for those that get more or others."""
    found: dict[str, Word | None] = {}
    rewritten = False
    for node in nodes_of(nodes):
        if isinstance(node, Group):
            found.update(dict.fromkeys(node.names))
        found.update(dict.fromkeys(_set_inside(node)))
        if not isinstance(node, Simple):
            continue
        program = _bare(node.words[0]) if node.words else ""
        rewritten = rewritten or program in _REWRITERS or (program in _DECLARING and _renames(node))
        if program in _SETTERS:
            found.update(dict.fromkeys(_bare(each).partition("=")[0] for each in node.words[1:]))
        declared = [assignment(each) for each in node.words[1:]] if program in _DECLARING else []
        for each in (*(node.assignments if not node.words else ()), *filter(None, declared)):
            found[each.name] = each.value if each.is_whole and each.name not in found else None
    return dict.fromkeys(found) if rewritten or "IFS" in found else found


def _bare(word: Word) -> str:
    """The letters of a word, quoted or not; nothing if the shell puts more into it."""
    letters = [each.text for each in word.pieces if isinstance(each, Text)]
    return "".join(letters) if len(letters) == len(word.pieces) else ""


def _renames(node: Simple) -> bool:
    """``declare -n``: one variable under two names."""
    return any(_bare(each).startswith("-") and "n" in _bare(each) for each in node.words[1:])


def _set_inside(node: Node) -> list[str]:
    pieces = [piece for word in words_of(node) for piece in word.pieces]
    return [each.sets for each in pieces if isinstance(each, Variable) and each.sets]


class _Reader:
    def __init__(self, variables: dict[str, Word | None]) -> None:
        self._variables = variables
        self.commands: list[Command] = []

    def run(self, nodes: tuple[Node, ...], stdin: str | None, repeated: bool) -> None:
        for node in nodes:
            self._node(node, stdin, repeated)

    def _node(self, node: Node, stdin: str | None, repeated: bool) -> None:
        match node:
            case Pipeline():
                for stage in node.stages:
                    before = len(self.commands)
                    self._node(stage, stdin, repeated)
                    stdin = _printed(stage, self.commands[before:])
            case Group():
                self._substituted((*node.words, *_words(node.redirections)), repeated)
                fed = self._fed(node.redirections, stdin)
                # A function may be called with anything in front of it.
                fed = UNKNOWN if node.kind == "function" else fed
                is_repeated = repeated or node.kind in ("loop", "function")
                self.run(node.body, fed, is_repeated)
                self._test(node)
                if node.redirections:
                    self.commands.append(Command((), redirects=self._redirects(node.redirections)))
            case Simple():
                self._simple(node, stdin, repeated)

    def _test(self, node: Group) -> None:
        """A test may run what its words hold, as the index of a variable."""
        told = tuple(word for each in node.words for word in self._expanded(each)) if node.kind == "test" else ()
        if any(sign in each for each in told for sign in ("$(", "`")):
            self.commands.append(Command(("[[", *told)))

    def _simple(self, node: Simple, stdin: str | None, repeated: bool) -> None:
        values = tuple(each.value for each in node.assignments)
        self._substituted((*values, *node.words, *_words(node.redirections)), repeated)
        self.commands.append(
            Command(
                words=tuple(word for each in node.words for word in self._expanded(each)),
                assigned=tuple((each.name, "".join(self._expanded(each.value))) for each in node.assignments),
                redirects=self._redirects(node.redirections),
                stdin=self._fed(node.redirections, stdin),
                repeated=repeated,
            )
        )

    def _substituted(self, words: tuple[Word, ...], repeated: bool) -> None:
        """The scripts inside words run as well; one that is written to is fed by who knows what."""
        for word in words:
            for piece in word.pieces:
                if isinstance(piece, Inner):
                    self.run(piece.script, UNKNOWN if piece.is_fed else None, repeated)

    def _redirects(self, redirections: tuple[Redirection, ...]) -> tuple[Redirect, ...]:
        return tuple(
            Redirect(each.operator, " ".join(self._expanded(each.target)))
            for each in redirections
            if not each.operator.startswith("<<")
        )

    def _fed(self, redirections: tuple[Redirection, ...], stdin: str | None) -> str | None:
        for each in redirections:
            if each.operator == "<<<":
                stdin = " ".join(self._expanded(each.target)) + "\n"
            elif each.body is not None:
                stdin = "".join(char for char, _ in self._letters(each.body, 0))
            elif each.operator in ("<", "<>"):
                stdin = UNKNOWN if self._expanded(each.target) != ["/dev/null"] else None
        return stdin

    def _expanded(self, word: Word) -> list[str]:
        """The words that one becomes; a variable may be several."""
        out: list[str] = []
        for letters in braces(self._letters(word, 0)):
            parts: list[str | None] = [None]
            for letter in letters:
                if letter == _GAP:
                    parts.append(None)
                else:
                    parts[-1] = (parts[-1] or "") + letter[0]
            is_empty = any(isinstance(each, Text) and each.quoted for each in word.pieces)
            kept = [each for each in parts if each]
            out += kept or ([""] if is_empty else [])
        return out

    def _letters(self, word: Word, depth: int) -> list[Letter]:
        letters: list[Letter] = []
        for piece in word.pieces:
            match piece:
                case Text():
                    letters += [(char, piece.quoted) for char in piece.text]
                case Inner():
                    letters.append((UNKNOWN, True))
                case Variable():
                    letters += self._value(piece, depth)
        return letters

    def _value(self, variable: Variable, depth: int) -> list[Letter]:
        value = self._variables.get(variable.name)
        if value is None or depth > 8:
            return [(UNKNOWN, True)]
        letters = self._letters(value, depth + 1)
        if variable.quoted:
            return [(char, True) for char, _ in letters]
        return [_GAP if char.isspace() else (char, True) for char, _ in letters]


def _words(redirections: tuple[Redirection, ...]) -> tuple[Word, ...]:
    return tuple(word for each in redirections for word in (each.target, each.body) if word is not None)


def _printed(stage: Node, commands: list[Command]) -> str:
    """What a stage of a pipeline feeds the next one, if it only says what stands in the line."""
    if not isinstance(stage, Simple) or len(commands) != 1 or commands[0].redirects:
        return UNKNOWN
    match commands[0].words:
        case ("echo", *said) if not any(each.startswith("-") or "\\" in each for each in said):
            return " ".join(said) + "\n"
        case ("printf", form, *said) if not said and "\\" not in form and "%" not in form:
            return form
        case ("printf", "%s" | "%s\n" | "%s\\n", said):
            return said + "\n"
        case ("cat",) if commands[0].stdin is not None:
            return commands[0].stdin
        case _:
            return UNKNOWN
