"""Triage end to end: the real client on an emulated cluster, one known fault each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.demo.cluster_emulator.api.server import Recorded
from bot.demo.cluster_emulator.clock import VirtualClock
from bot.demo.cluster_emulator.emulator import ClusterEmulator
from bot.demo.cluster_emulator.scenarios import SCENARIOS, load_scenario
from bot.domain import Triaged
from bot.flows.triage import judged, triage
from safety.redaction import Redactor
from tools.adapters.kubernetes_api import KubernetesApi
from tools.adapters.kubernetes_writer import KubernetesWriter
from tools.kubernetes.templates import without_hash
from tools.snapshot import Thresholds
from tools.world import Reader, WriteOptions

SAY = Redactor().text
MOST_REQUESTS = 50
ONE_NAMESPACE = 45


class Case:
    """One emulated cluster, and triage run on it."""

    def __init__(self, emulator: ClusterEmulator, api: KubernetesApi) -> None:
        self.emulator, self.api = emulator, api

    async def ask(self, question: str = "", namespace: str | None = None, default: str | None = None) -> Triaged:
        text = SAY(question or str(self.emulator.scenario.story["question"]))
        world = Reader(self.api, Redactor())
        return await triage(text, world, self.emulator.clock.now, namespace=namespace, default_namespace=default)


@asynccontextmanager
async def opened(scenario: str, tmp_path: Path, user: str = "ask-claude") -> AsyncIterator[Case]:
    emulator = ClusterEmulator(scenario, clock=VirtualClock(speed=0))
    await emulator.start()
    api = await KubernetesApi.connect(str(emulator.write_kubeconfig(tmp_path / "kubeconfig", user)))
    try:
        yield Case(emulator, api)
    finally:
        await api.close()
        await emulator.stop()


@dataclass(frozen=True)
class Answered:
    """What one triage gave, what it sent, and the deployments as the server held them."""

    triaged: Triaged
    requests: tuple[Recorded, ...]
    held: dict[str, tuple[str, int]]


_ANSWERED: dict[str, Answered] = {}


async def answered(scenario: str, tmp_path: Path) -> Answered:
    """Triage on a scenario's own question, run once: many tests look at the same unchanging answer."""
    if scenario not in _ANSWERED:
        async with opened(scenario, tmp_path) as case:
            triaged = await case.ask()
            sent = tuple(case.emulator.requests)
            found = await case.api.list("Deployment", None)
        meta = [each["metadata"] for each in found]
        held = {f"Deployment/{each['namespace']}/{each['name']}": (each["uid"], each["generation"]) for each in meta}
        _ANSWERED[scenario] = Answered(triaged, sent, held)
    return _ANSWERED[scenario]


EXPECTED = [
    ("oom-after-release", "Deployment/proteus-dev/proteus-api", "oom_killed", 3, 2),
    ("bad-image-tag", "Deployment/shop-staging/checkout-gateway", "image_not_found", 3, 2),
    ("missing-secret", "Deployment/finance-dev/ledger-sync", "missing_secret", 2, 1),
    ("failing-probe", "Deployment/search-dev/search-index", "readiness_probe_misconfig", 2, 1),
    ("failing-liveness", "Deployment/maps-dev/geo-tiles", "liveness_probe_misconfig", 2, 1),
    ("pending-resources", "Deployment/media-dev/render-farm", "insufficient_resources", None, None),
]


@pytest.mark.parametrize(("scenario", "subject", "category", "culprit", "back_to"), EXPECTED)
async def test_each_fault_is_named_with_its_subject_its_culprit_and_its_remedy(
    scenario: str, subject: str, category: str, culprit: int | None, back_to: int | None, tmp_path: Path
) -> None:
    report = (await answered(scenario, tmp_path)).triaged.report
    assert report.verdict == "incident"
    assert report.root_cause is not None
    assert (report.root_cause.category, report.root_cause.subject) == (category, subject)
    assert report.culprit_change == (f"{subject}@{culprit}" if culprit else None)
    assert report.remediation.class_ == ("rollback" if back_to else "none")
    assert report.remediation.to_revision == back_to
    assert report.remediation.target == (subject if back_to else None)
    assert [str(each.category) for each in report.issues_found] == [category]
    assert [each.suspected for each in report.changes if each.id == report.culprit_change] == [True] * bool(culprit)


BEYOND_PODS = [
    ("config-key-missing", "missing_configmap", "Deployment/parcels-dev/parcel-router", "none"),
    ("cronjob-failing", "job_failed", "CronJob/nights-dev/tally-export", "none"),
    ("dependency-down", "scaled_to_zero", "Deployment/grove-dev/plant-db", "scale"),
    ("init-container-failing", "init_container_failed", "Deployment/orchard-dev/orchard-api", "rollback"),
    ("node-lost", "kubelet_unavailable", "Node/ip-10-0-2-47.eu-west-1.compute.internal", "none"),
    ("node-memory-pressure-eviction", "node_memory_pressure", "Node/ip-10-0-1-21.eu-west-1.compute.internal", "none"),
    ("quota-exceeded", "quota_exceeded", "Deployment/pottery-dev/kiln-worker", "none"),
    ("service-selector-mismatch", "service_selector_mismatch", "Service/theatre-dev/seat-map", "none"),
]


@pytest.mark.parametrize(("scenario", "category", "subject", "remedy"), BEYOND_PODS)
async def test_the_broken_object_itself_is_named_whatever_its_kind(
    scenario: str, category: str, subject: str, remedy: str, tmp_path: Path
) -> None:
    report = (await answered(scenario, tmp_path)).triaged.report
    assert report.root_cause is not None
    assert (report.root_cause.category, report.root_cause.subject) == (category, subject)
    assert report.remediation.class_ == remedy
    assert subject in report.failing


CITED = [
    ("oom-after-release", ("OOMKilled", "memory limit 512Mi", "heap is close to the container limit", "revision 3")),
    ("bad-image-tag", ("not found", "ImagePullBackOff", "revision 3")),
    ("missing-secret", ('secret "ledger-credentials-v2" not found', "revision 2")),
    ("failing-probe", ("Readiness probe failed", "404", "_health", "_ready")),
    ("failing-liveness", ("Liveness probe failed", "connection refused", "listening on 8085", "8086")),
    ("pending-resources", ("Insufficient cpu",)),
]


@pytest.mark.parametrize(("scenario", "words"), CITED)
async def test_the_cause_cites_the_evidence_that_shows_it(
    scenario: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    report = (await answered(scenario, tmp_path)).triaged.report
    assert report.root_cause is not None
    cited = "\n".join(each.text for each in report.evidence if each.id in report.root_cause.evidence)
    assert [each for each in words if each not in cited] == []


@pytest.mark.parametrize("scenario", [each[0] for each in EXPECTED])
async def test_evidence_is_numbered_in_order_of_use_and_short(scenario: str, tmp_path: Path) -> None:
    report = (await answered(scenario, tmp_path)).triaged.report
    assert [each.id for each in report.evidence] == [f"E{index + 1}" for index in range(len(report.evidence))]
    assert max(len(each.text) for each in report.evidence) <= 400
    assert len(report.symptom) <= 200
    assert "\n" not in report.symptom


@pytest.mark.parametrize("scenario", [each[0] for each in EXPECTED])
async def test_the_first_handle_is_the_failing_deployment(scenario: str, tmp_path: Path) -> None:
    done = await answered(scenario, tmp_path)
    triaged, first = done.triaged, done.triaged.objects[0]
    assert triaged.report.root_cause is not None
    assert (first.handle, str(first.ref)) == ("O1", triaged.report.root_cause.subject)
    assert (first.uid, first.generation) == done.held[str(first.ref)]


@pytest.mark.parametrize("scenario", [each[0] for each in EXPECTED])
async def test_the_same_fault_is_found_when_all_namespaces_are_asked_for(scenario: str, tmp_path: Path) -> None:
    subject, category = next((each[1], each[2]) for each in EXPECTED if each[0] == scenario)
    async with opened(scenario, tmp_path) as case:
        report = (await case.ask("is anything broken?")).report
        sent = len(case.emulator.requests)
    assert report.root_cause is not None
    assert (report.root_cause.category, report.root_cause.subject) == (category, subject)
    assert sent <= MOST_REQUESTS


@pytest.mark.parametrize("scenario", [each[0] for each in EXPECTED] + ["healthy"])
async def test_one_triage_of_a_namespace_stays_within_its_requests(scenario: str, tmp_path: Path) -> None:
    sent = (await answered(scenario, tmp_path)).requests
    assert len(sent) <= ONE_NAMESPACE
    assert {each.method for each in sent} == {"GET"}
    assert not [each for each in sent if "/secrets" in each.path]


async def test_a_healthy_namespace_is_called_healthy_and_says_what_was_looked_at(tmp_path: Path) -> None:
    triaged = (await answered("healthy", tmp_path)).triaged
    report = triaged.report
    assert (report.verdict, report.root_cause, report.issues_found) == ("healthy", None, ())
    assert report.remediation.class_ == "none"
    assert "4 pods, 2 deployments and 3 nodes" in report.explanation
    assert report.evidence
    assert report.ruled_out
    assert [each.ref.name for each in triaged.objects] == ["billing-api", "mailer"]


NAMES = [
    ("oom-after-release", {"proteus-api": "qx-unit-7", "proteus-dev": "zone-b4"}),
    ("bad-image-tag", {"checkout-gateway": "k9-relay", "shop-staging": "n-51-w"}),
    ("missing-secret", {"ledger-sync": "ww-12-t", "finance-dev": "jl-room", "ledger-credentials": "h-7-thing"}),
    ("failing-probe", {"search-index": "r5-y", "search-dev": "under-9"}),
    ("failing-liveness", {"geo-tiles": "mm-3", "maps-dev": "st-00"}),
    ("pending-resources", {"render-farm": "bq-8-z", "media-dev": "vv-1"}),
]


@pytest.mark.parametrize(("scenario", "names"), NAMES)
async def test_the_same_fault_under_other_names_is_found_the_same_way(
    scenario: str, names: dict[str, str], tmp_path: Path
) -> None:
    text = (SCENARIOS / f"{scenario}.yaml").read_text(encoding="utf-8")
    for old, new in names.items():
        text = text.replace(old, new)
    (tmp_path / "renamed.yaml").write_text(text, encoding="utf-8")
    subject, category, culprit, back_to = next(each[1:] for each in EXPECTED if each[0] == scenario)
    for old, new in names.items():
        subject = subject.replace(old, new)
    async with opened(str(tmp_path / "renamed.yaml"), tmp_path) as case:
        report = (await case.ask()).report
    assert report.root_cause is not None
    assert (report.root_cause.category, report.root_cause.subject) == (category, subject)
    assert report.culprit_change == (f"{subject}@{culprit}" if culprit else None)
    assert report.remediation.to_revision == back_to
    assert not [old for old in names if old in report.model_dump_json()]


async def test_a_namespace_that_does_not_exist_is_said_with_the_nearest_names(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        triaged = await case.ask("what is wrong in namespace proteus-dve?")
    assert triaged.report.verdict == "inconclusive"
    assert "proteus-dve" in triaged.report.symptom
    assert "proteus-dev" in triaged.report.symptom
    assert triaged.objects == ()


async def test_a_nearly_right_name_is_asked_back_and_not_guessed(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        report = (await case.ask("what's wrong with proteus-dve?")).report
    assert report.verdict == "inconclusive"
    assert "Did you mean proteus-dev" in report.symptom


async def test_all_is_well_is_never_said_of_a_name_that_was_not_found(tmp_path: Path) -> None:
    async with opened("healthy", tmp_path) as case:
        report = (await case.ask("What's wrong with nowhere-dev?")).report
    assert "nowhere-dev was not found" in report.symptom
    assert "nowhere-dev" in report.not_checked[0]


async def test_a_workload_leads_to_its_namespace(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        report = (await case.ask("why does proteus-api crash?")).report
    assert report.namespace == "proteus-dev"
    assert report.root_cause is not None


async def test_without_a_name_the_default_namespace_is_looked_at(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        report = (await case.ask("is everything fine?", default="kube-system")).report
    assert (report.namespace, report.verdict) == ("kube-system", "healthy")


async def test_what_is_asked_about_comes_first_and_is_said_to_be_well_when_it_is(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        report = (await case.ask("is proteus-web in proteus-dev ok?")).report
    assert report.explanation.startswith("proteus-web itself looks well.")
    assert report.root_cause is not None
    assert report.root_cause.subject == "Deployment/proteus-dev/proteus-api"


@pytest.mark.parametrize("status", [403, 500])
async def test_when_the_pods_cannot_be_listed_nothing_is_claimed(status: int, tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        case.emulator.faults.fail("GET", "/pods", status, message="no pods for you")
        report = (await case.ask()).report
    assert (report.verdict, report.root_cause) == ("inconclusive", None)
    assert "no pods for you" in report.not_checked[0]
    assert report.remediation.class_ == "none"


@pytest.mark.parametrize(
    ("path", "word"),
    [("/nodes", "Nodes of"), ("/events", "Events of"), ("/log", "logs"), ("/replicasets", "ReplicaSets of")],
)
async def test_a_source_that_fails_is_a_line_and_not_an_error(path: str, word: str, tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        case.emulator.faults.fail("GET", path, 503)
        report = (await case.ask()).report
    assert report.root_cause is not None
    assert report.root_cause.category == "oom_killed"
    assert [each for each in report.not_checked if each.startswith(word)]


async def test_without_the_revisions_no_release_is_blamed(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        case.emulator.faults.fail("GET", "/replicasets", 403)
        report = (await case.ask()).report
    assert (report.culprit_change, report.remediation.class_) == (None, "none")


async def test_whether_a_remedy_is_allowed_is_for_the_caller_to_say(tmp_path: Path) -> None:
    report = (await answered("oom-after-release", tmp_path)).triaged.report
    assert not report.remediation.allowed
    assert report.remediation.reasons == ("not judged yet",)
    done = judged(report, True, ())
    assert done.remediation.allowed
    assert done.remediation.reasons == ()
    assert done.root_cause == report.root_cause


async def test_during_a_fresh_rollout_starting_pods_are_no_incident(tmp_path: Path) -> None:
    async with opened("healthy", tmp_path) as case:
        body = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
        writer = await KubernetesWriter.connect(str(tmp_path / "kubeconfig"))
        await writer.patch("Deployment", "billing-dev", "billing-api", body, WriteOptions("a.1"))
        await writer.close()
        await case.emulator.advance(2)
        report = (await case.ask()).report
    assert report.verdict == "healthy"


async def roll_back(case: Case, tmp_path: Path, to_revision: int) -> None:
    """Give the deployment of the story the template of an earlier revision, as an approved rollback does."""
    sets = await case.api.list("ReplicaSet", "proteus-dev", label_selector="app.kubernetes.io/name=proteus-api")
    by_number = {each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: each for each in sets}
    template = without_hash(by_number[str(to_revision)]["spec"]["template"])
    writer = await KubernetesWriter.connect(str(tmp_path / "kubeconfig"))
    patch = [{"op": "replace", "path": "/spec/template", "value": template}]
    await writer.patch("Deployment", "proteus-dev", "proteus-api", patch, WriteOptions("a.1"))
    await writer.close()


async def test_right_after_a_rollback_no_way_back_to_the_fault_is_suggested(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        await roll_back(case, tmp_path, to_revision=2)
        for _ in range(12):
            await case.emulator.advance(5)
            report = (await case.ask()).report
            assert report.remediation.class_ == "none"
            assert report.culprit_change is None


async def test_some_minutes_after_a_rollback_the_namespace_is_healthy(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        await roll_back(case, tmp_path, to_revision=2)
        await case.emulator.advance(240)
        report = (await case.ask()).report
    assert report.verdict == "healthy"


async def test_at_no_moment_of_the_story_is_the_wrong_cause_named(tmp_path: Path) -> None:
    async with opened("oom-after-release", tmp_path) as case:
        seen = set()
        for _ in range(12):
            await case.emulator.advance(50)
            report = (await case.ask()).report
            seen.add(report.root_cause.category.value if report.root_cause else report.verdict)
    assert seen == {"oom_killed"}


async def test_the_report_survives_json(tmp_path: Path) -> None:
    report = (await answered("oom-after-release", tmp_path)).triaged.report
    again = type(report).model_validate_json(report.model_dump_json(by_alias=True))
    assert again == report


def test_every_scenario_with_a_fault_is_among_the_expected() -> None:
    known = {each[0] for each in EXPECTED}
    for path in SCENARIOS.glob("[!_]*.yaml"):
        scenario = load_scenario(path)
        if path.stem in known:
            assert scenario.expect["category"] == next(each[2] for each in EXPECTED if each[0] == path.stem)


async def test_what_counts_as_trouble_is_set_from_outside(tmp_path: Path) -> None:
    async with opened("pending-resources", tmp_path) as case:
        now, world = case.emulator.clock.now, Reader(case.api, Redactor())
        question = SAY(str(case.emulator.scenario.story["question"]))
        strict = await triage(question, world, now)
        patient = await triage(
            question, world, now, thresholds=Thresholds(pending=timedelta(days=9), scaling_up=timedelta(days=9))
        )
    assert strict.report.verdict == "incident"
    assert patient.report.verdict != "incident"
