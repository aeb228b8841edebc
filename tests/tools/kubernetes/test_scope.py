"""Which namespace a question is about: by names that exist, and never by a guess."""

from collections.abc import Awaitable, Callable
from typing import Any

from tools.kubernetes.scope import find_scope

Stage = Any
StageMaker = Callable[..., Awaitable[Stage]]


NAMED: list[tuple[str, str | None]] = [
    ("What's wrong with proteus-dev?", "proteus-dev"),
    ("PROTEUS-DEV is down!!", "proteus-dev"),
    ('{"labels": {"namespace": "proteus-dev", "pod": "x"}}', "proteus-dev"),
    ("look into namespace=kube-system please", "kube-system"),
    ("why does proteus-worker hang", "proteus-dev"),
    ("is proteus broken?", "proteus-dev"),
    ("any default settings that crash?", None),
    ("which namespace has problems?", None),
    ("new tenants get no namespace", None),
    ("every customer has a separate namespace, and new namespaces do not come", None),
    ("is everything fine?", None),
]


async def test_a_question_names_its_namespace(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    for question, namespace in NAMED:
        made.emulator.requests.clear()
        scope = await find_scope(question, made.world)
        assert (scope.namespace, scope.unknown) == (namespace, None), question
        assert len(made.emulator.requests) <= 6


async def test_a_name_that_is_an_everyday_word_needs_the_word_namespace(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    scope = await find_scope("what about the default namespace?", made.world)
    assert "default" in (scope.namespace, scope.unknown)


UNKNOWN = [
    ("what's up in namespace nowhere-at-all", "nowhere-at-all"),
    ("check the billing namespace", "billing"),
    ("kubectl get pods -n ghost", "ghost"),
    ("proteus-dve is down", "proteus-dve"),
]
NOWHERE = [
    ("What's wrong with nope-dev?", "nope-dev"),
    ("billing-staging", "billing-staging"),
    ("redis-prod is down, please look", "redis-prod"),
]
NOT_NAMESPACES = [
    "is there a file-system problem?",
    "are only the non-prod systems slow?",
    "[FIRING:1] NodeDown cluster=eks-dev severity=page",
    "cluster: eks-dev",
    "anything wrong in cluster eks-dev?",
    "is dev-eks fine, or the whole of team-dev-eks?",
]


async def test_a_namespace_that_does_not_exist_is_asked_back(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    for question, unknown in UNKNOWN:
        assert (await find_scope(question, made.world, default_namespace="proteus-dev")).unknown == unknown


async def test_a_name_that_is_found_nowhere_is_kept_to_be_said_and_everything_is_looked_at(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    for question, name in NOWHERE:
        scope = await find_scope(question, made.world)
        assert (scope.namespace, scope.unknown, scope.not_found) == (None, None, name), question
    for question in NOT_NAMESPACES:
        assert (await find_scope(question, made.world)).not_found is None, question


async def test_a_given_namespace_goes_before_the_words(stage: StageMaker) -> None:
    made = await stage("oom-after-release")
    scope = await find_scope("what about proteus-dev?", made.world, namespace="kube-system")
    assert (scope.namespace, scope.also_named) == ("kube-system", ("proteus-dev",))
    assert (await find_scope("hello", made.world, namespace="nope")).unknown == "nope"


async def test_without_the_right_to_list_namespaces_a_name_is_taken_at_its_word(stage: StageMaker) -> None:
    made = await stage("oom-after-release", user="nobody")
    assert (await find_scope("look at namespace proteus-dev", made.world)).namespace == "proteus-dev"
    assert (await find_scope("hello", made.world, default_namespace="team-a")).namespace == "team-a"
