"""Variables that are set for programs: the values of some are commands, of others what a program loads or obeys."""

import re
from collections.abc import Iterable

from safety.commands.call import Call, Surroundings
from safety.commands.flags import is_known
from safety.commands.table import words
from safety.commands.verdict import READS, STRANGER, Verdict, refused

# A shell that people type into, or one that traces, expands these each time it shows them.
_PROMPTS = re.compile(r"PS[0-4]|R?PROMPT[2-4]?|RPS[12]|SPROMPT")
# Some program starts the value as it would a line of shell.
_COMMANDS = re.compile(
    r"(?:.*_)?(?:EDITOR|VISUAL|PAGER|BROWSER|SHELL|DIFF|COMMAND|CMD|EXEC|ASKPASS|RUNNER|WRAPPER|LAUNCHER|LINKER|HOOK|OPENER)"
    r"|[A-Z]+(?:EDITOR|PAGER|BROWSER|PROG|PROGRAM)|PROMPT_COMMAND|CC|CXX|FC|LESSOPEN|LESSCLOSE|MANROFFSEQ"
)
# The same, with a host and a command behind it.
_SHELLS_AWAY = re.compile(r"(?:.*_)?(?:SSH|RSH)(?:_COMMAND)?")
# What a program loads before it does anything else.
_LOADED = re.compile(
    r"LD_.+|DYLD_.+|.*_PRELOAD|BASH_ENV|ENV|PYTHONSTARTUP|PERL5(?:OPT|DB)|RUBYOPT|GIT_CONFIG.*|GIT_EXEC_PATH"
    r"|GIT_TEMPLATE_DIR|.*_PLUGINS|.*_PLUGIN_(?:PATH|DIR)|ANSIBLE_(?:LIBRARY|CONFIG)|TF_CLI_CONFIG_FILE|ZDOTDIR"
    r"|RIPGREP_CONFIG_PATH|BASHOPTS|SHELLOPTS|SSLKEYLOGFILE|OPENSSL_CONF"
)
_SEARCHED = words("PATH FPATH PYTHONPATH PYTHONHOME PERL5LIB NODE_PATH CLASSPATH RUBYLIB CDPATH MANPATH")
# Flags that a program takes as if they had been typed: which program, and what of them would start or load something.
_FLAGS = {
    "TAR_OPTIONS": ("tar", r"checkpoint-action|to-command|compress-program|-I|-F|script|rsh|rmt|remove-files"),
    "MAKEFLAGS": ("make", r"eval|-f\b|file|SHELL|[;|&`$]"),
    "GNUMAKEFLAGS": ("make", r"eval|-f\b|file|SHELL|[;|&`$]"),
    "NODE_OPTIONS": ("node", r"require|-r\b|import|loader|eval|inspect|env-file"),
    "JAVA_TOOL_OPTIONS": ("java", r"agent|OnError|OnOutOfMemory|@|classpath|-cp\b"),
    "_JAVA_OPTIONS": ("java", r"agent|OnError|OnOutOfMemory|@|classpath|-cp\b"),
    "JDK_JAVA_OPTIONS": ("java", r"agent|OnError|OnOutOfMemory|@|classpath|-cp\b"),
    "MAVEN_OPTS": ("java", r"agent|OnError|OnOutOfMemory|@|classpath|-cp\b"),
    "GRADLE_OPTS": ("java", r"agent|OnError|OnOutOfMemory|@|classpath|-cp\b"),
    "LESS": ("less", r"!|\+"),
    "PYTHONBREAKPOINT": ("python", r"os\.|subprocess|system|pty|exec|eval|\w+\.\w+(?<!pdb\.set_trace)$"),
}
_NOTHING = re.compile(r"|cat|less|more|true|:|vim|vi|nano|code --wait|-R|dark|never|always|[A-Za-z]+=[\w.]*")
_OCTAL = re.compile(r"\\(0?[0-7]{3})")
# They matter to a shell that is started later even if nothing in the line hands them on.
_OF_SHELLS = re.compile(r"PATH|BASH_ENV|ENV|PROMPT_COMMAND|PS[0-4]")
_EXPORTING = words("export declare typeset readonly env")


def handed_on(commands: Iterable[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]]) -> list[tuple[str, str]]:
    """The variables that the programs of a line would see, from the words and the assignments of its commands."""
    told = list(commands)
    all_of_them = any(_exports_all(each) for each, _ in told)
    exported = {name for each, _ in told if each[:1] and each[0] in _EXPORTING for name in each[1:]}
    found: list[tuple[str, str]] = []
    for each, assigned in told:
        for name, value in assigned:
            if each or all_of_them or name in exported or _OF_SHELLS.fullmatch(name):
                found.append((name, value))
        if each[:1] and each[0] in _EXPORTING:
            pairs = (word.partition("=") for word in each[1:])
            found += [(name, value) for name, equals, value in pairs if equals]
    return found


def _exports_all(told: tuple[str, ...]) -> bool:
    return told[:1] == ("set",) and any(each == "allexport" or re.fullmatch(r"-\w*a\w*", each) for each in told[1:])


def judge_variables(around: Surroundings, pairs: Iterable[tuple[str, str]]) -> Verdict:
    """The verdict on variables that are set for a program, or handed on to every later one."""
    return sum((_judge(around, name, value) for name, value in pairs), READS)


def _judge(around: Surroundings, name: str, value: str) -> Verdict:
    call = Call(name, (), around)
    if _PROMPTS.fullmatch(name):
        return runs_inside(call, _OCTAL.sub(lambda found: chr(int(found[1], 8)), value))
    if _LOADED.fullmatch(name):
        return refused(f"{name} would make programs load or start something else") if value else READS
    if _NOTHING.fullmatch(value):
        return READS
    if name in _SEARCHED:
        return STRANGER
    if name in _FLAGS:
        program, more = _FLAGS[name]
        return refused(f"{name} would make {program} start or load something else") if re.search(more, value) else READS
    if _SHELLS_AWAY.fullmatch(name):
        return call.runs_line(f"{value} host true")
    if _COMMANDS.fullmatch(name):
        return call.runs_line(value.lstrip("|-").lstrip())
    return READS


def runs_inside(call: Call, text: str) -> Verdict:
    """The verdict on the substitutions in a text that a shell expands once more, as it does with a prompt."""
    if not is_known(text) or not re.search(r"\$\(|`|\$\{", text):
        return READS
    bare = re.sub(r"\\+(?=[$`])", "", text).replace("\\", "").replace('"', "'")
    return call.runs_line(f'echo "{bare}"')
