"""Whose trouble a line is: that of the program, or of those who call it."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, chatter, container, crash_loop, template
from tests.tools.analyzers.picture import picture
from tools.analyzers.troubles import troubles


def complains(line: str, *, is_down: bool = False) -> list[str]:
    """The troubles of a program that says this over and over."""
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    load = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1")), replicas=1, empty=True)
    if is_down:
        (pod,) = load.pods(1, crash_loop("25m", 7, Ended(1, "1m", "2s")))
        world.log(pod, f"-1m|<t> {line}", previous=True)
    else:
        (pod,) = load.pods(1)
        world.log(pod, chatter("14m", "1s", "20s", f"<t> {line}"))
    return [str(each.kind) for each in troubles(picture(world))]


OF_CALLERS = [
    'ERROR login failed user=alice err="invalid credentials"',
    "ERROR auth: authentication failed for user bob: wrong password",
    "ERROR imap: user9 login rejected: AUTHENTICATIONFAILED",
    "ERROR websocket: close 1006 (abnormal closure): unexpected EOF client=17",
    "WARN stripe: connection reset, retry 1/3",
]


@pytest.mark.parametrize("line", OF_CALLERS)
def test_a_program_that_serves_and_turns_its_own_callers_away_has_no_trouble(line: str) -> None:
    assert complains(line) == []


@pytest.mark.parametrize("line", OF_CALLERS[:1])
def test_one_that_ends_over_the_same_words_has(line: str) -> None:
    assert complains(line, is_down=True) == ["authentication_failed"]


@pytest.mark.parametrize(
    "line",
    [
        'ERROR lookup failed: FATAL: password authentication failed for user "members"',
        "ERROR ldap bind failed: error code 49, invalid credentials",
        "ERROR redis.clients: WRONGPASS invalid username-password pair",
        "ERROR consumer: cannot connect to amqp://broker:5672: ACCESS_REFUSED",
    ],
)
def test_one_that_is_itself_turned_away_by_what_it_asks_has_trouble(line: str) -> None:
    assert complains(line) == ["authentication_failed"]


@pytest.mark.parametrize(
    ("ages", "kinds"),
    [(("23m", "2m"), {"read_only"}), (("2m10s", "2m"), set()), (("40m", "30m"), set())],
    ids=["over some minutes", "a blip", "long ago"],
)
def test_few_lines_of_each_pod_count_together_where_the_trouble_does_not_pass(
    ages: tuple[str, str], kinds: set[str]
) -> None:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    load = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1")), replicas=2)
    for pod in load.made:
        said = [f"-{age}|<t> ERROR cannot execute INSERT in a read-only transaction" for age in ages]
        world.log(pod, "\n".join(said))
    assert {str(each.kind) for each in troubles(picture(world))} == kinds


@pytest.mark.parametrize(
    "line",
    [
        "ERROR traces export: dial tcp 10.96.9.9:4317: connect: connection refused",
        "ERROR statsd: dial udp statsd.monitoring:8125: connection refused",
    ],
)
def test_a_program_that_serves_and_cannot_send_its_traces_has_no_trouble(line: str) -> None:
    assert complains(line) == []


def _knocked_at(*served: str) -> list[str]:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a")
    world.namespace()
    (pod,) = world.deployment("api", template(container("api", f"{REGISTRY}/shop/api:1")), replicas=1).made
    knock = "http: TLS handshake error from 10.9.0.4:41{0}: client sent an HTTP request to an HTTPS server"
    said = [
        f"-{age}m|<t> ERROR {knock.format(age)}\n" + "".join(f"-{age}m|<t> {each}\n" for each in served)
        for age in (9, 7, 5, 3, 1)
    ]
    world.log(pod, "".join(said))
    return [str(each.kind) for each in troubles(picture(world))]


def test_some_who_come_in_another_protocol_are_no_trouble_where_others_are_served() -> None:
    assert _knocked_at("INFO proxied 200") == []
    assert set(_knocked_at()) == {"protocol_mismatch"}


@pytest.mark.parametrize(
    "line",
    [
        "ERROR scanner 4 did not answer, trying again",
        "FEHLER Scanner 4 antwortet nicht, neuer Versuch",
        "ERROR token request of app-3 refused: invalid_client",
    ],
)
def test_machines_and_callers_that_fail_are_no_dependency(line: str) -> None:
    assert complains(line) == []
