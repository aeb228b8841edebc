"""What the recipes of a project run: the rules of a Makefile and the scripts of a package.json, if they are there."""

import json
import re

from safety.commands.call import Call
from safety.commands.verdict import READS, STRANGER, Verdict

# What make puts in; which program or word that is, only make knows.
_PUT_IN = re.compile(r"\$\([^()]*\)|\$\{[^{}]*\}|\$[@<^?*+%|]")


_RULE = re.compile(r"(?m)^([\w./%-]+)[ \t]*::?(?!=)([^=\n]*)\n((?:(?:\t[^\n]*|[ \t]*)\n)*)")


def rule_of_make(call: Call, target: str, folder: str) -> Verdict:
    """The verdict on the lines under a target, and under those that it needs first."""
    names = ("Makefile", "makefile", "GNUmakefile")
    text = next((text for each in names if (text := call.around.text_of(f"{folder}{each}")) is not None), "")
    rules = {found[1]: (found[2].split(), found[3]) for found in _RULE.finditer(text + "\n")}
    verdict, wanted, seen = READS, [target], set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in rules:
            continue
        seen.add(name)
        needed, lines = rules[name]
        wanted += needed
        joined = re.sub(r"\\\n\t?", " ", lines)
        verdict += sum((_line_of_rule(call, each) for each in joined.splitlines() if each.strip()), READS)
    return verdict


def _line_of_rule(call: Call, line: str) -> Verdict:
    told = _PUT_IN.sub("tool", line.strip().lstrip("@-+ ")).replace("$$", "$")
    verdict = call.runs_line(told)
    # A line that cannot be read for what make puts in says nothing against the rule.
    unread = verdict.refused and all("cannot be read as bash" in each for each in verdict.refused)
    return STRANGER if unread else verdict


def script_of_package(call: Call, name: str) -> Verdict:
    """The verdict on a script of ``package.json``."""
    try:
        told = json.loads(call.around.text_of("package.json") or "{}")
        script = told["scripts"][name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return STRANGER
    return call.runs_line(script) + STRANGER if isinstance(script, str) else STRANGER
