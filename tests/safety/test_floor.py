"""The floor: names that nobody may change anything in, near misses included, and names that are left alone."""

import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.floor import FLOOR_NAMESPACES, FLOOR_PATTERNS, FLOOR_TOKENS, name_pattern, protection, token_pattern

PROTECTED = (
    *("kube-system", "kube-public", "kube-node-lease", "kube-flannel", "default", "argocd", "argo", "istio-system"),
    *("istio-ingress", "cert-manager", "gatekeeper-system", "flux-system", "openshift", "openshift-monitoring"),
    *("artemis-preprod", "preprod", "pre-prod", "artemis-prod", "production", "prod", "prod-eu", "production-eu"),
    *("eu-prod-1", "team-production", "team-prod", "prd", "prd-eu", "webprd", "prdeu", "live", "live-2", "team-live7"),
    *("PROD", "Production", "Prod2", "prod1", "1prod", "prod1eu", "euprod", "prodeu", "produs", "nonprod", "non-prod"),
    *("pr0d", "pr0duction", "product1on", "l1ve", "ｐｒｏｄ", "рrod", "prоd", "xn--prd-5cd", "team-xn--80ak6aa92e"),
    *("preproduction", "prod.eu", "", " ", "prod ", "-prod", "ingress-nginx", "velero"),
)
FREE = (
    *(
        "team-a",
        "dev",
        "staging",
        "product",
        "products",
        "product-catalog",
        "producers",
        "produce",
        "delivery",
        "olive",
    ),
    *("alive", "liveness", "livestock", "kubernetes", "kubeflow-dev", "my-default", "defaults", "argonauts", "proud"),
    *("proteus-dev", "orchard", "sandbox-7", "team-prior", "reprocess", "pre-dev", "uat", "qa"),
)


@pytest.mark.parametrize("name", PROTECTED)
def test_these_are_protected(name: str) -> None:
    assert protection(name) is not None


@pytest.mark.parametrize("name", FREE)
def test_these_are_not(name: str) -> None:
    assert protection(name) is None


@pytest.mark.parametrize("name", FLOOR_NAMESPACES)
def test_every_listed_namespace_and_whatever_begins_like_it_is_protected(name: str) -> None:
    assert protection(name.replace("*", "x")) is not None
    if not name.endswith("*"):
        assert protection(f"team-{name}-dev") is None


def test_a_file_adds_words_and_names_and_takes_none_away() -> None:
    assert protection("team-vault-1", tokens=["vault"]) == (
        "namespace team-vault-1 is protected: its part 'vault' is on the policy's list"
    )
    assert protection("vaults", tokens=["vault"]) is None
    assert protection("monitoring-eu", names=["monitoring-*"]) is not None
    assert protection("monitoring", names=["monitoring-*"]) is None
    assert protection("a.b", names=["a.b"]) is not None
    assert protection("axb", names=["a.b"]) is None
    assert protection("prod", tokens=(), names=()) is not None


plain = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


@given(plain, st.sampled_from(sorted(FLOOR_TOKENS)), plain)
@settings(max_examples=300)
def test_a_word_between_dashes_protects_whatever_stands_around_it(before: str, word: str, after: str) -> None:
    for name in (f"{before}-{word}", f"{word}-{after}", f"{before}-{word}-{after}", f"{before}-{word}7"):
        assert protection(name) is not None


@given(plain)
@settings(max_examples=500)
def test_both_engines_read_the_patterns_alike(name: str) -> None:
    patterns = [*FLOOR_PATTERNS, *map(name_pattern, FLOOR_NAMESPACES), token_pattern("k8s")]
    for pattern in patterns:
        assert bool(re.search(pattern, name)) == bool(re2.search(pattern, name))


def test_the_list_only_grows() -> None:
    assert set(FLOOR_NAMESPACES) >= {
        *("kube-*", "default", "argo", "argocd", "argocd-*", "calico-*", "cattle-*", "cert-manager", "cilium*"),
        *("external-secrets", "flux-system", "gatekeeper-*", "gke-*", "gmp-*", "ingress-nginx", "istio-*", "karpenter"),
        *("knative-*", "kyverno", "linkerd*", "longhorn-system", "metallb-system", "openshift", "openshift-*"),
        *("rook-*", "tigera-*", "velero"),
    }
    assert {"prod", "production", "preprod", "prd", "live"} <= FLOOR_TOKENS
