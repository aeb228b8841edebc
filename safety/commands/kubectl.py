"""kubectl and oc: what reads, what is one of the typed actions, and everything else, which changes the cluster."""

import re

from safety.commands.call import Call
from safety.commands.flags import Grammar, Parsed, is_known, take_apart
from safety.commands.secrets import is_loud, is_secret_kind, printed_by_get
from safety.commands.verdict import READS, Place, Verdict, Wanted, refused

_EVERYWHERE = frozenset(
    {
        *("--as", "--as-group", "--as-uid", "--as-user-extra", "--cache-dir", "--certificate-authority", "--cluster"),
        *("--client-certificate", "--client-key", "--context", "--kubeconfig", "--kuberc", "--log-flush-frequency"),
        *("-n", "--namespace", "--password", "--profile", "--profile-output", "--request-timeout", "-s", "--server"),
        *("--tls-server-name", "--token", "--user", "--username", "-v", "--v", "--vmodule", "--log-file", "--log-dir"),
    }
)
_SWITCHES = frozenset({"--insecure-skip-tls-verify", "--match-server-version", "--warnings-as-errors"})
_LOCAL = frozenset(
    {
        *("-o", "--output", "-l", "--selector", "--field-selector", "--template", "--sort-by", "-L", "--label-columns"),
        *("--raw", "--chunk-size", "--subresource", "-c", "--container", "--since", "--since-time", "--tail", "--for"),
        *("--timeout", "--revision", "--to-revision", "--replicas", "--current-replicas", "--resource-version"),
        *("-f", "--filename", "-k", "--kustomize", "-p", "--patch", "--patch-file", "--type", "--image", "--port"),
        *("--limit-bytes", "--max-log-requests", "--pod-running-timeout", "--grace-period", "--field-manager"),
        *("--output-directory", "--namespaces", "--types", "--verb", "--api-group", "--api-version", "--from-file"),
        *("--from-literal", "--from-env-file", "-e", "--env", "--min", "--max", "--cpu-percent", "--concurrency"),
        *("--categories", "--group", "--containers", "--resource", "--show-managed-fields-of"),
    }
)
_GRAMMAR = Grammar(_EVERYWHERE | _LOCAL)
# In these -f and -p are switches: follow, previous.
_GRAMMAR_OF_LOGS = Grammar((_EVERYWHERE | _LOCAL) - {"-f", "-p"})
_GLOBAL = Grammar(_EVERYWHERE, stops_early=True)

_READING = frozenset(
    {
        *("describe", "logs", "top", "explain", "api-resources", "api-versions", "version", "cluster-info", "diff"),
        *("wait", "events", "options", "help", "completion", "kustomize"),
    }
)
_READING_BELOW = {
    "auth": {"can-i", "whoami"},
    "config": {"view", "get-contexts", "current-context", "get-clusters", "get-users"},
    "rollout": {"status", "history"},
    "apply": {"view-last-applied"},
    "plugin": {"list", ""},
    "krew": {"list", "search", "info", "version", "help"},
    "alpha": {"events"},
    # oc
    "adm": {"top"},
}
_READING_OF_OC = frozenset({"status", "projects", "whoami", "api-resources"})
_DRYABLE = frozenset(
    {
        *("annotate", "apply", "autoscale", "cordon", "create", "delete", "drain", "expose", "label", "patch"),
        *("replace", "run", "scale", "set", "taint", "uncordon", "rollout undo", "auth reconcile"),
    }
)
# Plugins that only look. Any other plugin reaches the cluster with all the rights of its user.
_LOOKING_PLUGINS = frozenset(
    {
        *(
            "tree",
            "neat",
            "who-can",
            "access-matrix",
            "rbac-lookup",
            "resource-capacity",
            "capacity",
            "view-allocations",
        ),
        *("outdated", "lineage", "stern", "tail", "graph", "images", "deprecations", "score", "viewnode", "df-pv"),
        *("status", "sniff-list", "get-all", "count", "unused-volumes", "node-resource", "blame", "topology", "ktop"),
    }
)
_DEPLOYMENT = re.compile(r"deploy(?:ments?)?(?:\.(?:v1\.)?apps)?")
_STATEFUL_SET = re.compile(r"(?:sts|statefulsets?)(?:\.(?:v1\.)?apps)?")
_DAEMON_SET = re.compile(r"(?:ds|daemonsets?)(?:\.(?:v1\.)?apps)?")
_POD = re.compile(r"po(?:ds?)?(?:\.v1\.?)?")
_PLAIN_FLAGS = frozenset({"-n", "--namespace", "--context", "--kubeconfig"})
_ELSEWHERE = (
    *("--as", "--as-group", "--as-uid", "--cluster", "--user", "--server", "-s", "--token", "--client-key"),
    *("--client-certificate", "--certificate-authority", "--insecure-skip-tls-verify", "--username", "--password"),
)


# What a change may be started through, and still run as it would alone.
_TRANSPARENT = frozenset({"timeout", "time", "nice", "nohup", "command", "env"})
_USUAL_PLACES = ("/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/", "/bin/")


def kubectl(call: Call) -> Verdict:
    """The verdict on kubectl, oc and their plugins."""
    before = take_apart(call.args, _GLOBAL)
    strange = before.others(_EVERYWHERE | _SWITCHES | {"-h", "--help", "--version"})
    if not before.rest:
        return READS if not strange else refused(f"{call.name} {strange[0]}: put the verb first, then its flags")
    verb, *rest = before.rest
    if strange:
        return refused(f"{call.name} {strange[0]}: put the verb first, then its flags")
    if not is_known(verb):
        return refused(f"what {call.name} would do is not known before it runs; write the verb out")
    grammar = _GRAMMAR_OF_LOGS if verb in ("logs", "log") else _GRAMMAR
    parsed = take_apart(tuple(rest), grammar)
    if _is_help(verb, parsed):
        return READS
    return _verb(call, verb, Parsed(before.flags + parsed.flags, parsed.words, parsed.rest))


def _is_help(verb: str, parsed: Parsed) -> bool:
    starts_programs = verb in ("exec", "run", "debug", "attach", "cp", "rsh", "node-shell")
    if starts_programs and not parsed.words and not parsed.rest and {*parsed.flags} <= {("--help", ""), ("-h", "")}:
        return True
    is_plugin = verb not in _READING | {"get"} | set(_READING_BELOW) | {each.split()[0] for each in _DRYABLE}
    return not (starts_programs or is_plugin) and (("--help", "") in parsed.flags or ("-h", "") in parsed.flags)


def _verb(call: Call, verb: str, parsed: Parsed) -> Verdict:
    below = parsed.words[0] if parsed.words else ""
    if verb == "get":
        why = printed_by_get(parsed)
        return refused(f"{call.name} get: {why}") if why else READS
    if verb in _READING or (call.name == "oc" and verb in _READING_OF_OC):
        return _reading(call, verb, parsed)
    if verb in _READING_BELOW and below in _READING_BELOW[verb]:
        return _reading(call, f"{verb} {below}".strip(), parsed)
    if verb in _LOOKING_PLUGINS:
        shown = [each for each in (*parsed.words, *parsed.rest) if is_known(each) and is_secret_kind(each)]
        return refused(f"{call.name} {verb} may print the contents of Secrets") if shown else READS
    return _looks_after_all(verb, parsed) or _change(call, verb, below, parsed)


def _reading(call: Call, verb: str, parsed: Parsed) -> Verdict:
    """Readers with a flag or an object that makes them tell too much."""
    told = parsed.words[1:] if " " in verb else parsed.words
    if is_loud(parsed) and any(is_secret_kind(each) for each in told[:1]):
        return refused(f"{call.name} {verb} with so much talk would print the contents of Secrets")
    if verb == "config view" and parsed.has("--raw"):
        return refused(f"{call.name} config view --raw would print the credentials of the kubeconfig")
    if verb == "apply view-last-applied" and any(is_secret_kind(each) for each in told[:1] or ("",)):
        return refused(f"{call.name} apply view-last-applied would print the contents of Secrets")
    if verb == "whoami" and parsed.has("-t", "--show-token"):
        return refused("oc whoami --show-token would print a credential")
    if verb == "kustomize" and parsed.has("--enable-exec", "--enable-alpha-plugins", "--enable-helm"):
        return refused(f"{call.name} kustomize would run programs that the folder names")
    return READS


def _looks_after_all(verb: str, parsed: Parsed) -> Verdict | None:
    """Verbs of change with a flag that makes them only look."""
    assigns = any("=" in each or each.endswith("-") for each in parsed.words)
    if verb in ("label", "annotate") and parsed.has("--list") and not assigns and parsed.words:
        if verb == "annotate" and is_secret_kind(parsed.words[0]):
            return None
        return READS
    if verb == "set" and parsed.words[:1] == ("env",) and parsed.has("--list") and not assigns:
        return None if parsed.has("--resolve", "-e", "--env", "--from") else READS
    return None


def _change(call: Call, verb: str, below: str, parsed: Parsed) -> Verdict:
    both = f"{verb} {below}"
    if (verb in _DRYABLE or both in _DRYABLE) and both != "create token" and _is_dry(parsed):
        return READS
    if both == "rollout restart":
        return _restart(call, parsed)
    if both == "rollout undo":
        return _undo(call, parsed)
    if verb == "scale":
        return _scale(call, parsed)
    if verb == "delete":
        return _delete(call, parsed)
    return refused(_says(call, verb, parsed))


def _is_dry(parsed: Parsed) -> bool:
    """Whether the last ``--dry-run`` is one of those that store nothing."""
    told = parsed.value("--dry-run")
    return told in ("client", "server", "true", "") and not parsed.has("--force")


def _says(call: Call, verb: str, parsed: Parsed) -> str:
    shown = " ".join((verb, *parsed.words))[:120].replace("\0", "…")
    where = parsed.value("-n", "--namespace")
    return f"{call.name} {shown}{f' in namespace {where}' if where else ''} would change the cluster or act inside it"


# ---- the typed actions ----------------------------------------------------------------------------------------------


def _restart(call: Call, parsed: Parsed) -> Verdict:
    noun, pattern = _workload(parsed.words[1:])
    return _typed(call, parsed, f"restart_{noun}", parsed.words[1:], pattern, {})


def _undo(call: Call, parsed: Parsed) -> Verdict:
    told = parsed.value("--to-revision") or ""
    if not told.isdigit() or int(told) == 0:
        return refused(f"{call.name} rollout undo has to name the revision to go back to: --to-revision=N")
    noun, pattern = _workload(parsed.words[1:])
    return _typed(call, parsed, f"rollback_{noun}", parsed.words[1:], pattern, {"to_revision": int(told)})


def _workload(words: tuple[str, ...]) -> tuple[str, re.Pattern[str]]:
    """The kind of workload that a rollout is about; a deployment if it is none of the others."""
    kind = (words or ("",))[0].partition("/")[0]
    choices = {"stateful_set": _STATEFUL_SET, "daemon_set": _DAEMON_SET}
    return next((each for each in choices.items() if each[1].fullmatch(kind)), ("deployment", _DEPLOYMENT))


def _scale(call: Call, parsed: Parsed) -> Verdict:
    told = parsed.value("--replicas") or ""
    if not told.isdigit():
        return refused(f"{call.name} scale has to name the number of pods: --replicas=N")
    return _typed(call, parsed, "scale_deployment", parsed.words, _DEPLOYMENT, {"to_replicas": int(told)})


def _delete(call: Call, parsed: Parsed) -> Verdict:
    kind = (parsed.words or ("",))[0].partition("/")[0]
    if not _POD.fullmatch(kind):
        return refused(_says(call, "delete", parsed))
    return _typed(call, parsed, "delete_failed_pod", parsed.words, _POD, {})


def _typed(
    call: Call, parsed: Parsed, kind: str, words: tuple[str, ...], expected: re.Pattern[str], details: dict[str, int]
) -> Verdict:
    """A typed action, if the command says just that and nothing more."""
    named = _one_object(words, expected)
    extra = parsed.others(_PLAIN_FLAGS | {"--to-revision", "--replicas", *_ELSEWHERE})
    namespace = parsed.value("-n", "--namespace") or ""
    verb = kind.replace("_", " ")
    if named is None or parsed.rest:
        return refused(f"{call.name}: only one {verb.split()[-1]} by its full name can be asked for ({verb})")
    if extra:
        return refused(f"{call.name} with {extra[0]} is not one of the changes that can be judged; leave it out")
    if not namespace:
        return refused(f"{call.name}: name the namespace with -n, so that it is certain what would change")
    if not all(is_known(each) for each in (named, namespace)):
        return refused(f"{call.name}: what it would change is not known before it runs; write the names out")
    place = _place(call, parsed)
    return (
        refused(place) if isinstance(place, str) else Verdict(wanted=(Wanted(kind, namespace, named, place, details),))
    )


def _one_object(words: tuple[str, ...], expected: re.Pattern[str]) -> str | None:
    match words:
        case (single,) if "/" in single:
            kind, _, name = single.partition("/")
        case (kind, name):
            pass
        case _:
            return None
    return name if expected.fullmatch(kind) and name and "/" not in name and "," not in name else None


def _place(call: Call, parsed: Parsed) -> Place | str:
    """Where the command would run, or why that cannot be read from here."""
    elsewhere = [each for each in _ELSEWHERE if parsed.has(each)]
    if elsewhere:
        return f"{call.name} {elsewhere[0]} would run as somebody or somewhere that cannot be read from here"
    moved = sorted({"HOME", "PATH", "KUBERNETES_SERVICE_HOST", "LD_PRELOAD"} & set(call.assigned))
    if moved:
        return f"{call.name} with {moved[0]} set would run in a way that cannot be read from here"
    around = [each for each in call.around.through if each not in _TRANSPARENT]
    if around:
        return f"{call.name}: a change has to stand alone in its line, not inside {around[0]}"
    if "/" in call.path and not call.path.startswith(_USUAL_PLACES):
        return f"{call.path} may be another program than kubectl; name it without a path"
    kubeconfig = parsed.value("--kubeconfig") or call.assigned.get("KUBECONFIG")
    if kubeconfig and not kubeconfig.startswith(("/", "~/")):
        return f"{call.name}: write the path of the kubeconfig in full, so that it is certain which cluster it is"
    context = parsed.value("--context")
    if not all(is_known(each) for each in (kubeconfig or "", context or "")):
        return f"{call.name}: which cluster it would change is not known before it runs; write the context out"
    return Place(kubeconfig or None, context or None)
