"""The second wall: with every right there is, the writer's account still cannot do more than the typed actions do."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.demo.cluster_emulator.rbac import Rule, User
from bot.demo.cluster_emulator.resources import DEPLOYMENTS, PODS
from bot.demo.cluster_emulator.scenarios import load_scenario
from safety.actions import ACTION_KINDS, TARGET_KINDS, ActionKind
from safety.drafts import Wish, draft
from safety.facts import Refusal
from safety.floor import FLOOR_NAMESPACES, FLOOR_TOKENS
from safety.policy import Policy
from safety.redaction import Redactor
from safety.wall import ACCOUNT, admission_policy
from tools.adapters.kubernetes_api import KubernetesApi
from tools.adapters.kubernetes_writer import KubernetesWriter
from tools.kubernetes.abort import abort
from tools.kubernetes.catalogue import catalogue
from tools.kubernetes.facts import read_facts
from tools.world import Order, Reader, Rejected, Writer

ROOT = Path(__file__).resolve().parents[2]
SPACE = "orchard"
IMAGES = ("registry.example.com/lab/good:1", "registry.example.com/lab/good:2")
APPS = "/apis/apps/v1/namespaces"
MERGE = {"Content-Type": "application/merge-patch+json"}
APPROVED_AT = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
MANIFEST = list(yaml.safe_load_all((ROOT / "deploy" / "admission-policy.yaml").read_text(encoding="utf-8")))
ROLE = [
    rule
    for each in yaml.safe_load_all((ROOT / "deploy" / "changes-in-one-namespace.yaml").read_text(encoding="utf-8"))
    for rule in each.get("rules", ())
]
READS = [
    rule
    for each in yaml.safe_load_all((ROOT / "deploy" / "rbac.yaml").read_text(encoding="utf-8"))
    for rule in each.get("rules", ())
]
# Either an account that may do everything, or one with exactly the rights of deploy/.
ALMIGHTY = (Rule(("*",)),)
GIVEN = tuple(
    Rule(tuple(each["verbs"]), tuple(each["apiGroups"]), tuple(each["resources"]), spaces)
    for rules, spaces in ((READS, ()), (ROLE, (SPACE,)))
    for each in rules
)


class Walled:
    """A cluster behind the wall, and the account of the writer on it."""

    def __init__(self, emulator: ClusterEmulator, session: aiohttp.ClientSession) -> None:
        self.emulator, self.session = emulator, session

    async def ask(
        self, method: str, path: str, body: Any = None, user: str = ACCOUNT, **headers: str
    ) -> tuple[int, Any]:
        told = {"Authorization": f"Bearer {self.emulator.token(user)}", **headers}
        async with self.session.request(method, self.emulator.url + path, json=body, headers=told) as answer:
            return answer.status, await answer.json()

    async def made(self, path: str, body: Any) -> None:
        status, told = await self.ask("POST", path, body, "admin")
        assert status == 201, told


def workload(kind: str, space: str, name: str = "plum", image: str = IMAGES[0]) -> dict[str, Any]:
    labels = {"app": f"{kind}-{name}".lower()}
    counted = {} if kind == "DaemonSet" else {"replicas": 3}
    named = {"serviceName": name} if kind == "StatefulSet" else {}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {**counted, **named, "selector": {"matchLabels": labels}, "template": template}
    return {"kind": kind, "metadata": {"name": name, "namespace": space}, "spec": spec}


async def built(walled: Walled, policy: Policy, *spaces: str) -> None:
    for body in admission_policy(policy):
        plural = (
            "validatingadmissionpolicies" if body["kind"].endswith("Policy") else "validatingadmissionpolicybindings"
        )
        await walled.made(f"/apis/admissionregistration.k8s.io/v1/{plural}", body)
    for space in spaces:
        await walled.made("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": space}})
        for kind in ("Deployment", "StatefulSet", "DaemonSet"):
            await walled.made(f"{APPS}/{space}/{kind.lower()}s", workload(kind, space))
    await walled.emulator.advance(60)


@pytest.fixture
async def almighty() -> AsyncIterator[Walled]:
    async for each in _walled(ALMIGHTY):
        yield each


@pytest.fixture
async def given() -> AsyncIterator[Walled]:
    async for each in _walled(GIVEN):
        yield each


async def _walled(rights: tuple[Rule, ...]) -> AsyncIterator[Walled]:
    scenario = load_scenario("tests/demo/cluster_emulator/lab.yaml")
    users = (User("admin", "demo-token-admin", (Rule(("*",)),)), User(ACCOUNT, "demo-token-writer", rights))
    emulator = ClusterEmulator(dataclasses.replace(scenario, users=users), clock=VirtualClock(speed=0))
    await emulator.start()
    async with aiohttp.ClientSession() as session:
        yield Walled(emulator, session)
    await emulator.stop()


def test_the_manifest_is_made_of_the_same_floor_as_the_bot() -> None:
    assert admission_policy(Policy(version=1)) == MANIFEST


def test_the_expression_holds_every_name_and_word_of_the_policy_as_well() -> None:
    file = Policy.model_validate({"version": 1, "protected": {"tokens": ["ledger"], "namespaces": ["vault-*"]}})
    text = admission_policy(file)[0]["spec"]["validations"][1]["expression"]
    assert "ledger" in text
    assert "vault" in text


PROTECTED = (
    *(each.replace("*", "x") for each in FLOOR_NAMESPACES if each != "default"),
    *sorted(FLOOR_TOKENS),
    *("prod-eu", "team-production", "artemis-preprod", "eu-prod-1", "prod1", "pr0d", "webprd", "live-2", "xn--prd-5cd"),
)


async def test_in_a_protected_namespace_even_every_right_changes_nothing(almighty: Walled) -> None:
    await built(almighty, Policy(version=1), *PROTECTED)
    before = almighty.emulator.store.version
    note = {"metadata": {"annotations": {"ask-claude.io/proposal": "p-1"}}}
    for space in PROTECTED:
        pod = almighty.emulator.store.all_of(PODS, space)[0]["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": space}}
        for method, path, body, headers in (
            ("PATCH", f"{APPS}/{space}/deployments/plum", note, MERGE),
            ("PATCH", f"{APPS}/{space}/statefulsets/plum", note, MERGE),
            ("PATCH", f"{APPS}/{space}/daemonsets/plum?dryRun=All", note, MERGE),
            ("DELETE", f"/api/v1/namespaces/{space}/pods/{pod}", None, {}),
            ("POST", f"/api/v1/namespaces/{space}/pods/{pod}/eviction", eviction, {}),
            ("DELETE", f"/api/v1/namespaces/{space}/pods", None, {}),
        ):
            status, told = await almighty.ask(method, path, body, **headers)
            assert (status, told["reason"]) == (422, "Invalid"), path
            assert "denied request: this namespace is protected" in told["message"]
    assert almighty.emulator.store.version == before
    assert (await almighty.ask("PATCH", f"{APPS}/prod-eu/deployments/plum", note, "admin", **MERGE))[0] == 200


async def test_in_any_namespace_only_the_changes_of_the_actions_pass(almighty: Walled) -> None:
    await built(almighty, Policy(version=1), SPACE)
    web, held = f"{APPS}/{SPACE}/deployments/plum", "metadata"
    pods = f"/api/v1/namespaces/{SPACE}/pods"
    pod = {"kind": "Pod", held: {"name": "mine"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    refused: list[tuple[str, str, Any]] = [
        ("DELETE", web, None),
        ("POST", f"{APPS}/{SPACE}/deployments", workload("Deployment", SPACE, "other")),
        ("POST", pods, pod),
        ("POST", f"/api/v1/namespaces/{SPACE}/secrets", {"kind": "Secret", held: {"name": "s"}}),
        ("POST", "/api/v1/namespaces", {"kind": "Namespace", held: {"name": "mine"}}),
        ("DELETE", f"/api/v1/namespaces/{SPACE}", None),
        ("DELETE", "/api/v1/nodes/one", None),
        ("PATCH", f"/api/v1/namespaces/{SPACE}", {held: {"labels": {"a": "b"}}}),
        ("PATCH", f"{web}/scale", {"spec": {"replicas": 4}}),
        ("PATCH", f"{web}/status", {"status": {"replicas": 9}}),
        ("PATCH", web, {"spec": {"paused": True}}),
        ("PATCH", web, {"spec": {"minReadySeconds": 5, "replicas": 4}}),
        ("PATCH", web, {"spec": {"replicas": 6}}),
        ("PATCH", web, {"spec": {"replicas": 0}}),
        ("PATCH", f"{APPS}/{SPACE}/statefulsets/plum", {"spec": {"replicas": 4}}),
        ("PATCH", web, {held: {"labels": {"a": "b"}}}),
        ("PATCH", web, {held: {"finalizers": ["example.com/hold"]}}),
        ("PATCH", web, {held: {"annotations": {"example.com/owner": "me"}}}),
        ("PATCH", web, {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
        ("PATCH", web, {"spec": {"template": {"spec": {"serviceAccountName": "admin"}}}}),
        ("PATCH", web, {"spec": {"replicas": 4, "template": {held: {"annotations": {"a": "b"}}}}}),
    ]
    before = almighty.emulator.store.version
    for method, path, body in refused:
        status, told = await almighty.ask(method, path, body, **(MERGE if method == "PATCH" else {}))
        assert (status, "denied request" in told["message"]) == (422, True), (method, path, body, told)
    assert almighty.emulator.store.version == before


async def test_every_typed_action_passes_the_wall_with_exactly_the_rights_of_the_manifest(
    given: Walled, tmp_path: Path
) -> None:
    await built(given, Policy(version=1), SPACE, "kube-system")
    await _newer_images(given)
    path = str(given.emulator.write_kubeconfig(tmp_path / "kubeconfig", ACCOUNT))
    api, writer = await KubernetesApi.connect(path), await KubernetesWriter.connect(path)
    world = Reader(api, Redactor())
    seen = len(given.emulator.requests)
    try:
        for kind in ACTION_KINDS:
            await _done(given, world, writer, kind)
    finally:
        await api.close()
        await writer.close()
    sent = {_right(each.method, each.path) for each in given.emulator.requests[seen:] if each.user == ACCOUNT}
    listed = {(verb, resource) for rule in ROLE for verb in rule["verbs"] for resource in rule["resources"]}
    assert {each for each in sent if each[0] != "get"} == listed


async def _newer_images(walled: Walled) -> None:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        change = {"spec": {"template": workload(kind, SPACE, image=IMAGES[1])["spec"]["template"]}}
        status, _ = await walled.ask("PATCH", f"{APPS}/{SPACE}/{kind.lower()}s/plum", change, "admin", **MERGE)
        assert status == 200
    await walled.emulator.advance(240)


async def _done(walled: Walled, world: Reader, writer: KubernetesWriter, kind: ActionKind) -> None:
    name = walled.emulator.store.all_of(PODS, SPACE)[0]["metadata"]["name"] if TARGET_KINDS[kind] == "Pod" else "plum"
    facts = await read_facts(world, SPACE, name, walled.emulator.clock.now, TARGET_KINDS[kind])
    assert facts is not None
    action = draft(Wish(kind, name, to_replicas=facts.desired + 1 if kind == "scale_deployment" else None), facts)
    assert not isinstance(action, Refusal)
    for dry_run in (True, False):
        order = Order("p-1", APPROVED_AT, facts.resource_version, "p-1.1", dry_run)
        await catalogue().write(kind).run(action, Writer(world, writer, order))
    await walled.emulator.advance(240)
    if TARGET_KINDS[kind] != "Pod":
        after = await read_facts(world, SPACE, name, walled.emulator.clock.now, TARGET_KINDS[kind])
        assert after is not None
        await abort(action.target, Writer(world, writer, Order("p-1", APPROVED_AT, after.resource_version, "p", False)))


def _right(method: str, path: str) -> tuple[str, str]:
    parts = path.split("/namespaces/")[-1].split("/")[1:]
    verb = {"GET": "get", "PATCH": "patch", "DELETE": "delete", "POST": "create"}[method]
    return verb, parts[0] + (f"/{parts[2]}" if len(parts) > 2 else "") if parts else ""


async def test_without_the_label_that_the_policy_asks_for_nothing_passes(almighty: Walled) -> None:
    file = Policy.model_validate({"version": 1, "protected": {"require_label": "example.com/changes=allowed"}})
    await built(almighty, file, SPACE)
    note = {"metadata": {"annotations": {"ask-claude.io/proposal": "p-1"}}}
    path, home = f"{APPS}/{SPACE}/deployments/plum", f"/api/v1/namespaces/{SPACE}"
    status, told = await almighty.ask("PATCH", path, note, **MERGE)
    assert (status, "does not carry example.com/changes=allowed" in told["message"]) == (422, True)
    for value, expected in (("allowed", 200), ("forbidden", 422), (None, 422)):
        labels = {"metadata": {"labels": {"example.com/changes": value}}}
        assert (await almighty.ask("PATCH", home, labels, "admin", **MERGE))[0] == 200
        assert (await almighty.ask("PATCH", path, note, **MERGE))[0] == expected


async def test_the_bots_own_writer_is_told_what_the_wall_said(almighty: Walled, tmp_path: Path) -> None:
    await built(almighty, Policy(version=1), "prod-eu", "kube-system")
    path = str(almighty.emulator.write_kubeconfig(tmp_path / "kubeconfig", ACCOUNT))
    api, writer = await KubernetesApi.connect(path), await KubernetesWriter.connect(path)
    world = Reader(api, Redactor())
    try:
        for kind in ("restart_deployment", "scale_deployment"):
            facts = await read_facts(world, "prod-eu", "plum", almighty.emulator.clock.now)
            assert facts is not None
            action = draft(Wish(kind, "plum", to_replicas=4), facts)
            assert not isinstance(action, Refusal)
            order = Order("p-1", APPROVED_AT, facts.resource_version, "p-1.1", True)
            with pytest.raises(Rejected, match="this namespace is protected"):
                await catalogue().write(kind).run(action, Writer(world, writer, order))
    finally:
        await api.close()
        await writer.close()
    assert almighty.emulator.store.require(DEPLOYMENTS, "prod-eu", "plum")["spec"]["replicas"] == 3


async def test_a_policy_that_is_not_understood_is_not_taken(almighty: Walled) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    for part, words in (
        ({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}, "spec.paramKind"),
        ({"failurePolicy": "Ignore"}, "spec.failurePolicy"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "'b'"}]}, "spec.auditAnnotations"),
        ({"validations": [{"expression": "object.spec.map(k, k) == []"}]}, "compilation failed"),
        ({"validations": [{"expression": "true", "messageExpression": "'x'"}]}, "messageExpression"),
        ({"matchConstraints": {"excludeResourceRules": []}}, "excludeResourceRules"),
    ):
        body = {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "x"}, "spec": part}
        status, told = await almighty.ask("POST", path, body, "admin")
        assert (status, words in told["message"]) == (422, True), told
