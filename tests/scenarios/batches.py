"""What runs to an end, or should: init containers, Jobs, CronJobs."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Doing,
    Ended,
    Scenario,
    State,
    Truth,
    chatter,
    cluster,
    container,
    crash_loop,
    failed,
    from_secret,
    http_probe,
    scenario,
    template,
)


@scenario
def enrolment_migrations() -> Scenario:
    world = cluster("2026-09-01T07:20:00Z", "campus", "timetable", "library")

    def body(tag: str) -> dict[str, object]:
        image = f"{REGISTRY}/campus/enrolment:{tag}"
        return template(
            container(
                "enrolment", image, port=8080, memory=("512Mi", "1Gi"), readinessProbe=http_probe("/health", "http")
            ),
            init=[
                container(
                    "migrate",
                    image,
                    args=["flyway", "migrate"],
                    env={"DB_URL": "jdbc:postgresql://pg.campus.svc/enrolment"},
                    cpu="50m",
                    memory="128Mi",
                )
            ],
        )

    enrolment = world.deployment(
        "enrolment",
        body("6.4.2"),
        body("6.5.0"),
        ages=("35d", "24m"),
        replicas=2,
        first_revision=13,
        empty=True,
    )
    enrolment.pods(2, revision=0)
    (pod,) = enrolment.pods(1, crash_loop("24m", 9, Ended(1, "2m12s", "3s"), init="migrate"))
    world.log(
        pod,
        """
-2m15s|Flyway Community Edition 10.20.1 by Redgate
-2m14s|Database: jdbc:postgresql://pg.campus.svc/enrolment (PostgreSQL 16.4)
-2m13s|ERROR: Validate failed: Migrations have failed validation
Migration checksum mismatch for migration version 118
-> Applied to database : 1042571166
-> Resolved locally    : -871100231
Either revert the changes to the migration, or run repair to update the schema history.
Need more flexibility with validation rules? Learn more: https://rd.gt/3AbJUZE
""",
        container="migrate",
        previous=True,
    )
    world.service("enrolment")
    world.change(
        "PR-733",
        "pull_request",
        "40m",
        "Tidy up old migrations",
        repo="example/enrolment",
        author="q.adams",
        files=["db/migration/V118__waitlist.sql", "db/migration/V121__seats.sql"],
        services=["enrolment"],
        diff="-ALTER TABLE waitlist ADD COLUMN rank int;\n+ALTER TABLE waitlist ADD COLUMN rank integer NOT NULL DEFAULT 0;",
        deployed_by="enrolment 6.5.0",
    )
    return world.scenario(
        "campus-enrolment-first-day",
        "batches",
        "enrolment deploy blocked, students are still served I think?",
        Truth(
            "incident",
            ("init_container_failed",),
            ("Deployment/campus/enrolment",),
            culprit=enrolment.rollout(),
            culprits=("PR-733",),
            remediation=("rollback", "none"),
            targets=("Deployment/campus/enrolment",),
            must_not_say=("database (is|was) (down|unreachable)", "enrolment is (completely )?down"),
            evidence=("Migration checksum mismatch for migration version 118",),
        ),
        notes="A migration that was applied long ago was edited. The init container refuses; old pods serve.",
    )


@scenario
def wiki_plugin_gone() -> Scenario:
    world = cluster("2026-05-29T20:04:00Z", "intranet", "directory", nodes=("on-prem-1", "on-prem-2"))
    body = template(
        container("wiki", f"{REGISTRY}/intranet/wiki:2026.2", port=8090, memory=("1Gi", "2Gi")),
        init=[
            container(
                "get-plugins",
                f"{REGISTRY}/base/busybox:1.37",
                command=[
                    "sh",
                    "-c",
                    "wget -q -O /plugins/diagrams.jar https://plugins.example.com/diagrams/3.1.0/diagrams.jar",
                ],
                mounts={"plugins": "/plugins"},
                cpu="10m",
                memory="16Mi",
            )
        ],
        volumes={"plugins": {"emptyDir": {}}},
    )
    wiki = world.deployment(
        "wiki",
        body,
        ages=("121d",),
        replicas=1,
        first_revision=6,
        empty=True,
        strategy={"type": "Recreate"},
        unavailable_since="33m",
    )
    (pod,) = wiki.pods(1, crash_loop("33m", 11, Ended(1, "1m31s", "1s"), init="get-plugins"), node="on-prem-2")
    world.log(pod, "wget: server returned error: HTTP/1.1 404 Not Found", container="get-plugins", previous=True)
    world.log(pod, "wget: server returned error: HTTP/1.1 404 Not Found", container="get-plugins")
    world.service("wiki", 80, "http")
    node = world.of("Node")[0]
    world.event(
        node,
        "NodeNotReady",
        "Node on-prem-1 status is now: NodeNotReady",
        last="38m",
        kind="Normal",
        source="node-controller",
    )
    world.event(
        node,
        "NodeReady",
        "Node on-prem-1 status is now: NodeReady",
        last="30m",
        kind="Normal",
        source="kubelet",
        host="on-prem-1",
    )
    world.change(
        "CHG-19",
        "change_request",
        "9d",
        "plugins.example.com: drop releases older than a year",
        author="vendor",
        services=["plugins"],
        deployed_by="done",
    )
    return world.scenario(
        "intranet-wiki-evening",
        "batches",
        "the wiki is gone since on-prem-1 hiccuped at half past seven. node is back, wiki is not",
        Truth(
            "incident",
            ("init_container_failed",),
            ("Deployment/intranet/wiki",),
            culprit="CHG-19",
            innocent=(wiki.rollout(),),
            must_not_say=(
                "node on-prem-1 is (still )?(down|not ready)",
                ROLLBACK_HELPS,
                RESTART_HELPS,
            ),
            evidence=("404 Not Found",),
        ),
        notes="The node's hiccup only made the pod start anew; a file that it fetches at its start has been deleted nine days ago.",
    )


@scenario
def tariff_import() -> Scenario:
    world = cluster("2026-01-05T04:11:00Z", "energy", "meters", "invoices")
    body = template(
        container(
            "import",
            f"{REGISTRY}/energy/tariff-import:1.12.0",
            args=["--file", "s3://tariffs/2026-01.csv"],
            env={"DB_DSN": from_secret("tariff-db", "dsn")},
        ),
        restartPolicy="Never",
    )
    world.secret("tariff-db", {"dsn": "host=pg.energy.svc dbname=tariffs"}, age="99d")
    states = [
        failed(age, Ended(1, age_end, "6s"))
        for age, age_end in (("1h9m", "1h8m50s"), ("1h8m", "1h7m40s"), ("1h5m", "1h4m40s"), ("58m", "57m50s"))
    ]
    job = world.job(
        "tariff-import-2026-01",
        body,
        age="1h9m",
        pods=states,
        failed=("57m45s", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        backoffLimit=3,
    )
    world.event(
        job,
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        last="57m45s",
        source="job-controller",
    )
    for pod in world.of("Pod", "energy")[-4:]:
        world.log(
            pod,
            """
-57m58s|<t> INFO tariff_import reading s3://tariffs/2026-01.csv
-57m55s|<t> INFO tariff_import 48211 rows parsed, 3 skipped (empty)
-57m51s|<t> ERROR tariff_import row 20117: psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "tariff_pkey"
DETAIL:  Key (region, valid_from)=(NW-3, 2026-01-01) already exists.
-57m51s|<t> INFO tariff_import rolled back, nothing was written
""",
            style="python",
        )
    world.job("tariff-import-2025-12", body, age="31d", done="30d23h")
    return world.scenario(
        "energy-tariffs-january",
        "batches",
        "January tariffs are not in the system",
        Truth(
            "incident",
            ("job_failed",),
            ("Job/energy/tariff-import-2026-01",),
            must_not_say=(
                "database (is|was) (down|unreachable)",
                RESTART_HELPS,
                "invalid credentials (are|is)",
            ),
            evidence=("BackoffLimitExceeded", "duplicate key value violates unique constraint"),
        ),
        notes="The file has a row twice. Running it again ends the same way. The Job of December is done and well.",
    )


@scenario
def recompute_deadline() -> Scenario:
    world = cluster("2026-12-02T08:08:00Z", "ratings", "reviews", "profile")
    body = template(
        container(
            "recompute", f"{REGISTRY}/ratings/recompute:5.1.1", args=["--all"], cpu=("2", "2"), memory=("2Gi", "2Gi")
        ),
        restartPolicy="Never",
    )
    job = world.job(
        "recompute-all-20261202",
        body,
        age="4h8m",
        failed=("8m", "DeadlineExceeded", "Job was active longer than specified deadline"),
        pods=[failed("4h8m", Ended(143, "7m40s", "4h", "Error"))],
        activeDeadlineSeconds=14400,
    )
    job["status"]["failed"] = 1
    world.event(
        job, "DeadlineExceeded", "Job was active longer than specified deadline", last="8m", source="job-controller"
    )
    world.log(
        world.of("Pod", "ratings")[-1],
        chatter(
            "20m",
            "8m",
            "30s",
            "<t> INFO  recompute::progress: products done=<int:7100000-7200000> of=9400000 rate=<int:480-500>/s",
        )
        + "-7m41s|<t> WARN  recompute: SIGTERM, checkpoint saved\n",
    )
    world.job("recompute-all-20261125", body, age="7d4h", done="7d1h")
    world.job("recompute-all-20261118", body, age="14d4h", done="14d2h")
    world.series(
        "job_items_total",
        "items",
        ("21d", 6.1e6),
        ("14d", 6.4e6),
        ("7d", 6.9e6),
        ("0", 9.4e6),
        step="12h",
        job="recompute-all",
    )
    return world.scenario(
        "ratings-weekly-run",
        "batches",
        "the weekly recompute of ratings did not finish this time",
        Truth(
            "incident",
            ("job_failed",),
            ("Job/ratings/recompute-all-20261202",),
            must_not_say=("was OOMKilled", "crash(es|ed) because", ROLLBACK_HELPS),
            evidence=("DeadlineExceeded",),
        ),
        notes="It was at work all the time; there is more to do than four hours allow. Exit 143 is the kill at the deadline.",
    )


@scenario
def statements_sidecar() -> Scenario:
    world = cluster("2026-04-09T10:30:00Z", "statements", "render", "archive-api")
    body = template(
        container("build", f"{REGISTRY}/statements/build:3.3.0", cpu=("500m", "1"), memory=("512Mi", "1Gi")),
        container("sql-proxy", f"{REGISTRY}/base/sql-proxy:2.14.1", args=["--port=5432"], cpu="10m", memory="32Mi"),
        restartPolicy="Never",
    )
    cron = world.cronjob(
        "daily-statements", "15 2 * * *", body, last="1d8h15m", last_success="2d8h", concurrencyPolicy="Forbid"
    )
    job = world.run_of(
        cron,
        "1d8h15m",
        pods=[
            State(
                "Running",
                "1d8h15m",
                Doing("terminated", "1d8h", end=Ended(0, "1d8h", "14m", "Completed"), ready=False, started=False),
                unready_since="1d8h",
            )
        ],
    )
    world.run_of(cron, "2d8h15m", done="2d8h")
    pod = world.of("Pod", "statements")[-2]
    world.log(
        pod,
        "-32h15m|<t> INFO build: 2026-04-08\n-32h8m|<t> INFO build: 18230 statements\n-32h1m|<t> INFO build: all statements uploaded, done\n",
        style="python",
        container="build",
    )
    world.log(
        pod,
        chatter("2h", "5m", "30m", "<t> INFO: [statements] active connections: 0"),
        style="go",
        container="sql-proxy",
    )
    world.event(
        cron,
        "JobAlreadyActive",
        "Not starting job because prior execution is running and concurrency policy is Forbid",
        last="12m",
        first="52m",
        count=5,
        kind="Normal",
        source="cronjob-controller",
    )
    world.change(
        "PR-88",
        "pull_request",
        "1d20h",
        "Reach the database through sql-proxy",
        repo="example/statements",
        author="u.meyer",
        files=["deploy/cronjob.yaml"],
        services=["daily-statements"],
        diff="+      - name: sql-proxy\n+        image: base/sql-proxy:2.14.1",
        deployed_by="applied",
    )
    world.change(
        "PR-91",
        "pull_request",
        "3h",
        "render: fonts",
        repo="example/render",
        author="u.meyer",
        files=["fonts/inter.ttf"],
        services=["render"],
        deployed_by="render 2.9.1",
    )
    return world.scenario(
        "statements-not-today",
        "batches",
        "Customers got no statements today. Did the job fail?",
        Truth(
            "incident",
            ("cronjob_not_completing",),
            ("CronJob/statements/daily-statements", f"Job/statements/{job['metadata']['name']}"),
            culprit="PR-88",
            innocent=("PR-91",),
            must_not_say=(
                "build (container )?(failed|crashed)",
                "database (is|was) (down|unreachable)",
                "CronJob is suspended",
            ),
            evidence=("JobAlreadyActive",),
        ),
        notes="The work was done yesterday, but the proxy beside it never ends, so the Job stays active and Forbid holds back today's.",
    )


@scenario
def backups_paused() -> Scenario:
    world = cluster("2026-07-14T06:55:00Z", "platform-backup", "restore-ui")
    body = template(
        container(
            "dump", f"{REGISTRY}/platform/dump:1.4.6", cpu="200m", memory="256Mi", env={"TARGET": "s3://backups/pg"}
        ),
        restartPolicy="OnFailure",
    )
    world.cronjob("pg-dump", "0 1 * * *", body, last="6d5h55m", last_success="6d5h41m", suspend=True)
    other = world.cronjob("etcd-snapshot", "30 * * * *", body, last="25m", last_success="24m")
    world.run_of(other, "25m", done="24m")
    cron = world.of("CronJob", "platform-backup")[0]
    for ago, done in (("8d5h55m", "8d5h42m"), ("7d5h55m", "7d5h40m"), ("6d5h55m", "6d5h41m")):
        world.run_of(cron, ago, done=done)
    world.change(
        "OPS-640",
        "operation",
        "5d20h",
        "Suspend pg-dump during the storage migration",
        author="s.ivanov",
        services=["pg-dump"],
        deployed_by="kubectl patch by s.ivanov",
    )
    world.change(
        "OPS-641",
        "operation",
        "5d12h",
        "Storage migration finished",
        author="s.ivanov",
        services=["storage"],
        deployed_by="done",
    )
    return world.scenario(
        "backup-last-week",
        "batches",
        "newest database backup is six days old, why?",
        Truth(
            "incident",
            ("cronjob_not_completing",),
            ("CronJob/platform-backup/pg-dump",),
            culprit="OPS-640",
            innocent=("OPS-641",),
            must_not_say=("jobs? (have|has) failed", "storage (is|was) full"),
            evidence=("suspend",),
        ),
        notes="It was suspended for a migration and nobody switched it on again. There is no event, no failed pod, no log.",
    )
