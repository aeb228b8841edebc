"""Processes that meet their memory limit: at once, under a big job, or slowly."""

from tests.scenarios.kit import (
    REGISTRY,
    ROLLBACK_HELPS,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    http_probe,
    running,
    scenario,
    template,
)

MI = 1024.0 * 1024


@scenario
def quotes_with_less_memory() -> Scenario:
    world = cluster("2026-03-02T16:12:00Z", "insurance", "policies", "claims")
    before = template(
        container(
            "quotes",
            f"{REGISTRY}/insurance/quotes:7.3.1",
            port=8080,
            cpu=("500m", "2"),
            memory=("1Gi", "1Gi"),
            env={"JAVA_OPTS": "-Xms512m -Xmx768m"},
            readinessProbe=http_probe("/health", "http", initialDelaySeconds=5),
        )
    )
    after = changed(
        before, resources={"limits": {"cpu": "2", "memory": "512Mi"}, "requests": {"cpu": "500m", "memory": "512Mi"}}
    )
    quotes = world.deployment(
        "quotes", before, after, ages=("9d", "38m"), first_revision=21, replicas=3, empty=True, unavailable_since="36m"
    )
    ends = (
        Ended(137, "55s", "31s", "OOMKilled"),
        Ended(137, "2m20s", "28s", "OOMKilled"),
        Ended(137, "3m58s", "33s", "OOMKilled"),
    )
    for end in ends:
        (pod,) = quotes.pods(1, crash_loop("38m", 10, end))
        world.log(
            pod,
            """
-1m26s|<t>  INFO [main] c.e.insurance.quotes.Application - Starting Application using Java 17.0.13
-1m21s|<t>  INFO [main] c.e.insurance.quotes.Application - Started Application in 5.104 seconds (process running for 5.9)
-1m20s|<t>  INFO [tariffs-1] c.e.insurance.quotes.tariffs.TariffCache - Loading tariff tables (2026-Q1)
-1m9s|<t>  INFO [tariffs-1] c.e.insurance.quotes.tariffs.TariffCache - 214000 of 391000 rows loaded
-58s|<t>  INFO [tariffs-1] c.e.insurance.quotes.tariffs.TariffCache - 338000 of 391000 rows loaded
""",
            style="java",
            previous=True,
        )
    world.service("quotes")
    world.change(
        "PR-452",
        "pull_request",
        "58m",
        "Right-size memory of insurance services",
        repo="example/platform-values",
        author="r.castillo",
        files=["insurance/quotes.yaml", "insurance/claims.yaml"],
        services=["quotes", "claims"],
        diff="-      memory: 1Gi\n+      memory: 512Mi",
        deployed_by="sync 15:33",
    )
    world.change(
        "PR-455",
        "pull_request",
        "20m",
        "Refresh tariff tables nightly",
        repo="example/quotes",
        author="s.weber",
        files=["tariffs/job.yaml"],
        services=["quotes"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "insurance-quotes-resized",
        "memory",
        "quotes is down since half an hour!",
        Truth(
            "incident",
            ("oom_killed",),
            ("Deployment/insurance/quotes",),
            culprit=quotes.rollout(),
            culprits=("PR-452",),
            innocent=("PR-455",),
            remediation=("rollback",),
            targets=("Deployment/insurance/quotes",),
            must_not_say=("memory leak (is|as) the cause", "claims (is|are) down"),
            evidence=("OOMKilled",),
        ),
        notes="The heap is allowed 768 MiB, the container only 512 since the rollout. No Java error: the kernel kills it.",
    )


@scenario
def exports_big_customer() -> Scenario:
    world = cluster("2026-10-08T06:40:00Z", "reporting", "dashboards", "mailer")
    body = template(
        container(
            "exporter",
            f"{REGISTRY}/reporting/exporter:2.8.5",
            cpu=("250m", "1"),
            memory=("256Mi", "512Mi"),
            env={"EXPORT_FORMATS": "xlsx,csv", "CELERY_CONCURRENCY": "1"},
        )
    )
    older = changed(body, image=f"{REGISTRY}/reporting/exporter:2.8.4")
    exporter = world.deployment(
        "exporter", older, body, ages=("71d", "23d"), replicas=2, first_revision=18, empty=True, unavailable_since="48s"
    )
    first, second = (
        exporter.pods(1, running("23d", restarts=5, last=Ended(137, "3m10s", "9m", "OOMKilled")))[0],
        exporter.pods(1, crash_loop("23d", 4, Ended(137, "48s", "8m40s", "OOMKilled")))[0],
    )
    before = """
-9m40s|[<t>: INFO/MainProcess] celery@exporter ready.
-9m38s|[<t>: INFO/MainProcess] Task exports.build[3b1c0f0e] received
-9m37s|[<t>: INFO/ForkPoolWorker-1] exports.build: customer=88120 rows=4180332 format=xlsx
-7m|[<t>: INFO/ForkPoolWorker-1] exports.build: 1000000 rows written
-4m|[<t>: INFO/ForkPoolWorker-1] exports.build: 2000000 rows written
-1m10s|[<t>: INFO/ForkPoolWorker-1] exports.build: 2900000 rows written
"""
    for pod in (first, second):
        world.log(pod, before, style="python", previous=True)
        name = pod["metadata"]["name"]
        world.series(
            "container_memory_working_set_bytes",
            "bytes",
            ("6h", 118 * MI),
            ("52m", 121 * MI),
            ("43m", 505 * MI),
            ("42m", 60 * MI),
            ("33m", 508 * MI),
            ("32m", 60 * MI),
            ("10m", 507 * MI),
            ("9m", 64 * MI),
            ("0", 470 * MI),
            pod=name,
            container="exporter",
        )
    world.series(
        "container_spec_memory_limit_bytes", "bytes", ("6h", 512 * MI), ("0", 512 * MI), noise=0, container="exporter"
    )
    return world.scenario(
        "reporting-exports-restart",
        "memory",
        "Customer 88120 says the export never arrives. Anything wrong with exporter?",
        Truth(
            "incident",
            ("oom_killed",),
            ("Deployment/reporting/exporter",),
            innocent=(exporter.rollout(),),
            must_not_say=(ROLLBACK_HELPS, "(is|has) a memory leak"),
            evidence=("OOMKilled", "rows=4180332"),
        ),
        notes="One big job comes back after each kill. Flat for hours, then steep in minutes: no leak. The version is 23 days old; "
        "a restart would only pick up the same task again. What helps is more memory or another way to write.",
    )


@scenario
def sessions_grow() -> Scenario:
    world = cluster("2026-09-15T21:05:00Z", "chat", "presence", "push")
    body = template(
        container(
            "rooms",
            f"{REGISTRY}/chat/rooms:11.4.0",
            port=4000,
            cpu=("200m", "1"),
            memory=("384Mi", "768Mi"),
            env={"NODE_OPTIONS": "--max-old-space-size=1024"},
            readinessProbe=http_probe("/healthz", "http"),
        )
    )
    rooms = world.deployment("rooms", body, ages=("52d",), replicas=3, first_revision=30, empty=True)
    runs = (("1h40m", "19h20m", 57), ("9h", "18h50m", 56), ("17h30m", "19h5m", 57))
    for ago, lasted, restarts in runs:
        (pod,) = rooms.pods(1, running("52d", restarts=restarts, last=Ended(137, ago, lasted, "OOMKilled")))
        world.log(
            pod,
            chatter(
                "25m",
                "5s",
                "47s",
                '{"t":"<t>","lvl":"info","msg":"join","room":"r<int:1000-9999>","listeners":<int:9000-60000>}',
                '{"t":"<t>","lvl":"info","msg":"leave","room":"r<int:1000-9999>"}',
                '{"t":"<t>","lvl":"warn","msg":"MaxListenersExceededWarning: Possible EventEmitter memory leak detected. <int:11-900> leave listeners added to [Room]"}',
            ),
        )
        world.series(
            "container_memory_working_set_bytes",
            "bytes",
            ("47h", 240 * MI),
            ("29h", 740 * MI),
            ("28h55m", 190 * MI),
            (ago, 765 * MI),
            ("0", 190 * MI + 30 * MI * float(ago.partition("h")[0])),
            step="10m",
            pod=pod["metadata"]["name"],
            container="rooms",
        )
    world.series("http_requests_per_second", "1/s", ("47h", 90), ("0", 92), step="30m", noise=0.2, service="rooms")
    world.service("rooms")
    return world.scenario(
        "chat-rooms-every-nineteen-hours",
        "memory",
        "People lose their chat connection about once a day. What is going on with rooms?",
        Truth(
            "incident",
            ("memory_leak", "oom_killed"),
            ("Deployment/chat/rooms",),
            innocent=(rooms.rollout(),),
            remediation=("restart", "none"),
            targets=("Deployment/chat/rooms",),
            must_not_say=(ROLLBACK_HELPS, "all pods are healthy"),
            evidence=("OOMKilled", "Possible EventEmitter memory leak detected"),
        ),
        notes="All pods are ready just now. Memory climbs in a straight line for nineteen hours at even traffic, then the kernel kills.",
    )


@scenario
def feed_since_release() -> Scenario:
    world = cluster("2026-07-21T11:11:00Z", "news", "articles", "comments", nodes=("pool-a-1", "pool-a-2", "pool-b-1"))
    before = template(
        container(
            "feed",
            f"{REGISTRY}/news/feed:1.44.0",
            port=8080,
            cpu=("300m", "1"),
            memory=("200Mi", "400Mi"),
            readinessProbe=http_probe("/readyz", "http"),
        )
    )
    after = changed(before, image=f"{REGISTRY}/news/feed:1.45.0")
    feed = world.deployment("feed", before, after, ages=("40d", "2d3h"), first_revision=61, replicas=2, empty=True)
    for ago, lasted in (("35m", "6h"), ("3h10m", "5h50m")):
        (pod,) = feed.pods(1, running("2d3h", restarts=8, last=Ended(137, ago, lasted, "OOMKilled")))
        world.log(
            pod,
            chatter(
                "12m",
                "2s",
                "19s",
                'level=info ts=<t> caller=poll.go:88 msg="poll done" sources=412 took=<int:800-2400>ms',
                "level=info ts=<t> caller=stats.go:31 msg=runtime goroutines=<int:41000-42000> heap_mb=<int:170-180>",
            ),
        )
        world.log(
            pod,
            chatter(
                f"{int(ago[:-1]) + 3 if 'h' not in ago else 193}m",
                ago,
                "40s",
                "level=info ts=<t> caller=stats.go:31 msg=runtime goroutines=<int:141000-142000> heap_mb=<int:370-380>",
            ),
            previous=True,
        )
        world.series(
            "go_goroutines",
            "",
            ("5d", 210),
            ("2d3h", 214),
            ("45h", 139000),
            ("44h50m", 300),
            ("6h40m", 140800),
            ("6h38m", 260),
            (ago, 141500),
            ("0", 42000),
            step="30m",
            pod=pod["metadata"]["name"],
        )
        world.series(
            "container_memory_working_set_bytes",
            "bytes",
            ("5d", 92 * MI),
            ("2d3h", 95 * MI),
            ("45h", 398 * MI),
            ("44h50m", 90 * MI),
            (ago, 399 * MI),
            ("0", 180 * MI),
            step="30m",
            pod=pod["metadata"]["name"],
            container="feed",
        )
    world.service("feed")
    world.change(
        "v1.45.0",
        "release",
        "2d4h",
        "feed 1.45.0: per-source timeout",
        repo="example/feed",
        author="c.dubois",
        files=["poll/poll.go"],
        services=["feed"],
        diff="+\tgo func() {\n+\t\tresults <- fetch(ctx, source)\n+\t}()",
        deployed_by="pipeline 902",
    )
    world.change(
        "PR-77",
        "pull_request",
        "5h",
        "comments: hide deleted users",
        repo="example/comments",
        author="n.haddad",
        files=["view/comment.go"],
        services=["comments"],
        deployed_by="comments 2.4.1",
    )
    return world.scenario(
        "news-feed-since-sunday",
        "memory",
        "feed pods restarted eight times since Sunday, why?",
        Truth(
            "incident",
            ("memory_leak", "oom_killed"),
            ("Deployment/news/feed",),
            culprit=feed.rollout(),
            culprits=("v1.45.0",),
            innocent=("PR-77",),
            remediation=("rollback", "restart"),
            targets=("Deployment/news/feed",),
            must_not_say=("comments (is|was) the cause", "limit (is|was) lowered"),
            evidence=("OOMKilled", "goroutines="),
        ),
        notes="Goroutines that nobody waits for since the release of two days ago. Before it, memory was flat for weeks.",
    )
