"""Probes that fail because the application is ill, and probes that fail because they are set up wrongly."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    TO_REVISION,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    exec_probe,
    http_probe,
    probed_to_death,
    scenario,
    template,
    unready,
)

TIMEOUT = (
    'Get "http://<podIP>:{port}{path}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
)


@scenario
def pricing_event_loop() -> Scenario:
    world = cluster("2026-04-22T10:10:00Z", "travel", "itineraries", "seats")
    before = template(
        container(
            "pricing",
            f"{REGISTRY}/travel/pricing:12.6.1",
            port=3000,
            cpu=("500m", "1"),
            memory=("256Mi", "512Mi"),
            livenessProbe=http_probe("/livez", "http", timeoutSeconds=2),
            readinessProbe=http_probe("/readyz", "http", timeoutSeconds=2),
        )
    )
    after = changed(before, image=f"{REGISTRY}/travel/pricing:12.7.0")
    pricing = world.deployment(
        "pricing",
        before,
        after,
        ages=("20d", "1h25m"),
        replicas=3,
        first_revision=71,
        empty=True,
        unavailable_since="12m",
    )
    message = TIMEOUT.format(port=3000, path="/livez")
    states = (
        probed_to_death("1h25m", 12, message, Ended(137, "1m5s", "2m40s"), up_for="58s", ready=True),
        probed_to_death("1h25m", 13, message, Ended(137, "2m30s", "3m1s")),
        probed_to_death("1h25m", 12, message, Ended(137, "3m20s", "2m20s")),
    )
    for state in states:
        (pod,) = pricing.pods(1, state)
        world.log(
            pod,
            chatter("6m", "3m", "7s", '{"level":"info","time":"<t>","msg":"priced","legs":<int:1-4>,"ms":<int:20-80>}')
            + '-2m56s|{"level":"info","time":"<t>","msg":"fare combination search","legs":9,"candidates":1846213}\n'
            + '-2m21s|{"level":"warn","time":"<t>","msg":"event loop blocked","blockedMs":34180,"at":"combine (dist/fares/combine.js:212)"}\n'
            + '-2m19s|{"level":"info","time":"<t>","msg":"SIGTERM received, draining"}\n',
            previous=True,
        )
    world.service("pricing", 80, "http")
    world.change(
        "PR-3020",
        "pull_request",
        "1h40m",
        "Search all combinations for multi-city",
        repo="example/pricing",
        author="y.tanaka",
        files=["src/fares/combine.ts"],
        services=["pricing"],
        diff="-  return combine(legs, { limit: 5000 });\n+  return combine(legs);",
        deployed_by="pricing 12.7.0",
    )
    world.change(
        "PR-3016",
        "pull_request",
        "1d4h",
        "seats: new cabin maps",
        repo="example/seats",
        author="v.rossi",
        files=["maps/a320.json"],
        services=["seats"],
        deployed_by="seats 2.8.1",
    )
    return world.scenario(
        "travel-pricing-restarts",
        "probes",
        "Pricing keeps restarting and searches fail",
        Truth(
            "incident",
            ("liveness_probe_failing",),
            ("Deployment/travel/pricing",),
            culprit=pricing.rollout(),
            culprits=("PR-3020",),
            innocent=("PR-3016",),
            remediation=("rollback",),
            targets=("Deployment/travel/pricing",),
            must_not_say=("was OOMKilled", "probe is (mis)?configured wrongly", "network (is|was) the cause"),
            evidence=("event loop blocked", "failed liveness probe"),
        ),
        notes="The kubelet kills it because it does not answer for half a minute; exit 137 comes from the kill, not from memory. "
        "The probe is as it was; the release made one search unbounded.",
    )


@scenario
def broker_journal() -> Scenario:
    world = cluster("2026-11-26T04:44:00Z", "messaging", "gateway", "schema-registry")
    body = template(
        container(
            "broker",
            f"{REGISTRY}/messaging/broker:2.33.0",
            port=[("amqp", 5672), ("http", 8161)],
            memory=("1Gi", "2Gi"),
            mounts={"journal": "/var/lib/broker"},
            livenessProbe=http_probe("/health/live", "http", initialDelaySeconds=30, periodSeconds=15),
        ),
    )
    world.storage_class("fast", "csi.storage.example.com", default=True)
    world.claim("journal-broker-0", "40Gi", storage_class="fast", age="400d")
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "journal"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "40Gi"}},
                "storageClassName": "fast",
                "volumeMode": "Filesystem",
            },
        }
    ]
    broker = world.statefulset("broker", body, ages=("101d",), claims=claims, empty=True)
    (pod,) = broker.pods(
        1,
        probed_to_death(
            "101d", 14, "HTTP probe failed with statuscode: 500", Ended(143, "2m", "1m16s"), up_for="1m55s"
        ),
    )
    text = """
-1m54s|<t> INFO  [main] broker.Server - starting broker 2.33.0
-1m50s|<t> INFO  [main] broker.journal.Journal - replaying 214 segments
-1m37s|<t> ERROR [main] broker.journal.Journal - segment 000000000187.log: CRC mismatch at offset 8388096, journal is read-only
-1m36s|<t> WARN  [main] broker.Server - started with read-only journal, publishing is refused
-1m20s|<t> ERROR [http-1] broker.health.Live - journal not writable
-1m5s|<t> ERROR [http-1] broker.health.Live - journal not writable
-50s|<t> ERROR [http-1] broker.health.Live - journal not writable
"""
    world.log(pod, text, style="java")
    world.log(pod, text, style="java", previous=True)
    world.service("broker", 5672, "amqp")
    world.service("broker-headless", 5672, "amqp", selector={"app": "broker"}, headless=True)
    return world.scenario(
        "messaging-broker-night",
        "probes",
        "broker-0 restarts every two minutes since the power cut in zone b",
        Truth(
            "incident",
            ("liveness_probe_failing",),
            ("StatefulSet/messaging/broker",),
            innocent=(broker.rollout(),),
            must_not_say=(
                "volume is full",
                ROLLBACK_HELPS,
                RESTART_HELPS,
                "was OOMKilled",
            ),
            evidence=("HTTP probe failed with statuscode: 500", "CRC mismatch"),
        ),
        notes="The application says truthfully that it is ill: a segment on the volume is damaged. Each restart finds it again.",
    )


@scenario
def consent_moved_port() -> Scenario:
    world = cluster("2026-02-09T14:26:00Z", "privacy", "cookies")
    before = template(
        container(
            "consent",
            f"{REGISTRY}/privacy/consent:0.44.2",
            port=8080,
            livenessProbe=http_probe("/healthz", 8080, initialDelaySeconds=5),
            readinessProbe=http_probe("/healthz", 8080),
        )
    )
    after = changed(before, livenessProbe=http_probe("/healthz", 8081, initialDelaySeconds=5))
    consent = world.deployment(
        "consent", before, after, ages=("18d", "34m"), replicas=2, first_revision=8, empty=True, unavailable_since="30m"
    )
    message = 'Get "http://<podIP>:8081/healthz": dial tcp <podIP>:8081: connect: connection refused'
    for state in (
        probed_to_death("34m", 14, message, Ended(0, "10s", "30s", "Completed"), up_for="9s", ready=True),
        probed_to_death("34m", 13, message, Ended(0, "1m40s", "31s", "Completed")),
    ):
        (pod,) = consent.pods(1, state)
        world.log(
            pod,
            """
-41s|time=<t> level=INFO msg="consent 0.44.2 starting"
-41s|time=<t> level=INFO msg=listening addr=:8080
-33s|time=<t> level=INFO msg=request method=GET path=/v1/consent status=200 duration=3.1ms
-22s|time=<t> level=INFO msg=request method=PUT path=/v1/consent status=204 duration=8.8ms
-11s|time=<t> level=INFO msg="signal received, shutting down" signal=terminated
-10s|time=<t> level=INFO msg="bye"
""",
            previous=True,
        )
    world.service("consent", 80, "http")
    return world.scenario(
        "privacy-consent-flapping",
        "probes",
        "consent goes up and down all the time, no errors in its log",
        Truth(
            "incident",
            ("liveness_probe_misconfig", "bad_rollout_config"),
            ("Deployment/privacy/consent",),
            culprit=consent.rollout(),
            remediation=("rollback",),
            targets=("Deployment/privacy/consent",),
            must_not_say=(
                "application (is hanging|hangs|crashes)",
                "was OOMKilled",
                "network policy (blocks|is the cause)",
            ),
            evidence=(":8081: connect: connection refused",),
        ),
        notes="Only the port of the liveness probe changed. The application listens on 8080, serves, and ends cleanly when told: exit 0.",
    )


@scenario
def archive_slow_start() -> Scenario:
    world = cluster("2026-10-01T06:18:00Z", "documents", "viewer", "ocr")
    before = template(
        container(
            "archive",
            f"{REGISTRY}/documents/archive:9.0.4",
            port=8080,
            cpu=("1", "2"),
            memory=("2Gi", "3Gi"),
            startupProbe=http_probe("/health", "http", failureThreshold=30),
            livenessProbe=http_probe("/health", "http", periodSeconds=5),
        )
    )
    after = changed(before, livenessProbe=http_probe("/health", "http", initialDelaySeconds=10, periodSeconds=5))
    del after["spec"]["containers"][0]["startupProbe"]
    archive = world.deployment(
        "archive",
        before,
        after,
        ages=("47d", "51m"),
        replicas=1,
        first_revision=26,
        empty=True,
        strategy={"type": "Recreate"},
    )
    message = 'Get "http://<podIP>:8080/health": dial tcp <podIP>:8080: connect: connection refused'
    (pod,) = archive.pods(1, probed_to_death("51m", 15, message, Ended(143, "3m50s", "26s")))
    world.log(
        pod,
        """
-4m16s|<t>  INFO 1 --- [           main] c.e.documents.ArchiveApplication         : Starting ArchiveApplication v9.0.4 using Java 21.0.4 with PID 1
-4m10s|<t>  INFO 1 --- [           main] o.hibernate.Version                      : HHH000412: Hibernate ORM core version 6.6.3.Final
-4m2s|<t>  INFO 1 --- [           main] o.f.core.internal.command.DbValidate     : Successfully validated 812 migrations (execution time 00:04.882s)
-3m56s|<t>  INFO 1 --- [           main] c.e.documents.index.IndexLoader          : Opening 1204 index segments
-3m50s|<t>  INFO 1 --- [ionShutdownHook] c.e.documents.index.IndexLoader          : Interrupted while opening segment 171
""",
        style="java",
        previous=True,
    )
    world.service("archive", 80, "http")
    world.change(
        "PR-2077",
        "pull_request",
        "58m",
        "archive: one probe is enough",
        repo="example/documents-deploy",
        author="z.novak",
        files=["archive/probes.yaml"],
        services=["archive"],
        diff="-        startupProbe:\n-          failureThreshold: 30",
        deployed_by="sync 05:27",
    )
    return world.scenario(
        "documents-archive-since-dawn",
        "probes",
        "archive never becomes ready since 5:27",
        Truth(
            "incident",
            ("liveness_probe_misconfig", "bad_rollout_config"),
            ("Deployment/documents/archive",),
            culprit=archive.rollout(),
            culprits=("PR-2077",),
            remediation=("rollback",),
            targets=("Deployment/documents/archive",),
            must_not_say=("was OOMKilled", "database (is|was) (down|unreachable)", "crashes because of its code"),
            evidence=("failed liveness probe", "Interrupted while opening segment"),
        ),
        notes="It needs more than a minute to start; without the startup probe the liveness probe gives it twenty-five seconds.",
    )


@scenario
def lookup_snapshot() -> Scenario:
    world = cluster("2026-06-18T01:33:00Z", "address", "validate", "format")
    body = template(
        container(
            "lookup",
            f"{REGISTRY}/address/lookup:4.9.0",
            port=8080,
            memory=("1Gi", "2Gi"),
            readinessProbe=http_probe("/ready", "http"),
            livenessProbe=http_probe("/live", "http"),
        )
    )
    lookup = world.deployment(
        "lookup", body, ages=("29d",), replicas=3, empty=True, first_revision=16, unavailable_since="52m"
    )
    for age in ("56m", "55m", "53m"):
        (pod,) = lookup.pods(1, unready(age, "HTTP probe failed with statuscode: 503", count=330))
        world.log(
            pod,
            chatter(
                "50m",
                "10s",
                "1m",
                "<t> WARN  lookup.snapshot - snapshot 2026-06-18.idx: checksum mismatch (expected 9f1c77, got 03be2a), trying again in 60s",
                "<t> INFO  lookup.http - GET /ready 503 no snapshot loaded",
                "<t> INFO  lookup.http - GET /live 200",
            ),
            style="python",
        )
    world.service("lookup", 80, "http")
    world.event(
        lookup.object,
        "ScalingReplicaSet",
        f"Scaled up replica set {lookup.revisions[0]['metadata']['name']} from 0 to 3",
        last="56m",
        kind="Normal",
        source="deployment-controller",
    )
    world.change(
        "data-20260618",
        "data",
        "1h5m",
        "Nightly address snapshot 2026-06-18 published",
        author="data-platform",
        services=["lookup"],
        deployed_by="snapshot job",
    )
    return world.scenario(
        "address-lookup-nightly",
        "probes",
        "address lookup answers 503 since half past midnight",
        Truth(
            "incident",
            ("readiness_probe_failing",),
            ("Deployment/address/lookup",),
            culprit="data-20260618",
            innocent=(lookup.rollout(),),
            must_not_say=(
                ROLLBACK_HELPS,
                "liveness probe fail",
                "probe is configured wrongly",
            ),
            evidence=("HTTP probe failed with statuscode: 503", "checksum mismatch"),
        ),
        notes="The probe tells the truth: the snapshot of the night is damaged. Restarts would load it again.",
    )


@scenario
def search_cluster_red() -> Scenario:
    world = cluster("2026-09-28T17:57:00Z", "shop-search", "suggest", "facets")
    body = template(
        container(
            "elasticsearch",
            f"{REGISTRY}/base/elasticsearch:8.15.2",
            port=[("http", 9200), ("transport", 9300)],
            cpu=("1", "2"),
            memory=("4Gi", "4Gi"),
            mounts={"data": "/usr/share/elasticsearch/data"},
            readinessProbe=exec_probe(
                ["sh", "-c", "/usr/local/bin/readiness.sh wait_for_status=yellow"],
                initialDelaySeconds=10,
                timeoutSeconds=5,
            ),
        ),
        terminationGracePeriodSeconds=120,
    )
    world.storage_class("standard", "csi.storage.example.com", default=True)
    for number in range(3):
        world.claim(f"data-es-{number}", "200Gi")
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "200Gi"}},
                "storageClassName": "standard",
                "volumeMode": "Filesystem",
            },
        }
    ]
    es = world.statefulset(
        "es", body, ages=("210d",), replicas=3, claims=claims, empty=True, podManagementPolicy="Parallel"
    )
    for number, age in enumerate(("40d", "40d", "40d")):
        (pod,) = es.pods(
            1,
            unready(
                age,
                'Waiting for elasticsearch cluster to become ready (request params: "wait_for_status=yellow&timeout=1s" )\nCluster is not yet ready (request params: "wait_for_status=yellow&timeout=1s" )',
                since="24m",
                count=140,
            ),
        )
        world.log(
            pod,
            f"""
-31m|{{"@timestamp":"<t>", "log.level": "INFO", "message":"[gc][2210{number}] overhead, spent [312ms] collecting in the last [1s]", "log.logger":"org.elasticsearch.monitor.jvm.JvmGcMonitorService","elasticsearch.node.name":"es-{number}"}}
-25m|{{"@timestamp":"<t>", "log.level": "WARN", "message":"marking and sending shard failed due to [shard failure, reason [corrupt file (source: [index id[x9] origin[PRIMARY]])]]", "log.logger":"org.elasticsearch.indices.cluster.IndicesClusterStateService","elasticsearch.node.name":"es-{number}"}}
-24m|{{"@timestamp":"<t>", "log.level": "INFO", "message":"Cluster health status changed from [GREEN] to [RED] (reason: [shards failed [[products-000042][3]]]).", "log.logger":"org.elasticsearch.cluster.routing.allocation.AllocationService","elasticsearch.node.name":"es-{number}"}}
-4m|{{"@timestamp":"<t>", "log.level": "WARN", "message":"[products-000042][3] primary shard is not allocated, search phase execution: all shards failed", "log.logger":"org.elasticsearch.action.search.TransportSearchAction","elasticsearch.node.name":"es-{number}"}}
""",
        )
    world.service("es", 9200, "http")
    world.service("es-headless", 9300, "transport", selector={"app": "es"}, headless=True)
    return world.scenario(
        "shop-search-no-results",
        "probes",
        "search returns nothing, all es pods are 0/1",
        Truth(
            "incident",
            ("readiness_probe_failing",),
            ("StatefulSet/shop-search/es",),
            innocent=(es.rollout(),),
            must_not_say=(
                "garbage collection (is|was) the cause",
                RESTART_HELPS,
                "timed? ?out because the probe",
            ),
            evidence=("Cluster health status changed from [GREEN] to [RED]",),
        ),
        notes="One damaged primary shard turns the cluster red, and the probe of each member asks for the health of the whole.",
    )


@scenario
def offers_probe_path() -> Scenario:
    world = cluster("2026-03-19T12:02:00Z", "offers", "coupons", "budget")
    before = template(
        container("engine", f"{REGISTRY}/offers/engine:21.3.0", port=8000, readinessProbe=http_probe("/health", 8000))
    )
    after = changed(before, readinessProbe=http_probe("/healthz/ready", 8000))
    engine = world.deployment(
        "offers-engine", before, after, ages=("11d", "22m"), replicas=2, first_revision=33, empty=True
    )
    engine.pods(2, revision=0)
    (pod,) = engine.pods(1, unready("22m", "HTTP probe failed with statuscode: 404", count=131))
    world.log(
        pod,
        "-22m|INFO:     Started server process [1]\n-22m|INFO:     Application startup complete.\n-22m|INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)\n"
        + chatter(
            "21m",
            "4s",
            "10s",
            'INFO:     192.168.16.13:<int:40000-60000> - "GET /healthz/ready HTTP/1.1" 404 Not Found',
        ),
    )
    world.log(
        engine.made[0],
        chatter(
            "3m",
            "1s",
            "5s",
            'INFO:     192.168.16.11:<int:40000-60000> - "GET /health HTTP/1.1" 200 OK',
            'INFO:     <ip>:<int:40000-60000> - "POST /v1/offers HTTP/1.1" 200 OK',
        ),
    )
    world.service("offers-engine", 80, "http")
    return world.scenario(
        "offers-engine-waiting",
        "probes",
        "the new offers-engine pod is Running but 0/1, why?",
        Truth(
            "incident",
            ("readiness_probe_misconfig", "bad_rollout_config"),
            ("Deployment/offers/offers-engine",),
            culprit=engine.rollout(),
            remediation=("rollback",),
            targets=("Deployment/offers/offers-engine",),
            must_not_say=(
                "offers-engine is (completely )?down",
                "application (is|was) (crashing|ill)",
                "coupons (is|was) the cause",
            ),
            evidence=("HTTP probe failed with statuscode: 404",),
        ),
        notes="The same image; the probe asks for a path that the application does not have. Old pods serve.",
    )


@scenario
def passes_https_probe() -> Scenario:
    world = cluster("2026-08-11T15:47:00Z", "access", "badges")
    body = template(
        container(
            "passes",
            f"{REGISTRY}/access/passes:1.0.3",
            port=8443,
            readinessProbe=http_probe("/ready", 8443, scheme="HTTPS"),
            env={"TLS_ENABLED": "false", "LISTEN": ":8443"},
        )
    )
    passes = world.deployment("passes", body, ages=("1h20m",), replicas=2, empty=True)
    for pod in passes.pods(
        2,
        unready(
            "1h20m", 'Get "https://<podIP>:8443/ready": http: server gave HTTP response to HTTPS client', count=480
        ),
    ):
        world.log(
            pod,
            '-80m|{"severity":"INFO","time":"<t>","message":"listening on :8443 (plain HTTP)"}\n-79m|{"severity":"INFO","time":"<t>","message":"connected to badges"}\n',
        )
    world.service("passes", 443, 8443)
    return world.scenario(
        "access-passes-new",
        "probes",
        "passes, installed an hour ago, gets no traffic at all",
        Truth(
            "incident",
            ("readiness_probe_misconfig", "protocol_mismatch"),
            ("Deployment/access/passes",),
            must_not_say=(TO_REVISION, "certificate (has|is) expired"),
            evidence=("server gave HTTP response to HTTPS client",),
        ),
        notes="The first revision: nothing to go back to. The probe speaks TLS, the application was told not to.",
    )
