"""The wrong namespace was asked about: what bears the same name next door, and what is only there."""

from pathlib import Path
from typing import Any

import pytest

from bot.domain import IncidentReport
from tests.scenarios.exam.scoring import ask
from tests.scenarios.kit import REGISTRY, Cluster, Ended, Truth, cluster, container, crash_loop, template

WORDS = "-2m4s|<t> INFO starting\n-2m|<t> FATAL required environment variable CRM_TOKEN is not set"


def _load(world: Cluster, name: str, namespace: str, *, broken: bool) -> None:
    world.namespace(namespace)
    body = template(container(name, f"{REGISTRY}/crm/{name}:4.0.1", port=8080))
    load = world.deployment(name, body, ages=("9d",), replicas=2, empty=broken, namespace=namespace)
    for pod in load.pods(2, crash_loop("24m", 9, Ended(1, "2m", "4s"))) if broken else ():
        world.log(pod, WORDS, previous=True)


async def _asked(world: Cluster, question: str, tmp_path: Path) -> IncidentReport:
    made = world.scenario("namesakes", "quiet", question, Truth("healthy", ("healthy",)), notes="A test's own cluster.")
    return (await ask(made, tmp_path)).report


def _world() -> Cluster:
    return cluster("2026-06-25T16:18:00Z", "crm-dev", "contacts")


async def test_a_namesake_next_door_is_named_and_what_was_asked_about_is_called_well(tmp_path: Path) -> None:
    world = _world()
    _load(world, "contact-sync", "crm-dev", broken=False)
    _load(world, "contact-sync", "crm", broken=True)
    told = await _asked(world, "is contact-sync in crm-dev ok?", tmp_path)
    assert (told.verdict, told.root_cause, told.failing) == ("healthy", None, ())
    assert "Deployment/crm/contact-sync is failing" in told.symptom
    assert "Deployment/crm/contact-sync is failing: " in told.explanation
    assert "CRM_TOKEN" in told.explanation
    assert any("crm/" in each.ref for each in told.evidence)


async def test_what_is_named_and_only_runs_next_door_is_the_cause(tmp_path: Path) -> None:
    world = _world()
    _load(world, "contact-sync", "crm", broken=True)
    told = await _asked(world, "why does contact-sync crash?", tmp_path)
    assert told.root_cause is not None
    assert (told.verdict, told.root_cause.subject) == ("incident", "Deployment/crm/contact-sync")
    assert told.explanation.startswith("Namespace crm-dev has no contact-sync")


async def test_a_dashed_name_that_only_a_stranger_has_is_the_cause_as_well(tmp_path: Path) -> None:
    world = _world()
    _load(world, "contact-sync", "marketing", broken=True)
    told = await _asked(world, "why does contact-sync crash?", tmp_path)
    assert told.root_cause is not None
    assert told.root_cause.subject == "Deployment/marketing/contact-sync"


async def test_a_state_that_only_the_namesake_is_in_is_what_was_meant(tmp_path: Path) -> None:
    world = _world()
    _load(world, "contact-sync", "crm-dev", broken=False)
    _load(world, "contact-sync", "crm", broken=True)
    told = await _asked(world, "pods of crm-dev are in CrashLoopBackOff, why?", tmp_path)
    assert told.root_cause is not None
    assert told.root_cause.subject == "Deployment/crm/contact-sync"
    assert told.explanation.startswith("In namespace crm-dev contact-sync is well")


QUIET: list[tuple[str, str, str]] = [
    ("contact-export", "crm", "is everything ok?"),
    ("contact-sync", "marketing", "is everything ok?"),
    ("contact-sync", "crm-jobs", "is everything ok?"),
]


@pytest.mark.parametrize(("name", "namespace", "question"), QUIET)
async def test_trouble_elsewhere_that_was_not_asked_about_stays_unsaid(
    name: str, namespace: str, question: str, tmp_path: Path
) -> None:
    world = _world()
    _load(world, "contact-sync", "crm-dev", broken=False)
    _load(world, name, namespace, broken=True)
    told: Any = await _asked(world, question, tmp_path)
    assert (told.verdict, told.root_cause) == ("healthy", None)
    assert name not in told.explanation + told.symptom
