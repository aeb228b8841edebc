"""Whether a look at a cluster would print what is inside Secrets. Their names and sizes may be seen, their data not."""

import posixpath
import re
import unicodedata
from urllib.parse import unquote, urlsplit

from safety.commands.flags import Parsed
from safety.shell import UNKNOWN

_SAFE_OUTPUTS = frozenset({"", "wide", "name"})
_TEMPLATES = ("jsonpath", "jsonpath-as-json", "go-template", "custom-columns", "template")
# What of a Secret may be printed by a template. Annotations may not: kubectl keeps the last applied data in one.
_HARMLESS_PATH = re.compile(
    r"(?:\.items\[[^]]*\])?\.(?:metadata\.(?:name|namespace|uid|labels|creationTimestamp|generation|resourceVersion)"
    r"|type|kind|apiVersion)(?![\w.\[])"
)
_OVER_ITEMS = re.compile(r"\brange\s+(?:\$?\w*\s*:?=?\s*)?\.items(?:\[\*?\])?")
_IN_A_SECRET = re.compile(r"/api/v1/(?:watch/)?(?:namespaces/[^/]+/)?secrets(?:/|$)")
# What runs something or reaches past the API server although it is asked for with GET.
_THROUGH = re.compile(r"/(?:proxy|exec|attach|portforward|run|cri|containerlogs)(?:/|$)")
_NODES_OWN = re.compile(
    r"/api/v1/nodes/[^/]+/proxy/(?:stats/summary|metrics(?:/(?:cadvisor|resource|probes))?|healthz|configz)/?"
)
_LOUD = 8

# Files that hold credentials: those a pod gets, those of cluster tools and clouds, and private keys.
_CREDENTIALS = re.compile(
    r"/run/secrets(?:/|$)|\.kube/(?:config|cache)|/etc/kubernetes/(?:\S*\.conf|pki/\S*\.key)|/etc/rancher/\S+\.yaml"
    r"|\.aws/(?:credentials|sso|cli)|\.config/gcloud/|\.azure/|\.ssh/(?:id_|identity)|/etc/(?:g?shadow|sudoers)"
    r"|/proc/(?:\d+|self|\*)/environ|\.docker/config\.json|\.vault-token|\.claude/\.credentials|/var/lib/etcd"
)


def is_secret_kind(word: str) -> bool:
    """``secret``, ``secrets``, ``secret/name``, ``secrets.v1.``, alone or in a list; what is unknown counts."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    kinds = (each.partition("/")[0].partition(".")[0] for each in folded.split(","))
    return any(each in ("secret", "secrets") or UNKNOWN in each for each in kinds)


def printed_by_get(parsed: Parsed) -> str | None:
    """Why ``get`` with these flags would print the data of Secrets; ``None`` if it would not."""
    output = _output_of(parsed)
    kinds = [each for each in parsed.words if "/" in each] or list(parsed.words[:1])
    if parsed.has("--raw"):
        return printed_by_path(parsed.value("--raw") or "")
    named = any(is_secret_kind(each) for each in kinds)
    from_file = parsed.has("-f", "--filename", "-k", "--kustomize") or not kinds
    if is_loud(parsed) and named:
        return "it would print the answers of the server, and with them the contents of Secrets"
    if output in _SAFE_OUTPUTS or not (named or from_file):
        return None
    if _shows_names_alone(output):
        return None
    if named:
        return "it would print the contents of Secrets; their names are shown by get without -o"
    return "what it would print is not known before it runs, and may be the contents of Secrets; name the kind"


def _output_of(parsed: Parsed) -> str:
    output = parsed.value("-o", "--output") or ""
    template = parsed.value("--template")
    if template is not None and (not output or "=" not in output):
        return f"{output or 'go-template'}={template}"
    return output


def is_loud(parsed: Parsed) -> bool:
    """Whether kubectl is told to print what the server answers."""
    told = parsed.value("-v", "--v") or "0"
    return not told.isdigit() or int(told) >= _LOUD


def _shows_names_alone(output: str) -> bool:
    """A template whose every path leads to a name, a type or the like."""
    kind, equals, template = output.partition("=")
    if kind not in _TEMPLATES or not equals or UNKNOWN in template:
        return False
    left = re.sub(r'"[^"]*"|\\.', " ", template)
    if kind == "custom-columns":
        left = " ".join(each.partition(":")[2] for each in left.split(","))
    left = _HARMLESS_PATH.sub(" ", _OVER_ITEMS.sub(" ", left))
    left = re.sub(r"\b(?:end|print|println)\b", " ", left)
    return not re.search(r"[A-Za-z.@$*]", left)


def printed_by_path(path: str) -> str | None:
    """Why a GET of this path of the API would print Secrets or do more than read; ``None`` if it would not."""
    plain = _plain_path(path)
    if plain is None:
        return "the path of the API is not known before it runs"
    if _IN_A_SECRET.search(plain):
        return "it would print the contents of Secrets"
    if _THROUGH.search(plain) and not _NODES_OWN.fullmatch(plain):
        return "it would reach through the API server into a pod or a node"
    return None


def _plain_path(path: str) -> str | None:
    """As the server reads it: decoded, without doubled slashes and dots."""
    if UNKNOWN in path:
        # What may not be known is one name in a path whose kind is.
        path = re.sub(f"(?<=/){UNKNOWN}+(?=/|$)", "x", path)
    for _ in range(3):
        path = unquote(path)
    path = urlsplit(path).path if "://" in path else path.partition("?")[0]
    if UNKNOWN in path or "%" in path:
        return None
    return posixpath.normpath("/" + path.lstrip("/")).lower()


def holds_credentials(path: str) -> bool:
    """Whether a file is one that holds tokens, keys or the data of a mounted Secret."""
    return bool(_CREDENTIALS.search(posixpath.normpath(path) if path else ""))
