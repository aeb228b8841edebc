"""Programs that start another program with the words they are given: what that one does is what counts."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, Parsed, is_known, take_apart
from safety.commands.table import words
from safety.commands.variables import judge_variables
from safety.commands.verdict import READS, STRANGER, Verdict, refused

# Flags with values; everything from the first word that is none of them is the program and its words.
_PLAIN: dict[str, frozenset[str]] = {
    "sudo": words("-u --user -g --group -p --prompt -C -h --host -r -t -T -D --chdir -R"),
    "doas": words("-u -C"),
    "nice": words("-n --adjustment"),
    "ionice": words("-c -n -p --class --classdata"),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "stdbuf": words("-i -o -e --input --output --error"),
    "time": words("-f --format -o --output"),
    "gtime": words("-f --format -o --output"),
    "command": frozenset(),
    "builtin": frozenset(),
    "exec": words("-a"),
    "noglob": frozenset(),
    "nocorrect": frozenset(),
    "coproc": frozenset(),
    "unbuffer": frozenset(),
    "rlwrap": frozenset(),
    "caffeinate": words("-t -w"),
    "strace": words("-e -o -p -s -u -f"),
    "ltrace": words("-e -o -p -s -u"),
    "faketime": frozenset(),
    "proxychains": words("-f"),
    "proxychains4": words("-f"),
    "torsocks": frozenset(),
    "firejail": frozenset(),
    "tini": words("-p"),
    "dumb-init": frozenset(),
    "catchsegv": frozenset(),
    "systemd-inhibit": words("--what --who --why --mode"),
    "systemd-run": words("-p --property -u --unit --uid --gid --slice --description -E --setenv --on-active -t"),
    "pkexec": words("--user"),
    "fakeroot": frozenset(),
    "eatmydata": frozenset(),
    "chronic": frozenset(),
    "ts": frozenset(),
    "dotenv": words("-f -e"),
    "-": frozenset(),
}
# The program comes after so many words of their own.
_AFTER: dict[str, tuple[int, frozenset[str]]] = {
    "timeout": (1, words("-k --kill-after -s --signal")),
    "gtimeout": (1, words("-k --kill-after -s --signal")),
    "chrt": (1, words("-T -P -D")),
    "taskset": (1, frozenset()),
    "repeat": (1, frozenset()),
    "chroot": (1, words("--userspec --groups")),
    "gosu": (1, frozenset()),
    "su-exec": (1, frozenset()),
    "setpriv": (0, words("--reuid --regid --groups")),
    "numactl": (0, words("-N -m -C -p --cpunodebind --membind")),
    "unshare": (0, words("-S -G -R -w")),
    "watch": (0, words("-n --interval")),
}
# They start something as somebody else or in another place; what they start is judged, and must be known.
_INTO_PLACES = frozenset({"nsenter", "chroot", "unshare", "ip-netns"})


def _plain(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(_PLAIN[call.name], stops_early=True))
    if call.name in ("sudo", "doas") and parsed.has("-i", "--login", "-s", "--shell"):
        return call.runs_words(("bash", "-c", " ".join(parsed.rest))) if parsed.rest else _fed_shell(call)
    if call.name == "sudo" and parsed.has("-e", "--edit"):
        return refused("sudo -e would change a file of this machine")
    if call.name == "sudo" and not parsed.rest:
        return READS
    if call.name == "command" and parsed.has("-v", "-V"):
        return READS
    rest, assigned = list(parsed.rest), dict[str, str]()
    while rest and re.match(r"[A-Za-z_]\w*=", rest[0]):
        name, _, assigned[name] = rest.pop(0).partition("=")
    verdict = judge_variables(call.around, assigned.items())
    return verdict + (call.runs_words(tuple(rest)) if rest else READS)


def _fed_shell(call: Call) -> Verdict:
    return READS if not call.stdin else call.runs_line(call.stdin, is_fed=False)


def _after(call: Call) -> Verdict:
    skipped, valued = _AFTER[call.name]
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    rest = parsed.rest[skipped:]
    if call.name == "watch":
        return call.runs_line(" ".join(rest)) if not parsed.has("-x", "--exec") else call.runs_words(rest)
    verdict = call.runs_words(rest) if rest else READS
    return (
        verdict
        if call.name not in _INTO_PLACES or rest
        else refused(f"{call.name} would open a shell in another place")
    )


def _env(call: Call) -> Verdict:
    valued = words("-u --unset -C --chdir -S --split-string")
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    split = parsed.value("-S", "--split-string")
    if split is not None:
        return call.runs_line(" ".join((split, *parsed.rest)))
    rest, assigned = list(parsed.rest), dict(call.assigned)
    while rest and re.match(r"[A-Za-z_]\w*=", rest[0]):
        name, _, value = rest.pop(0).partition("=")
        assigned[name] = value
    verdict = judge_variables(call.around, assigned.items())
    if not rest:
        return verdict
    return verdict + Call(call.name, call.args, call.around, call.stdin, assigned).runs_words(tuple(rest))


def _xargs(call: Call) -> Verdict:
    valued = words(
        "-I -i -n -P -L -l -d -E -e -s -a --max-args --max-procs --delimiter"
        " --max-lines --replace --arg-file --max-chars -J -R -S"
    ) - words("-i -l -e")
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    if not parsed.rest:
        return READS
    mark = parsed.value("-I", "--replace", "-J") or ("{}" if parsed.has("-i", "--replace") else "")
    if mark:
        return call.runs_words(tuple(each.replace(mark, "\0") for each in parsed.rest))
    return call.runs_words((*parsed.rest, "\0"))


def _parallel(call: Call) -> Verdict:
    valued = words(
        "-j --jobs -n -N -a --arg-file -S --sshlogin --colsep -C --joblog --delay --timeout -I --halt --tmpdir"
    )
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    if parsed.has("-S", "--sshlogin", "--sshloginfile"):
        return refused("parallel would run on other machines")
    template = [*parsed.rest]
    ends = [at for at, each in enumerate(template) if each.startswith(":::")]
    listed = template[ends[0] + 1 :] if ends else ["\0"]
    template = template[: ends[0]] if ends else template
    if not template:
        verdicts = [call.runs_line(each) for each in listed if not each.startswith(":::")]
        return sum(verdicts, READS)
    return call.runs_line(" ".join(re.sub(r"\{[^}]*\}", "\0", each) for each in (*template, "\0")))


def _su(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("-c --command -s --shell -g -G -u --session-command -w")))
    line = parsed.value("-c", "--command", "--session-command")
    if line is not None:
        return call.runs_line(line)
    if parsed.has("-s", "--shell") or (call.name == "runuser" and (parsed.rest or len(parsed.words) > 1)):
        return call.runs_words(parsed.rest or parsed.words)
    return _fed_shell(call) if call.stdin else refused(f"{call.name} would open a shell of somebody else")


def _flock(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("-w --timeout -E"), stops_early=True))
    rest = parsed.rest[1:]
    if rest[:1] in (("-c",), ("--command",)):
        return call.runs_line(" ".join(rest[1:]))
    return call.runs_words(rest) if rest else READS


def _script(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("-c --command -T -t -E -O -I -B -m")))
    line = parsed.value("-c", "--command")
    return (
        call.runs_line(line) if line is not None else (call.runs_words(parsed.words[1:]) if parsed.words[1:] else READS)
    )


def _nsenter(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("-t --target -S -G"), stops_early=True))
    if not parsed.rest:
        return refused("nsenter would open a shell on the machine below")
    return _away(call, " ".join(parsed.rest))


def _ssh(call: Call) -> Verdict:
    valued = words("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w -B -P")
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    rest = list(parsed.rest)
    # Flags may also stand between the host and the command.
    host, rest = rest[:1], rest[1:]
    more = take_apart(tuple(rest), Grammar(valued, stops_early=True))
    both = Parsed(parsed.flags + more.flags, (), more.rest)
    if not host:
        return READS
    if both.has("-L", "-R", "-D", "-w", "-W", "-N", "-F") or any(
        re.match(r"(?i)(?:proxycommand|localcommand|permitlocal|remotecommand|knownhostscommand|match)", each)
        for each in both.values("-o")
    ):
        return refused(f"{call.name} with these flags opens a way that cannot be judged")
    if not both.rest:
        return refused(f"{call.name} without a command opens a shell on another machine")
    return _away(call, " ".join(both.rest))


def _away(call: Call, line: str) -> Verdict:
    """On another machine a program that is not known is no harmless local one."""
    verdict = call.runs_line(line, is_remote=True)
    if verdict.known or verdict.refused:
        return verdict
    return refused(f"{call.name} would run a program of which nothing is known on another machine")


def _multiplexer(call: Call) -> Verdict:
    """tmux and screen: they list, or they start and type what they are told."""
    looks = words(
        "ls list-sessions list-windows list-panes capture-pane show-options has-session has -ls -list -V -v info"
    )
    if call.args[:1] and call.args[0] in looks:
        return READS
    return sum((call.runs_line(each) for each in call.args if " " in each), READS) + refused(
        f"{call.name} would start or type things out of sight"
    )


def _after_dashes(call: Call) -> Verdict:
    """``aws-vault exec dev -- program …``"""
    if "--" in call.args:
        return call.runs_words(call.args[call.args.index("--") + 1 :])
    return scan(call, call.args[1:])


_RUNNERS = words("run exec x tool")


def _runner(call: Call) -> Verdict:
    """``poetry run program …``, ``npx program …``: tools of a project that start its programs."""
    told = [each for each in call.args if not each.startswith("-")]
    if call.name in ("npx", "bunx", "uvx", "pnpx", "dlx"):
        return _fetched(call)
    if told[:1] and told[0] in _RUNNERS:
        return scan(call, tuple(told[1:]))
    return STRANGER


def _fetched(call: Call) -> Verdict:
    """``npx program …``: the program may come from afar, and is judged by its name and words like any other."""
    parsed = take_apart(call.args, Grammar(words("-p --package -c --call --from --with --python"), stops_early=True))
    line = parsed.value("-c", "--call")
    if line is not None:
        return call.runs_line(line)
    program, *rest = parsed.rest or ("true",)
    return call.runs_words((program.rpartition("/")[2].partition("@")[0] or program, *rest)) + STRANGER


def scan(call: Call, args: tuple[str, ...]) -> Verdict:
    """A program that is not known may start another: any word that names a known one is judged with what follows."""
    verdict = STRANGER
    for at, word in enumerate(args):
        if not is_known(word) and not word.strip("\0"):
            continue
        verdict += call.around.words(
            Call("\x01" + word, args[at + 1 :], call._deeper(False), call.stdin, call.assigned)
        )
        if re.search(r"\s", word):
            verdict += call.around.words(Call("\x02", (word,), call._deeper(False)))
    return verdict


WRAPPERS: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_AFTER, _after),
    "env": _env,
    "genv": _env,
    **dict.fromkeys(("xargs", "gxargs"), _xargs),
    **dict.fromkeys(("parallel", "rush"), _parallel),
    **dict.fromkeys(("su", "runuser"), _su),
    "flock": _flock,
    "script": _script,
    "nsenter": _nsenter,
    **dict.fromkeys(("ssh", "autossh", "mosh", "sshpass", "dbclient", "plink"), _ssh),
    **dict.fromkeys(("pssh", "pdsh", "clush", "dsh"), lambda call: refused(f"{call.name} would run on other machines")),
    **dict.fromkeys(("tmux", "screen", "zellij", "byobu"), _multiplexer),
    **dict.fromkeys(
        (
            "aws-vault",
            "direnv",
            "aws-okta",
            "saml2aws",
            "doppler",
            "op",
            "infisical",
            "chamber",
            "teller",
            "envchain",
            "mise",
            "asdf",
        ),
        _after_dashes,
    ),
    **dict.fromkeys(
        ("npx", "bunx", "uvx", "pnpx", "uv", "poetry", "pipenv", "pdm", "hatch", "rye", "conda", "bundle"), _runner
    ),
}
