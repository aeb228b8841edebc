"""Ready pods that serve badly: what logs of requests show, and what a question has to name before it counts."""

import dataclasses

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, chatter, container, template
from tests.tools.analyzers.picture import picture
from tools.analyzers import analyze
from tools.evidence import Finding

GOOD = '{"ts":"<t>","level":"info","msg":"request","path":"/v1/a","status":200,"duration_ms":<int:8-60>}'
BAD = GOOD.replace("200", "503")
LATE = GOOD.replace("<int:8-60>", "<int:4000-6000>")


def found_in(log: str, question: str = "") -> list[Finding]:
    """What is found where one program of two pods writes this log, and the question has these words."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    load = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1", port=8080)), replicas=2)
    for pod in load.made:
        world.log(pod, log)
    seen = dataclasses.replace(picture(world, "shop"), focus=frozenset(question.split()))
    return list(analyze(seen).roots)


def kinds(log: str, question: str = "") -> list[tuple[str, bool]]:
    """Each finding's category and whether it is sure enough to be called the cause."""
    return [(str(each.category), each.confidence >= 0.5) for each in found_in(log, question)]


def test_errors_that_began_are_seen_whatever_is_asked_and_are_a_guess() -> None:
    log = chatter("3h", "24m", "20s", GOOD) + chatter("23m", "5s", "9s", GOOD, BAD)
    assert kinds(log) == [("app_crash", False)]
    (found,) = found_in(log)
    assert found.remedy is None
    assert found.evidence[0].source == "log"


def test_answers_that_became_late_are_late() -> None:
    log = chatter("3h", "24m", "20s", GOOD) + chatter("23m", "5s", "9s", LATE)
    assert kinds(log) == [("high_latency", True)]


def test_errors_since_the_log_begins_count_where_the_question_speaks_of_them() -> None:
    log = chatter("9m", "5s", "6s", BAD, GOOD)
    assert kinds(log) == []
    assert kinds(log, "why do requests fail") == [("app_crash", False)]


def test_requests_that_are_turned_away_are_too_many_as_far_as_can_be_guessed() -> None:
    log = chatter("2h", "21m", "60s", "<t> INFO served") + chatter("20m", "20s", "30s", "<t> WARN queue full, rejected")
    assert kinds(log, "is the api well") == []
    assert kinds(log, "the api gives errors") == [("traffic_overload", False)]


@pytest.mark.parametrize(
    "log",
    [
        chatter("3h", "5s", "20s", *([GOOD] * 11), BAD),
        chatter("3h", "20m", "20s", GOOD) + chatter("20m", "8m", "10s", BAD, GOOD) + chatter("8m", "5s", "10s", GOOD),
        chatter("3h", "20m", "20s", GOOD) + chatter("20m", "8m", "10s", LATE) + chatter("8m", "5s", "10s", GOOD),
        chatter("2h", "5s", "9s", GOOD, GOOD.replace("200", "404"), GOOD.replace("200", "499")),
        chatter("2h", "5s", "30s", "<t> WARN publish failed, retrying attempt 1", "<t> INFO publish ok"),
        chatter("3h", "5s", "20s", GOOD, GOOD, '<t> ERROR login failed user=alice err="invalid credentials"'),
        chatter("6h", "30s", "5m", "<t> ERROR feed: item <int:1-99> has no price", "<t> INFO feed imported"),
    ],
    ids=["as ever", "errors over", "slowness over", "of callers", "tried again", "a wrong password", "now and then"],
)
def test_noise_is_nothing_though_the_question_speaks_of_errors_and_slowness(log: str) -> None:
    assert kinds(log, "errors and slow answers in api") == []


def test_slow_answers_that_wait_for_one_other_are_its_fault_where_they_did_not_before() -> None:
    quick = "<t> INFO GET /a 200 in <int:60-90> ms (own 22 ms, upstream rates <int:30-50> ms)"
    slow = "<t> INFO GET /a 200 in 7<int:100-900> ms (own 24 ms, upstream rates 7050 ms)"
    began = chatter("2h", "20m", "40s", quick) + chatter("19m", "5s", "30s", slow)
    assert kinds(began) == [("slow_dependency", True)]
    assert kinds(chatter("12m", "5s", "30s", slow)) == []
    assert kinds(chatter("12m", "5s", "30s", slow), "the page is slow") == [("slow_dependency", True)]
    assert kinds(chatter("2h", "5s", "20s", *([quick] * 9), slow), "the page is slow") == []


def test_calls_that_are_called_slow_again_and_again_count_where_slowness_is_asked_about() -> None:
    log = chatter("33m", "20s", "3m", "<t> WARN a.b.Rates - GET https://rates.example/v2 took 9<int:100-900> ms")
    assert kinds(log) == []
    assert kinds(log, "offers take nine seconds") == [("slow_dependency", True)]
