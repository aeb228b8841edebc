"""Shells and languages: what a shell is given is read like any line; code of a language passes if it only computes."""

import posixpath
import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.names import changing_word
from safety.commands.secrets import holds_credentials
from safety.commands.table import words
from safety.commands.verdict import READS, STRANGER, Verdict, refused

_SHELLS = (
    "bash",
    "sh",
    "zsh",
    "dash",
    "ksh",
    "ash",
    "mksh",
    "rbash",
    "yash",
    "fish",
    "csh",
    "tcsh",
    "pwsh",
    "powershell",
    "nu",
    "xonsh",
    "elvish",
    "oil",
    "osh",
)
# Whose lines are not bash.
_OTHER_SYNTAX = frozenset({"fish", "csh", "tcsh", "pwsh", "powershell", "nu", "xonsh", "elvish"})

# Code that reaches a cluster or a cloud.
_REACHES = re.compile(
    r"kubernetes|kube(?:ctl|config|client|_client)?\b|\bkr8s\b|pykube|lightkube|kopf|(?:import|from|require\(.)\s*k8s|client-node|client-go|boto3?|botocore"
    r"|aws-sdk|@aws|google[.-]cloud|googleapiclient|azure|pyhelm|\bhelm\b|terraform|pulumi|etcd3?|docker|paramiko|fabric"
    r"|ansible|openshift|crictl|kazoo|hvac|\bconsul\b|proxmox|pyvmomi|libvirt|digitalocean|/api/v1/namespaces|/apis/",
    re.IGNORECASE,
)
# Code that starts programs, runs text, deletes, or sends changes.
_ACTS = re.compile(
    r"\b(?:subprocess|popen\w*|system|spawn\w*|fork|exec\w*|eval|execfile|compile|__import__|importlib|getattr|setattr|globals"
    r"|__builtins__|__class__|__subclasses__|ctypes|cffi|pty|child_process|execSync|Function|vm|shelljs|execa|zx|Deno|Bun"
    r"|shell_exec|passthru|proc_open|pcntl_exec|IO\.popen|Open3|Kernel|qx|rmtree|rmdir\w*|unlink\w*|removedirs|rmSync|rm_rf|rm_r"
    r"|FileUtils|remove_tree|remove|truncate|rename|renames|replace_file|chmod|chown|kill\w*|signal|reboot|sendto|sendall"
    r"|telnetlib|smtplib|ftplib|socket|socketserver|http\.client|httplib|net/http|Net::HTTP|LWP|urlopen|Request|pickle|marshal"
    r"|load_module|require_relative|instance_eval|class_eval|send|public_send|method|atob|fromhex|b64decode|unhexlify|decompress"
    r"|codecs|rot13|unpack|syscall|posix|nt|winreg|WScript|win32api|drop|delete"
    r"|mainModule|binding|constructor|Reflect)\b|\[\s*['\"]\w*['\"]\s*\+|`[^`]*`|%x[{(\[]|\bos\.(?:remove|exec|kill|spawn)",
)
_ALLOWED = re.compile(
    r"\b(?:re\.compile|json\.decoder|requests\.get|requests\.head|console\.log|Request\.get)\b"
    r"|\burlopen\(\s*(?:'[^']*'|\"[^\"]*\")\s*(?:,\s*timeout=\d+)?\)"
)
_SENDS = re.compile(r"\.(?:post|put|patch|delete|request)\s*\(|method\s*[:=]|fetch\s*\([^)]*,", re.IGNORECASE)
_WRITES = re.compile(r"open\s*\(\s*['\"](/(?:etc|dev|boot|usr|var|bin|sys|proc)|~)[^)]*['\"][waxr+]+", re.IGNORECASE)

# Code that writes files passes if it names no place that matters.
_WRITING = re.compile(
    r"write_(?:text|bytes)|writeFile|appendFile|createWriteStream|File\.write|['\"][wax]b?\+?['\"]|>{1,2}"
)
_PLACES = re.compile(r"['\"](?:/(?:etc|dev|boot|usr|var|bin|sbin|lib|sys|proc|opt|root)/|~/?)[^'\"]*['\"]")

_LANGUAGES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # Flags whose value is code; flags with another value.
    "python": (words("-c"), words("-W -X --check-hash-based-pycs")),
    "pypy": (words("-c"), words("-W -X")),
    "ipython": (words("-c"), words("--profile")),
    "node": (words("-e --eval -p --print -pe"), words("-r --require --import --loader --input-type")),
    "nodejs": (words("-e --eval -p --print -pe"), words("-r --require --import --input-type")),
    "deno": (words("eval"), frozenset()),
    "bun": (words("-e --eval -p --print"), frozenset()),
    "tsx": (words("-e --eval"), frozenset()),
    "ts-node": (words("-e --eval -p"), frozenset()),
    "ruby": (words("-e"), words("-r -I -C -E -F")),
    "perl": (words("-e -E"), words("-I -x")),
    "php": (words("-r -B -R -E"), words("-d -c -f")),
    "lua": (words("-e"), words("-l")),
    "luajit": (words("-e"), words("-l")),
    "rscript": (words("-e"), frozenset()),
    "julia": (words("-e -E"), frozenset()),
    "osascript": (words("-e"), words("-l")),
    "groovy": (words("-e"), frozenset()),
    "scala": (words("-e"), frozenset()),
    "elixir": (words("-e --eval"), frozenset()),
    "erl": (words("-eval"), frozenset()),
    "tclsh": (frozenset(), frozenset()),
    "expect": (words("-c"), words("-f")),
    "guile": (words("-c"), words("-l")),
    "emacs": (words("--eval -eval"), words("-l --load")),
    "jshell": (frozenset(), frozenset()),
    "gdb": (words("-ex --ex --eval-command -iex"), words("-x -p")),
}


def judge_code(call: Call, code: str) -> Verdict:
    """What a piece of code may do, told from the words in it; what is not known does not pass."""
    if not is_known(code.strip("\0 \n")) or (code and not code.strip("\0 \n")):
        return refused(f"{call.name} would run code that is not known before it runs")
    bare = _ALLOWED.sub(" ", code)
    found = _REACHES.search(bare) or _ACTS.search(bare) or _SENDS.search(bare) or _WRITES.search(bare)
    if not found and _WRITING.search(bare):
        found = _PLACES.search(bare)
    if found:
        return refused(f"{call.name} would run code that may change more than it says ({found[0].strip()[:40]})")
    if holds_credentials(code):
        return refused(f"{call.name} would run code that reads credentials")
    return STRANGER


def _language(call: Call) -> Verdict:
    name = re.sub(r"[\d.]+$", "", call.name)
    coded, valued = _LANGUAGES[name]
    args, inline = list(call.args), list[str]()
    script: str | None = None
    is_module = False
    while args:
        word = args.pop(0)
        flag = next((each for each in coded if _begins(word, each)), None)
        if flag is not None:
            inline.append(word[len(flag) :].lstrip("=") or (args.pop(0) if args else ""))
        elif _perl_code(name, word):
            inline.append(args.pop(0) if args else "")
        elif word in valued:
            args[:1] = []
        elif word == "-m" and name in ("python", "pypy"):
            is_module = True
            script = args[0] if args else ""
            break
        elif not word.startswith("-") or word == "-":
            script = word
            break
        elif word.startswith("-c") and name == "python":
            inline.append(word[2:])
    return _run(call, inline, script, is_module, tuple(args))


def _begins(word: str, flag: str) -> bool:
    return word == flag or (flag.startswith("--") and word.startswith(flag + "="))


def _perl_code(name: str, word: str) -> bool:
    """``-ne``, ``-pie``: switches in one word of which the last takes the code."""
    return (
        name in ("perl", "ruby", "node", "python")
        and bool(re.fullmatch(r"-[a-zA-Z0-9.]*[eEc]", word))
        and len(word) > 2
    )


def _run(call: Call, inline: list[str], script: str | None, is_module: bool, rest: tuple[str, ...]) -> Verdict:
    verdict = sum((judge_code(call, each) for each in inline), READS)
    if inline:
        return verdict
    if is_module:
        module = (script or "").partition(".")[0]
        if module in (
            "awscli",
            "ansible",
            "kubernetes",
            "invoke",
            "fabric",
            "pip",
            "pdb",
            "runpy",
            "code",
            "timeit",
            "trace",
        ):
            return STRANGER if module == "pip" else refused(f"{call.name} -m {module} may change more than it says")
        return STRANGER
    if script is None or script in ("-", "/dev/stdin"):
        return judge_code(call, call.stdin) if call.stdin else READS
    return file_of_code(call, script)


def file_of_code(call: Call, path: str) -> Verdict:
    """A script from a file: read if it is there, refused if this very line writes it, else a local program."""
    if not is_known(path.strip("\0")) or not path.strip("\0") or path.startswith(("http:", "https:", "/dev/fd/")):
        return refused(f"{call.name} would run code that is not known before it runs")
    if path in call.around.written or path.removeprefix("./") in call.around.written:
        return refused(f"{call.name} would run {path}, which the same line writes")
    text = call.around.text_of(path)
    if text is None:
        return _by_its_name(call, path)
    found = _REACHES.search(text)
    if found:
        return refused(
            f"{call.name} {path} is a program about clusters or clouds ({found[0]}), and what it does is not known"
        )
    return STRANGER


def _by_its_name(call: Call, path: str) -> Verdict:
    """A script that cannot be read says what it does by its name, or nothing."""
    word = changing_word(posixpath.basename(path))
    return refused(f"{path}: its name says that it would {word} something") if word else STRANGER


_SHELL_GRAMMAR = Grammar(words("-o -O --rcfile --init-file +o +O"), stops_early=True)


def _shell(call: Call) -> Verdict:
    parsed = take_apart(call.args, _SHELL_GRAMMAR)
    if parsed.has("--rcfile", "--init-file"):
        return refused(f"{call.name} would run a file before anything else")
    is_code = any(flag in ("-c", "--command", "-Command", "--commands") for flag, _ in parsed.flags)
    if is_code and parsed.rest:
        return _line(call, parsed.rest[0])
    if call.name in _OTHER_SYNTAX and call.args:
        return refused(f"{call.name} reads lines in a way that cannot be judged here")
    if parsed.rest and parsed.rest[0] not in ("-", "/dev/stdin") and not parsed.has("-s"):
        return shell_file(call, parsed.rest[0])
    return _line(call, call.stdin) if call.stdin else READS


def _line(call: Call, text: str) -> Verdict:
    if call.name in _OTHER_SYNTAX:
        return refused(f"{call.name} reads lines in a way that cannot be judged here")
    return call.runs_line(text, is_fed=text is not call.stdin)


def shell_file(call: Call, path: str) -> Verdict:
    """A shell script from a file: read like a line if it is there."""
    if not is_known(path) or path.startswith(("/dev/fd/", "/proc/")) or path == "/dev/stdin":
        return refused(f"{call.name} would run code that is not known before it runs")
    if path in call.around.written or path.removeprefix("./") in call.around.written:
        return refused(f"{call.name} would run {path}, which the same line writes")
    text = call.around.text_of(path)
    if text is None:
        return _by_its_name(call, path)
    return call.runs_line(text) + STRANGER


def _eval(call: Call) -> Verdict:
    return call.runs_line(" ".join(call.args)) if call.args else READS


def _source(call: Call) -> Verdict:
    return shell_file(call, call.args[0]) if call.args else READS


def _trap(call: Call) -> Verdict:
    if not call.args or call.args[0] in ("-", "-l", "-p", ""):
        return READS
    return call.runs_line(call.args[0])


def _busybox(call: Call) -> Verdict:
    return call.runs_words(call.args) if call.args and not call.args[0].startswith("-") else READS


_AWK_ACTS = re.compile(
    r"\bsystem\s*\(|\|\s*\"|\"\s*\|\s*getline|\|&|>\s*\"(?:/etc|/dev/s|/dev/tcp|/boot)|/inet/|@load|\bfflush\b.*sh\b"
)


def _awk(call: Call) -> Verdict:
    if any(each.startswith(("-l", "--load", "-i", "-E", "--exec")) for each in call.args):
        return refused(f"{call.name} would load more than its program")
    code = " ".join(call.args)
    if _AWK_ACTS.search(code) or re.search(r"\|\s*[a-z]\w*\s*(?:[;}]|$)", code):
        return refused(f"{call.name} would start programs")
    if any(each in ("-f", "--file") for each in call.args):
        return STRANGER
    return READS


def _sed(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("-e --expression -f --file -l -E -n -r") - words("-E -n -r")))
    scripts = parsed.values("-e", "--expression") or list(parsed.words[:1])
    files = parsed.words if parsed.has("-e", "--expression", "-f") else parsed.words[1:]
    runs = re.compile(
        r"(?:^|[;{}\n/\d$,!])\s*e(?:\s|$|;)|s(.)(?:(?!\1).)*\1(?:(?!\1).)*\1[gimI0-9p]*e|/[gimIp0-9]*w?\s*/dev/(?:sd|tcp)"
    )
    if any(runs.search(each) for each in scripts):
        return refused("sed would start programs")
    in_place = any(flag.startswith(("-i", "--in-place", "-s")) and flag != "-s" for flag, _ in parsed.flags)
    from safety.commands.files import matters

    if in_place and any(matters(each, call.around.files) for each in files):
        return refused("sed -i would change a place that matters")
    if any(holds_credentials(each) for each in files):
        return refused("sed would print credentials")
    return READS


def _editor(call: Call) -> Verdict:
    """vim and its kin: commands on their command line may run a shell."""
    acts = [each for each in call.args if each.startswith(("+", "-c", "--cmd", "-S", "-s", "--eval", "-es"))]
    return refused(f"{call.name} {acts[0]} may run a shell") if acts else STRANGER


INTERPRETERS: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_SHELLS, _shell),
    **dict.fromkeys(_LANGUAGES, _language),
    "eval": _eval,
    "source": _source,
    ".": _source,
    "trap": _trap,
    **dict.fromkeys(("busybox", "toybox"), _busybox),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk"), _awk),
    **dict.fromkeys(("sed", "gsed"), _sed),
    **dict.fromkeys(("vim", "vi", "nvim", "ex", "view", "ed", "nano", "emacsclient"), _editor),
}
