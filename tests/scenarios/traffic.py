"""Requests on their way in, and how many there are: Services, Ingresses, gateways, load, latency, autoscalers."""

from typing import Any

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Ended,
    JsonObject,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    http_probe,
    running,
    scenario,
    template,
    unready,
)

MIB = 1024.0 * 1024.0


def _web(name: str, image: str, *, labels: dict[str, str] | None = None, **more: Any) -> JsonObject:
    """A program with an HTTP port that tells whether it is ready."""
    given = {"memory": ("256Mi", "512Mi"), "readinessProbe": http_probe("/ready", "http"), **more}
    return template(container(name, f"{REGISTRY}/{image}", port=8080, **given), labels=labels)


@scenario
def tier_has_a_new_label() -> Scenario:
    world = cluster("2026-02-03T12:18:00Z", "florist", "bouquets", "cards-api")
    before = _web("storefront", "florist/storefront:5.1.0", labels={"tier": "web"})
    after = _web("storefront", "florist/storefront:5.1.0", labels={"tier": "frontend"})
    load = world.deployment("storefront", before, after, ages=("31d", "19m"), replicas=3, first_revision=17)
    for pod in load.made:
        world.log(
            pod, "-18m|<t> INFO listening on :8080\n" + chatter("17m", "9s", "10s", "<t> INFO GET /ready 200 1ms")
        )
    world.service("storefront", selector={"app": "storefront", "tier": "web"})
    edge = world.deployment("edge", _web("edge", "base/nginx:1.27.3"), ages=("66d",))
    for pod in edge.made:
        world.log(
            pod,
            chatter("58m", "20m", "40s", '<ip> - - [<t>] "GET / HTTP/1.1" 200 <int:4000-9000>')
            + chatter("18m", "2s", "11s", '<ip> - - [<t>] "GET / HTTP/1.1" 502 157'),
            style="access",
        )
    world.service("edge")
    world.ingress("florist", "florist.example.com", {"/": ("storefront", 80)})
    world.change(
        "PR-431",
        "pull_request",
        "21m",
        "Labels: tier names of the new convention",
        repo="example/florist-deploy",
        author="n.haddad",
        files=["storefront/deployment.yaml"],
        services=["storefront"],
        diff="       labels:\n-        tier: web\n+        tier: frontend",
        deployed_by="sync 11:58",
    )
    return world.scenario(
        "florist-shop-noon",
        "traffic",
        "the shop shows 503 although all storefront pods are Ready",
        Truth(
            "incident",
            ("service_selector_mismatch", "bad_rollout_config"),
            ("Service/florist/storefront", "Deployment/florist/storefront"),
            culprit=load.rollout(),
            culprits=("PR-431",),
            innocent=(edge.rollout(),),
            remediation=("rollback",),
            targets=("Deployment/florist/storefront",),
            must_not_say=(RESTART_HELPS, "storefront is (crashing|not ready)", "network policy (blocks|is the cause)"),
            evidence=("tier",),
        ),
        notes="The pods carry a new label, the Service still selects the old one: no endpoints, and every pod is well.",
    )


@scenario
def listens_elsewhere() -> Scenario:
    world = cluster("2026-10-20T17:44:00Z", "atlas", "layers", "legends")
    before = template(
        container(
            "elevation",
            f"{REGISTRY}/atlas/elevation:2.9.0",
            port=(("api", 8080),),
            readinessProbe=http_probe("/ready", "api"),
        )
    )
    after = changed(
        before,
        image=f"{REGISTRY}/atlas/elevation:3.0.0",
        ports=[{"containerPort": 9000, "name": "api", "protocol": "TCP"}],
    )
    load = world.deployment("elevation", before, after, ages=("92d", "28m"), replicas=2, first_revision=5)
    for pod in load.made:
        world.log(
            pod,
            "-27m|<t> elevation 3.0.0 listening on 0.0.0.0:9000\n" + chatter("26m", "9s", "10s", "<t> GET /ready 200"),
            style="go",
        )
    service = world.service("elevation", 80, 8080)
    address = service["spec"]["clusterIP"]
    front = world.deployment("front", _web("front", "atlas/front:14.2.2"), ages=("13d",))
    for pod in front.made:
        world.log(
            pod,
            chatter(
                "27m",
                "3s",
                "9s",
                f'<t> [error] 31#31: *<int:1000-9999> connect() failed (111: Connection refused) while connecting to upstream, client: <ip>, server: _, request: "GET /elevation/<int:1-19> HTTP/1.1", upstream: "http://{address}:80/<int:1-19>"',
            ),
            style="go",
        )
    world.service("front")
    world.change(
        "elevation-3.0.0",
        "release",
        "30m",
        "elevation 3.0.0: new server, listens on 9000",
        repo="example/elevation",
        author="s.ferri",
        files=["cmd/main.go", "deploy/deployment.yaml"],
        services=["elevation"],
        deployed_by="pipeline 1450",
    )
    return world.scenario(
        "atlas-elevation-three",
        "traffic",
        "front logs connection refused for elevation, whose pods are all Running and Ready",
        Truth(
            "incident",
            ("service_port_mismatch", "bad_rollout_config"),
            ("Service/atlas/elevation", "Deployment/atlas/elevation"),
            culprit=load.rollout(),
            culprits=("elevation-3.0.0",),
            innocent=(front.rollout(),),
            remediation=("rollback",),
            targets=("Deployment/atlas/elevation",),
            must_not_say=(RESTART_HELPS, "elevation is (crashing|not ready)"),
            evidence=("8080",),
        ),
        notes="The release listens on another port; the probe goes by the name of the port and is content, the Service by the old number.",
    )


@scenario
def menu_leads_nowhere() -> Scenario:
    world = cluster("2026-04-09T06:40:00Z", "bakery", "orders-api", "ovens")
    world.namespace("ingress-nginx", age="300d")
    body = template(container("controller", f"{REGISTRY}/base/ingress-nginx-controller:1.11.3", port=80))
    control = world.deployment("ingress-nginx-controller", body, ages=("110d",), namespace="ingress-nginx")
    world.log(
        control.made[0],
        chatter(
            "24m",
            "20s",
            "80s",
            'W<t>       7 controller.go:1108] Error obtaining Endpoints for Service "bakery/menu-next": no object matching key "bakery/menu-next" in local store',
        ),
        style="klog",
    )
    menu = world.deployment("menu", _web("menu", "bakery/menu:4.4.1"), ages=("20d",))
    world.service("menu")
    world.ingress("bakery", "bakery.example.com", {"/menu": ("menu-next", 80), "/orders": ("orders-api", 80)})
    world.change(
        "PR-66",
        "pull_request",
        "26m",
        "Ingress: lead /menu to menu-next",
        repo="example/bakery-deploy",
        author="p.lind",
        files=["ingress.yaml"],
        services=["bakery"],
        diff="-                name: menu\n+                name: menu-next",
        deployed_by="sync 06:15",
    )
    world.change(
        "PR-67",
        "pull_request",
        "25m",
        "menu-next: Deployment and Service",
        repo="example/bakery-deploy",
        author="p.lind",
        files=["menu-next/deployment.yaml", "menu-next/service.yaml"],
        services=["menu-next"],
        deployed_by="not deployed yet, waits for review",
    )
    return world.scenario(
        "bakery-menu-early",
        "traffic",
        "/menu answers 503, /orders works",
        Truth(
            "incident",
            ("ingress_backend_missing",),
            ("Ingress/bakery/bakery",),
            culprit="PR-66",
            innocent=("PR-67", menu.rollout(), control.rollout()),
            remediation=("none", "rollback"),
            targets=("Ingress/bakery/bakery",),
            must_not_say=(RESTART_HELPS, "menu is (crashing|not ready)"),
            evidence=("menu-next",),
        ),
        notes="The Ingress was changed before the Service it should lead to was deployed. The old one is there and well.",
    )


@scenario
def canary_gets_all() -> Scenario:
    world = cluster("2026-08-27T20:20:00Z", "cinema", "seats-api", "snacks")
    world.gateway("public", "envoy", "cinema.example.com")
    main = world.deployment("showtimes", _web("showtimes", "cinema/showtimes:12.0.0"), ages=("16d",), replicas=3)
    world.service("showtimes")
    side = world.deployment(
        "showtimes-preview", _web("showtimes-preview", "cinema/showtimes:13.0.0-rc1"), ages=("2d",), replicas=1
    )
    world.service("showtimes-preview")
    for pod in main.made:
        world.log(
            pod,
            chatter(
                "55m", "18m", "30s", '<ip> - - [<t>] "GET /v2/showtimes?city=<int:1-90> HTTP/1.1" 200 <int:900-4000>'
            ),
            style="access",
        )
    for pod in side.made:
        world.log(
            pod,
            chatter("17m", "1s", "4s", '<ip> - - [<t>] "GET /v2/showtimes?city=<int:1-90> HTTP/1.1" 404 19'),
            style="access",
        )
    refs = [
        {"group": "", "kind": "Service", "name": "showtimes", "port": 80, "weight": 0},
        {"group": "", "kind": "Service", "name": "showtimes-preview", "port": 80, "weight": 100},
    ]
    rule = {"backendRefs": refs, "matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}
    world.http_route("showtimes", "public", "cinema.example.com", [rule], generation=9)
    world.change(
        "PR-808",
        "pull_request",
        "19m",
        "Route one in a hundred requests to the preview",
        repo="example/cinema-routes",
        author="d.osei",
        files=["showtimes.yaml"],
        services=["showtimes", "showtimes-preview"],
        diff="           name: showtimes\n-          weight: 100\n+          weight: 0\n           name: showtimes-preview\n-          weight: 0\n+          weight: 100",
        deployed_by="sync 20:02",
    )
    return world.scenario(
        "cinema-showtimes-evening",
        "traffic",
        "cinema.example.com answers 404 for showtimes since 20:02",
        Truth(
            "incident",
            ("gateway_misroute",),
            ("HTTPRoute/cinema/showtimes",),
            culprit="PR-808",
            innocent=(main.rollout(), side.rollout()),
            remediation=("none", "rollback"),
            targets=("HTTPRoute/cinema/showtimes",),
            must_not_say=(RESTART_HELPS, "showtimes is (crashing|not ready|down)"),
            evidence=("showtimes-preview",),
        ),
        notes="The weights were exchanged instead of set to 99 and 1: the preview, which has other paths, gets everything.",
    )


@scenario
def smaller_share() -> Scenario:
    world = cluster("2026-05-28T10:05:00Z", "thesis", "citations", "plagiarism")
    before = _web("typeset", "thesis/typeset:1.16.0", cpu=("500m", "2"))
    after = changed(
        before, resources={"limits": {"cpu": "300m", "memory": "512Mi"}, "requests": {"cpu": "300m", "memory": "256Mi"}}
    )
    load = world.deployment("typeset", before, after, ages=("54d", "46m"), replicas=2, first_revision=22)
    for pod in load.made:
        world.log(
            pod,
            chatter(
                "45m",
                "3s",
                "25s",
                '{"ts":"<t>","level":"info","msg":"typeset done","pages":<int:8-200>,"ms":<int:5200-9800>}',
            ),
        )
        name = pod["metadata"]["name"]
        world.series(
            "container_cpu_cfs_throttled_periods_ratio",
            "ratio",
            ("44m", 0.86),
            ("0", 0.91),
            pod=name,
            container="typeset",
        )
        world.series(
            "container_cpu_usage_cores",
            "cores",
            ("44m", 0.297),
            ("0", 0.299),
            noise=0.005,
            pod=name,
            container="typeset",
        )
    world.service("typeset")
    world.series(
        "http_request_duration_seconds_p95", "s", ("4h", 1.3), ("47m", 1.3), ("44m", 8.4), ("0", 8.8), service="typeset"
    )
    world.series("http_requests_per_second", "1/s", ("4h", 6.0), ("0", 6.1), service="typeset")
    world.change(
        "PR-92",
        "pull_request",
        "48m",
        "Save money: right-size typeset",
        repo="example/thesis-deploy",
        author="finops",
        files=["typeset/resources.yaml"],
        services=["typeset"],
        diff='-    cpu: "2"\n+    cpu: 300m',
        deployed_by="sync 09:19",
    )
    return world.scenario(
        "thesis-typeset-slow",
        "traffic",
        "typeset needs eight seconds instead of one since 9:20",
        Truth(
            "incident",
            ("cpu_throttling", "bad_rollout_config"),
            ("Deployment/thesis/typeset",),
            culprit=load.rollout(),
            culprits=("PR-92",),
            remediation=("rollback",),
            targets=("Deployment/thesis/typeset",),
            must_not_say=(RESTART_HELPS, "memory leak (is|as) the", "traffic (rose|overload is)"),
            evidence=("container_cpu_cfs_throttled_periods_ratio",),
        ),
        notes="The limit went from two cores to a third of one; as many requests as before. Nothing restarts, nothing is unready.",
    )


@scenario
def tickets_on_sale() -> Scenario:
    world = cluster("2026-09-04T10:14:00Z", "festival", "lineup", "camping")
    body = _web("boxoffice", "festival/boxoffice:6.3.0", cpu=("500m", "1"))
    load = world.deployment("boxoffice", body, ages=("17d",), replicas=2, first_revision=40, empty=True)
    for pod in load.pods(2):
        world.log(
            pod,
            chatter("40m", "15m", "30s", "<t> INFO uvicorn.access GET /shop 200")
            + chatter(
                "13m",
                "1s",
                "3s",
                "<t> WARNING boxoffice.pool all 40 workers busy, <int:180-900> requests waiting",
                "<t> INFO uvicorn.access POST /reserve 200",
                "<t> ERROR boxoffice.pool request dropped: queue full (1000)",
            ),
            style="python",
        )
        world.series(
            "container_cpu_usage_cores",
            "cores",
            ("3h", 0.21),
            ("14m", 0.22),
            ("12m", 0.98),
            ("0", 0.99),
            noise=0.01,
            pod=pod["metadata"]["name"],
            container="boxoffice",
        )
    world.service("boxoffice")
    world.series(
        "http_requests_per_second",
        "1/s",
        ("3h", 38.0),
        ("14m", 40.0),
        ("12m", 520.0),
        ("0", 560.0),
        service="boxoffice",
    )
    world.series(
        "http_request_duration_seconds_p95",
        "s",
        ("3h", 0.14),
        ("14m", 0.15),
        ("12m", 4.9),
        ("0", 6.2),
        service="boxoffice",
    )
    world.series(
        "http_server_errors_ratio",
        "ratio",
        ("3h", 0.001),
        ("14m", 0.001),
        ("12m", 0.22),
        ("0", 0.27),
        service="boxoffice",
    )
    world.change(
        "PR-350",
        "pull_request",
        "50m",
        "boxoffice: gift wrapping for tickets",
        repo="example/boxoffice",
        author="v.moreau",
        files=["boxoffice/gifts.py"],
        services=["boxoffice"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "festival-boxoffice-ten",
        "traffic",
        "the shop is hardly usable since ten o'clock",
        Truth(
            "incident",
            ("traffic_overload",),
            ("Deployment/festival/boxoffice",),
            innocent=("PR-350", load.rollout()),
            remediation=("scale",),
            targets=("Deployment/festival/boxoffice",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "PR-350 (broke|caused|is the cause)"),
            evidence=("http_requests_per_second",),
        ),
        notes="Thirteen times the requests from one minute to the next, two replicas at their limit, no autoscaler, the nodes have room.",
    )


@scenario
def slow_and_no_reason() -> Scenario:
    world = cluster("2026-06-02T18:31:00Z", "podcasts", "chapters", "charts")
    load = world.deployment("episodes", _web("episodes", "podcasts/episodes:9.9.1"), ages=("25d",), replicas=2)
    for pod in load.made:
        world.log(
            pod,
            chatter(
                "50m", "2s", "20s", '{"ts":"<t>","level":"info","msg":"GET /episodes/<int:100-9999>","status":200}'
            ),
        )
        world.series(
            "container_cpu_usage_cores",
            "cores",
            ("4h", 0.06),
            ("0", 0.05),
            pod=pod["metadata"]["name"],
            container="episodes",
        )
    world.service("episodes")
    world.series(
        "http_request_duration_seconds_p95",
        "s",
        ("4h", 0.09),
        ("36m", 0.09),
        ("33m", 1.9),
        ("0", 2.1),
        service="episodes",
    )
    world.series("http_requests_per_second", "1/s", ("4h", 22.0), ("0", 21.0), service="episodes")
    world.series("http_server_errors_ratio", "ratio", ("4h", 0.0), ("0", 0.0), noise=0.0, service="episodes")
    return world.scenario(
        "podcasts-episodes-evening",
        "traffic",
        "episodes feels slow since 17:55",
        Truth(
            "incident",
            ("high_latency", "slow_dependency"),
            ("Deployment/podcasts/episodes",),
            innocent=(load.rollout(),),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "traffic (rose|overload is)", "cpu (is|was) throttled"),
            evidence=("http_request_duration_seconds_p95",),
        ),
        notes="Twenty times slower with the same load, no errors, an idle processor and nothing in the logs: more is not known.",
    )


@scenario
def climbs_all_week() -> Scenario:
    world = cluster("2026-01-30T23:05:00Z", "rental", "damage", "keys")
    body = _web("contracts", "rental/contracts:3.21.0", memory=("512Mi", "1Gi"))
    load = world.deployment("contracts", body, ages=("71d",), replicas=2, first_revision=3, empty=True)
    for pod in load.pods(2, running("71d", restarts=9, last=Ended(137, "7d3h", "6d22h", "OOMKilled"))):
        world.log(
            pod,
            chatter(
                "40m",
                "4s",
                "30s",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.rental.contracts.PdfRenderer         : contract <int:10000-99999> rendered",
            ),
            style="java",
        )
        marks = (("7d2h", 210 * MIB), ("0", 968 * MIB))
        world.series(
            "container_memory_working_set_bytes",
            "bytes",
            *marks,
            step="1h",
            noise=0.01,
            pod=pod["metadata"]["name"],
            container="contracts",
        )
        world.series(
            "container_spec_memory_limit_bytes",
            "bytes",
            ("7d2h", 1024 * MIB),
            ("0", 1024 * MIB),
            step="1h",
            noise=0.0,
            pod=pod["metadata"]["name"],
            container="contracts",
        )
    world.service("contracts")
    world.series("http_requests_per_second", "1/s", ("7d2h", 3.0), ("0", 3.0), step="1h", service="contracts")
    return world.scenario(
        "rental-contracts-memory",
        "traffic",
        "memory alarm for contracts at 94 percent. Why, and what will happen?",
        Truth(
            "incident",
            ("memory_leak",),
            ("Deployment/rental/contracts",),
            innocent=(load.rollout(),),
            remediation=("restart",),
            targets=("Deployment/rental/contracts",),
            must_not_say=(ROLLBACK_HELPS, "traffic (rose|overload is)", "node (is|was) under memory pressure"),
            evidence=("container_memory_working_set_bytes",),
        ),
        notes="A straight line from each start to the limit in a week, with the same load; nine starts in seventy days. The revision is as old as that.",
    )


@scenario
def one_bad_cable() -> Scenario:
    world = cluster("2026-03-19T15:55:00Z", "trading", "orders-book", "margin", nodes=("blade-1", "blade-2", "blade-3"))
    body = _web("matcher", "trading/matcher:30.1.0")
    load = world.deployment("matcher", body, ages=("27d",), replicas=3, first_revision=88, empty=True)
    for node in ("blade-1", "blade-3"):
        (pod,) = load.pods(1, node=node)
        world.log(pod, chatter("40m", "2s", "15s", "<t> INFO matched <int:10-900> orders"), style="go")
    state = unready(
        "27d",
        'Get "http://<podIP>:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        since="37m",
        count=71,
    )
    (hit,) = load.pods(1, state, node="blade-2")
    world.log(
        hit,
        chatter(
            "37m",
            "2s",
            "9s",
            "<t> WARN book: read tcp <ip>:<int:30000-60000>-><ip>:8080: i/o timeout",
            "<t> WARN margin: write tcp <ip>:<int:30000-60000>-><ip>:8080: write: connection reset by peer",
            "<t> INFO matched <int:1-40> orders after <int:2-6> retries",
        ),
        style="go",
    )
    for node, quiet, now in (("blade-1", 0.001, 0.001), ("blade-2", 0.001, 0.17), ("blade-3", 0.001, 0.001)):
        marks = (("4h", quiet), ("39m", quiet), ("37m", now), ("0", now))
        world.series("node_network_receive_errors_ratio", "ratio", *marks, node=node)
        world.series("node_tcp_retransmits_ratio", "ratio", *marks, node=node)
    world.service("matcher")
    return world.scenario(
        "trading-matcher-one-node",
        "traffic",
        "only one of three matcher pods flaps, it has time-outs to everything",
        Truth(
            "incident",
            ("network_degraded",),
            ("Node/blade-2", "Deployment/trading/matcher", f"Pod/trading/{hit['metadata']['name']}"),
            innocent=(load.rollout(),),
            remediation=("none", "delete-pod"),
            targets=(f"Pod/trading/{hit['metadata']['name']}",),
            must_not_say=(ROLLBACK_HELPS, "(margin|orders-book) (is|was) (down|crashing)"),
            evidence=("node_tcp_retransmits_ratio",),
        ),
        notes="One node loses a sixth of its packets; the two other pods of the same revision are well.",
    )


@scenario
def sidecar_without_request() -> Scenario:
    world = cluster("2026-12-11T17:28:00Z", "toys", "wishlists", "elves")
    main = container(
        "store",
        f"{REGISTRY}/toys/store:8.8.0",
        port=8080,
        cpu=("250m", "1"),
        readinessProbe=http_probe("/ready", "http"),
    )
    before = template(main)
    after = template(main, container("log-shipper", f"{REGISTRY}/base/log-shipper:2.1.0", cpu=None, memory="32Mi"))
    load = world.deployment("store", before, after, ages=("22d", "53m"), replicas=3, first_revision=51)
    pods = [each["metadata"]["name"] for each in load.made]
    cannot = f"failed to get cpu utilization: missing request for cpu in container log-shipper of Pod {pods[0]}"
    hpa = world.autoscaler(
        "store",
        least=3,
        most=20,
        current=3,
        cpu=None,
        since="50m",
        last_scaled="5h",
        conditions=[
            (
                "AbleToScale",
                "True",
                "SucceededGetScale",
                "the HPA controller was able to get the target's current scale",
            ),
            (
                "ScalingActive",
                "False",
                "FailedGetResourceMetric",
                f"the HPA was unable to compute the replica count: {cannot}",
            ),
        ],
    )
    source = "horizontal-pod-autoscaler"
    world.event(hpa, "FailedGetResourceMetric", cannot, last="9s", first="50m", count=198, source=source)
    invalid = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {cannot}"
    world.event(hpa, "FailedComputeMetricsReplicas", invalid, last="9s", first="50m", count=198, source=source)
    for name in pods:
        world.series(
            "container_cpu_usage_cores", "cores", ("50m", 0.4), ("0", 0.97), noise=0.01, pod=name, container="store"
        )
    world.service("store")
    world.series("http_requests_per_second", "1/s", ("3h", 90.0), ("50m", 140.0), ("0", 310.0), service="store")
    world.series("http_request_duration_seconds_p95", "s", ("3h", 0.1), ("30m", 0.13), ("0", 1.7), service="store")
    world.change(
        "PR-1212",
        "pull_request",
        "55m",
        "store: ship logs with a sidecar",
        repo="example/toys-deploy",
        author="y.tanaka",
        files=["store/deployment.yaml"],
        services=["store"],
        diff="+        - name: log-shipper\n+          image: base/log-shipper:2.1.0",
        deployed_by="sync 16:35",
    )
    return world.scenario(
        "toys-store-friday",
        "traffic",
        "load rises and store stays at three pods, why?",
        Truth(
            "incident",
            ("hpa_cannot_scale", "bad_rollout_config"),
            ("HorizontalPodAutoscaler/toys/store", "Deployment/toys/store"),
            culprit=load.rollout(),
            culprits=("PR-1212",),
            remediation=("rollback", "scale"),
            targets=("Deployment/toys/store",),
            must_not_say=(RESTART_HELPS, "metrics.server is (down|missing)"),
            evidence=("missing request for cpu in container log-shipper",),
        ),
        notes="With a container that requests no CPU the utilisation of the pod is undefined; the sidecar came with the last rollout.",
    )


@scenario
def nobody_counts() -> Scenario:
    world = cluster("2026-07-01T05:58:00Z", "transit", "stops", "alarms-api")
    load = world.deployment(
        "arrivals", _web("arrivals", "transit/arrivals:5.0.5", cpu=("200m", "1")), ages=("44d",), replicas=2
    )
    cannot = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
        "metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)"
    )
    hpa = world.autoscaler(
        "arrivals",
        least=2,
        most=12,
        current=2,
        cpu=None,
        since="34m",
        conditions=[
            (
                "AbleToScale",
                "True",
                "SucceededGetScale",
                "the HPA controller was able to get the target's current scale",
            ),
            (
                "ScalingActive",
                "False",
                "FailedGetResourceMetric",
                f"the HPA was unable to compute the replica count: {cannot}",
            ),
        ],
    )
    world.event(
        hpa, "FailedGetResourceMetric", cannot, last="11s", first="34m", count=132, source="horizontal-pod-autoscaler"
    )
    body = template(
        container(
            "metrics-server",
            "registry.k8s.io/metrics-server/metrics-server:v0.7.2",
            port=(("https", 10250),),
            memory="200Mi",
            readinessProbe=http_probe("/readyz", "https", scheme="HTTPS"),
        )
    )
    server = world.deployment(
        "metrics-server", body, ages=("75d",), replicas=1, namespace="kube-system", empty=True, unavailable_since="35m"
    )
    (pod,) = server.pods(1, unready("75d", "HTTP probe failed with statuscode: 500", since="36m", count=216))
    world.log(
        pod,
        chatter(
            "36m",
            "5s",
            "15s",
            'E<t>       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://192.168.16.12:10250/metrics/resource\\": tls: failed to verify certificate: x509: certificate signed by unknown authority" node="node-2"',
        ),
        style="klog",
    )
    world.service("metrics-server", 443, "https", namespace="kube-system")
    world.service("arrivals")
    return world.scenario(
        "transit-arrivals-dawn",
        "traffic",
        "the HPA of arrivals shows <unknown>/70%",
        Truth(
            "incident",
            ("hpa_cannot_scale", "app_config_error"),
            (
                "HorizontalPodAutoscaler/transit/arrivals",
                "Deployment/kube-system/metrics-server",
                "Deployment/transit/arrivals",
            ),
            innocent=(load.rollout(), server.rollout()),
            must_not_say=(ROLLBACK_HELPS, RESTART_HELPS, "missing request for cpu"),
            evidence=("unable to fetch metrics from resource metrics API",),
        ),
        notes="The metrics server is not ready, as it trusts none of the kubelets' new certificates; the autoscaler has no numbers.",
    )
