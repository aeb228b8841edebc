"""What releases, configuration and hands do to workloads: bad values, stuck rollouts, pods that differ, nothing left running."""

from tests.scenarios.kit import (
    REGISTRY,
    ROLLBACK_HELPS,
    Cluster,
    Ended,
    Scenario,
    Truth,
    Workload,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    http_probe,
    running,
    scenario,
    template,
    unschedulable,
)


def scaled(world: Cluster, load: Workload, words: str, ago: str) -> None:
    """The event that the deployment controller writes when it scales a ReplicaSet."""
    world.event(load.object, "ScalingReplicaSet", words, last=ago, kind="Normal", source="deployment-controller")


@scenario
def streams_command() -> Scenario:
    world = cluster("2026-01-13T15:41:00Z", "video", "captions", "entitlement")
    before = template(
        container(
            "packager",
            f"{REGISTRY}/video/packager:17.2.0",
            port=8080,
            command=["/app/bin/server", "--config", "/app/etc/packager.toml"],
            cpu=("1", "2"),
            memory=("512Mi", "1Gi"),
        )
    )
    after = changed(before, command=["/app/bin/sever", "--config", "/app/etc/packager.toml"])
    packager = world.deployment(
        "packager", before, after, ages=("27d", "19m"), replicas=3, first_revision=40, empty=True
    )
    packager.pods(3, revision=0)
    message = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
        'container process: error during container init: exec: "/app/bin/sever": stat /app/bin/sever: no such file or directory: unknown'
    )
    packager.pods(1, crash_loop("19m", 8, Ended(128, "2m", "0s", "StartError", message)))
    world.service("packager", 80, "http")
    scaled(world, packager, f"Scaled up replica set {packager.revisions[1]['metadata']['name']} from 0 to 1", "19m")
    return world.scenario(
        "video-packager-no-logs",
        "releases",
        "packager crash loops and there are no logs at all",
        Truth(
            "incident",
            ("bad_rollout_config",),
            ("Deployment/video/packager",),
            culprit=packager.rollout(),
            remediation=("rollback",),
            targets=("Deployment/video/packager",),
            must_not_say=("was OOMKilled", "image (or tag )?does not exist", "packager is (completely )?down"),
            evidence=("stat /app/bin/sever: no such file or directory",),
        ),
        notes="A letter is missing in the command. The container never starts, so there is no log; the runtime's message says it.",
    )


@scenario
def matching_huge_request() -> Scenario:
    world = cluster("2026-02-03T09:16:00Z", "dating", "profiles", "likes")
    before = template(
        container(
            "matching", f"{REGISTRY}/dating/matching:3.7.7", port=8080, cpu=("500m", "1"), memory=("640Mi", "1Gi")
        )
    )
    after = changed(
        before,
        image=f"{REGISTRY}/dating/matching:3.8.0",
        resources={"limits": {"cpu": "1", "memory": "64Gi"}, "requests": {"cpu": "500m", "memory": "64Gi"}},
    )
    matching = world.deployment(
        "matching", before, after, ages=("14d", "26m"), replicas=4, first_revision=23, empty=True
    )
    matching.pods(3, revision=0)
    matching.pods(
        2,
        unschedulable(
            "26m",
            "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        ),
    )
    world.service("matching", 80, "http")
    world.change(
        "PR-154",
        "pull_request",
        "32m",
        "matching: more memory",
        repo="example/dating-deploy",
        author="j.moreno",
        files=["matching/values.yaml"],
        services=["matching"],
        diff="-    memory: 640Mi\n+    memory: 64Gi",
        deployed_by="matching 3.8.0",
    )
    world.change(
        "PR-150",
        "pull_request",
        "4d",
        "likes: batch writes",
        repo="example/likes",
        author="j.moreno",
        files=["store/write.kt"],
        services=["likes"],
        deployed_by="likes 2.8.1",
    )
    return world.scenario(
        "dating-matching-pending",
        "releases",
        "matching pods pending. do we need more nodes?",
        Truth(
            "incident",
            ("bad_rollout_config", "insufficient_resources"),
            ("Deployment/dating/matching",),
            culprit=matching.rollout(),
            culprits=("PR-154",),
            innocent=("PR-150",),
            remediation=("rollback",),
            targets=("Deployment/dating/matching",),
            must_not_say=(
                "add(ing)? (more )?nodes (would|will|should) (help|fix)",
                "scaling (up|out) the cluster (would|will|should) (help|fix)",
                "taint (is|was) the cause",
            ),
            evidence=("3 Insufficient memory", "64Gi"),
        ),
        notes="64Gi was meant to be 640Mi or so; no node has that much in all. More nodes of this make would not help.",
    )


@scenario
def cart_promotions() -> Scenario:
    world = cluster("2026-11-27T18:21:00Z", "checkout", "stock", "shipping")
    rules = '{\n  "campaigns": [\n    {"id": "bf26", "discount": 0.2, "tiers": null}\n  ]\n}\n'
    world.config_map("promotions", {"promotions.json": rules}, age="400d")
    body = template(
        container(
            "cart",
            f"{REGISTRY}/checkout/cart:31.0.2",
            port=3000,
            mounts={"promotions": "/etc/promotions:ro"},
            readinessProbe=http_probe("/up", "http"),
        ),
        volumes={"promotions": {"configMap": {"name": "promotions"}}},
    )
    older = changed(body, image=f"{REGISTRY}/checkout/cart:31.0.1")
    cart = world.deployment("cart", older, body, ages=("12d", "6d"), replicas=3, first_revision=112, empty=True)
    for pod in cart.pods(3):
        world.log(
            pod,
            chatter("40m", "24m", "20s", '{"level":"info","time":"<t>","msg":"POST /cart/items 200","ms":<int:8-40>}')
            + '-23m40s|{"level":"info","time":"<t>","msg":"promotions reloaded","path":"/etc/promotions/promotions.json","campaigns":1}\n'
            + chatter(
                "23m30s",
                "3s",
                "12s",
                '{"level":"error","time":"<t>","msg":"POST /cart/checkout 500","err":"TypeError: Cannot read properties of null (reading \'find\')","at":"tierFor (dist/promotions.js:58)"}',
                '{"level":"info","time":"<t>","msg":"GET /cart 200","ms":<int:4-20>}',
                '{"level":"info","time":"<t>","msg":"GET /up 200","ms":1}',
            ),
        )
    world.service("cart", 80, "http")
    world.series(
        "http_server_errors_ratio", "ratio", ("3h", 0.001), ("24m", 0.001), ("22m", 0.31), ("0", 0.33), service="cart"
    )
    world.series("http_server_errors_ratio", "ratio", ("3h", 0.002), ("0", 0.002), service="stock")
    world.change(
        "cfg-7781",
        "config",
        "25m",
        "promotions: Black Friday campaign",
        repo="example/promotions",
        author="marketing-bot",
        files=["promotions.json"],
        services=["cart"],
        diff='+    {"id": "bf26", "discount": 0.2, "tiers": null}',
        deployed_by="config sync 17:56",
    )
    world.change(
        "PR-901",
        "pull_request",
        "6d1h",
        "cart 31.0.2: upgrade node",
        repo="example/cart",
        author="d.nguyen",
        files=["Dockerfile"],
        services=["cart"],
        deployed_by="cart 31.0.2",
    )
    world.change(
        "PR-915",
        "pull_request",
        "9m",
        "cart: tiers may be null",
        repo="example/cart",
        author="d.nguyen",
        files=["src/promotions.ts"],
        services=["cart"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "checkout-black-friday",
        "releases",
        "Checkout fails for a third of customers. Pods are all green?!",
        Truth(
            "incident",
            ("config_change_regression", "app_config_error"),
            ("Deployment/checkout/cart", "ConfigMap/checkout/promotions"),
            culprit="cfg-7781",
            innocent=("PR-901", "PR-915", cart.rollout()),
            remediation=("none", "rollback"),
            targets=("ConfigMap/checkout/promotions",),
            must_not_say=(
                ROLLBACK_HELPS,
                r"roll back .?Deployment/checkout/cart",
                "stock (is|was) the cause",
            ),
            evidence=("Cannot read properties of null", "promotions reloaded"),
        ),
        notes="The file is reloaded while running: no new pod, no event. Errors begin a minute after the change of the ConfigMap; "
        "the fix in the code is merged, after the onset.",
    )


@scenario
def api_limits_lowered() -> Scenario:
    world = cluster("2026-10-21T13:13:00Z", "partner", "catalog", "orders-in")
    world.config_map(
        "limits", {"limits.yaml": "default:\n  requests_per_second: 5\n  burst: 10\npartners: {}\n"}, age="330d"
    )
    body = template(
        container(
            "api-gateway",
            f"{REGISTRY}/partner/gateway:8.14.0",
            port=8080,
            mounts={"limits": "/etc/limits:ro"},
            readinessProbe=http_probe("/-/ready", "http"),
        ),
        volumes={"limits": {"configMap": {"name": "limits"}}},
    )
    gateway = world.deployment("api-gateway", body, ages=("73d",), replicas=3, first_revision=29, empty=True)
    for pod in gateway.pods(3):
        world.log(
            pod,
            '-51m|level=info ts=<t> msg="limits loaded" file=/etc/limits/limits.yaml default_rps=5\n'
            + chatter(
                "30m",
                "2s",
                "3s",
                'level=warn ts=<t> msg="request rejected" status=429 partner=p-<int:100-160> reason="rate limit default exceeded"',
                "level=info ts=<t> msg=request status=200 partner=p-<int:100-160> upstream=catalog dur=<int:4-30>ms",
                'level=warn ts=<t> msg="request rejected" status=429 partner=p-<int:100-160> reason="rate limit default exceeded"',
            ),
        )
    world.service("api-gateway", 80, "http")
    world.series(
        "http_requests_rejected_per_second",
        "1/s",
        ("4h", 0.4),
        ("52m", 0.3),
        ("50m", 68),
        ("0", 74),
        service="api-gateway",
    )
    world.series("http_requests_per_second", "1/s", ("4h", 140), ("0", 141), service="api-gateway", noise=0.05)
    world.change(
        "cfg-limits-77",
        "config",
        "53m",
        "limits: per-second default as in staging",
        repo="example/partner-config",
        author="l.fischer",
        files=["limits.yaml"],
        services=["api-gateway"],
        diff="-  requests_per_second: 200\n-  burst: 400\n+  requests_per_second: 5\n+  burst: 10",
        deployed_by="config sync 12:21",
    )
    world.change(
        "PR-66",
        "pull_request",
        "49m",
        "orders-in: idempotency keys",
        repo="example/orders-in",
        author="l.fischer",
        files=["handler.go"],
        services=["orders-in"],
        deployed_by="orders-in 2.5.1",
    )
    return world.scenario(
        "partner-limits-noon",
        "releases",
        "Partners report 429 since about noon. Is it an attack?",
        Truth(
            "incident",
            ("config_change_regression", "app_config_error"),
            ("Deployment/partner/api-gateway", "ConfigMap/partner/limits"),
            culprit="cfg-limits-77",
            innocent=("PR-66", gateway.rollout()),
            remediation=("none", "rollback"),
            targets=("ConfigMap/partner/limits",),
            must_not_say=(
                "traffic (has )?(grown|spiked|increased)",
                "scaling (it )?(up|out) (would|will|should) (help|fix)",
                "under attack",
            ),
            evidence=("rate limit default exceeded",),
        ),
        notes="The rate of requests is flat; only the rejections jumped, right after the limits changed. A release three minutes "
        "later is another service.",
    )


@scenario
def loyalty_paused() -> Scenario:
    world = cluster("2026-08-20T16:50:00Z", "loyalty", "points", "vouchers")
    before = template(
        container(
            "members", f"{REGISTRY}/loyalty/members:9.9.1", port=8080, readinessProbe=http_probe("/ready", "http")
        )
    )
    after = changed(before, image=f"{REGISTRY}/loyalty/members:9.10.0")
    members = world.deployment(
        "members", before, after, ages=("22d", "5h12m"), replicas=6, first_revision=50, empty=True, paused=True
    )
    members.pods(4, revision=0)
    for pod in members.pods(2, running("5h10m")):
        world.log(
            pod,
            chatter("9m", "1s", "14s", "<t> INFO members - loaded member <int:10000-99999> v2 profile"),
            style="python",
        )
    world.service("members", 80, "http")
    world.change(
        "PR-2100",
        "pull_request",
        "5h40m",
        "members 9.10.0",
        repo="example/members",
        author="x.li",
        files=["CHANGELOG.md"],
        services=["members"],
        deployed_by="members 9.10.0, started 11:38",
    )
    return world.scenario(
        "loyalty-two-versions",
        "releases",
        "some members see the new profile page, others not, since this morning. rollout never finished?",
        Truth(
            "incident",
            ("rollout_stuck",),
            ("Deployment/loyalty/members",),
            innocent=("PR-2100",),
            must_not_say=(
                "new (pods|version) (is|are) (failing|crashing)",
                "insufficient (cpu|memory)",
                "exceeded quota",
            ),
            evidence=("paused",),
        ),
        notes="Somebody paused the rollout after two pods and forgot it. Both versions are well; nothing times out while paused.",
    )


@scenario
def queue_stuck_member() -> Scenario:
    world = cluster("2026-03-31T10:40:00Z", "events", "ingest", "replay")
    env = {"CLUSTER_SIZE": "3"}
    good = template(
        container(
            "nats",
            f"{REGISTRY}/base/nats:2.10.22",
            port=[("client", 4222), ("http", 8222)],
            args=["-c", "/etc/nats/nats.conf"],
            env=env,
            readinessProbe=http_probe("/healthz", 8222),
        )
    )
    middle = changed(good, args=["-c", "/etc/nats/nats.conf", "--jetstrem"])
    newest = changed(good, image=f"{REGISTRY}/base/nats:2.10.24")
    nats = world.statefulset("nats", good, middle, newest, ages=("150d", "2h5m", "1h20m"), replicas=3, empty=True)
    nats.pods(2, running("88d"), revision=0)
    (pod,) = nats.pods(1, crash_loop("2h4m", 28, Ended(1, "4m", "0s")), revision=1)
    world.log(pod, "nats-server: flag provided but not defined: -jetstrem", previous=True)
    world.service("nats", 4222, "client")
    world.service("nats-headless", 4222, "client", selector={"app": "nats"}, headless=True)
    world.change(
        "PR-41",
        "pull_request",
        "2h9m",
        "nats: turn on jetstream",
        repo="example/events-deploy",
        author="m.silva",
        files=["nats/statefulset.yaml"],
        services=["nats"],
        diff="+        - --jetstrem",
        deployed_by="sync 08:35",
    )
    world.change(
        "PR-42",
        "pull_request",
        "1h22m",
        "nats: take the flag out again, 2.10.24",
        repo="example/events-deploy",
        author="m.silva",
        files=["nats/statefulset.yaml"],
        services=["nats"],
        diff="-        - --jetstrem",
        deployed_by="sync 09:20",
    )
    return world.scenario(
        "events-nats-fixed-not-fixed",
        "releases",
        "we fixed the typo in nats over an hour ago but nats-2 still crashes with it. why?",
        Truth(
            "incident",
            ("rollout_stuck", "bad_rollout_config", "pod_drift"),
            ("StatefulSet/events/nats", "Pod/events/nats-2"),
            culprit=nats.rollout(1),
            culprits=("PR-41",),
            innocent=("PR-42", nats.rollout(2)),
            remediation=("delete-pod",),
            targets=("Pod/events/nats-2",),
            must_not_say=(ROLLBACK_HELPS, "nats-0 is (down|failing)", "out of memory"),
            evidence=("flag provided but not defined: -jetstrem",),
        ),
        notes="With OrderedReady a StatefulSet waits for the broken pod to become ready before it replaces it: known, and only "
        "deleting that pod helps. The template is right by now.",
    )


@scenario
def prices_one_pod_edited() -> Scenario:
    world = cluster("2026-05-12T11:55:00Z", "retail", "labels", "stores")
    body = template(
        container("prices", f"{REGISTRY}/retail/prices:2.40.0", port=8080, readinessProbe=http_probe("/ready", "http"))
    )
    prices = world.deployment("prices", body, ages=("17d",), replicas=4, first_revision=36, empty=True)
    prices.pods(3)
    (odd,) = prices.pods(1, running("17d", restarts=1, last=Ended(143, "2h31m", "16d21h", "Error")))
    image = f"{REGISTRY}/retail/prices:2.41.0-debug.3"
    odd["spec"]["containers"][0]["image"] = image
    odd["status"]["containerStatuses"][0] |= {
        "image": image,
        "imageID": f"{REGISTRY}/retail/prices@sha256:{world.digest(image)}",
    }
    world.log(
        odd,
        chatter(
            "20m",
            "1s",
            "9s",
            "<t> DEBUG prices - rounding mode HALF_DOWN <hex:6>",
            "<t> INFO prices - GET /prices/<int:1000-9999> 200",
            "<t> ERROR prices - GET /prices/<int:1000-9999> 500 decimal: unexpected scale 4 in 12.<int:1000-9999>",
        ),
        style="python",
    )
    world.log(
        prices.made[0], chatter("20m", "1s", "9s", "<t> INFO prices - GET /prices/<int:1000-9999> 200"), style="python"
    )
    world.service("prices", 80, "http")
    world.series(
        "http_server_errors_ratio",
        "ratio",
        ("6h", 0),
        ("2h31m", 0),
        ("2h29m", 0.08),
        ("0", 0.083),
        service="prices",
        noise=0.1,
    )
    return world.scenario(
        "retail-prices-one-in-twelve",
        "releases",
        "about every twelfth price request is a 500 since 9:25. nothing was deployed",
        Truth(
            "incident",
            ("pod_drift",),
            ("Deployment/retail/prices", f"Pod/retail/{odd['metadata']['name']}"),
            innocent=(prices.rollout(),),
            remediation=("delete-pod",),
            targets=(f"Pod/retail/{odd['metadata']['name']}",),
            must_not_say=(ROLLBACK_HELPS, "all (four )?pods (are|run) (the same|well|healthy)"),
            evidence=("2.41.0-debug.3",),
        ),
        notes="Somebody set another image on one pod by hand; the container was restarted in place with it. The template is as ever.",
    )


@scenario
def desk_pod_without_label() -> Scenario:
    world = cluster("2026-06-24T08:34:00Z", "servicedesk", "sla", "inbox", nodes=("sd-1", "sd-2", "sd-3"))
    body = template(
        container(
            "desk",
            f"{REGISTRY}/desk/web:14.1.0",
            port=8080,
            cpu=("250m", "500m"),
            readinessProbe=http_probe("/ready", "http"),
        ),
        labels={"exposed": "yes"},
    )
    desk = world.deployment("desk", body, ages=("33d",), replicas=2, first_revision=17, empty=True)
    (kept,) = desk.pods(1)
    (odd,) = desk.pods(1)
    del odd["metadata"]["labels"]["exposed"]
    odd["metadata"]["labels"]["debug"] = "tcpdump"
    world.log(odd, chatter("50m", "10s", "30s", "<t> [info] GET /ready 200"), style="iso")
    world.log(
        kept,
        chatter(
            "15m",
            "1s",
            "2s",
            "<t> [info] GET /tickets/<int:1000-9999> 200 <int:400-1900>ms",
            "<t> [warn] worker pool busy, <int:20-90> waiting",
        ),
        style="iso",
    )
    world.service("desk", 80, "http", selector={"app": "desk", "exposed": "yes"})
    for pod, high in ((kept, 0.49), (odd, 0.01)):
        world.series(
            "container_cpu_usage_cores",
            "cores",
            ("20h", 0.22),
            ("16h", 0.22),
            ("15h50m", high),
            ("0", high),
            step="20m",
            pod=pod["metadata"]["name"],
            container="desk",
        )
    return world.scenario(
        "servicedesk-slow-since-yesterday",
        "releases",
        "service desk is slow since yesterday afternoon, it has two pods but one seems idle",
        Truth(
            "incident",
            ("pod_drift", "service_selector_mismatch"),
            (f"Pod/servicedesk/{odd['metadata']['name']}", "Deployment/servicedesk/desk", "Service/servicedesk/desk"),
            innocent=(desk.rollout(),),
            remediation=("delete-pod",),
            targets=(f"Pod/servicedesk/{odd['metadata']['name']}",),
            must_not_say=(
                "scaling (it )?(up|out) (would|will|should) (help|fix)",
                ROLLBACK_HELPS,
                "selector (of the Service )?(is|was) (wrong|changed)",
            ),
            evidence=("exposed",),
        ),
        notes="One pod lost a label by hand and with it its place behind the Service. Both are ready; the other carries all the load.",
    )


@scenario
def gifts_scaled_down() -> Scenario:
    world = cluster("2026-12-08T14:48:00Z", "gifts", "wishlist", "packing")
    body = template(
        container("cards", f"{REGISTRY}/gifts/cards:1.3.9", port=8080, readinessProbe=http_probe("/ready", "http"))
    )
    cards = world.deployment("cards", body, ages=("25d",), replicas=0, first_revision=4, empty=True)
    front = world.deployment(
        "storefront",
        template(container("storefront", f"{REGISTRY}/gifts/storefront:6.0.0", port=3000)),
        ages=("5d",),
        replicas=2,
        first_revision=77,
        empty=True,
    )
    for pod in front.pods(2):
        world.log(
            pod,
            chatter("40m", "33m", "20s", "<t> info GET /cards 200")
            + chatter(
                "32m",
                "2s",
                "11s",
                "<t> error GET /cards 502 connect ECONNREFUSED cards.gifts.svc:80",
                "<t> info GET / 200",
                "<t> info GET /wishlist 200",
            ),
        )
    world.service("cards", 80, "http")
    world.service("storefront", 80, "http")
    scaled(world, cards, f"Scaled down replica set {cards.revisions[0]['metadata']['name']} from 3 to 0", "32m")
    world.event(
        cards.revisions[0],
        "SuccessfulDelete",
        f"Deleted pod: {cards.revisions[0]['metadata']['name']}-x7lq2",
        last="32m",
        kind="Normal",
        source="replicaset-controller",
    )
    world.change(
        "ops-5512",
        "scaling",
        "32m",
        "kubectl scale deployment cards --replicas=0 (meant for namespace gifts-test)",
        author="e.walsh",
        services=["cards"],
        deployed_by="e.walsh",
    )
    world.change(
        "PR-330",
        "pull_request",
        "5d1h",
        "storefront 6.0.0",
        repo="example/storefront",
        author="a.costa",
        files=["package.json"],
        services=["storefront"],
        deployed_by="storefront 6.0.0",
    )
    return world.scenario(
        "gifts-cards-gone",
        "releases",
        "storefront shows 502 on gift cards",
        Truth(
            "incident",
            ("scaled_to_zero",),
            ("Deployment/gifts/cards",),
            culprit="ops-5512",
            innocent=("PR-330", front.rollout()),
            remediation=("scale",),
            targets=("Deployment/gifts/cards",),
            must_not_say=(
                ROLLBACK_HELPS,
                r"roll back .?Deployment/gifts/storefront",
                "storefront (is|was) the cause",
                "network policy (blocks|is the cause)",
            ),
            evidence=("from 3 to 0",),
        ),
        notes="Wrong namespace in the shell. The Service has no endpoints, the caller only sees connections refused.",
    )


@scenario
def forecasts_not_woken() -> Scenario:
    world = cluster("2026-01-19T07:42:00Z", "planning", "calendar", "holidays")
    note = {
        "downscaler.example.com/original-replicas": "4",
        "downscaler.example.com/uptime": "Mon-Fri 06:00-20:00 Europe/Berlin",
    }
    body = template(
        container(
            "forecast",
            f"{REGISTRY}/planning/forecast:12.2.1",
            port=8080,
            cpu=("500m", "1"),
            readinessProbe=http_probe("/ready", "http"),
        )
    )
    forecast = world.deployment(
        "forecast", body, ages=("30d",), replicas=0, first_revision=9, empty=True, annotations=note
    )
    sleeper = world.deployment(
        "downscaler",
        template(container("downscaler", f"{REGISTRY}/base/downscaler:23.2.0", args=["--interval=60"])),
        ages=("60d",),
        replicas=1,
        first_revision=2,
        empty=True,
    )
    (pod,) = sleeper.pods(1)
    world.log(
        pod,
        "-60h42m|<t> INFO: Scaling down Deployment planning/forecast from 4 to 0 replicas (uptime: Mon-Fri 06:00-20:00 Europe/Berlin, downtime: never)\n"
        + chatter(
            "2h30m", "1m", "10m", "<t> INFO: Deployment planning/forecast is excluded until 2026-01-20, skipping"
        ),
        style="python",
    )
    world.service("forecast", 80, "http")
    world.change(
        "PR-17",
        "pull_request",
        "2d15h",
        "Leave forecast alone over the weekend (exclude-until 2026-01-20)",
        repo="example/downscaler-config",
        author="t.huber",
        files=["planning.yaml"],
        services=["downscaler", "forecast"],
        diff="+  exclude-until: 2026-01-20",
        deployed_by="Friday 18:30",
    )
    return world.scenario(
        "planning-monday-morning",
        "releases",
        "Monday morning and forecast has no pods?",
        Truth(
            "incident",
            ("scaled_to_zero",),
            ("Deployment/planning/forecast",),
            culprit="PR-17",
            innocent=(forecast.rollout(), sleeper.rollout()),
            remediation=("scale", "none"),
            targets=("Deployment/planning/forecast",),
            must_not_say=(
                "pods? (have|has) crashed",
                "insufficient (cpu|memory)",
                ROLLBACK_HELPS,
            ),
            evidence=("excluded until 2026-01-20",),
        ),
        notes="The sleeper put it to bed on Friday night, and a setting made then keeps it from waking it. Events are long gone.",
    )
