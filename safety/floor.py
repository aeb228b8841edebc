"""The floor: the namespaces in which nothing is ever changed, whatever a policy file says.

It is spelled in patterns that Python, RE2 and a cluster's own admission rules read alike, so that the bot and the
second wall in the cluster cannot come to differ.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

# Any part of a name that is one of these words protects the namespace: prod-eu, eu-prod-1 …
FLOOR_TOKENS = frozenset({"prod", "production", "preprod", "prd", "live"})
# What a cluster itself stands on.
FLOOR_NAMESPACES = (
    "kube-*",
    "default",
    "argo",
    "argocd",
    "argocd-*",
    "calico-*",
    "cattle-*",
    "cert-manager",
    "cilium*",
    "external-secrets",
    "flux-system",
    "gatekeeper-*",
    "gke-*",
    "gmp-*",
    "ingress-nginx",
    "istio-*",
    "karpenter",
    "knative-*",
    "kyverno",
    "linkerd*",
    "longhorn-system",
    "metallb-system",
    "openshift",
    "openshift-*",
    "rook-*",
    "tigera-*",
    "velero",
)
# The near misses of the words: glued to others (euprod, prodeu), numbered (prod1), or with digits for letters (pr0d).
# A word of its own such as product or delivery is none of them.
FLOOR_PATTERNS: Mapping[str, str] = {
    r"pr[o0]d([^a-z]|$)": "prod",
    r"(^|[^a-z])pr[o0]d([a-tv-z]|u[^ck])": "prod",
    r"pr[o0]duct[i1][o0]n": "production",
    r"prd": "prd",
    r"(^|[^a-z])l[i1]ve([^a-z]|$)": "live",
    # A name in another script, as it is written in DNS: nobody can see what it says.
    r"(^|[^a-z])xn--": "xn--",
}
_PLAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def token_pattern(token: str) -> str:
    """The pattern of one more word: it stands alone between digits, dashes and the ends of the name."""
    return rf"(^|[^a-z]){re.escape(token)}([^a-z]|$)"


def name_pattern(pattern: str) -> str:
    """A name, or a beginning such as ``kube-*``, as a pattern."""
    return f"^{re.escape(pattern[:-1])}" if pattern.endswith("*") else f"^{re.escape(pattern)}$"


def folded(text: str) -> str:
    """The name as it is compared: NFKC first, so that a name in look-alike letters is not a way around the list."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def protection(namespace: str, tokens: Iterable[str] = (), names: Iterable[str] = ()) -> str | None:
    """Why a namespace is protected, by the floor or by these words and names of a file; ``None`` if it is not."""
    name = folded(namespace)
    if not _PLAIN.fullmatch(name):
        return f"namespace {namespace} is protected: this is no plain name"
    for pattern, what in _patterns(tokens, names):
        if re.search(pattern, name):
            return f"namespace {namespace} is protected: {what}"
    return None


def _patterns(tokens: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each pattern, with what is said of a name that it finds."""
    yield from ((name_pattern(each), f"{each} is on the built-in list") for each in FLOOR_NAMESPACES)
    yield from ((name_pattern(each), f"{each} is on the policy's list") for each in names)
    yield from ((each, f"its part '{word}' is on the built-in list") for each, word in FLOOR_PATTERNS.items())
    yield from ((token_pattern(each), f"its part '{each}' is on the policy's list") for each in tokens)
