"""Programs that are told apart by their subcommands alone: what they may be asked, and that the rest is a change."""

from dataclasses import dataclass

from safety.commands.call import Call
from safety.commands.flags import Grammar, Parsed, is_known, take_apart
from safety.commands.verdict import READS, Verdict, refused

_HELP = frozenset({"-h", "--help", "-help", "--version", "-version", "-V"})


def words(text: str) -> frozenset[str]:
    """Words written in one text, divided by spaces; an underscore stands for the space inside one."""
    return frozenset(each.replace("_", " ") for each in text.split())


@dataclass(frozen=True, slots=True)
class Tool:
    """``reads``: subcommands of up to three words that only look. ``what`` it would change otherwise.

    ``valued`` and ``switches`` are its flags that may stand before the subcommand, with and without a value.
    ``dry`` are flags that turn a change into a look; ``never`` are flags that turn a look into more.
    """

    what: str
    reads: frozenset[str]
    valued: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    dry: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    single_dash_long: bool = False
    bare: bool = True


def by_table(call: Call, tool: Tool) -> Verdict:
    """The verdict on one of these programs."""
    grammar = Grammar(tool.valued, tool.single_dash_long)
    parsed = take_apart(call.args, grammar)
    told = parsed.words
    strange = _strange_before(call.args, told, tool)
    never = [each for each in tool.never if parsed.has(each)]
    if never:
        return refused(f"{call.name} {never[0]} does more than look")
    if not told:
        is_help = any(parsed.has(each) for each in _HELP)
        return READS if tool.bare or is_help else refused(f"{call.name} alone would change {tool.what}")
    if strange:
        return refused(f"{call.name} {strange}: put the subcommand first, then its flags")
    if not is_known(told[0]):
        return refused(f"what {call.name} would do is not known before it runs; write the subcommand out")
    if _looks(told, tool) or _is_dry(parsed, tool) or _asks_for_help(parsed, told):
        return READS
    return refused(f"{call.name} {' '.join(told[:3])} would change {tool.what}".replace("\0", "…"))


def _strange_before(args: tuple[str, ...], told: tuple[str, ...], tool: Tool) -> str | None:
    """A flag before the subcommand of which it is not known whether the next word is its value."""
    if not told:
        return None
    for each in args[: args.index(told[0])]:
        name = each.partition("=")[0]
        has_value = "=" in each or (len(each) > 2 and each[:2] in tool.valued)
        if each.startswith("-") and not has_value and name not in tool.valued | tool.switches | _HELP:
            return each
    return None


def _looks(told: tuple[str, ...], tool: Tool) -> bool:
    return any(" ".join(told[:count]) in tool.reads for count in (1, 2, 3))


def _is_dry(parsed: Parsed, tool: Tool) -> bool:
    told = [(flag, value) for flag, value in parsed.flags if flag in tool.dry]
    return bool(told) and told[-1][1] in ("", "true", "client", "server")


def _asks_for_help(parsed: Parsed, told: tuple[str, ...]) -> bool:
    return ("--help", "") in parsed.flags or told[0] == "help"
