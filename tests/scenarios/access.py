"""Things that two want, or that one may not have: ports, files of a volume, passwords that are old or were never right."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    TO_REVISION,
    Ended,
    JsonObject,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    from_secret,
    http_probe,
    running,
    scenario,
    template,
    unready,
    unschedulable,
)

MADE_UP = "-".join(("only", "for", "show"))


@scenario
def exporter_beside_site() -> Scenario:
    world = cluster("2026-04-03T13:50:00Z", "brochure", "contact")
    site = container("site", f"{REGISTRY}/brochure/site:88", port=8080, memory=("32Mi", "64Mi"))
    before = template(site)
    after = template(
        site,
        container(
            "exporter",
            f"{REGISTRY}/base/nginx-exporter:1.4.0",
            port=[("metrics", 8080)],
            args=["--web.listen-address=:8080"],
            cpu="10m",
            memory="16Mi",
        ),
    )
    load = world.deployment("site", before, after, ages=("75d", "27m"), replicas=2, first_revision=88, empty=True)
    load.pods(2, revision=0)
    (pod,) = load.pods(1, crash_loop("27m", 9, Ended(1, "1m12s", "0s"), only="exporter"))
    world.log(
        pod,
        '-1m12s|ts=<t> caller=exporter.go:135 level=info msg="nginx-prometheus-exporter" version="1.4.0"\n-1m12s|ts=<t> caller=exporter.go:212 level=error msg="Error while starting HTTP server" error="listen tcp :8080: bind: address already in use"\n',
        container="exporter",
        previous=True,
    )
    world.log(
        pod,
        chatter("25m", "10s", "30s", '<ip> - - [<t>] "GET / HTTP/1.1" 200 5120 "-" "kube-probe/1.31"'),
        container="site",
        style="access",
    )
    world.service("site", 80, 8080)
    world.change(
        "PR-14",
        "pull_request",
        "29m",
        "site: metrics",
        repo="example/brochure",
        author="f.lam",
        files=["deploy/site.yaml"],
        services=["site"],
        diff="+        - name: exporter\n+          args: [--web.listen-address=:8080]",
        deployed_by="sync 13:23",
    )
    return world.scenario(
        "brochure-site-metrics",
        "access",
        "site pod shows 1/2 since we added metrics",
        Truth(
            "incident",
            ("port_conflict", "bad_rollout_config"),
            ("Deployment/brochure/site",),
            culprit=load.rollout(),
            culprits=("PR-14",),
            remediation=("rollback",),
            targets=("Deployment/brochure/site",),
            must_not_say=("site is (completely )?down", "was OOMKilled", "image (or tag )?does not exist"),
            evidence=("bind: address already in use",),
        ),
        notes="The containers of a pod share one network: both want 8080. The first one to start has it.",
    )


@scenario
def host_port_taken() -> Scenario:
    world = cluster("2026-09-17T07:07:00Z", "edge-agents", "config-api", nodes=("store-01", "store-02", "store-03"))
    world.namespace("monitoring")
    ports = [{"containerPort": 9100, "hostPort": 9100, "name": "metrics", "protocol": "TCP"}]
    world.daemonset(
        "node-exporter",
        template(container("node-exporter", f"{REGISTRY}/base/node-exporter:1.8.2", ports=ports), hostNetwork=True),
        ages=("200d",),
        namespace="monitoring",
    )
    body = template(
        container(
            "till-bridge",
            f"{REGISTRY}/edge/till-bridge:0.3.0",
            ports=[{**ports[0], "name": "bridge"}],
            memory=("32Mi", "64Mi"),
        )
    )
    bridge = world.deployment("till-bridge", body, ages=("50m",), replicas=2, empty=True)
    bridge.pods(
        2,
        unschedulable(
            "50m",
            "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        ),
    )
    world.service("till-bridge", 9100, 9100)
    return world.scenario(
        "stores-till-bridge",
        "access",
        "till-bridge is new and Pending on all stores",
        Truth(
            "incident",
            ("port_conflict",),
            ("Deployment/edge-agents/till-bridge",),
            must_not_say=(
                "insufficient (cpu|memory)",
                "add(ing)? (more )?nodes (would|will|should) (help|fix)",
                TO_REVISION,
                "taint (is|was) the cause",
            ),
            evidence=("didn't have free ports",),
        ),
        notes="Port 9100 of each node belongs to the exporter in another namespace. The first revision: nothing to go back to.",
    )


@scenario
def notebooks_user_id() -> Scenario:
    world = cluster("2026-02-20T10:55:00Z", "research", "scheduler-ui", "gpu-quota")
    world.storage_class("nfs", "nfs.csi.example.com", default=True)
    world.claim("notebooks", "500Gi", storage_class="nfs", modes=("ReadWriteMany",), age="420d")
    hub = container(
        "hub", f"{REGISTRY}/research/hub:4.1.6", port=8000, mounts={"home": "/srv/notebooks"}, memory=("256Mi", "512Mi")
    )
    volumes = {"home": {"persistentVolumeClaim": {"claimName": "notebooks"}}}
    before = template(hub, volumes=volumes, securityContext={"fsGroup": 1000, "runAsUser": 1000})
    after = template(hub, volumes=volumes, securityContext={"runAsUser": 65532, "runAsNonRoot": True})
    load = world.deployment(
        "hub",
        before,
        after,
        ages=("65d", "36m"),
        replicas=1,
        first_revision=17,
        empty=True,
        strategy={"type": "Recreate"},
    )
    (pod,) = load.pods(1, crash_loop("36m", 11, Ended(1, "2m30s", "3s")))
    world.log(
        pod,
        """
-2m33s|[I <t> hub app:3344] Running hub version 4.1.6
-2m32s|[I <t> hub app:3374] Using Authenticator: oauthenticator.generic.GenericOAuthenticator-17.1.0
-2m31s|[E <t> hub app:3852]
    Traceback (most recent call last):
      File "/usr/local/lib/python3.12/site-packages/hub/app.py", line 3849, in launch_instance_async
        await self.initialize(argv)
      File "/usr/local/lib/python3.12/site-packages/hub/app.py", line 1792, in init_secrets
        with open(secret_file, "w") as f:
    PermissionError: [Errno 13] Permission denied: '/srv/notebooks/hub_cookie_secret'
""",
        style="java",
        previous=True,
    )
    world.service("hub", 80, "http")
    world.change(
        "PR-290",
        "pull_request",
        "45m",
        "Harden: run hub as nobody",
        repo="example/research-deploy",
        author="a.fontaine",
        files=["hub/security.yaml"],
        services=["hub"],
        diff="-        fsGroup: 1000\n-        runAsUser: 1000\n+        runAsUser: 65532\n+        runAsNonRoot: true",
        deployed_by="sync 10:19",
    )
    return world.scenario(
        "research-hub-hardened",
        "access",
        "hub is down since 10:20",
        Truth(
            "incident",
            ("volume_permission_denied", "bad_rollout_config"),
            ("Deployment/research/hub",),
            culprit=load.rollout(),
            culprits=("PR-290",),
            remediation=("rollback",),
            targets=("Deployment/research/hub",),
            must_not_say=("volume (is|was) full", "claim is not bound", "was OOMKilled"),
            evidence=("Permission denied: '/srv/notebooks/hub_cookie_secret'",),
        ),
        notes="The files belong to user 1000. The same image ran well as that user; only the security context changed.",
    )


@scenario
def dashboards_restored() -> Scenario:
    world = cluster("2026-07-25T17:36:00Z", "insight", "query", "alerting")
    world.storage_class("standard", "csi.storage.example.com", default=True)
    world.claim("grafana", "20Gi", age="300d")
    body = template(
        container(
            "grafana",
            f"{REGISTRY}/base/grafana:11.4.0",
            port=3000,
            mounts={"data": "/var/lib/grafana"},
            env={"GF_SECURITY_ADMIN_PASSWORD": from_secret("grafana", "admin-password")},
        ),
        volumes={"data": {"persistentVolumeClaim": {"claimName": "grafana"}}},
        securityContext={"runAsGroup": 472, "runAsUser": 472},
    )
    world.secret("grafana", {"admin-password": MADE_UP}, age="300d")
    load = world.deployment(
        "grafana",
        body,
        ages=("48d",),
        replicas=1,
        first_revision=10,
        empty=True,
        strategy={"type": "Recreate"},
        unavailable_since="29m",
    )
    (pod,) = load.pods(1, crash_loop("31m", 10, Ended(1, "3m30s", "0s")))
    world.log(
        pod,
        "GF_PATHS_DATA='/var/lib/grafana' is not writable.\nYou may have issues with file permissions, more information here: https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker/\nmkdir: can't create directory '/var/lib/grafana/plugins': Permission denied",
        previous=True,
    )
    world.service("grafana", 80, "http")
    world.change(
        "OPS-81",
        "operation",
        "34m",
        "Restore /var/lib/grafana from the backup of Thursday (files now root:root)",
        author="b.schulz",
        services=["grafana"],
        deployed_by="b.schulz, 17:02",
    )
    world.change(
        "PR-36",
        "pull_request",
        "3h",
        "query: cache dashboards",
        repo="example/query",
        author="b.schulz",
        files=["cache.go"],
        services=["query"],
        deployed_by="query 2.8.1",
    )
    return world.scenario(
        "insight-after-restore",
        "access",
        "grafana does not come back after we restored its data",
        Truth(
            "incident",
            ("volume_permission_denied",),
            ("Deployment/insight/grafana", "PersistentVolumeClaim/insight/grafana"),
            culprit="OPS-81",
            innocent=("PR-36", load.rollout()),
            must_not_say=(
                ROLLBACK_HELPS,
                "volume (is|was) full",
                RESTART_HELPS,
            ),
            evidence=("is not writable", "Permission denied"),
        ),
        notes="The files on the volume belong to root since the restore. No revision and no restart changes that.",
    )


@scenario
def bookings_after_rotation() -> Scenario:
    world = cluster("2026-03-24T05:20:00Z", "ferries", "harbours", "weather")
    world.secret(
        "bookings-db",
        {"username": "bookings", "password": MADE_UP},
        age="500d",
        annotations={"rotation.example.com/rotated-at": world.at("47m"), "rotation.example.com/every": "30d"},
    )
    body = template(
        container(
            "bookings",
            f"{REGISTRY}/ferries/bookings:19.0.2",
            port=8080,
            memory=("512Mi", "1Gi"),
            readinessProbe=http_probe("/actuator/health/readiness", "http"),
            env={
                "DB_URL": "jdbc:postgresql://pg.ferries.svc:5432/bookings",
                "DB_USER": from_secret("bookings-db", "username"),
                "DB_PASSWORD": from_secret("bookings-db", "password"),
            },
        )
    )
    bookings = world.deployment(
        "bookings", body, ages=("29d",), replicas=3, first_revision=44, empty=True, unavailable_since="15m"
    )
    for pod in bookings.pods(2, unready("29d", "HTTP probe failed with statuscode: 503", since="16m", count=96)):
        world.log(
            pod,
            chatter(
                "60m",
                "18m",
                "50s",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.ferries.bookings.BookingController    : Booking FB<int:100000-999999> confirmed",
            )
            + chatter(
                "17m",
                "2s",
                "11s",
                "<t>  WARN 1 --- [nio-8080-exec-<int:1-9>] com.zaxxer.hikari.pool.PoolBase          : HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@<hex:8> (This connection has been closed.). Possibly consider using a shorter maxLifetime value.",
                '<t> ERROR 1 --- [nio-8080-exec-<int:1-9>] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Error thrown while acquiring connection from data source: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "bookings"',
            ),
            style="java",
        )
    (fresh,) = bookings.pods(1, running("38m"))
    world.log(
        fresh,
        chatter(
            "37m",
            "2s",
            "20s",
            "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.ferries.bookings.BookingController    : Booking FB<int:100000-999999> confirmed",
        ),
        style="java",
    )
    world.service("bookings", 80, "http")
    world.change(
        "rot-bookings-db",
        "secret_rotation",
        "47m",
        "Rotate the password of bookings in pg and Secret bookings-db",
        author="rotator",
        services=["bookings"],
        deployed_by="rotator 04:33",
    )
    world.change(
        "PR-703",
        "pull_request",
        "14m",
        "bookings: shorter maxLifetime",
        repo="example/bookings",
        author="c.lund",
        files=["application.yaml"],
        services=["bookings"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "ferries-bookings-dawn",
        "access",
        "two of three bookings pods turned unready at 5:04, the third is fine",
        Truth(
            "incident",
            ("stale_credentials",),
            ("Deployment/ferries/bookings",),
            culprit="rot-bookings-db",
            innocent=("PR-703", bookings.rollout()),
            remediation=("restart",),
            targets=("Deployment/ferries/bookings",),
            must_not_say=(
                ROLLBACK_HELPS,
                "database (is|was) (down|unreachable)",
                "connection pool (is|was) exhausted",
            ),
            evidence=('password authentication failed for user "bookings"',),
        ),
        notes="Variables from a Secret are read at the start. Pods of before the rotation have the old password and lived on open "
        "connections for half an hour; a pod that was made after it is well.",
    )


@scenario
def exporter_key_rolled() -> Scenario:
    world = cluster("2026-08-30T21:10:00Z", "invoicing", "numbers", "pdf")
    world.secret(
        "object-store",
        {"access-key": "INVOICING2", "secret-key": MADE_UP},
        age="200d",
        annotations={"external-secrets.example.com/last-sync": world.at("6h12m")},
    )
    body = template(
        container(
            "archiver",
            f"{REGISTRY}/invoicing/archiver:2.5.0",
            mounts={"keys": "/var/run/keys:ro"},
            env={"BUCKET": "invoices", "ENDPOINT": "https://objects.example.com"},
        ),
        volumes={"keys": {"secret": {"secretName": "object-store"}}},
    )
    older = changed(body, image=f"{REGISTRY}/invoicing/archiver:2.4.9")
    archiver = world.deployment("archiver", older, body, ages=("70d", "18d"), replicas=2, first_revision=8, empty=True)
    for pod in archiver.pods(2):
        world.log(
            pod,
            '-18d|time=<t> level=INFO msg="credentials loaded" file=/var/run/keys/access-key key=INVOICING1\n'
            + chatter("3h", "1h6m", "9m", "time=<t> level=INFO msg=archived invoice=<int:10000-99999>")
            + chatter(
                "65m",
                "5s",
                "45s",
                'time=<t> level=ERROR msg="upload failed" invoice=<int:10000-99999> err="InvalidAccessKeyId: The access key ID you provided does not exist in our records. status code: 403"',
                'time=<t> level=INFO msg="will try again" pending=<int:100-900>',
            ),
        )
    world.change(
        "KEY-31",
        "secret_rotation",
        "6h12m",
        "New access key INVOICING2 for the object store, written to Secret object-store",
        author="vault",
        services=["archiver"],
        deployed_by="vault",
    )
    world.change(
        "KEY-32",
        "secret_rotation",
        "1h5m",
        "Old access key INVOICING1 revoked",
        author="vault",
        services=["archiver"],
        deployed_by="vault",
    )
    world.series("archiver_pending", "invoices", ("4h", 3), ("1h6m", 4), ("0", 870), service="archiver")
    return world.scenario(
        "invoicing-archiver-pending",
        "access",
        "invoices pile up in archiver, pods are green. did the storage go down?",
        Truth(
            "incident",
            ("stale_credentials",),
            ("Deployment/invoicing/archiver",),
            culprit="KEY-32",
            culprits=("KEY-31",),
            innocent=(archiver.rollout(),),
            remediation=("restart",),
            targets=("Deployment/invoicing/archiver",),
            must_not_say=(ROLLBACK_HELPS, "object store (is|was) (down|unreachable)"),
            evidence=("InvalidAccessKeyId",),
        ),
        notes="The mounted file has had the new key for hours; the process read it once, eighteen days ago. It broke when the old one "
        "was revoked.",
    )


@scenario
def crm_new_install() -> Scenario:
    world = cluster("2026-01-27T11:05:00Z", "crm", "contacts")
    world.secret("deals-mongo", {"uri": "mongodb://deals:" + MADE_UP + "@mongo.crm.svc:27017/deals"}, age="35m")
    body = template(
        container(
            "deals", f"{REGISTRY}/crm/deals:1.0.0", port=3000, env={"MONGO_URI": from_secret("deals-mongo", "uri")}
        )
    )
    deals = world.deployment("deals", body, ages=("33m",), replicas=2, empty=True)
    for pod in deals.pods(2, crash_loop("33m", 10, Ended(1, "2m12s", "2s"))):
        world.log(
            pod,
            """
-2m14s|{"level":"info","time":"<t>","msg":"deals 1.0.0"}
-2m13s|{"level":"info","time":"<t>","msg":"connecting to mongo.crm.svc:27017"}
/app/node_modules/mongodb/lib/cmap/connection.js:299
                    callback(new error_1.MongoServerError(document));
                             ^

MongoServerError: Authentication failed.
    at Connection.sendCommand (/app/node_modules/mongodb/lib/cmap/connection.js:299:27)
    at async ScramSHA256.auth (/app/node_modules/mongodb/lib/cmap/auth/scram.js:39:16) {
  errorResponse: {
    ok: 0,
    errmsg: 'Authentication failed.',
    code: 18,
    codeName: 'AuthenticationFailed'
  }
}
""",
            previous=True,
        )
    mongo = world.statefulset(
        "mongo",
        template(container("mongo", f"{REGISTRY}/base/mongo:7.0.14", port=[("mongo", 27017)], memory=("512Mi", "1Gi"))),
        ages=("160d",),
    )
    world.log(
        mongo.made[0],
        chatter(
            "15m",
            "1m",
            "2m",
            '{"t":{"$date":"<t>"},"s":"I",  "c":"ACCESS",   "id":5286307, "ctx":"conn<int:4000-4900>","msg":"Failed to authenticate","attr":{"client":"<ip>:<int:30000-60000>","mechanism":"SCRAM-SHA-256","user":"deals","db":"deals","error":"AuthenticationFailed: SCRAM authentication failed, storedKey mismatch"}}',
            '{"t":{"$date":"<t>"},"s":"I",  "c":"NETWORK",  "id":22943,   "ctx":"listener","msg":"Connection accepted","attr":{"remote":"<ip>:<int:30000-60000>","connectionCount":<int:10-30>}}',
        ),
    )
    world.service("mongo", 27017, "mongo")
    world.service("deals", 80, "http")
    return world.scenario(
        "crm-deals-first-day",
        "access",
        "deals is new and cannot talk to mongo, network?",
        Truth(
            "incident",
            ("invalid_credentials",),
            ("Deployment/crm/deals",),
            must_not_say=(
                "network policy (blocks|is the cause)",
                "mongo (is|was) (down|unreachable|the cause)",
                TO_REVISION,
                RESTART_HELPS,
            ),
            evidence=("Authentication failed",),
        ),
        notes="Mongo is reached and answers; it does not know this password. Nothing was rotated: it never worked.",
    )


@scenario
def reports_other_user() -> Scenario:
    world = cluster("2026-10-06T12:44:00Z", "fleet", "gps", "maintenance")
    world.secret("reports-db", {"app": MADE_UP, "ro": MADE_UP + "-2"}, age="230d")
    env: dict[str, str | JsonObject] = {
        "PGHOST": "pg.fleet.svc",
        "PGUSER": "reports",
        "PGPASSWORD": from_secret("reports-db", "app"),
    }
    before = template(
        container(
            "reports",
            f"{REGISTRY}/fleet/reports:6.6.0",
            port=8080,
            env=env,
            readinessProbe=http_probe("/healthz", "http"),
        )
    )
    after = changed(before, env={"PGUSER": "reports_ro", "PGPASSWORD": from_secret("reports-db", "app")})
    reports = world.deployment("reports", before, after, ages=("24d", "13m"), replicas=2, first_revision=19, empty=True)
    reports.pods(2, revision=0)
    (pod,) = reports.pods(1, crash_loop("13m", 7, Ended(1, "1m44s", "1s")))
    world.log(
        pod,
        '-1m45s|<t> reports 6.6.0\n-1m45s|<t> cannot open database: failed to connect to `user=reports_ro database=fleet`: 10.96.41.7:5432 (pg.fleet.svc): failed SASL auth: FATAL: password authentication failed for user "reports_ro" (SQLSTATE 28P01)\n',
        style="go",
        previous=True,
    )
    pg = world.statefulset(
        "pg",
        template(
            container("postgres", f"{REGISTRY}/base/postgres:17.2", port=[("postgres", 5432)], memory=("512Mi", "1Gi"))
        ),
        ages=("90d",),
    )
    world.log(
        pg.made[0],
        chatter(
            "12m",
            "1m45s",
            "1m40s",
            '<t> [<int:1000-9000>] FATAL:  password authentication failed for user "reports_ro"',
            '<t> [<int:1000-9000>] DETAIL:  Connection matched file "/var/lib/postgresql/data/pg_hba.conf" line 128: "host all all all scram-sha-256"',
        ),
        style="postgres",
    )
    world.service("pg", 5432, "postgres")
    world.service("reports", 80, "http")
    world.change(
        "PR-88",
        "pull_request",
        "20m",
        "reports: use the read-only user",
        repo="example/fleet-deploy",
        author="k.singh",
        files=["reports/values.yaml"],
        services=["reports"],
        diff="-  PGUSER: reports\n+  PGUSER: reports_ro",
        deployed_by="sync 12:31",
    )
    return world.scenario(
        "fleet-reports-read-only-user",
        "access",
        "reports rollout fails at the first pod",
        Truth(
            "incident",
            ("invalid_credentials", "bad_rollout_config"),
            ("Deployment/fleet/reports",),
            culprit=reports.rollout(),
            culprits=("PR-88",),
            remediation=("rollback",),
            targets=("Deployment/fleet/reports",),
            must_not_say=(
                "database (is|was) (down|unreachable|read.only)",
                "credentials were rotated",
                "reports is (completely )?down",
            ),
            evidence=('password authentication failed for user "reports_ro"',),
        ),
        notes="Another user with the password of the old one. The name says read-only, which has nothing to do with the database's state.",
    )
