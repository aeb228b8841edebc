"""ConfigMaps and Secrets that are referred to and not there, or lack a key."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Scenario,
    Told,
    Truth,
    changed,
    chatter,
    cluster,
    config_error,
    container,
    creating,
    from_config_map,
    from_secret,
    http_probe,
    running,
    scenario,
    template,
)


@scenario
def fraud_rules_volume() -> Scenario:
    world = cluster("2026-05-20T15:15:00Z", "payments-risk", "scores", "blocklist")
    world.config_map("fraud-rules-v2", {"rules.yaml": "threshold: 0.82\n"}, age="50d")
    base = container(
        "rules-engine",
        f"{REGISTRY}/risk/rules-engine:8.1.0",
        port=8080,
        mounts={"rules": "/rules:ro"},
        readinessProbe=http_probe("/ready", "http"),
    )
    before = template(base, volumes={"rules": {"configMap": {"name": "fraud-rules-v2"}}})
    after = template(base, volumes={"rules": {"configMap": {"name": "fraud-rules-v3"}}})
    engine = world.deployment(
        "rules-engine", before, after, ages=("50d", "28m"), replicas=2, first_revision=14, empty=True
    )
    engine.pods(2, revision=0)
    engine.pods(
        1,
        creating(
            "28m",
            Told(
                "FailedMount",
                'MountVolume.SetUp failed for volume "rules" : configmap "fraud-rules-v3" not found',
                "1m20s",
                "28m",
                21,
            ),
        ),
    )
    world.service("rules-engine", 80, "http")
    world.change(
        "PR-1810",
        "pull_request",
        "29m",
        "Use rules v3",
        repo="example/risk-deploy",
        author="b.kim",
        files=["rules-engine/deployment.yaml"],
        services=["rules-engine"],
        diff="-            name: fraud-rules-v2\n+            name: fraud-rules-v3",
        deployed_by="sync 14:47",
    )
    world.change(
        "PR-1811",
        "pull_request",
        "2m",
        "Add fraud-rules-v3",
        repo="example/risk-deploy",
        author="b.kim",
        files=["rules-engine/rules-v3.yaml"],
        services=["rules-engine"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "risk-rules-v3",
        "references",
        "rules-engine pod sits in ContainerCreating",
        Truth(
            "incident",
            ("missing_configmap", "bad_rollout_config"),
            ("Deployment/payments-risk/rules-engine",),
            culprit=engine.rollout(),
            culprits=("PR-1810",),
            innocent=("PR-1811",),
            remediation=("rollback", "none"),
            targets=("Deployment/payments-risk/rules-engine",),
            must_not_say=("storage (is|was) the cause", "disk (is|was) full"),
            evidence=('configmap "fraud-rules-v3" not found',),
        ),
        notes="The two changes went out in the wrong order; the ConfigMap comes with the second. Old pods serve.",
    )


@scenario
def telemetry_key_renamed() -> Scenario:
    world = cluster("2026-10-14T23:12:00Z", "telemetry", "storage-gw", "alerts", nodes=("z1-a", "z1-b", "z2-a"))
    world.config_map("collector-env", {"LOG_LEVEL": "info", "OUTPUT_FORMAT": "json", "BATCH_MS": "400"}, age="300d")
    body = template(
        container(
            "collector",
            f"{REGISTRY}/telemetry/collector:0.114.0",
            port=4317,
            env={
                "LOG_LEVEL": from_config_map("collector-env", "LOG_LEVEL"),
                "LOG_FORMAT": from_config_map("collector-env", "LOG_FORMAT"),
            },
        )
    )
    collector = world.deployment(
        "collector", body, ages=("38d",), replicas=3, empty=True, first_revision=11, unavailable_since="19m"
    )
    collector.pods(2, running("38d"))
    collector.pods(
        1,
        config_error("19m", "couldn't find key LOG_FORMAT in ConfigMap telemetry/collector-env", count=88),
        node="z2-a",
    )
    world.log(
        collector.made[0],
        chatter(
            "10m",
            "1s",
            "9s",
            '<t>\tinfo\tMetricsExporter\t{"kind": "exporter", "name": "otlp", "resource metrics": <int:2-9>, "data points": <int:40-400>}',
        ),
    )
    world.service("collector", 4317, "http")
    world.change(
        "cfg-88",
        "config",
        "4h5m",
        "collector-env: rename LOG_FORMAT to OUTPUT_FORMAT",
        repo="example/telemetry-config",
        author="g.larsen",
        files=["collector-env.yaml"],
        services=["collector"],
        diff="-  LOG_FORMAT: json\n+  OUTPUT_FORMAT: json",
        deployed_by="applied by hand",
    )
    world.change(
        "PR-5",
        "pull_request",
        "50m",
        "alerts: quieter nights",
        repo="example/alerts",
        author="g.larsen",
        files=["rules.yaml"],
        services=["alerts"],
        deployed_by="alerts 2.9.1",
    )
    return world.scenario(
        "telemetry-collector-third-pod",
        "references",
        "Why does the third collector pod not start? Nothing was deployed for weeks.",
        Truth(
            "incident",
            ("missing_configmap", "config_change_regression"),
            ("Deployment/telemetry/collector", "ConfigMap/telemetry/collector-env"),
            culprit="cfg-88",
            innocent=("PR-5", collector.rollout()),
            remediation=("none", "rollback"),
            targets=("ConfigMap/telemetry/collector-env",),
            must_not_say=(
                ROLLBACK_HELPS,
                r"roll back .?Deployment/telemetry/collector",
                "ConfigMap (telemetry/)?collector-env does not exist",
                RESTART_HELPS,
            ),
            evidence=("couldn't find key LOG_FORMAT in ConfigMap telemetry/collector-env",),
        ),
        notes="A key was renamed four hours ago; only the pod that was made anew since needs it. The older revision would want it too.",
    )


@scenario
def mail_secret_cleaned() -> Scenario:
    world = cluster("2026-01-30T09:31:00Z", "notify", "templates-api", "sms")
    body = template(
        container(
            "mailer",
            f"{REGISTRY}/notify/mailer:2.2.8",
            env={
                "SMTP_HOST": "smtp.example.com",
                "SMTP_PASSWORD": from_secret("smtp-relay", "password"),
                "SMTP_USER": from_secret("smtp-relay", "user"),
            },
        )
    )
    older = changed(body, image=f"{REGISTRY}/notify/mailer:2.2.7")
    mailer = world.deployment(
        "mailer", older, body, ages=("90d", "2h10m"), replicas=2, first_revision=31, empty=True, unavailable_since="26m"
    )
    for pod in mailer.pods(2, config_error("26m", 'secret "smtp-relay" not found', count=121)):
        assert pod["status"]["phase"] == "Pending"
    world.event(
        mailer.revisions[1],
        "SuccessfulCreate",
        f"Created pod: {mailer.made[1]['metadata']['name']}",
        last="26m",
        kind="Normal",
        source="replicaset-controller",
    )
    world.change(
        "PR-419",
        "pull_request",
        "31m",
        "Remove secrets nobody uses",
        repo="example/notify-deploy",
        author="k.olsen",
        files=["secrets/smtp-relay.yaml", "secrets/old-ftp.yaml"],
        services=["mailer"],
        diff="-kind: Secret\n-metadata:\n-  name: smtp-relay",
        deployed_by="sync 09:01, pods restarted 09:05",
    )
    world.change(
        "PR-415",
        "pull_request",
        "2h20m",
        "mailer 2.2.8",
        repo="example/notify-deploy",
        author="w.chen",
        files=["mailer/values.yaml"],
        services=["mailer"],
        deployed_by="sync 07:20",
    )
    return world.scenario(
        "notify-mailer-morning",
        "references",
        "No mails since 9. mailer was updated this morning, is it that?",
        Truth(
            "incident",
            ("missing_secret",),
            ("Deployment/notify/mailer",),
            culprit="PR-419",
            innocent=("PR-415", mailer.rollout()),
            must_not_say=(ROLLBACK_HELPS, "SMTP server (is|was) (down|unreachable)"),
            evidence=('secret "smtp-relay" not found',),
        ),
        notes="The release of the morning ran well for an hour and a half; then the Secret was deleted and the pods replaced. "
        "Going back a revision would need the same Secret.",
    )


@scenario
def database_auth_key() -> Scenario:
    world = cluster("2026-08-27T13:00:00Z", "warehouse", "inventory", "pick-lists")
    world.secret("pg-auth", {"postgres-password": "-".join(("not", "a", "real", "one"))}, age="180d")
    world.storage_class("standard", "csi.storage.example.com", default=True)
    first = container(
        "postgres",
        f"{REGISTRY}/base/postgres:16.4",
        port=[("postgres", 5432)],
        memory=("512Mi", "1Gi"),
        mounts={"data": "/var/lib/postgresql/data"},
        env={"POSTGRES_PASSWORD": from_secret("pg-auth", "postgres-password")},
    )
    before = template(first, terminationGracePeriodSeconds=120)
    after = changed(before, env={"REPLICATION_PASSWORD": from_secret("pg-auth", "replication-password")})
    for number in range(3):
        world.claim(f"data-pg-{number}", "50Gi")
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "50Gi"}},
                "storageClassName": "standard",
                "volumeMode": "Filesystem",
            },
        }
    ]
    pg = world.statefulset("pg", before, after, ages=("180d", "14m"), replicas=3, claims=claims, empty=True)
    pg.pods(2, running("62d"), revision=0)
    pg.pods(1, config_error("13m", "couldn't find key replication-password in Secret warehouse/pg-auth", count=60))
    world.log(
        pg.made[0],
        chatter(
            "30m",
            "1m",
            "5m",
            "<t> [27] LOG:  checkpoint starting: time",
            "<t> [27] LOG:  checkpoint complete: wrote <int:40-900> buffers (0.<int:1-9>%); 0 WAL file(s) added, 0 removed, 1 recycled",
        ),
        style="postgres",
    )
    world.service("pg", 5432, "postgres")
    world.service("pg-headless", 5432, "postgres", selector={"app": "pg"}, headless=True)
    return world.scenario(
        "warehouse-pg-replica",
        "references",
        "pg-2 in warehouse is not coming back after the update",
        Truth(
            "incident",
            ("missing_secret", "bad_rollout_config"),
            ("StatefulSet/warehouse/pg",),
            culprit=pg.rollout(),
            remediation=("rollback", "none"),
            targets=("StatefulSet/warehouse/pg",),
            must_not_say=(
                "Secret (warehouse/)?pg-auth does not exist",
                "volume (is|was) the cause",
                "pg-0 is (down|failing)",
            ),
            evidence=("couldn't find key replication-password in Secret warehouse/pg-auth",),
        ),
        notes="A StatefulSet goes from the last pod down and stops there: pg-0 and pg-1 still run the older revision and serve.",
    )
