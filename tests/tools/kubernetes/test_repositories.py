"""Which repository a workload says it is made in."""

from typing import Any

import pytest

from safety.redaction import Redactor
from tests.tools.kubernetes.test_snapshot import CrowdedCluster
from tools.adapters.github_client import GitHubAccess
from tools.adapters.github_named import GitHubNamed
from tools.kubernetes.looks import Looks
from tools.kubernetes.repositories import open_named, repositories_named
from tools.world import Reader

SOURCE = "org.opencontainers.image.source"


def workload(name: str, own: dict[str, str] | None = None, pods: dict[str, str] | None = None) -> Any:
    template = {"metadata": {"annotations": pods or {}}}
    metadata = {"name": name, "namespace": "orchard", "annotations": own or {}}
    return {"metadata": metadata, "spec": {"template": template}}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (SOURCE, "https://github.com/Acme/Shop"),
        (SOURCE, "https://github.com/acme/shop.git"),
        ("org.opencontainers.image.url", "https://github.com/acme/shop/tree/main/cart"),
        ("example.com/repository", "git@github.com:acme/shop.git"),
        ("example.com/repo-url", "ssh://git@github.com/acme/shop"),
        ("github.com/project-slug", "acme/shop"),
        ("app.example.com/vcs-url", "https://github.com/acme/shop#readme"),
    ],
)
def test_the_usual_annotations_name_a_repository(key: str, value: str) -> None:
    made = workload("plum", {key: value})
    assert repositories_named({"Deployment": [made]}, "github.com") == {"acme/shop": ("plum",)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (SOURCE, "https://gitlab.example.com/acme/shop"),
        (SOURCE, "https://github.com.evil.example/acme/shop"),
        (SOURCE, "not an address"),
        ("org.opencontainers.image.title", "acme/shop"),
        ("helm.sh/chart", "acme/shop"),
        ("example.com/repository", "x" * 400),
    ],
)
def test_other_hosts_and_other_words_name_none(key: str, value: str) -> None:
    assert repositories_named({"Deployment": [workload("plum", {key: value})]}, "github.com") == {}


def test_the_pod_template_counts_too_and_the_namespace_where_nothing_nearer_says_it() -> None:
    space = {"metadata": {"name": "orchard", "labels": {"repository": "acme/all"}}}
    own = workload("fig", pods={SOURCE: "https://github.com/acme/fig"})
    objects = {"Namespace": [space], "Deployment": [own, workload("plum")], "StatefulSet": [workload("pear")]}
    assert repositories_named(objects, "github.com") == {"acme/fig": ("fig",), "acme/all": ("plum", "pear")}


def test_only_repositories_of_allowed_owners_are_opened_and_none_twice() -> None:
    named = GitHubNamed(GitHubAccess("t"), frozenset({"acme"}), frozenset({"acme/known"}))
    assert named.open("acme/known", ["plum"]) is None
    assert named.open("evil/shop", ["plum"]) is None
    opened = named.open("acme/shop", ["plum"])
    assert opened is not None
    assert opened.concerns("plum")
    assert named.open("acme/shop", ["plum"]) is opened


def test_repositories_that_are_not_read_are_named_with_the_setting_and_the_failing_ones_first() -> None:
    named = GitHubNamed(GitHubAccess("t"), frozenset({"acme"}), frozenset({"other/known"}))
    looks = Looks(Reader(CrowdedCluster(1, 1), Redactor(), named=named))
    repositories = {"a": "acme/a", "b": "acme/b", "c": "acme/c", "d": "other/d", "e": "more/e", "k": "other/known"}
    made = [workload(name, {SOURCE: f"https://github.com/{each}"}) for name, each in repositories.items()]
    opened = open_named(looks, {"Deployment": made}, ["c-5f-x", "d-5f-y"])
    assert [getattr(each, "repository", None) for each in opened] == ["acme/c", "acme/a"]
    what = "changes and files of repositories that workloads name"
    assert looks.not_checked == [
        f"{what}: other/d, more/e: not allowed by GITHUB_REPOSITORIES (add other/d or other/* there if it is yours)",
        f"{what}: acme/b: 2 are read for one question; list it in GITHUB_REPOSITORIES",
    ]


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://api.github.com", "github.com"), ("https://ghe.example.com/api/v3", "ghe.example.com")],
)
def test_addresses_are_those_of_the_pages_and_not_of_the_api(url: str, host: str) -> None:
    assert GitHubNamed(GitHubAccess("t", url), frozenset(), frozenset()).host == host
