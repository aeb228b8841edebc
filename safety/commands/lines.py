"""What a line of shell would do: it is read as bash reads it, and every program in it is judged by its own model."""

import posixpath
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from safety.commands.call import DEEPEST, Call, Surroundings
from safety.commands.clouds import CLOUDS
from safety.commands.development import DEVELOPMENT, stranger
from safety.commands.files import FILES, matters
from safety.commands.flags import is_known
from safety.commands.interpreters import INTERPRETERS, file_of_code, shell_file
from safety.commands.kubectl import kubectl
from safety.commands.machines import MACHINES
from safety.commands.releases import RELEASES
from safety.commands.secrets import holds_credentials
from safety.commands.stores import STORES
from safety.commands.texts import TEXTS
from safety.commands.variables import handed_on, judge_variables
from safety.commands.verdict import READS, STRANGER, Files, Verdict, refused
from safety.commands.web import WEB
from safety.commands.wrappers import WRAPPERS, scan
from safety.shell import Command, Unreadable, read

LONGEST = 100_000
_KUBECTL = ("kubectl", "oc", "k", "kc", "kubecolor", "kctl")
_MODELS = {
    **TEXTS,
    **FILES,
    **DEVELOPMENT,
    **STORES,
    **WEB,
    **MACHINES,
    **CLOUDS,
    **RELEASES,
    **INTERPRETERS,
    **WRAPPERS,
    **dict.fromkeys(_KUBECTL, kubectl),
}
# They may stand in one line with a change: nothing they do leads it to another object or cluster.
_CALM = frozenset(
    {"kubectl", "oc", "k", "echo", "printf", "true", "sleep", "date", "grep", "head", "tail", "wc", "jq", "sort", "cd"}
)
_DISTRIBUTIONS = frozenset({"microk8s", "k3s", "k0s", "rke2", "minikube"})
_VERSIONED = re.compile(r"([a-z][a-z-]*?[a-z])[-_.]?v?\d+(?:\.\d+)*(?:\.exe)?")
_NAMES_OF_PROGRAMS = frozenset(
    {"functions", "aliases", "galiases", "saliases", "commands", "BASH_ALIASES", "BASH_CMDS"}
)
# ``${x@P}`` expands what stands in a variable once more.
_EXPANDED_AGAIN = re.compile(r"\$\{[^}]*@P\}")


def judge_line(text: str, files: Files) -> Verdict:
    """The verdict on one line (or script) of a shell."""
    return _line(Surroundings(files, _line, _words), text)


def judge_words(words: tuple[str, ...], files: Files) -> Verdict:
    """The verdict on a program and its words, as they are."""
    return _words(Call(words[0], words[1:], Surroundings(files, _line, _words)))


def judge_text(text: str, files: Files) -> Verdict:
    """The verdict on a text that somebody may hand to a shell: what it would run there, if that is a known program."""
    return _text_for_a_stranger(Call("", (text,), Surroundings(files, _line, _words)))


def _line(around: Surroundings, text: str) -> Verdict:
    if around.depth > DEEPEST:
        return refused("it starts programs within programs too deeply to be followed")
    if why := _unfit(text):
        return refused(why)
    if _EXPANDED_AGAIN.search(text):
        return refused("it would expand the text of a variable once more, and run what stands in it")
    try:
        commands = read(text)
    except Unreadable as fault:
        return refused(f"the line cannot be read as bash reads it ({fault}); write it more simply")
    aliases = _aliases(commands)
    folders = (*around.folders, *_folders(commands))
    around = replace(around, written=around.written | _written(commands), folders=folders)
    verdicts = [_command(around, command, aliases) for command in commands]
    set_for = judge_variables(
        replace(around, depth=around.depth + 1), handed_on((c.words, c.assigned) for c in commands)
    )
    return sum(verdicts, READS) + set_for + _renames(commands) + _beside_a_change(commands, verdicts)


def _renames(commands: tuple[Command, ...]) -> Verdict:
    renamed = [name for each in commands for name, _ in each.assigned if name in _NAMES_OF_PROGRAMS]
    return refused(f"{renamed[0]} would give programs other names") if renamed else READS


def _beside_a_change(commands: tuple[Command, ...], verdicts: list[Verdict]) -> Verdict:
    """A change that is asked for may stand only beside programs that cannot lead it somewhere else."""
    if not any(each.wanted for each in verdicts):
        return READS
    for command, verdict in zip(commands, verdicts, strict=True):
        if not verdict.wanted and (command.assigned or posixpath.basename((*command.words, "echo")[0]) not in _CALM):
            shown = (*command.words, *(f"{name}=…" for name, _ in command.assigned))[0]
            return refused(f"a change has to stand alone, without {shown} in the same line")
    return READS


def _unfit(text: str) -> str | None:
    """What no line should hold: letters that cannot be seen, or that change the order in which it is read."""
    if len(text) > LONGEST:
        return f"the line is longer than {LONGEST} letters"
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Cf", "Co", "Cs", "Zl", "Zp") or (kind == "Cc" and char not in "\n\t\0\x1b"):
            return f"the line holds a letter that cannot be seen (U+{ord(char):04X}), behind which a command could hide"
    return None


def _aliases(commands: tuple[Command, ...]) -> dict[str, tuple[str, ...]]:
    found = {}
    for each in commands:
        if each.words[:1] == ("alias",):
            pairs = [word.partition("=") for word in each.words[1:]]
            found.update({name: tuple(value.split()) for name, equals, value in pairs if equals})
    return found


def _folders(commands: tuple[Command, ...]) -> list[str]:
    """Where the line goes to, as far as it says so."""
    found: list[str] = []
    for each in commands:
        if each.words[:1] in (("cd",), ("pushd",)) and len(each.words) == 2 and is_known(each.words[1]):
            found.append(posixpath.join(found[-1] if found else "", each.words[1]))
    return found


def _written(commands: tuple[Command, ...]) -> frozenset[str]:
    """Files that the line itself writes, as far as it names them."""
    found = set()
    for each in commands:
        found |= {one.target for one in each.redirects if one.operator in (">", ">>", ">|", "&>", "&>>", "<>")}
        name = posixpath.basename(each.words[0]) if each.words else ""
        if name in (
            "tee",
            "cp",
            "mv",
            "ln",
            "install",
            "curl",
            "wget",
            "dd",
            "sponge",
            "base64",
            "aws",
            "gsutil",
            "scp",
        ):
            found |= {one.removeprefix("of=") for one in each.words[1:]}
    return frozenset(each.removeprefix("./") for each in found) | frozenset(found)


def _command(around: Surroundings, command: Command, aliases: dict[str, tuple[str, ...]]) -> Verdict:
    words = command.words
    stdin = around.stdin if command.stdin is None else command.stdin
    if words and words[0] in aliases and aliases[words[0]][:1] != words[:1]:
        words = (*aliases[words[0]], *words[1:])
    verdict = _streams(around, command)
    if not words:
        return verdict
    verdict += _words(Call(words[0], words[1:], around, stdin, dict(command.assigned)))
    if verdict.wanted and command.repeated:
        return refused("a change inside a loop or a function could be made any number of times; name one object")
    return verdict


def _streams(around: Surroundings, command: Command) -> Verdict:
    for each in command.redirects:
        if each.target.startswith(("/dev/tcp/", "/dev/udp/")):
            return refused("it would speak to a server directly, which cannot be judged")
        if each.operator == "<" and holds_credentials(each.target):
            return refused(f"it would read the credentials in {each.target}")
        if each.operator != "<" and matters(each.target, around.files):
            return refused(f"it would write to {each.target}, a place that matters")
        if each.operator in ("<", "<>") and command.words == ("exec",):
            return refused("the rest of the line would come from a file")
    return READS


def _words(call: Call) -> Verdict:
    """The verdict on one program: by its model, or as a stranger."""
    if call.name.startswith("\x02"):
        return _text_for_a_stranger(call)
    scanned = call.name.startswith("\x01")
    word = call.name.removeprefix("\x01")
    if call.around.depth > DEEPEST:
        return refused("it starts programs within programs too deeply to be followed")
    if scanned and (not is_known(word) or not re.fullmatch(r"[\w./+@-]+", word, re.ASCII)):
        return STRANGER
    if why := _unclear(word):
        return refused(why)
    name = _folded(word, call.around.files)
    model = _model(name)
    if scanned and (model is None or name in TEXTS or not _is_heavy(name)):
        return STRANGER
    named = replace(call, name=_canonical(name), path=word)
    if model is not None:
        return model(named)
    return _distribution(named) or _plugin(named) or _unknown(named, word)


def _unclear(word: str) -> str | None:
    """Why it cannot be told which program a word names."""
    if not is_known(posixpath.basename(word)) or not word:
        return "which program would run is not known before it runs; write its name out"
    base = posixpath.basename(word)
    if re.search(r"\s", base):
        return f"{word!r} is no program; which one would run is not clear"
    if any(char in base for char in "*?") or ("[" in base and base not in ("[", "[[")):
        return f"which program {word} names is not known before it runs; write its name out"
    if not base.isascii():
        return f"the name of the program {word} holds letters that look like others"
    return None


def _folded(word: str, files: Files) -> str:
    base = posixpath.basename(word.lstrip("=").rstrip("/").replace("\\", "/")).lower()
    if "/" in word and is_known(word):
        base = (files.real_name(word) or base).lower()
    return base.removesuffix(".exe").removesuffix(".cmd")


def _canonical(name: str) -> str:
    if name in _KUBECTL:
        return "oc" if name == "oc" else "kubectl"
    return name if name in _MODELS else _without_version(name)


def _without_version(name: str) -> str:
    found = _VERSIONED.fullmatch(name)
    return found[1] if found and found[1] in _MODELS else name


def _model(name: str) -> Callable[[Call], Verdict] | None:
    canonical = _canonical(name)
    if name.startswith("mkfs") or name.startswith("fsck"):
        canonical = "mkfs"
    return _MODELS.get(canonical)


def _is_heavy(name: str) -> bool:
    """Programs that count even as the word of a stranger: those that change clusters, accounts, machines or files."""
    canonical = _canonical(name)
    light = (
        DEVELOPMENT.keys()
        | TEXTS.keys()
        | {
            "at",
            "batch",
            "route",
            "service",
            "port",
            "wall",
            "crm",
            "view",
            "ex",
            "ed",
            "time",
            "-",
            ".",
            "install",
            "link",
            "op",
            "x",
            "task",
            "kind",
            "source",
            "import",
            "fly",
            "atlas",
            "copilot",
            "snow",
            "bridge",
            "kill",
            "watch",
            "script",
            "screen",
            "exec",
            "command",
            "repeat",
            "mc",
            "eb",
            "cf",
        }
    )
    return canonical in _MODELS and canonical not in light


def _text_for_a_stranger(call: Call) -> Verdict:
    """A whole line handed to a program nobody knows: it may run it, so whatever is refused in it is refused."""
    try:
        commands = read(call.args[0])
    except Unreadable:
        commands = ()
    heavy = [each for each in commands if each.words and _is_heavy(_folded(each.words[0], call.around.files))]
    if not heavy:
        return STRANGER
    return call.around.line(call.around, call.args[0]) + STRANGER


def _distribution(call: Call) -> Verdict | None:
    if call.name not in _DISTRIBUTIONS and not call.name.startswith("microk8s."):
        return None
    tools = [
        at for at, each in enumerate(call.args) if each in ("kubectl", "helm", "helm3", "crictl", "ctr", "istioctl")
    ]
    if call.name.startswith("microk8s."):
        return call.runs_words((call.name.partition(".")[2], *call.args))
    if tools:
        tool, *rest = call.args[tools[0] :]
        return call.runs_words((tool, *(rest[1:] if rest[:1] == ["--"] else rest)))
    if call.args[:1] in (
        ("status",),
        ("version",),
        ("--version",),
        ("help",),
        ("inspect",),
        ("check-config",),
        ("check",),
    ):
        return READS
    return refused(f"{call.name} {' '.join(call.args[:2])} would change a cluster")


def _plugin(call: Call) -> Verdict | None:
    """``kubectl-view_secret`` is ``kubectl view-secret``."""
    for prefix in ("kubectl-", "oc-"):
        if call.name.startswith(prefix):
            verb = call.name.removeprefix(prefix).replace("_", "-")
            return kubectl(replace(call, name="kubectl", args=(verb, *call.args)))
    return None


def _unknown(call: Call, word: str) -> Verdict:
    if call.around.is_remote:
        return refused(f"{call.name} on another machine is no program that is known to only look")
    verdict = stranger(call) + scan(call, call.args)
    if "/" in word or word.endswith((".sh", ".bash")):
        verdict += shell_file(call, word) if word.endswith((".sh", ".bash")) else file_of_code(call, word)
    return verdict
