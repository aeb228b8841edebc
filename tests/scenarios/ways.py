"""The ways between programs once more in other clothes, and logs whose clocks are not those of the cluster."""

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
    chatter,
    cluster,
    container,
    crash_loop,
    scenario,
    template,
)


def _app(name: str, image: str, *, port: int = 8080, **more: Any) -> JsonObject:
    return template(container(name, f"{REGISTRY}/{image}", port=port, cpu=("100m", "1"), **more))


def _store(world: Cluster, name: str, image: str, port: int) -> Workload:
    made = world.statefulset(name, template(container(name, f"{REGISTRY}/base/{image}", port=(("db", port),))))
    world.service(name, ports=[{"name": "db", "port": port, "protocol": "TCP", "targetPort": port}])
    return made


def _say(world: Cluster, load: Workload, line: str, since: str = "35m", style: str = "iso") -> None:
    for pod in load.made:
        world.log(pod, chatter(since, "2s", "18s", line), style=style)


@scenario
def brokers_show_an_old_certificate() -> Scenario:
    world = cluster("2026-02-02T06:10:00Z", "parcel", "routes")
    _store(world, "kafka", "kafka:3.6.2", 9093)
    load = world.deployment(
        "tracker", _app("tracker", "parcel/tracker:9.0.1", env={"BROKERS": "kafka:9093"}), replicas=2
    )
    _say(
        world,
        load,
        "<t> ERROR [main] c.p.Tracker - Connection to node -1 (kafka/10.96.9.9:9093) failed authentication due to: SSL "
        "handshake failed: java.security.cert.CertificateExpiredException: NotAfter: Sun Feb 01 23:59:59 UTC 2026",
        "6h",
        "java",
    )
    return world.scenario(
        "parcel-tracker-midnight",
        "ways",
        "tracker has had no new events since midnight",
        Truth(
            "incident",
            ("certificate_expired",),
            ("StatefulSet/parcel/kafka", "Service/parcel/kafka", "Deployment/parcel/tracker"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "password (is|was) (wrong|refused)"),
            evidence=("CertificateExpiredException",),
        ),
        notes="Only the client says it: nothing in the cluster keeps the certificate of the brokers.",
    )


@scenario
def server_takes_no_more_clients() -> Scenario:
    world = cluster("2026-02-16T19:02:00Z", "sauna", "vouchers")
    _store(world, "mysql", "mysql:8.0.36", 3306)
    load = world.deployment("slots", _app("slots", "sauna/slots:2.0.8", env={"DB": "mysql:3306"}), replicas=6)
    _say(
        world,
        load,
        "<t> ERROR slots: OperationalError: (pymysql.err.OperationalError) (1040, 'Too many connections')",
        "20m",
        "python",
    )
    return world.scenario(
        "sauna-slots-evening",
        "ways",
        "booking a slot fails every now and then",
        Truth(
            "incident",
            ("connection_pool_exhausted",),
            ("StatefulSet/sauna/mysql", "Deployment/sauna/slots"),
            must_not_say=(RESTART_HELPS, "mysql is (down|crashing)"),
            evidence=("Too many connections",),
        ),
        notes="The limit of the server, not of a pool; no address stands in the lines.",
    )


@scenario
def cache_became_a_replica() -> Scenario:
    world = cluster("2026-02-17T04:44:00Z", "lockers", "keys")
    _store(world, "redis", "redis:7.2.5", 6379)
    load = world.deployment("sessions", _app("sessions", "lockers/sessions:1.9.0"), replicas=2)
    _say(
        world,
        load,
        "<t> ERROR i.l.Sessions - io.lettuce.core.RedisReadOnlyException: READONLY You can't write against a read only replica.",
        "21m",
        "java",
    )
    return world.scenario(
        "lockers-sessions-night",
        "ways",
        "nobody stays logged in",
        Truth(
            "incident",
            ("database_read_only",),
            ("StatefulSet/lockers/redis", "Deployment/lockers/sessions"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, r"volume (is|was) full"),
            evidence=("READONLY",),
        ),
        notes="After a failover the only cache is a replica of something that is gone.",
    )


@scenario
def names_outside_only() -> Scenario:
    world = cluster("2026-02-03T11:00:00Z", "embassy", "visas")
    servers = [each for each in world.of("Pod", "kube-system") if each["metadata"]["name"].startswith("coredns")]
    for pod in servers:
        world.log(
            pod,
            chatter(
                "45m",
                "1s",
                "7s",
                "[ERROR] plugin/errors: 2 <hex:6>.example.org. A: read udp 10.244.0.3:41022->10.9.9.9:53: i/o timeout",
            ),
        )
    for name, line in (
        ("mailer", "<t> ERROR send failed: Error: getaddrinfo EAI_AGAIN smtp.example.org"),
        (
            "rates",
            "<t> ERROR rates: Failed to resolve 'api.example.org' ([Errno -3] Temporary failure in name resolution)",
        ),
    ):
        _say(world, world.deployment(name, _app(name, f"embassy/{name}:1.0.2")), line, "44m")
    return world.scenario(
        "embassy-names-outside",
        "ways",
        "mail and exchange rates fail, everything inside works",
        Truth(
            "incident",
            ("dns_failure",),
            ("Deployment/kube-system/coredns", "ConfigMap/kube-system/coredns"),
            must_not_say=(ROLLBACK_HELPS, "(mailer|rates) is crashing"),
            evidence=("i/o timeout",),
        ),
        namespace=None,
        notes="CoreDNS runs; the server it forwards to does not answer.",
    )


@scenario
def proxy_asks_a_port_that_is_not_there() -> Scenario:
    world = cluster("2026-02-09T16:30:00Z", "townhall", "forms")
    world.deployment("records", _app("records", "townhall/records:5.5.0"), replicas=2)
    world.service("records")
    world.config_map(
        "edge-conf",
        {
            "default.conf": "server {\n  listen 80;\n  location /records/ {\n    proxy_pass http://records:8081/;\n  }\n}\n"
        },
    )
    body = template(
        container("edge", f"{REGISTRY}/base/nginx:1.27.0", port=80),
        volumes={"conf": {"configMap": {"name": "edge-conf"}}},
    )
    load = world.deployment("edge", body, ages=("31d",))
    address = next(each["spec"]["clusterIP"] for each in world.of("Service") if each["metadata"]["name"] == "records")
    _say(
        world,
        load,
        f'<t> [error] 31#31: *<int:2-900> connect() failed (111: Connection refused) while connecting to upstream, client: <ip>, server: , request: "GET /records/7 HTTP/1.1", upstream: "http://{address}:8081/7", host: "townhall.example.com"',
        "40m",
        "go",
    )
    return world.scenario(
        "townhall-records-502",
        "ways",
        "/records answers 502",
        Truth(
            "incident",
            ("gateway_misroute", "wrong_dependency_address"),
            ("Deployment/townhall/edge", "ConfigMap/townhall/edge-conf"),
            must_not_say=(RESTART_HELPS, "records is (down|crashing|not ready)"),
            evidence=("8081",),
        ),
        notes="The proxy asks port 8081, and the Service has port 80 only.",
    )


@scenario
def ingress_keeps_the_name_from_before() -> Scenario:
    world = cluster("2026-02-08T09:09:00Z", "stats", "alarms")
    world.deployment("grafana", _app("grafana", "base/grafana:11.0.0", port=3000))
    world.service("grafana", 3000)
    world.ingress("stats", "stats.example.com", {"/": ("alarms", 80), "/boards": ("grafana-http", 3000)})
    world.change(
        "c4d5e6",
        "commit",
        "31m",
        "stats: one way of naming services",
        repo="example/stats-deploy",
        author="o.brandt",
        files=["ingress.yaml"],
        services=["stats"],
        diff="-            name: grafana\n+            name: grafana-http",
        deployed_by="helm upgrade 08:39",
    )
    return world.scenario(
        "stats-boards-503",
        "ways",
        "stats.example.com/boards is broken",
        Truth(
            "incident",
            ("ingress_backend_missing",),
            ("Ingress/stats/stats",),
            culprit="c4d5e6",
            remediation=("none", "rollback"),
            targets=("Ingress/stats/stats",),
            must_not_say=(RESTART_HELPS, "grafana is (down|crashing)"),
            evidence=("grafana-http",),
        ),
        notes="The Ingress was given a name that no Service has.",
    )


@scenario
def one_zone_drops_packets() -> Scenario:
    world = cluster("2026-02-05T12:00:00Z", "lottery", "draws", nodes=("zone-a-1", "zone-b-1"))
    load = world.deployment("desk", _app("desk", "lottery/desk:1.1.1"), replicas=1, empty=True)
    (pod,) = load.pods(1, node="zone-b-1")
    world.log(
        pod,
        chatter(
            "38m",
            "2s",
            "15s",
            "<t> WARN rpc GetDraw failed: Error: 4 DEADLINE_EXCEEDED: Deadline exceeded after 5.0s",
            "<t> INFO tick",
        ),
    )
    for node, now in (("zone-a-1", 0.2), ("zone-b-1", 310.0)):
        world.series(
            "node_network_transmit_drop", "packets/s", ("4h", 0.2), ("40m", 0.2), ("38m", now), ("0", now), node=node
        )
        world.series(
            "node_netstat_Tcp_RetransSegs_rate",
            "1/s",
            ("4h", 0.4),
            ("40m", 0.4),
            ("38m", now / 4 + 0.4),
            ("0", now / 4 + 0.4),
            node=node,
        )
    return world.scenario(
        "lottery-desk-zone",
        "ways",
        "desk is slow towards everything",
        Truth(
            "incident",
            ("network_degraded",),
            ("Node/zone-b-1", "Deployment/lottery/desk"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "draws is (down|slow)"),
            evidence=("node_network_transmit_drop",),
        ),
        notes="One node drops packets; counts of them instead of shares.",
    )


@scenario
def plain_text_to_a_tls_port() -> Scenario:
    world = cluster("2026-03-10T10:10:00Z", "vineyard", "barrels")
    stock = world.deployment("cellar", _app("cellar", "vineyard/cellar:5.0.0", port=8443))
    world.service("cellar", 443)
    sync = world.deployment("sync", _app("sync", "vineyard/sync:5.1.0", env={"CELLAR_URL": "http://cellar:443"}))
    _say(
        world,
        stock,
        "<t> http: TLS handshake error from <ip>:41822: client sent an HTTP request to an HTTPS server",
        "55m",
        "go",
    )
    _say(
        world,
        sync,
        '<t> ERROR 1 --- [scheduling-1] e.v.CellarClient : 400 Bad Request: "Client sent an HTTP request to an HTTPS server."',
        "55m",
        "java",
    )
    return world.scenario(
        "vineyard-sync-bad-request",
        "ways",
        "sync gets 400 for everything",
        Truth(
            "incident",
            ("protocol_mismatch",),
            ("Deployment/vineyard/sync", "Deployment/vineyard/cellar", "Service/vineyard/cellar"),
            must_not_say=(RESTART_HELPS, "cellar is (down|crashing)"),
            evidence=("HTTP request to an HTTPS server",),
        ),
        notes="The caller's address says http, the port speaks TLS.",
    )


@scenario
def release_listens_elsewhere() -> Scenario:
    world = cluster("2026-02-07T13:16:00Z", "choir", "rehearsals")
    before = _app("members", "choir/members:1.4.0")
    after = template(container("members", f"{REGISTRY}/choir/members:1.5.0", port=9000, cpu=("100m", "1")))
    load = world.deployment("members", before, after, ages=("30d", "16m"), replicas=2)
    world.service("members", target=8080)
    caller = world.deployment("board", _app("board", "choir/board:8.0.0", port=3000))
    _say(
        world,
        caller,
        '{"level":"error","time":"<t>","msg":"members request failed: connect ECONNREFUSED","url":"http://members/me"}',
        "15m",
    )
    world.change(
        "members-1.5.0",
        "release",
        "18m",
        "members 1.5.0: listens on 9000",
        repo="example/choir-members",
        author="n.ito",
        files=["k8s/deployment.yaml"],
        services=["members"],
        diff="-  containerPort: 8080\n+  containerPort: 9000",
        deployed_by="sync 13:00",
    )
    return world.scenario(
        "choir-board-afternoon",
        "ways",
        "board cannot load members since a quarter of an hour",
        Truth(
            "incident",
            ("service_port_mismatch", "bad_rollout_config"),
            ("Service/choir/members", "Deployment/choir/members"),
            culprit="members-1.5.0",
            culprits=(load.rollout(),),
            remediation=("rollback", "none"),
            targets=("Deployment/choir/members",),
            must_not_say=(RESTART_HELPS,),
            evidence=("8080",),
        ),
        notes="The Service still sends to the port of before.",
    )


@scenario
def instance_label_of_another_release() -> Scenario:
    world = cluster("2026-02-06T08:20:00Z", "museum-shop", "postcards")
    labels = {"app.kubernetes.io/instance": "prod"}
    world.deployment("catalog", _app("catalog", "museum-shop/catalog:3.3.0"), replicas=2, labels=labels)
    world.service("catalog", selector={"app": "catalog", "app.kubernetes.io/instance": "production"})
    return world.scenario(
        "museum-shop-nothing-behind",
        "ways",
        "nothing answers behind catalog",
        Truth(
            "incident",
            ("service_selector_mismatch",),
            ("Service/museum-shop/catalog",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "catalog is (crashing|not ready)"),
            evidence=("production",),
        ),
        notes="No caller is there to complain: the objects alone tell.",
    )


@scenario
def query_without_an_index() -> Scenario:
    world = cluster("2026-02-15T20:40:00Z", "chess", "lobby")
    made = _store(world, "mongo", "mongo:6.0.14", 27017)
    world.deployment(
        "players", _app("players", "chess/players:4.0.0", env={"MONGO_URL": "mongodb://mongo:27017/p"}), replicas=2
    )
    world.service("players")
    _say(
        world,
        made,
        '{"t":{"$date":"<t>"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn12","msg":"Slow query","attr":{"ns":"p.games","planSummary":"COLLSCAN","durationMillis":7700}}',
    )
    world.series(
        "http_server_requests_seconds_p95", "s", ("4h", 0.2), ("32m", 0.2), ("30m", 8.0), ("0", 8.0), app="players"
    )
    world.series("mongodb_op_latency_ms", "ms", ("4h", 8), ("32m", 8), ("30m", 7700), ("0", 7700), pod="mongo-0")
    return world.scenario(
        "chess-players-slow",
        "ways",
        "profiles take eight seconds",
        Truth(
            "incident",
            ("slow_dependency",),
            ("StatefulSet/chess/mongo", "Deployment/chess/players"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("mongodb_op_latency_ms",),
        ),
        notes="Both lines rise at once; the program names the store in its settings.",
    )


@scenario
def late_for_no_reason_that_shows() -> Scenario:
    world = cluster("2026-02-18T10:30:00Z", "cinema-club", "seats")
    world.deployment("reviews", _app("reviews", "cinema-club/reviews:0.4.7"))
    world.service("reviews")
    world.series(
        "request_duration_seconds_p95", "s", ("5h", 0.08), ("41m", 0.08), ("40m", 1.9), ("0", 1.9), service="reviews"
    )
    world.series("requests_per_second", "1/s", ("5h", 22.0), ("0", 22.0), service="reviews")
    return world.scenario(
        "cinema-club-reviews-late",
        "ways",
        "alarm: p95 of reviews",
        Truth(
            "incident",
            ("high_latency",),
            ("Deployment/cinema-club/reviews", "Service/cinema-club/reviews"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "traffic (rose|is the cause)"),
            evidence=("request_duration_seconds_p95",),
        ),
        notes="Nothing else changes: no more can be said than that it is late.",
    )


@scenario
def autoscaler_would_want_more() -> Scenario:
    world = cluster("2026-11-27T08:05:00Z", "tickets", "venues")
    load = world.deployment("queue", _app("queue", "tickets/queue:3.0.0"), replicas=6)
    _say(world, load, "<t> warn worker queue full, rejecting request (waiting=512)", "24m")
    limited = (
        "ScalingLimited",
        "True",
        "TooManyReplicas",
        "the desired replica count is more than the maximum replica count",
    )
    world.autoscaler("queue", most=6, current=6, cpu=196, target=70, conditions=[limited], since="25m")
    return world.scenario(
        "tickets-queue-sale",
        "ways",
        "the sale began and queue does not keep up?",
        Truth(
            "incident",
            ("traffic_overload",),
            ("Deployment/tickets/queue", "HorizontalPodAutoscaler/tickets/queue"),
            remediation=("none", "scale"),
            targets=("Deployment/tickets/queue",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("196",),
        ),
        notes="No series at all: only what the autoscaler says of itself.",
    )


@scenario
def clock_of_another_zone() -> Scenario:
    world = cluster("2026-02-24T10:00:00Z", "depot", "pickers")
    load = world.deployment("stock", _app("stock", "depot/stock:2.0.0", env={"CACHE_HOST": "192.0.2.40"}), replicas=2)
    for pod in load.made:
        world.log(pod, chatter("1h40m", "1h", "20s", "<t> ERROR cache: connect ECONNREFUSED 192.0.2.40:6379"))
    return world.scenario(
        "depot-stock-an-hour-ago",
        "clocks",
        "stock gives errors",
        Truth(
            "incident",
            ("dependency_unreachable",),
            ("Deployment/depot/stock",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "has recovered"),
            evidence=("ECONNREFUSED",),
        ),
        notes="The log is an hour behind the cluster, and complains up to its last line.",
    )


@scenario
def crash_from_tomorrow() -> Scenario:
    world = cluster("2026-03-22T08:00:00Z", "harbour", "cranes")
    keys = world.deployment("keys", _app("keys", "harbour/keys:1.0.0"), empty=True)
    (pod,) = keys.pods(1, crash_loop("40m", 9, Ended(2, "2m", "1s")))
    world.previous_logs[("harbour", pod["metadata"]["name"], "keys")] = (
        '{"level":"info","time":"2026-03-22T14:00:01Z","msg":"keys 1.0.0 starting"}\n'
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "goroutine 1 [running]:\nmain.loadKeys(0x0)\n\t/src/keys/keys.go:88 +0x1d\nmain.main()\n\t/src/keys/main.go:21 +0x3a\n"
    )
    world.service("keys")
    gate = world.deployment("gate", _app("gate", "harbour/gate:7.0.0"))
    _say(
        world,
        gate,
        '{"level":"error","time":"<t>","msg":"check failed: dial tcp 10.96.0.44:80: connect: connection refused","url":"http://keys/verify"}',
    )
    world.change(
        "gate-7",
        "release",
        "5h",
        "gate 7.0.0",
        repo="example/harbour-gate",
        author="l.meyer",
        files=["main.go"],
        services=["gate"],
        diff='+ log.Info("gate")',
        deployed_by="sync 03:00",
    )
    return world.scenario(
        "harbour-gate-keys",
        "clocks",
        "gate cannot check anybody",
        Truth(
            "incident",
            ("app_crash",),
            ("Deployment/harbour/keys",),
            innocent=("gate-7",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("nil pointer",),
        ),
        notes="The crashed program's clock is six hours ahead; the caller's lines give an address that is gone.",
    )
