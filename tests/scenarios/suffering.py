"""Every pod is Ready and those who call suffer: told by logs of requests, by programs that turn away, by a database."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    Cluster,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    http_probe,
    scenario,
    template,
)

SERVED = (
    '{"ts":"<t>","level":"info","msg":"request","method":"GET","path":"/v2/seats/<int:1-99>","status":200,'
    '"duration_ms":<int:8-60>}'
)
FAILED = SERVED.replace('"info"', '"error"').replace("200", "502")


def _ready(world: Cluster, name: str, log: str, *, style: str = "iso", env: dict[str, str] | None = None) -> str:
    """A Deployment of two Ready pods that both write this log; its release is nine days old."""
    more = {"env": env} if env else {}
    body = template(
        container(
            name,
            f"{REGISTRY}/{world.home}/{name}:4.1.0",
            port=8080,
            memory=("256Mi", "512Mi"),
            readinessProbe=http_probe("/ready", "http"),
            **more,
        )
    )
    load = world.deployment(
        name, changed(body, image=f"{REGISTRY}/{world.home}/{name}:4.0.2"), body, ages=("40d", "9d"), replicas=2
    )
    for pod in load.made:
        world.log(pod, log, style=style)
    world.service(name)
    return load.rollout()


@scenario
def fails_for_no_reason_that_shows() -> Scenario:
    world = cluster("2026-04-14T18:20:00Z", "arena", "posters", "turnstiles")
    log = chatter("3h", "24m", "20s", SERVED) + chatter("23m", "5s", "9s", SERVED, FAILED, SERVED)
    release = _ready(world, "seatplan", log)
    return world.scenario(
        "arena-seatplan-thirds",
        "suffering",
        "a third of the people get a 502 from seatplan",
        Truth("inconclusive", ("app_crash",), innocent=(release,), must_not_say=(RESTART_HELPS,)),
        notes="Only the program's own log of requests shows the errors, and nothing shows why.",
    )


@scenario
def turns_requests_away() -> Scenario:
    world = cluster("2026-04-15T08:05:00Z", "library", "covers")
    log = chatter("2h", "21m", "60s", "<t> INFO served 40 loans") + chatter(
        "20m", "20s", "30s", "<t> WARN worker queue full (512), request rejected"
    )
    release = _ready(world, "loans", log)
    return world.scenario(
        "library-loans-full",
        "suffering",
        "readers get errors when they borrow",
        Truth("inconclusive", ("traffic_overload",), innocent=(release,), must_not_say=(RESTART_HELPS,)),
        notes="Requests are turned away; neither their number nor an autoscaler is to be seen.",
    )


@scenario
def waits_by_its_own_account() -> Scenario:
    world = cluster("2026-04-16T13:31:00Z", "ferry", "weather")
    quick = "<t> INFO GET /crossings 200 in <int:60-90> ms (own 22 ms, upstream harbour <int:30-50> ms)"
    slow = "<t> INFO GET /crossings 200 in 7<int:100-900> ms (own 24 ms, upstream harbour 7050 ms)"
    release = _ready(world, "crossings", chatter("2h", "20m", "40s", quick) + chatter("19m", "5s", "30s", slow))
    return world.scenario(
        "ferry-crossings-harbour",
        "suffering",
        "crossings take seven seconds to load",
        Truth(
            "incident",
            ("slow_dependency", "high_latency"),
            ("Deployment/ferry/crossings",),
            innocent=(release,),
            must_not_say=(RESTART_HELPS,),
            evidence=("upstream harbour",),
        ),
        notes="The log takes each answer apart: nearly all of the time goes into one upstream outside the cluster.",
    )


@scenario
def applied_a_smaller_burst() -> Scenario:
    world = cluster("2026-04-17T10:47:00Z", "parcel", "stamps")
    log = (
        "-5h|<t> INFO gate: ready burst=300\n-25m|<t> INFO watcher: /etc/gate/bounds.yaml changed, applying\n"
        "-25m|<t> INFO gate: burst 300 -> 3\n"
        + chatter("24m", "10s", "80s", "<t> WARN gate: rejecting, burst 3 exceeded, status=429")
    )
    release = _ready(world, "gate", log)
    world.config_map("gate-bounds", {"bounds.yaml": "burst: 3\n"})
    world.change(
        "OPS-771",
        "config",
        "26m",
        "gate-bounds: smaller burst",
        repo="example/parcel-config",
        author="k.lund",
        files=["bounds.yaml"],
        services=["gate"],
        diff="-burst: 300\n+burst: 3",
        deployed_by="kubectl edit",
    )
    return world.scenario(
        "parcel-gate-burst",
        "suffering",
        "most scans of parcels are rejected with 429",
        Truth(
            "incident",
            ("config_change_regression",),
            ("Deployment/parcel/gate", "ConfigMap/parcel/gate-bounds"),
            culprit="OPS-771",
            innocent=(release,),
            remediation=("none", "rollback"),
            targets=("ConfigMap/parcel/gate-bounds",),
            must_not_say=(RESTART_HELPS,),
            evidence=("burst",),
        ),
        notes="A limit was lowered in a file that the program reads again by itself; only its log shows what came of it.",
    )


@scenario
def primary_stepped_down() -> Scenario:
    world = cluster("2026-04-18T07:12:00Z", "clinic", "letters")
    log = chatter("2h", "31m", "60s", "<t> INFO appointment stored") + chatter(
        "30m", "60s", "5m", "<t> ERROR MongoServerError: not primary"
    )
    release = _ready(world, "agenda", log, env={"MONGO_URL": "mongodb://agenda-mongo:27017/agenda"})
    store = world.statefulset("agenda-mongo", template(container("mongod", "mongo:7.0.14", port=27017)), replicas=1)
    for pod in store.made:
        world.log(pod, "-31m|<t> REPL transition to SECONDARY from PRIMARY")
    world.service("agenda-mongo", 27017)
    return world.scenario(
        "clinic-agenda-secondary",
        "suffering",
        "nobody can book an appointment",
        Truth(
            "incident",
            ("database_read_only",),
            ("StatefulSet/clinic/agenda-mongo", "Deployment/clinic/agenda"),
            innocent=(release,),
            must_not_say=(RESTART_HELPS,),
            evidence=("not primary",),
        ),
        notes="The only member of the database stepped down; every write is refused, and every pod is Ready.",
    )


@scenario
def as_many_errors_as_ever() -> Scenario:
    world = cluster("2026-04-19T20:02:00Z", "choir", "scores")
    release = _ready(world, "voices", chatter("3h", "5s", "20s", *([SERVED] * 11), FAILED))
    return world.scenario(
        "choir-voices-usual",
        "suffering",
        "I see errors in voices, is something wrong?",
        Truth("healthy", ("healthy", "no_issue"), innocent=(release,)),
        notes="One request in twelve fails, and did so for hours: a rate that is always there.",
    )


@scenario
def errors_that_are_over() -> Scenario:
    world = cluster("2026-04-20T16:40:00Z", "garden", "seeds")
    log = chatter("3h", "20m", "20s", SERVED) + chatter("20m", "8m", "10s", FAILED, SERVED)
    release = _ready(world, "beds", log + chatter("8m", "5s", "10s", SERVED))
    return world.scenario(
        "garden-beds-over",
        "suffering",
        "beds answered with errors, is it over?",
        Truth("healthy", ("healthy", "recovered"), innocent=(release,)),
        notes="Half of the requests failed for twelve minutes, and none since.",
    )
