"""Probes that ask wrongly, told apart from programs that do not answer."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Doing, Ended, State, Told, container, http_probe, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.probes import liveness

SUBJECT = "Deployment/shop/quotes"
REFUSED = 'Get "http://10.244.1.9:8080/health": dial tcp 10.244.1.9:8080: connect: connection refused'
STARTING = "-2m20s|<t> INFO loading tariffs\n-2m|<t> INFO opening the schema"


def killed(words: str, log: str = "", *, lasted: str = "35s", earlier: str = "") -> Cluster:
    """A Deployment whose pod is killed by its liveness probe over and over; ``earlier``: age of a revision before."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    probe = http_probe("/health", 8080, initialDelaySeconds=5, periodSeconds=5, failureThreshold=3)
    body = template(container("quotes", f"{REGISTRY}/shop/quotes:1", port=8080, livenessProbe=probe))
    before = template(container("quotes", f"{REGISTRY}/shop/quotes:0", port=8080, livenessProbe=probe))
    bodies, ages = ((before, body), (earlier, "1h1m")) if earlier else ((body,), ("2h",))
    quotes = world.deployment("quotes", *bodies, ages=ages, replicas=1, empty=True)
    last = Ended(143, "1m", lasted)
    doing = Doing(ago="1m", last=last, restarts=14, ready=False)
    told = (
        Told("Unhealthy", f"Liveness probe failed: {words}", "50s", "1h", 40),
        Told("Killing", "Container quotes failed liveness probe, will be restarted", "1m", "1h", 14, kind="Normal"),
    )
    (pod,) = quotes.pods(1, State(age="1h", doing=doing, events=told))
    if log:
        world.log(pod, log, previous=True)
    return world


@pytest.mark.parametrize(
    "words",
    [
        "rpc error: code = Unimplemented desc = unknown service grpc.health.v1.Health",
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not '
        "found in $PATH: unknown",
        "HTTP probe failed with statuscode: 401",
        "HTTP probe failed with statuscode: 404",
    ],
)
def test_a_probe_that_cannot_succeed_is_set_up_wrongly(words: str) -> None:
    assert found_by(killed(words), liveness)[SUBJECT].category == "liveness_probe_misconfig"


@pytest.mark.parametrize("words", ["HTTP probe failed with statuscode: 500", "context deadline exceeded"])
def test_a_program_that_answers_badly_or_not_at_all_is_not_well_itself(words: str) -> None:
    assert found_by(killed(words), liveness)[SUBJECT].category == "liveness_probe_failing"


def test_a_probe_that_gives_up_while_the_program_starts_leaves_too_little_time() -> None:
    found = found_by(killed(REFUSED, STARTING), liveness)[SUBJECT]
    assert found.category == "liveness_probe_misconfig"
    assert "gives up 20 s after the start" in found.explanation


@pytest.mark.parametrize(
    ("why", "log", "lasted"),
    [
        ("it listened", f"{STARTING}\n-1m50s|<t> INFO listening on :8080", "35s"),
        ("it complained", f"{STARTING}\n-1m50s|<t> ERROR tariffs are damaged", "35s"),
        ("it ran for long", STARTING, "40m"),
        ("it says nothing", "", "35s"),
    ],
)
def test_one_that_had_time_or_trouble_of_its_own_is_not_the_probes_fault(why: str, log: str, lasted: str) -> None:
    found = found_by(killed(REFUSED, log, lasted=lasted), liveness)[SUBJECT]
    assert found.category == "liveness_probe_failing", why


@pytest.mark.parametrize(("earlier", "is_blamed"), [("1h6m", False), ("9d", True)])
def test_a_release_is_blamed_for_a_probe_it_did_not_change_only_after_one_that_lived_for_long(
    earlier: str, is_blamed: bool
) -> None:
    found = found_by(killed("context deadline exceeded", earlier=earlier), liveness)[SUBJECT]
    assert (found.culprit is not None, found.remedy is not None) == (is_blamed, is_blamed)
