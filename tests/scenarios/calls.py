"""Calls from one program to another: databases, brokers, partners, names, certificates, and what stands between them."""

from typing import Any

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Cluster,
    Ended,
    JsonObject,
    Scenario,
    Truth,
    Workload,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    from_config_map,
    from_secret,
    http_probe,
    restarted,
    running,
    scenario,
    tcp_probe,
    template,
    unready,
)

MADE_UP = "-".join(("nothing", "but", "a", "sample"))
REFUSED_PROBE = "HTTP probe failed with statuscode: 503"


def _web(name: str, image: str, *, memory: str = "512Mi", path: str = "/healthz", **more: Any) -> JsonObject:
    """A program with an HTTP port that tells whether it is ready."""
    probe = http_probe(path, "http")
    return template(
        container(name, f"{REGISTRY}/{image}", port=8080, memory=("128Mi", memory), readinessProbe=probe, **more)
    )


def _store(world: Cluster, name: str, image: str, port: int, mount: str, size: str) -> Workload:
    """A StatefulSet with a volume and a Service, without its pod."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    }
    body = template(
        container(
            name,
            f"{REGISTRY}/base/{image}",
            port=((name, port),),
            memory=("512Mi", "1Gi"),
            mounts={"data": mount},
            readinessProbe=tcp_probe(port),
        )
    )
    world.claim(f"data-{name}-0", size)
    made = world.statefulset(name, body, claims=[claim], ages=("210d",), empty=True)
    world.service(name, ports=[{"name": name, "port": port, "protocol": "TCP", "targetPort": port}])
    return made


def _address(world: Cluster, name: str) -> str:
    """The address of a Service at home."""
    found = next(each for each in world.of("Service", world.home) if each["metadata"]["name"] == name)
    return str(found["spec"]["clusterIP"])


@scenario
def carts_without_store() -> Scenario:
    world = cluster("2026-02-11T03:41:00Z", "bazaar", "wishes", "gift-wrap")
    store = _store(world, "redis", "redis:7.4.1", 6379, "/data", "8Gi")
    (pod,) = store.pods(1, crash_loop("19d", 9, Ended(1, "2m10s", "1s")))
    world.log(
        pod,
        """
-2m12s|1:C <t> * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
-2m12s|1:C <t> * Redis version=7.4.1, bits=64, commit=00000000, modified=0, pid=1, just started
-2m12s|1:C <t> * Configuration loaded
-2m12s|1:M <t> * monotonic clock: POSIX clock_gettime
-2m12s|1:M <t> * Running mode=standalone, port=6379.
-2m11s|1:M <t> * Server initialized
-2m11s|1:M <t> * Reading RDB base file on AOF loading...
-2m10s|1:M <t> # Bad file format reading the append only file appendonly.aof.31.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>
""",
        previous=True,
    )
    for name, image, count in (("basket", "bazaar/basket:8.0.3", 2), ("pricing", "bazaar/pricing:3.11.0", 2)):
        body = _web(name, image, env={"REDIS_URL": "redis://redis:6379/0"})
        load = world.deployment(name, body, ages=("16d",), replicas=count, empty=True, unavailable_since="24m")
        for each in load.pods(count, unready("16d", REFUSED_PROBE, since="25m", count=150)):
            world.log(
                each,
                chatter(
                    "24m",
                    "3s",
                    "12s",
                    f"<t> [ioredis] Unhandled error event: Error: connect ECONNREFUSED {_address(world, 'redis')}:6379",
                )
                + "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)\n",
            )
        world.service(name)
    return world.scenario(
        "bazaar-carts-by-night",
        "calls",
        "basket and pricing both went unready around 3:16, what do they have in common?",
        Truth(
            "incident",
            ("app_crash", "dependency_unreachable"),
            ("StatefulSet/bazaar/redis", "PersistentVolumeClaim/bazaar/data-redis-0", "Pod/bazaar/redis-0"),
            innocent=(store.rollout(),),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "was OOMKilled", "network policy (blocks|is the cause)"),
            evidence=("Bad file format reading the append only file",),
        ),
        notes="The store cannot read its own file since it was started anew; both callers are only symptoms. Nobody changed anything.",
    )


@scenario
def ledger_and_its_host() -> Scenario:
    world = cluster("2026-06-19T10:33:00Z", "bookkeeping", "vat", "exports")
    body = _web("journal", "bookkeeping/journal:5.2.0", env={"DATABASE_HOST": "pg-7.db.example.net"})
    load = world.deployment(
        "journal", body, ages=("23d",), replicas=2, first_revision=31, empty=True, unavailable_since="13m"
    )
    for pod in load.pods(2, unready("23d", REFUSED_PROBE, since="14m", count=84)):
        world.log(
            pod,
            chatter("55m", "15m", "70s", "<t> INFO django.request POST /entries 201")
            + chatter(
                "14m",
                "4s",
                "15s",
                '<t> ERROR django.db.backends psycopg.OperationalError: connection failed: connection to server at "203.0.113.40", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
            ),
            style="python",
        )
    world.service("journal")
    world.change(
        "PR-2207",
        "pull_request",
        "20m",
        "journal: type hints for the exporter",
        repo="example/journal",
        author="m.oduya",
        files=["exporter/types.py"],
        services=["journal"],
        deployed_by="not deployed yet",
    )
    world.change(
        "PR-2201",
        "pull_request",
        "3d",
        "vat: rates of July",
        repo="example/vat",
        author="m.oduya",
        files=["rates.yaml"],
        services=["vat"],
        deployed_by="vat 2.6.1",
    )
    return world.scenario(
        "bookkeeping-journal-half-ten",
        "calls",
        "journal answers 503 since about 10:19",
        Truth(
            "incident",
            ("dependency_unreachable",),
            ("Deployment/bookkeeping/journal",),
            innocent=("PR-2207", "PR-2201", load.rollout()),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "PR-2207 (broke|caused|is the cause)", "wrong password"),
            evidence=("port 5432 failed: Connection refused",),
        ),
        notes="A database outside of the cluster refuses connections. It worked for weeks with the same address and revision.",
    )


@scenario
def geo_has_a_new_name() -> Scenario:
    world = cluster("2026-10-05T15:12:00Z", "taxis", "fares", "drivers")
    geo = _web("geocoding", "taxis/geocoding:1.20.0")
    world.deployment("geocoding", geo, ages=("38m",), age="38m")
    world.service("geocoding", age="38m")
    body = _web("dispatch", "taxis/dispatch:14.3.2", env={"GEO_URL": "http://geo.taxis.svc.cluster.local"})
    load = world.deployment(
        "dispatch", body, ages=("11d",), replicas=3, first_revision=60, empty=True, unavailable_since="33m"
    )
    for pod in load.pods(3, unready("11d", REFUSED_PROBE, since="34m", count=204)):
        world.log(
            pod,
            chatter("58m", "36m", "60s", '{"level":30,"time":"<t>","msg":"ride assigned","ms":<int:8-60>}')
            + chatter(
                "35m",
                "3s",
                "14s",
                '{"level":50,"time":"<t>","err":{"type":"FetchError","message":"request to http://geo.taxis.svc.cluster.local/v1/near failed, reason: getaddrinfo ENOTFOUND geo.taxis.svc.cluster.local","code":"ENOTFOUND"},"msg":"geo lookup"}',
            ),
        )
    world.service("dispatch")
    world.change(
        "PR-118",
        "pull_request",
        "40m",
        "Rename geo to geocoding (Deployment and Service), remove the old names",
        repo="example/taxis-deploy",
        author="h.kimura",
        files=["geo/deployment.yaml", "geo/service.yaml"],
        services=["geo", "geocoding"],
        diff="-  name: geo\n+  name: geocoding",
        deployed_by="sync 14:34",
    )
    return world.scenario(
        "taxis-dispatch-afternoon",
        "calls",
        "no rides are dispatched since 14:37",
        Truth(
            "incident",
            ("wrong_dependency_address", "config_change_regression"),
            ("Deployment/taxis/dispatch", "Service/taxis/geocoding"),
            culprit="PR-118",
            innocent=(load.rollout(),),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "coredns (is|was) (down|the cause)"),
            evidence=("ENOTFOUND geo.taxis.svc.cluster.local",),
        ),
        notes="The Service was renamed, a caller still has the old name. All other names resolve. No older revision of the caller knows the new one.",
    )


@scenario
def queue_port_typo() -> Scenario:
    world = cluster("2026-01-22T08:25:00Z", "stamps", "albums", "auction")
    store = _store(world, "valkey", "valkey:8.0.2", 6379, "/data", "4Gi")
    (well,) = store.pods(1, running("44d"))
    world.log(well, chatter("40m", "5s", "5m", "1:M <t> * 100 changes in 300 seconds. Saving..."))
    before = _web("bids", "stamps/bids:2.7.1", env={"VALKEY_HOST": "valkey", "VALKEY_PORT": "6379", "BID_STEP": "50"})
    after = changed(before, env={"VALKEY_PORT": "6739", "BID_STEP": "20"})
    load = world.deployment("bids", before, after, ages=("21d", "17m"), replicas=2, first_revision=8, empty=True)
    load.pods(2, revision=0)
    (pod,) = load.pods(1, unready("17m", REFUSED_PROBE, since="17m", count=98))
    world.log(
        pod,
        "-17m|<t> INFO bids starting version=2.7.1 step=20\n"
        + chatter(
            "16m", "4s", "10s", f"<t> ERROR store unavailable: dial tcp {_address(world, 'valkey')}:6739: i/o timeout"
        ),
        style="go",
    )
    world.service("bids")
    world.change(
        "PR-77",
        "pull_request",
        "22m",
        "bids: smaller steps for small lots",
        repo="example/stamps-deploy",
        author="e.novak",
        files=["bids/values.yaml"],
        services=["bids"],
        diff='-  VALKEY_PORT: "6379"\n-  BID_STEP: "50"\n+  VALKEY_PORT: "6739"\n+  BID_STEP: "20"',
        deployed_by="pipeline 902",
    )
    return world.scenario(
        "stamps-bids-new-steps",
        "calls",
        "the new bids pod does not get ready, the old ones are fine",
        Truth(
            "incident",
            ("wrong_dependency_address", "bad_rollout_config"),
            ("Deployment/stamps/bids",),
            culprit=load.rollout(),
            culprits=("PR-77",),
            remediation=("rollback",),
            targets=("Deployment/stamps/bids",),
            must_not_say=(
                "valkey (is|was) (down|crashing|unreachable)",
                "readiness probe is (set up wrongly|misconfigured)",
            ),
            evidence=("6739: i/o timeout",),
        ),
        notes="Two digits of the port changed places in a change about something else. The store is well and listens on 6379.",
    )


@scenario
def events_with_the_other_key() -> Scenario:
    world = cluster("2026-05-13T19:02:00Z", "ticketing", "venues", "waitlist")
    for name in ("mq-ticketing", "mq-ticketing-staging"):
        world.secret(name, {"username": name, "password": MADE_UP}, age="280d")
    before = template(
        container(
            "outbox",
            f"{REGISTRY}/ticketing/outbox:4.4.0",
            memory=("64Mi", "128Mi"),
            env={
                "MQ_HOST": "mq.example.net",
                "MQ_USER": from_secret("mq-ticketing", "username"),
                "MQ_PASSWORD": from_secret("mq-ticketing", "password"),
            },
        )
    )
    after = changed(
        before,
        image=f"{REGISTRY}/ticketing/outbox:4.5.0",
        env={"MQ_PASSWORD": from_secret("mq-ticketing-staging", "password")},
    )
    load = world.deployment(
        "outbox",
        before,
        after,
        ages=("52d", "26m"),
        replicas=1,
        first_revision=19,
        empty=True,
        strategy={"type": "Recreate"},
    )
    (pod,) = load.pods(1, crash_loop("26m", 9, Ended(1, "3m", "2s")))
    world.log(
        pod,
        """
-3m2s|<t> INFO outbox.main starting 4.5.0
-3m1s|<t> INFO pika.adapters.utils.connection_workflow Pika version 1.3.2 connecting to ('203.0.113.71', 5672)
-3m1s|<t> ERROR pika.connection Connection closed while authenticating indicating a probable authentication error
Traceback (most recent call last):
  File "/app/outbox/main.py", line 41, in <module>
    connection = pika.BlockingConnection(parameters)
pika.exceptions.ProbableAuthenticationError: ConnectionClosedByBroker: (403) "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."
""",
        style="python",
        previous=True,
    )
    world.change(
        "outbox-4.5.0",
        "release",
        "27m",
        "outbox 4.5.0: one chart for all stages",
        repo="example/outbox",
        author="t.abebe",
        files=["chart/values.yaml", "outbox/main.py"],
        services=["outbox"],
        deployed_by="pipeline 77",
    )
    return world.scenario(
        "ticketing-outbox-release",
        "calls",
        "outbox crashes since the release of 18:35",
        Truth(
            "incident",
            ("invalid_credentials", "bad_rollout_config"),
            ("Deployment/ticketing/outbox",),
            culprit=load.rollout(),
            culprits=("outbox-4.5.0",),
            remediation=("rollback",),
            targets=("Deployment/ticketing/outbox",),
            must_not_say=(RESTART_HELPS, "password (was|has been) rotated", "mq.example.net (is|was) down"),
            evidence=("ACCESS_REFUSED - Login was refused",),
        ),
        notes="The new revision takes the password of staging for the user of production. Nothing was rotated.",
    )


@scenario
def sessions_after_key_day() -> Scenario:
    world = cluster("2026-08-03T06:14:00Z", "gym", "classes", "trainers")
    world.secret("cache-gym", {"password": MADE_UP}, age="300d", annotations={"rotated-at": world.at("51m")})
    body = _web(
        "checkins",
        "gym/checkins:6.6.1",
        path="/up",
        env={"CACHE_HOST": "cache.example.net", "CACHE_PASSWORD": from_secret("cache-gym", "password")},
    )
    older = changed(body, image=f"{REGISTRY}/gym/checkins:6.6.0")
    load = world.deployment(
        "checkins", older, body, ages=("60d", "18d"), replicas=2, first_revision=20, empty=True, unavailable_since="48m"
    )
    for pod in load.pods(2, unready("18d", "HTTP probe failed with statuscode: 500", since="49m", count=290)):
        world.log(
            pod,
            chatter("59m", "52m", "25s", "I, [<t> #1]  INFO -- : [<hex:8>] Completed 200 OK in <int:4-30>ms")
            + chatter(
                "49m",
                "5s",
                "20s",
                "E, [<t> #1] ERROR -- : RedisClient::AuthenticationError (WRONGPASS invalid username-password pair or user is disabled.)",
            ),
        )
    world.service("checkins")
    world.change(
        "rot-0803",
        "secret_rotation",
        "51m",
        "Monthly rotation: password of cache.example.net in Secret cache-gym",
        author="vault-agent",
        services=["checkins"],
        deployed_by="vault-agent 05:23",
    )
    return world.scenario(
        "gym-checkins-monday",
        "calls",
        "checkins errors since shortly before 5:30, nobody deployed",
        Truth(
            "incident",
            ("stale_credentials",),
            ("Deployment/gym/checkins",),
            culprit="rot-0803",
            innocent=(load.rollout(),),
            remediation=("restart",),
            targets=("Deployment/gym/checkins",),
            must_not_say=(ROLLBACK_HELPS, "cache.example.net (is|was) down"),
            evidence=("WRONGPASS invalid username-password pair",),
        ),
        notes="The Secret holds the new password, the processes the one of 18 days ago.",
    )


@scenario
def writes_during_the_move() -> Scenario:
    world = cluster("2026-09-29T22:48:00Z", "permits", "fees", "forms-api")
    body = _web("applications", "permits/applications:10.1.4", env={"DB_HOST": "mysql-main.example.net"})
    load = world.deployment("applications", body, ages=("34d",), replicas=2, first_revision=25, empty=True)
    for pod in load.pods(2):
        world.log(
            pod,
            chatter(
                "57m",
                "2s",
                "16s",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] g.p.applications.QueryController         : GET /applications/<int:1000-9999> 200",
            )
            + chatter(
                "17m",
                "1s",
                "19s",
                "<t> ERROR 1 --- [nio-8080-exec-<int:1-9>] o.h.engine.jdbc.spi.SqlExceptionHelper   : The MySQL server is running with the --read-only option so it cannot execute this statement",
            ),
            style="java",
        )
    world.service("applications")
    world.change(
        "CHG-4410",
        "change_request",
        "18m",
        "mysql-main: switch over to the replica before the move of the data centre",
        author="dba",
        services=["applications"],
        deployed_by="dba, 22:30, step 3 of 7 (clients still on the old primary)",
    )
    world.change(
        "PR-900",
        "pull_request",
        "25m",
        "fees: round to whole cents",
        repo="example/fees",
        author="l.weiss",
        files=["fees.py"],
        services=["fees"],
        deployed_by="not deployed yet",
    )
    world.series(
        "http_server_errors_ratio",
        "ratio",
        ("2h", 0.001),
        ("18m", 0.001),
        ("17m", 0.31),
        ("0", 0.33),
        service="applications",
    )
    return world.scenario(
        "permits-evening-submissions",
        "calls",
        "citizens can look things up but not submit",
        Truth(
            "incident",
            ("database_read_only",),
            ("Deployment/permits/applications",),
            culprit="CHG-4410",
            innocent=("PR-900", load.rollout()),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "volume (is|was) full"),
            evidence=("running with the --read-only option",),
        ),
        notes="Reads go well, writes are refused: the old primary was made read-only in an announced switch that is not over.",
    )


@scenario
def all_the_slots() -> Scenario:
    world = cluster("2026-03-30T13:07:00Z", "harvest", "fields", "moisture")
    store = _store(world, "pg", "postgres:16.4", 5432, "/var/lib/postgresql/data", "100Gi")
    (pg,) = store.pods(1, running("90d"))
    world.log(
        pg,
        chatter(
            "58m",
            "25m",
            "5m",
            "<t> [27] LOG:  checkpoint complete: wrote <int:40-900> buffers (0.4%); 0 WAL file(s) added, 0 removed, 1 recycled",
        )
        + chatter("24m", "2s", "9s", "<t> [<int:4000-9000>] FATAL:  sorry, too many clients already"),
        style="postgres",
    )
    before = _web("surveyor", "harvest/surveyor:3.0.0", env={"DB_HOST": "pg", "DB_POOL_MAX": "5"})
    after = changed(before, env={"DB_POOL_MAX": "60"})
    greedy = world.deployment("surveyor", before, after, ages=("45d", "27m"), replicas=4, first_revision=6, empty=True)
    for pod in greedy.pods(4):
        world.log(
            pod,
            chatter("26m", "3s", "21s", '{"t":"<t>","lvl":"info","msg":"tile surveyed","pool":60,"ms":<int:80-300>}'),
        )
    world.service("surveyor")
    other = _web("yields", "harvest/yields:7.8.2", env={"DB_HOST": "pg"})
    victim = world.deployment("yields", other, ages=("29d",), replicas=2, empty=True, unavailable_since="23m")
    for pod in victim.pods(2, unready("29d", REFUSED_PROBE, since="24m", count=144)):
        world.log(
            pod,
            chatter(
                "24m",
                "2s",
                "11s",
                f'<t> ERROR sqlalchemy.pool (psycopg.OperationalError) connection failed: connection to server at "{_address(world, "pg")}", port 5432 failed: FATAL:  sorry, too many clients already',
            ),
            style="python",
        )
    world.service("yields")
    world.change(
        "PR-312",
        "pull_request",
        "29m",
        "surveyor: larger pool, tiles wait for connections",
        repo="example/harvest-deploy",
        author="j.bakker",
        files=["surveyor/env.yaml"],
        services=["surveyor"],
        diff='-  DB_POOL_MAX: "5"\n+  DB_POOL_MAX: "60"',
        deployed_by="sync 12:40",
    )
    return world.scenario(
        "harvest-yields-lunch",
        "calls",
        "yields is unavailable since 12:43",
        Truth(
            "incident",
            ("connection_pool_exhausted", "bad_rollout_config"),
            ("StatefulSet/harvest/pg", "Deployment/harvest/surveyor", "Deployment/harvest/yields"),
            culprit=greedy.rollout(),
            culprits=("PR-312",),
            innocent=(victim.rollout(), store.rollout()),
            remediation=("rollback",),
            targets=("Deployment/harvest/surveyor",),
            must_not_say=("pg (is|was) (down|crashing)", "wrong password"),
            evidence=("sorry, too many clients already",),
        ),
        notes="A neighbour now holds up to 240 connections of the common database, which allows 100; the one that suffers changed nothing.",
    )


@scenario
def rates_by_https() -> Scenario:
    world = cluster("2026-11-10T11:40:00Z", "exchange", "quotes", "spreads")
    rates = _web("rates", "exchange/rates:9.0.0")
    world.deployment("rates", rates, ages=("80d",))
    world.service("rates", 8080, "http")
    before = _web("settle", "exchange/settle:2.2.0", env={"RATES_URL": "http://rates:8080"})
    after = changed(before, env={"RATES_URL": "https://rates:8080"})
    load = world.deployment("settle", before, after, ages=("33d", "22m"), replicas=2, first_revision=14, empty=True)
    load.pods(2, revision=0)
    (pod,) = load.pods(1, unready("22m", REFUSED_PROBE, count=128))
    world.log(
        pod,
        chatter(
            "22m",
            "4s",
            "10s",
            'time=<t> level=ERROR msg="cannot load rates" err="Get \\"https://rates:8080/v1/latest\\": http: server gave HTTP response to HTTPS client"',
        ),
    )
    world.service("settle")
    world.change(
        "PR-58",
        "pull_request",
        "24m",
        "Use https everywhere",
        repo="example/exchange-deploy",
        author="security",
        files=["settle/env.yaml"],
        services=["settle"],
        diff="-  RATES_URL: http://rates:8080\n+  RATES_URL: https://rates:8080",
        deployed_by="sync 11:17",
    )
    return world.scenario(
        "exchange-settle-https",
        "calls",
        "settle's rollout hangs with one pod not ready",
        Truth(
            "incident",
            ("protocol_mismatch", "bad_rollout_config"),
            ("Deployment/exchange/settle",),
            culprit=load.rollout(),
            culprits=("PR-58",),
            remediation=("rollback",),
            targets=("Deployment/exchange/settle",),
            must_not_say=("certificate (is|has) expired", "rates (is|was) (down|crashing|unreachable)"),
            evidence=("server gave HTTP response to HTTPS client",),
        ),
        notes="The port speaks plain HTTP. The old pods still call it that way and serve.",
    )


@scenario
def address_check_takes_long() -> Scenario:
    world = cluster("2026-12-02T16:50:00Z", "delivery", "slots", "couriers")
    body = _web("quote", "delivery/quote:5.5.0", env={"ADDRESS_API": "https://address.example.org", "TIMEOUT": "3s"})
    load = world.deployment("quote", body, ages=("26d",), replicas=3, first_revision=33, empty=True)
    for pod in load.pods(3):
        world.log(
            pod,
            chatter("59m", "41m", "30s", "<t> INFO  [http-<int:1-8>] quote.Pricing - priced in <int:60-190> ms")
            + chatter(
                "40m",
                "2s",
                "13s",
                "<t> WARN  [http-<int:1-8>] quote.AddressClient - call to address.example.org took <int:2400-2990> ms",
                "<t> ERROR [http-<int:1-8>] quote.AddressClient - java.net.http.HttpTimeoutException: request timed out (address.example.org, 3000 ms)",
            ),
            style="java",
        )
    world.service("quote")
    marks = (("3h", 0.12), ("42m", 0.12), ("39m", 2.7), ("0", 2.8))
    world.series("http_request_duration_seconds_p95", "s", *marks, service="quote")
    world.series(
        "http_client_request_duration_seconds_p95",
        "s",
        ("3h", 0.08),
        ("42m", 0.08),
        ("39m", 2.6),
        ("0", 2.7),
        service="quote",
        target="address.example.org",
    )
    world.series("container_cpu_usage_cores", "cores", ("3h", 0.12), ("0", 0.09), service="quote")
    world.change(
        "PR-640",
        "pull_request",
        "4d",
        "slots: evening deliveries",
        repo="example/slots",
        author="i.costa",
        files=["slots.go"],
        services=["slots"],
        deployed_by="slots 2.8.1",
    )
    return world.scenario(
        "delivery-quote-slow-afternoon",
        "calls",
        "why does quote take three seconds?",
        Truth(
            "incident",
            ("slow_dependency",),
            ("Deployment/delivery/quote",),
            innocent=("PR-640", load.rollout()),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "cpu (is|was) throttled", "traffic (overload|rose)"),
            evidence=("address.example.org",),
        ),
        notes="An interface of somebody else became slow at 16:10; the program itself is idle. No change of ours.",
    )


@scenario
def names_after_the_upgrade() -> Scenario:
    world = cluster("2026-04-21T07:33:00Z", "clinic", "patients", "calendar-sync")
    dns = next(each for each in world.workloads if each.name == "coredns")
    world.objects = [each for each in world.objects if each not in dns.made]
    dns.made.clear()
    dns.unavailable_since = "19m"
    for pod in dns.pods(2, crash_loop("21m", 8, Ended(1, "1m30s", "0s"))):
        world.log(pod, "/etc/coredns/Corefile:6 - Error during parsing: Unknown directive 'forwad'", previous=True)
    corefile = next(each for each in world.of("ConfigMap", "kube-system") if each["metadata"]["name"] == "coredns")
    corefile["data"]["Corefile"] = corefile["data"]["Corefile"].replace("forward .", "forwad .")
    body = _web("letters", "clinic/letters:3.3.0", env={"PATIENTS_URL": "http://patients"})
    load = world.deployment("letters", body, ages=("50d",), replicas=2, empty=True, unavailable_since="18m")
    for pod in load.pods(2, unready("50d", REFUSED_PROBE, since="19m", count=110)):
        world.log(
            pod,
            chatter(
                "19m",
                "4s",
                "15s",
                "<t> error: request to http://patients/v2/batch failed, reason: getaddrinfo EAI_AGAIN patients",
            ),
        )
    world.service("letters")
    world.change(
        "CHG-75",
        "config",
        "23m",
        "CoreDNS: upstream resolvers of the new site in the Corefile, then a restart",
        repo="example/cluster-base",
        author="netops",
        files=["kube-system/coredns.yaml"],
        services=["coredns"],
        diff="-    forward . /etc/resolv.conf\n+    forwad . /etc/resolv.conf",
        deployed_by="netops, 07:10",
    )
    return world.scenario(
        "clinic-letters-early",
        "calls",
        "letters cannot reach patients since 7:14, but patients looks fine",
        Truth(
            "incident",
            ("dns_failure", "config_change_regression", "app_config_error"),
            ("Deployment/kube-system/coredns", "ConfigMap/kube-system/coredns"),
            culprit="CHG-75",
            innocent=(load.rollout(), dns.rollout()),
            remediation=("rollback", "none"),
            targets=("ConfigMap/kube-system/coredns",),
            must_not_say=(RESTART_HELPS, "patients (is|was) (down|unreachable)"),
            evidence=("Unknown directive 'forwad'",),
        ),
        notes="Names resolve nowhere: CoreDNS does not start with a misspelt Corefile. The program that asks is a symptom in another namespace.",
    )


@scenario
def the_inner_certificate() -> Scenario:
    world = cluster("2026-05-04T08:12:00Z", "vaccines", "stock-api", "cold-chain")
    world.secret("batches-tls", {"tls.crt": "sample", "tls.key": MADE_UP}, kind="kubernetes.io/tls", age="365d")
    inner = template(
        container(
            "batches",
            f"{REGISTRY}/vaccines/batches:1.9.3",
            port=8443,
            memory=("64Mi", "128Mi"),
            mounts={"tls": "/tls:ro"},
            readinessProbe=tcp_probe("http"),
        ),
        volumes={"tls": {"secret": {"secretName": "batches-tls"}}},
    )
    server = world.deployment("batches", inner, ages=("70d",), empty=True)
    for pod in server.pods(2):
        world.log(
            pod,
            chatter(
                "30m",
                "2s",
                "14s",
                "<t> http: TLS handshake error from <ip>:<int:30000-60000>: remote error: tls: bad certificate",
            ),
            style="go",
        )
    world.service("batches", 443, "http")
    body = _web("recall", "vaccines/recall:2.0.0", env={"BATCHES_URL": "https://batches.vaccines.svc"})
    load = world.deployment("recall", body, ages=("41d",), replicas=2, empty=True, unavailable_since="2h11m")
    for pod in load.pods(2, unready("41d", REFUSED_PROBE, since="2h12m", count=790)):
        world.log(
            pod,
            chatter(
                "50m",
                "3s",
                "18s",
                '<t> ERR batches: Get "https://batches.vaccines.svc/v1/open": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-05-04T08:11:40Z is after 2026-05-04T06:00:00Z',
            ),
        )
    world.service("recall")
    return world.scenario(
        "vaccines-recall-morning",
        "calls",
        "recall is unready since 6:00 sharp",
        Truth(
            "incident",
            ("certificate_expired",),
            ("Deployment/vaccines/batches", "Secret/vaccines/batches-tls", "Deployment/vaccines/recall"),
            innocent=(load.rollout(), server.rollout()),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "batches (is|was) (down|crashing)"),
            evidence=("certificate has expired or is not yet valid",),
        ),
        notes="A certificate of one year inside of the cluster, made by hand, ended at six. The Secret still holds that one: no restart helps.",
    )


@scenario
def closed_by_default() -> Scenario:
    world = cluster("2026-07-08T14:29:00Z", "studio", "tracks", "credits")
    store = _store(world, "mongo", "mongo:7.0.14", 27017, "/data/db", "50Gi")
    store.pods(1, running("64d"))
    policy = world.network_policy("default", {"podSelector": {}, "policyTypes": ["Ingress"]}, age="31m")
    body = _web("mixes", "studio/mixes:11.0.2", env={"MONGO_HOST": "mongo"})
    load = world.deployment("mixes", body, ages=("37d",), replicas=2, first_revision=51, empty=True)
    for pod in load.pods(2):
        world.log(
            pod,
            chatter("59m", "33m", "40s", "<t> INFO mixes.api GET /mixes/<int:100-999> 200 <int:5-40>ms")
            + chatter(
                "30m",
                "5s",
                "30s",
                "<t> ERROR mixes.store pymongo.errors.ServerSelectionTimeoutError: mongo:27017: timed out (configured timeouts: socketTimeoutMS: 20000.0ms, connectTimeoutMS: 20000.0ms), Timeout: 30s",
            ),
            style="python",
        )
    world.service("mixes")
    world.change(
        "PR-19",
        "pull_request",
        "33m",
        "Close the namespaces by default, openings follow",
        repo="example/cluster-policies",
        author="security",
        files=["studio/default.yaml"],
        services=["studio"],
        diff="+kind: NetworkPolicy\n+metadata:\n+  name: default\n+  namespace: studio\n+spec:\n+  podSelector: {}\n+  policyTypes: [Ingress]",
        deployed_by="sync 13:58",
    )
    world.change(
        "PR-1011",
        "pull_request",
        "9d",
        "mixes: retry reads",
        repo="example/mixes",
        author="o.diaz",
        files=["store.py"],
        services=["mixes"],
        deployed_by="not deployed yet",
    )
    name = policy["metadata"]["name"]
    return world.scenario(
        "studio-mixes-after-two",
        "calls",
        "mixes cannot reach mongo since about 13:58, mongo itself looks healthy",
        Truth(
            "incident",
            ("network_policy_block",),
            (f"NetworkPolicy/studio/{name}",),
            culprit="PR-19",
            innocent=("PR-1011", load.rollout(), store.rollout()),
            remediation=("none", "rollback"),
            targets=(f"NetworkPolicy/studio/{name}",),
            must_not_say=(RESTART_HELPS, "mongo (is|was) (down|crashing)", "coredns (is|was) (down|the cause)"),
            evidence=("ServerSelectionTimeoutError",),
        ),
        notes="A policy that closes all ingress came without the openings. Connections time out, they are not refused.",
    )


@scenario
def only_the_partner() -> Scenario:
    world = cluster("2026-02-27T09:16:00Z", "lottery", "draws", "tickets-api")
    rules = {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    spec = {"egress": [rules], "podSelector": {"matchLabels": {"app": "payouts"}}, "policyTypes": ["Egress"]}
    world.network_policy("payouts", spec, age="26m")
    world.config_map("payouts", {"bank.url": "https://bank.example.org/v3"})
    body = _web("payouts", "lottery/payouts:3.4.5", env={"BANK_URL": from_config_map("payouts", "bank.url")})
    again = restarted(body, world.at("6d"))
    load = world.deployment("payouts", body, again, ages=("48d", "6d"), replicas=2, first_revision=12, empty=True)
    for pod in load.pods(2):
        world.log(
            pod,
            chatter("58m", "28m", "50s", "<t> INFO payouts.bank transfer accepted id=<hex:10>")
            + chatter(
                "25m",
                "4s",
                "20s",
                "<t> ERROR payouts.bank dial tcp: lookup bank.example.org on 10.96.0.10:53: read udp <ip>:41822->10.96.0.10:53: i/o timeout",
            ),
            style="go",
        )
    world.service("payouts")
    world.change(
        "PR-203",
        "pull_request",
        "27m",
        "payouts may only talk to the bank",
        repo="example/lottery-deploy",
        author="audit",
        files=["payouts/network.yaml"],
        services=["payouts"],
        diff="+kind: NetworkPolicy\n+  egress:\n+  - to: [{ipBlock: {cidr: 198.51.100.0/24}}]\n+    ports: [{port: 443, protocol: TCP}]",
        deployed_by="sync 08:50",
    )
    return world.scenario(
        "lottery-payouts-lookups",
        "calls",
        "payouts cannot resolve names any more, is DNS broken?",
        Truth(
            "incident",
            ("network_policy_block",),
            ("NetworkPolicy/lottery/payouts",),
            culprit="PR-203",
            innocent=(load.rollout(),),
            remediation=("none", "rollback"),
            targets=("NetworkPolicy/lottery/payouts",),
            must_not_say=(
                "coredns (is|was) (down|crashing|the cause)",
                RESTART_HELPS,
                "bank.example.org (is|was) down",
            ),
            evidence=("lookup bank.example.org on 10.96.0.10:53",),
        ),
        notes="The new policy lets out calls to the bank but forgets port 53. Everybody else resolves names; CoreDNS is well.",
    )
