"""Programs that delete, overwrite or move files: narrow ones pass, wide ones and those at places that matter do not."""

import posixpath
import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.secrets import holds_credentials
from safety.commands.verdict import READS, STRANGER, Files, Verdict, refused

# Written there, a file changes this machine …
_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|lib\w*|opt|proc|run|sbin|srv|sys|usr|var|System|Library|Applications|host)(?:/|$)|/$"
)
# … or a login, the cluster that commands reach, or what stands guard here.
_OURS = re.compile(
    r"(?:^|/)\.(?:kube|ssh|aws|azure|gnupg|claude|docker)(?:/|$)|(?:^|/)\.config/(?:gcloud|helm|k9s|argocd)(?:/|$)"
    r"|(?:^|/)\.(?:bash\w*|zsh\w*|profile|netrc|npmrc|pypirc)$|(?:^|/)\.git/(?:hooks|config)(?:/|$)"
    r"|(?:^|/)kubeconfig[^/]*$|(?:^|/)policy\.ya?ml$|(?:^|/)\.mcp\.json$"
)
_HARMLESS_DEVICES = re.compile(r"/dev/(?:null|stdout|stderr|tty|fd/\d+|stdin)|/dev/shm/[\w.-]+")
_TEMPORARY = re.compile(
    r"(?:/private)?/(?:var/)?tmp/[\w@+-][\w.@+*\0-]*(?:/[\w.@+*\0-]+)*|/(?:private/)?var/folders/[\w./+-]+|/dev/shm/[\w.-]+"
)
# Folders that a build makes anew; to delete them is everyday work.
_MADE_ANEW = frozenset(
    {
        *("build", "dist", "out", "target", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache"),
        *(
            ".ruff_cache",
            ".tox",
            ".venv",
            "venv",
            ".cache",
            "cache",
            "coverage",
            "htmlcov",
            ".next",
            ".nuxt",
            ".terraform",
            ".gradle",
        ),
        *("bin", "obj", "tmp", "temp", ".tmp", "scratch", ".eggs", "site", "_site", ".parcel-cache", ".turbo"),
        *(".serverless", ".nyc_output", "test-results", "playwright-report", ".coverage", "output"),
    }
)
_MADE_ANEW_PARTS = frozenset({"tmp", "temp", "cache", "build", "scratch", "egg-info", "bak", "old"})


def matters(path: str, files: Files | None = None) -> bool:
    """Whether writing there would change more than the work at hand."""
    if not path or not is_known(path[:1]):
        return False
    plain = posixpath.normpath(path)
    if _OURS.search(plain) or (files is not None and files.is_guarded(path)):
        return True
    if _HARMLESS_DEVICES.fullmatch(plain) or _TEMPORARY.fullmatch(plain):
        return False
    return bool(_SYSTEM.match(plain))


def is_wide(path: str) -> bool:
    """Whether deleting a tree there is more than clearing away what a build or this work left behind."""
    if not is_known(path):
        return True
    plain = posixpath.normpath(path)
    if _TEMPORARY.fullmatch(plain):
        return "*" in plain.split("/")[2] if plain.count("/") < 3 else False
    parts = plain.split("/")
    if plain.startswith(("/", "~")) or ".." in parts or plain in (".", "*", ""):
        return True
    last = parts[-1]
    tokens = set(re.split(r"[-_.]", last))
    return last not in _MADE_ANEW and not (tokens & _MADE_ANEW_PARTS and not set("*?[") & set(last))


def _is_glob_of_all(path: str) -> bool:
    last = posixpath.basename(path.rstrip("/"))
    return bool(re.fullmatch(r"\.?\*+(?:\.\*)?|\.\[!?[^]]*\]\*|\{\}|\.\.?", last)) or not last


def _is_much(path: str, files: Files) -> bool:
    return matters(path, files) or _is_glob_of_all(path) or _is_home(path)


def _is_home(path: str) -> bool:
    return bool(re.fullmatch(r"~[\w-]*|/(?:home|Users)/[\w-]+|/root|/", posixpath.normpath(path)))


def _rm(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(frozenset(), stops_early=False))
    paths = parsed.words + parsed.rest
    flags = {flag for flag, _ in parsed.flags}
    recursive = bool(flags & {"-r", "-R"}) or any(len(each) > 3 and "--recursive".startswith(each) for each in flags)
    if "--no-preserve-root" in flags:
        return refused("rm --no-preserve-root would delete the whole machine")
    for path in paths:
        if recursive and is_wide(path):
            return refused(f"rm -r {path} would delete files widely".replace("\0", "…"))
        if not is_known(path) or _is_glob_of_all(path) or matters(path, call.around.files):
            return refused(f"rm {path} would delete files widely or at a place that matters".replace("\0", "…"))
    return READS


_FIND = Grammar(frozenset(), single_dash_long=True)


def _find(call: Call) -> Verdict:
    if any(each in ("-delete", "--delete") or (not is_known(each[:1]) and each[:1] == "-") for each in call.args):
        return refused("find -delete would delete files widely")
    verdict, args = READS, list(call.args)
    for at, each in enumerate(args):
        if each in ("-fprint", "-fprintf", "-fls", "-fprint0") and matters((*args, "")[at + 1], call.around.files):
            return refused(f"find {each} would write to a place that matters")
        if each in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = args[at + 1 :]
            ends = [rest.index(end) for end in (";", "+") if end in rest]
            inner = tuple(
                "\0" if part == "{}" else part.replace("{}", "\0") for part in rest[: min(ends, default=len(rest))]
            )
            verdict += call.runs_words(inner)
    return verdict


def _fd(call: Call) -> Verdict:
    for at, each in enumerate(call.args):
        if each in ("-x", "--exec", "-X", "--exec-batch"):
            return call.runs_words((*call.args[at + 1 :], "\0"))
    return READS


def _dd(call: Call) -> Verdict:
    out = next((each[3:] for each in call.args if each.startswith("of=")), None)
    if out is None or (is_known(out) and not matters(out, call.around.files)):
        return READS
    return refused(f"dd of={out} would overwrite a place that matters".replace("\0", "…"))


def _overwrites(call: Call) -> Verdict:
    """tee, truncate, shred, sponge …: every word is a file that is written."""
    parsed = take_apart(call.args, Grammar(frozenset({"-s", "--size", "-n", "--iterations"})))
    paths = parsed.words + parsed.rest
    if call.name in ("shred", "srm", "wipe", "scrub"):
        return refused(f"{call.name} would destroy files for good")
    if call.name == "unlink":
        return _rm(call)
    bad = [each for each in paths if matters(each, call.around.files) or (call.name == "truncate" and "*" in each)]
    bad += [each for each in paths if call.name == "truncate" and not is_known(each)]
    return refused(f"{call.name} {bad[0]} would overwrite a place that matters".replace("\0", "…")) if bad else READS


_HIDDEN_PROGRAMS = re.compile(
    r"(?:^|/)(?:kubectl|oc|helm|terraform|tofu|aws|gcloud|az|crictl|etcdctl|docker|bash|sh|rm|busybox)$"
)


def _moves(call: Call) -> Verdict:
    """cp, mv, ln, install, rsync: the last word is written; mv takes the others away."""
    parsed = take_apart(
        call.args, Grammar(frozenset({"-t", "--target-directory", "-m", "-o", "-g", "-S", "--mode", "-e"}))
    )
    paths = list(parsed.words + parsed.rest)
    target = parsed.value("-t", "--target-directory") or (paths.pop() if len(paths) > 1 else "")
    sources = paths
    if any(_HIDDEN_PROGRAMS.search(each) for each in sources):
        return refused(f"{call.name} would give a program that changes clusters or machines another name")
    if any(holds_credentials(each) for each in sources):
        return refused(f"{call.name} would copy credentials")
    if matters(target, call.around.files):
        return refused(f"{call.name} would write to {target}, a place that matters")
    if call.name == "mv" and any(is_wide(each) and _is_much(each, call.around.files) for each in sources):
        return refused(f"mv {sources[0]} would take files away widely".replace("\0", "…"))
    return READS if all(map(is_known, sources)) else STRANGER


def _rsync(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(frozenset({"-e", "--rsh", "-f", "--filter", "--exclude", "--include"})))
    if any(
        each.startswith(("--del", "--remove-source", "--rsync-path", "-M", "--remote-option")) for each in call.args
    ):
        return refused("rsync with these flags would delete files or run a program elsewhere")
    places = parsed.words
    if places and (":" in places[-1] or places[-1].startswith("rsync://") or matters(places[-1], call.around.files)):
        return refused("rsync would write to another machine or to a place that matters")
    shell = parsed.value("-e", "--rsh") or ""
    return call.runs_line(shell) if shell and not shell.startswith("ssh") else READS


def _permissions(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(frozenset({"--from", "--reference"})))
    paths = [*parsed.words[1:], *parsed.rest]
    recursive = parsed.has("-R", "--recursive")
    for path in paths:
        if matters(path, call.around.files) or (recursive and (is_wide(path) and path.startswith(("/", "~", "\0")))):
            return refused(f"{call.name} {path} would change a place that matters".replace("\0", "…"))
    return READS


def _tar(call: Call) -> Verdict:
    never = (
        "--to-command",
        "--checkpoint-action",
        "--use-compress-program",
        "-I",
        "--rmt-command",
        "--rsh-command",
        "--info-script",
        "--new-volume-script",
        "-F",
        "--remove-files",
        "--recursive-unlink",
        "--unlink-first",
        "-TT",
        "--unzip-command",
    )
    bad = [each for each in call.args if any(each == one or each.startswith(one + "=") for one in never)]
    if bad:
        return refused(f"{call.name} {bad[0]} would run a program or delete files")
    targets = [b for a, b in zip(call.args, call.args[1:], strict=False) if a in ("-C", "--directory", "-d")]
    return (
        refused(f"{call.name} would unpack over {targets[0]}")
        if any(matters(each, call.around.files) for each in targets)
        else READS
    )


FILES: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(("rm", "rmdir", "grm", "trash", "rimraf", "del"), _rm),
    **dict.fromkeys(("find", "gfind"), _find),
    **dict.fromkeys(("fd", "fdfind"), _fd),
    **dict.fromkeys(("dd", "dcfldd"), _dd),
    **dict.fromkeys(("tee", "truncate", "shred", "sponge", "unlink", "srm", "wipe", "scrub"), _overwrites),
    **dict.fromkeys(("cp", "mv", "ln", "install", "link", "gcp", "gmv"), _moves),
    "rsync": _rsync,
    **dict.fromkeys(("chmod", "chown", "chgrp"), _permissions),
    **dict.fromkeys(("tar", "gtar", "bsdtar", "unzip", "zip", "7z", "cpio"), _tar),
}
