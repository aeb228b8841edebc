"""Services by the names that people and logs have for them."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, chatter, container, template
from tests.tools.analyzers.picture import picture
from tools.analyzers.spoken import kinds_told, near_forms
from tools.analyzers.troubles import troubles
from tools.evidence import Category


def meant(line: str) -> str | None:
    """The Service that a program in namespace ``rating`` means with this line; ``tariffs`` runs next door."""
    world = Cluster("2026-03-11T09:42:00Z", "rating")
    world.node("node-a")
    world.namespace()
    world.namespace("tariff")
    world.deployment("tariffs", template(container("app", f"{REGISTRY}/tariffs:1", port=80)), namespace="tariff")
    world.service("tariffs", 80, 80, namespace="tariff")
    (pod,) = world.deployment("rates", template(container("app", f"{REGISTRY}/rates:1")), replicas=1).made
    world.log(pod, chatter("10m", "1s", "20s", f"<t> ERROR {line}"))
    places = [each.place for each in troubles(picture(world)) if each.workload.ref.name == "rates"]
    found = places[0] if places else None
    return str(found.service_ref) if found is not None and found.service_ref is not None else None


@pytest.mark.parametrize(
    ("line", "service"),
    [
        ("the tariff service did not answer, connection refused", "Service/tariff/tariffs"),
        ("tariffs api: connection refused", "Service/tariff/tariffs"),
        ("tariff lookup: connection refused", None),
        ("the billing service: connection refused", None),
    ],
)
def test_a_near_form_beside_a_word_for_what_it_is_names_a_service(line: str, service: str | None) -> None:
    assert meant(line) == service


def test_near_forms_are_singular_plural_and_without_a_last_part() -> None:
    assert {"card", "cards"} <= near_forms("cards-service")
    assert {"city", "cities"} <= near_forms("cities")
    assert "acces" not in near_forms("access")


def test_a_question_tells_kinds_of_trouble() -> None:
    assert Category.INVALID_CREDENTIALS in kinds_told(["cannot", "log", "in"])
    assert kinds_told(["what", "is", "up"]) == frozenset()
