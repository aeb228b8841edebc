"""Applications that end on their own: in their code, by a signal, over their settings, for want of a variable."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    TO_REVISION,
    Cluster,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    from_config_map,
    from_secret,
    http_probe,
    running,
    scenario,
    template,
)

NOT_MEMORY = ("was OOMKilled", "killed at its memory limit")


@scenario
def billing_npe() -> Scenario:
    world = Cluster("2026-03-11T09:42:00Z", "billing")
    world.nodes("worker-1", "worker-2", "worker-3")
    world.system()
    world.namespace()
    world.config_map("invoice-writer-config", {"application.yaml": "spring:\n  profiles:\n    active: production\n"})
    before = template(
        container(
            "invoice-writer",
            f"{REGISTRY}/billing/invoice-writer:4.11.2",
            port=8080,
            cpu=("250m", "1"),
            memory=("768Mi", "1Gi"),
            env={"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=75", "SPRING_PROFILES_ACTIVE": "production"},
            mounts={"config": "/app/config:ro"},
            readinessProbe=http_probe("/actuator/health/readiness", "http", initialDelaySeconds=15),
        ),
        volumes={"config": {"configMap": {"name": "invoice-writer-config"}}},
    )
    after = changed(before, image=f"{REGISTRY}/billing/invoice-writer:4.12.0")
    writer = world.deployment(
        "invoice-writer", before, after, ages=("19d", "23m"), first_revision=37, replicas=3, empty=True
    )
    writer.pods(3, running("19d"), revision=0)
    (broken,) = writer.pods(1, crash_loop("23m", 8, Ended(1, "2m40s", "21s")))
    world.service("invoice-writer", 80, "http")
    world.deployment("tax-rates", template(container("tax-rates", f"{REGISTRY}/billing/tax-rates:1.9.3", port=8080)))
    world.service("tax-rates")
    started = """
-3m1s|<t>  INFO 1 --- [           main] c.e.billing.InvoiceWriterApplication     : Starting InvoiceWriterApplication v4.12.0 using Java 21.0.6 with PID 1 (/app/app.jar started by app in /app)
-3m1s|<t>  INFO 1 --- [           main] c.e.billing.InvoiceWriterApplication     : The following 1 profile is active: "production"
-2m56s|<t>  INFO 1 --- [           main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat initialized with port 8080 (http)
-2m55s|<t>  INFO 1 --- [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Start completed.
-2m52s|<t>  WARN 1 --- [           main] JpaBaseConfiguration$JpaWebConfiguration : spring.jpa.open-in-view is enabled by default. Therefore, database queries may be performed during view rendering.
-2m44s|<t>  INFO 1 --- [           main] c.e.billing.numbering.SequenceLoader     : Loading number sequences for 41 legal entities
-2m41s|<t> ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

java.lang.NullPointerException: Cannot invoke "com.example.billing.numbering.Prefix.value()" because the return value of "com.example.billing.numbering.LegalEntity.prefix()" is null
	at com.example.billing.numbering.SequenceLoader.keyOf(SequenceLoader.java:88) ~[!/:4.12.0]
	at com.example.billing.numbering.SequenceLoader.lambda$load$1(SequenceLoader.java:63) ~[!/:4.12.0]
	at java.base/java.util.ArrayList.forEach(ArrayList.java:1596) ~[na:na]
	at com.example.billing.numbering.SequenceLoader.load(SequenceLoader.java:61) ~[!/:4.12.0]
	at com.example.billing.numbering.SequenceLoader.run(SequenceLoader.java:47) ~[!/:4.12.0]
	at org.springframework.boot.SpringApplication.callRunner(SpringApplication.java:788) ~[spring-boot-3.4.2.jar!/:3.4.2]
	at com.example.billing.InvoiceWriterApplication.main(InvoiceWriterApplication.java:16) ~[!/:4.12.0]
"""
    world.log(broken, started, style="java", previous=True)
    world.log(broken, started, style="java")
    world.log(
        writer.made[0],
        chatter(
            "20m",
            "15s",
            "22s",
            "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.billing.api.InvoiceController        : Wrote invoice <int:100000-999999> in <int:8-60> ms",
            "<t>  INFO 1 --- [   scheduling-1] c.e.billing.numbering.SequenceLoader     : Reserved 50 numbers for entity <int:1-41>",
        ),
        style="java",
    )
    world.change(
        "PR-2210",
        "pull_request",
        "1h50m",
        "Derive invoice prefixes from the legal entity",
        repo="example/invoice-writer",
        author="m.okafor",
        files=["src/main/java/com/example/billing/numbering/SequenceLoader.java"],
        services=["invoice-writer"],
        diff='-        return "INV-" + entity.id();\n+        return entity.prefix().value() + "-" + entity.id();',
        deployed_by="invoice-writer 4.12.0",
    )
    world.change(
        "PR-2214",
        "pull_request",
        "11m",
        "Use the new rounding table for tax rates",
        repo="example/tax-rates",
        author="j.lindqvist",
        files=["rates/rounding.py"],
        services=["tax-rates"],
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "billing-writer-new-version",
        "crash",
        "The new version of invoice-writer does not come up, why?",
        Truth(
            "incident",
            ("app_crash",),
            ("Deployment/billing/invoice-writer",),
            culprit=writer.rollout(),
            culprits=("PR-2210",),
            innocent=("PR-2214",),
            remediation=("rollback",),
            targets=("Deployment/billing/invoice-writer",),
            must_not_say=(*NOT_MEMORY, "tax-rates (is|was) the cause"),
            evidence=("NullPointerException", "SequenceLoader"),
        ),
        notes="The rollout stops at one surge pod, so three of the old revision still serve everything. The good log of an "
        "old pod and a warning of Spring are noise; PR-2214 is another service, and not out.",
    )


@scenario
def parcels_poison_message() -> Scenario:
    world = cluster("2026-01-22T03:17:00Z", "parcels", "depot-api", "geocoder")
    body = template(
        container(
            "consumer",
            f"{REGISTRY}/parcels/label-consumer:0.31.4",
            port=[("metrics", 9102)],
            cpu=("100m", "500m"),
            memory=("128Mi", "256Mi"),
            env={"QUEUE": "labels.v2", "AMQP_URL": from_secret("label-consumer-amqp", "url")},
        )
    )
    world.secret("label-consumer-amqp", {"url": "amqp://rabbitmq.parcels.svc:5672/"}, age="200d")
    older = changed(body, image=f"{REGISTRY}/parcels/label-consumer:0.31.3")
    consumer = world.deployment(
        "label-consumer",
        older,
        body,
        ages=("80d", "34d"),
        replicas=2,
        empty=True,
        unavailable_since="41m",
        first_revision=12,
    )
    one, two = consumer.pods(2, crash_loop("34d", 11, Ended(2, "1m50s", "2s")))
    panic = """
-1m53s|{"time":"<t>","level":"INFO","msg":"connected","queue":"labels.v2","prefetch":16}
-1m52s|{"time":"<t>","level":"INFO","msg":"resuming","unacked":1}
panic: runtime error: index out of range [3] with length 3

goroutine 41 [running]:
example.com/parcels/labels/zpl.(*Encoder).address(0xc0001c6000, {0xc00030a2a0, 0x3, 0x4})
	/src/labels/zpl/encoder.go:143 +0x5c5
example.com/parcels/labels/zpl.(*Encoder).Encode(0xc0001c6000, 0xc0002ba1c0)
	/src/labels/zpl/encoder.go:77 +0x1d2
main.(*consumer).handle(0xc000192000, {0xa1f5e8, 0xc000026a40}, {0xc000318000, 0x2d1, 0x300})
	/src/cmd/consumer/main.go:118 +0x2e7
created by main.(*consumer).run in goroutine 1
	/src/cmd/consumer/main.go:92 +0x1a5
"""
    for pod in (one, two):
        world.log(pod, panic, previous=True)
        world.log(pod, panic)
    world.change(
        "c41f09e",
        "commit",
        "12m",
        "zpl: allow four address lines",
        repo="example/parcels",
        author="t.sato",
        files=["labels/zpl/encoder.go"],
        services=["label-consumer"],
        deployed_by="not deployed yet",
    )
    world.change(
        "PR-871",
        "pull_request",
        "3d2h",
        "geocoder: cache by postcode",
        repo="example/geocoder",
        author="a.nowak",
        files=["geocode/cache.go"],
        services=["geocoder"],
        deployed_by="geocoder 2.4.1",
    )
    return world.scenario(
        "parcels-consumers-night",
        "crash",
        "label-consumer is restarting all the time since about 02:35, what happened?",
        Truth(
            "incident",
            ("app_crash",),
            ("Deployment/parcels/label-consumer",),
            innocent=("c41f09e", "PR-871", consumer.rollout()),
            must_not_say=(
                *NOT_MEMORY,
                ROLLBACK_HELPS,
                RESTART_HELPS,
            ),
            evidence=("index out of range [3] with length 3",),
        ),
        notes="A message that the encoder cannot handle is delivered again after each start. The running version is 34 days "
        "old, so no rollout is to blame; the commit that touches the very file came after the onset and is the fix.",
    )


@scenario
def thumbnails_after_base_image() -> Scenario:
    world = cluster("2026-05-06T14:03:00Z", "media", "uploads", "playlist")
    before = template(
        container(
            "resizer",
            f"{REGISTRY}/media/thumbs:2026.17.0",
            port=3000,
            cpu=("500m", "2"),
            memory=("512Mi", "1Gi"),
            readinessProbe=http_probe("/ready", "http"),
        )
    )
    after = changed(before, image=f"{REGISTRY}/media/thumbs:2026.18.0")
    thumbs = world.deployment(
        "thumbs", before, after, ages=("7d", "52m"), first_revision=88, replicas=3, empty=True, unavailable_since="47m"
    )
    ends = (Ended(139, "40s", "3m10s"), Ended(139, "2m1s", "6m22s"), Ended(139, "4m13s", "2m45s"))
    pods = [thumbs.pods(1, crash_loop("52m", 7 + number, end))[0] for number, end in enumerate(ends)]
    for pod in pods:
        world.log(
            pod,
            chatter(
                "8m",
                "3m",
                "4s",
                '{"level":30,"time":"<t>","pid":1,"msg":"resized","width":<pick:320,640,1280>,"format":"<pick:webp,avif,jpeg>","ms":<int:9-70>}',
            )
            + '-2m5s|{"level":30,"time":"<t>","pid":1,"msg":"resizing","format":"avif","source":"heic"}\n',
            previous=True,
        )
    world.service("thumbs")
    world.change(
        "rel-thumbs-2026.18.0",
        "release",
        "1h4m",
        "thumbs 2026.18.0: base image with libvips 8.16",
        repo="example/thumbs",
        author="build",
        files=["Dockerfile"],
        services=["thumbs"],
        diff="-FROM base/node:20-vips8.15\n+FROM base/node:20-vips8.16",
        deployed_by="pipeline 5521",
    )
    world.change(
        "flag-avif-default",
        "feature_flag",
        "2d",
        "Serve AVIF by default to 5 % of visitors",
        author="p.quist",
        services=["playlist"],
        deployed_by="on since Monday",
    )
    return world.scenario(
        "media-thumbs-segfault",
        "crash",
        "Thumbnails are missing on the site. Is something wrong in media?",
        Truth(
            "incident",
            ("app_crash",),
            ("Deployment/media/thumbs",),
            culprit=thumbs.rollout(),
            culprits=("rel-thumbs-2026.18.0",),
            innocent=("flag-avif-default",),
            remediation=("rollback",),
            targets=("Deployment/media/thumbs",),
            must_not_say=(*NOT_MEMORY, "exit code 137"),
            evidence=("139",),
        ),
        notes="Exit 139 is SIGSEGV in a native library: the log just ends. It takes minutes to happen, so pods look well in "
        "between. Only the exit code and the release of an hour ago tell.",
    )


@scenario
def catalogue_settings() -> Scenario:
    world = cluster("2026-02-17T10:21:00Z", "catalogue", "search-api", "price-feed")
    before = template(
        container(
            "indexer",
            f"{REGISTRY}/catalogue/indexer:3.2.0",
            cpu=("200m", "1"),
            memory=("256Mi", "512Mi"),
            env={"BATCH_SIZE": "500", "WORKER_CONCURRENCY": "4", "SEARCH_URL": "http://search-api.catalogue.svc:80"},
        )
    )
    after = changed(before, env={"WORKER_CONCURRENCY": "auto"})
    indexer = world.deployment(
        "indexer",
        before,
        after,
        ages=("26d", "17m"),
        first_revision=9,
        replicas=1,
        empty=True,
        strategy={"type": "Recreate"},
        causes=("", "tune indexer"),
    )
    (pod,) = indexer.pods(1, crash_loop("17m", 8, Ended(1, "3m31s", "1s")))
    world.log(
        pod,
        """
-3m32s|Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "<frozen runpy>", line 88, in _run_code
  File "/app/indexer/__main__.py", line 9, in <module>
    settings = Settings()
               ^^^^^^^^^^
  File "/usr/local/lib/python3.12/site-packages/pydantic_settings/main.py", line 176, in __init__
    super().__init__(
  File "/usr/local/lib/python3.12/site-packages/pydantic/main.py", line 214, in __init__
    validated_self = self.__pydantic_validator__.validate_python(data, self_instance=self)
                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
worker_concurrency
  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='auto', input_type=str]
    For further information visit https://errors.pydantic.dev/2.10/v/int_parsing
""",
        previous=True,
    )
    return world.scenario(
        "catalogue-indexer-tuned",
        "crash",
        "indexer in catalogue keeps dying, can you look?",
        Truth(
            "incident",
            ("app_config_error", "bad_rollout_config"),
            ("Deployment/catalogue/indexer",),
            culprit=indexer.rollout(),
            remediation=("rollback",),
            targets=("Deployment/catalogue/indexer",),
            must_not_say=(*NOT_MEMORY, "bug in (the )?(code|application)"),
            evidence=("unable to parse string as an integer",),
        ),
        notes="Same image; only a variable differs between the revisions. Strategy Recreate: nothing of the old one runs.",
    )


@scenario
def edge_proxy_directive() -> Scenario:
    world = cluster("2026-06-30T19:48:00Z", "edge", "assets", nodes=("ip-10-2-1-7", "ip-10-2-2-19", "ip-10-2-3-4"))
    conf = "upstream assets {\n    server assets.edge.svc:80;\n}\nserver {\n    listen 8080;\n    location / {\n        proxy_pass http://assets;\n        proxy_read_timeout 15s;\n        proxy_bufering off;\n    }\n}\n"
    world.config_map("front-conf", {"default.conf": conf}, age="210d")
    body = template(
        container(
            "nginx",
            f"{REGISTRY}/base/nginx:1.27.3",
            port=8080,
            memory=("64Mi", "128Mi"),
            mounts={"conf": "/etc/nginx/conf.d:ro"},
            readinessProbe=http_probe("/healthz", "http"),
        ),
        volumes={"conf": {"configMap": {"name": "front-conf"}}},
    )
    front = world.deployment("front", body, ages=("64d",), replicas=3, empty=True, unavailable_since="22m")
    front.pods(2, running("64d"))
    (pod,) = front.pods(1, crash_loop("22m", 9, Ended(1, "4m2s", "1s")), node="ip-10-2-3-4")
    script = """
-4m3s|/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/
/docker-entrypoint.sh: Configuration complete; ready for start up
-4m2s|<t> [emerg] 1#1: unknown directive "proxy_bufering" in /etc/nginx/conf.d/default.conf:9
nginx: [emerg] unknown directive "proxy_bufering" in /etc/nginx/conf.d/default.conf:9
"""
    world.log(pod, script, style="go", previous=True)
    world.log(
        front.made[0],
        chatter(
            "9m", "2s", "5s", '<ip> - - [<t>] "GET /static/<hex:6>.js HTTP/1.1" 200 <int:900-90000> "-" "Mozilla/5.0"'
        ),
        style="access",
    )
    world.service("front", 80, "http")
    world.change(
        "cfg-3391",
        "config",
        "3h20m",
        "front-conf: no buffering for streams",
        repo="example/edge-config",
        author="d.ferrari",
        files=["front/default.conf"],
        services=["front"],
        diff="+        proxy_bufering off;",
        deployed_by="config sync 16:30",
    )
    world.change(
        "PR-98",
        "pull_request",
        "26m",
        "assets: new logo",
        repo="example/assets",
        author="l.brandt",
        files=["img/logo.svg"],
        services=["assets"],
        deployed_by="assets 2.9.1",
    )
    return world.scenario(
        "edge-front-one-of-three",
        "crash",
        "one pod of front has been crash looping for twenty minutes, the others are fine. why only this one?",
        Truth(
            "incident",
            ("app_config_error", "config_change_regression"),
            ("Deployment/edge/front", "ConfigMap/edge/front-conf"),
            culprit="cfg-3391",
            innocent=("PR-98", front.rollout()),
            remediation=("none", "rollback"),
            targets=("ConfigMap/edge/front-conf",),
            must_not_say=(
                *NOT_MEMORY,
                "delet(e|ing) (the|this) pod (would|will|should) (help|fix)",
                "node ip-10-2-3-4 is (the cause|at fault)",
            ),
            evidence=('unknown directive "proxy_bufering"',),
        ),
        notes="The ConfigMap was changed three hours ago; nginx reads it only at its start, and only one pod was started since. "
        "A new pod, a restart or an older revision would read the same file: none of them helps.",
    )


@scenario
def wallet_without_url() -> Scenario:
    world = cluster("2026-04-14T07:55:00Z", "wallet", "ledger", "fx-rates")
    env = {
        "NODE_ENV": "production",
        "LEDGER_URL": "http://ledger.wallet.svc",
        "FX_URL": "http://fx-rates.wallet.svc",
        "PORT": "3000",
    }
    before = template(
        container(
            "gateway", f"{REGISTRY}/wallet/gateway:5.0.9", port=3000, env=env, readinessProbe=http_probe("/up", "http")
        )
    )
    after = changed(
        before,
        image=f"{REGISTRY}/wallet/gateway:5.1.0",
        env={"FX_URL": None, "RATES_BASE_URL": "http://fx-rates.wallet.svc"},
    )
    gateway = world.deployment("gateway", before, after, ages=("13d", "31m"), first_revision=55, replicas=4, empty=True)
    gateway.pods(3, revision=0)
    for pod in gateway.pods(2, crash_loop("31m", 10, Ended(1, "1m12s", "1s"))):
        world.log(
            pod,
            """
-1m13s|> gateway@5.1.0 start
> node --enable-source-maps dist/server.js

/app/dist/config.js:21
        throw new Error(`Missing required environment variable: ${name}`);
              ^

Error: Missing required environment variable: FX_URL
    at required (/app/src/config.ts:34:11)
    at Object.<anonymous> (/app/src/config.ts:52:12)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)
    at node:internal/main/run_main_module:36:49

Node.js v22.13.1
""",
            previous=True,
        )
    world.service("gateway", 80, "http")
    world.change(
        "PR-1203",
        "pull_request",
        "55m",
        "Rename FX_URL to RATES_BASE_URL in the chart",
        repo="example/wallet-deploy",
        author="h.ito",
        files=["charts/gateway/values.yaml"],
        services=["gateway"],
        diff="-  FX_URL: http://fx-rates.wallet.svc\n+  RATES_BASE_URL: http://fx-rates.wallet.svc",
        deployed_by="gateway 5.1.0",
    )
    return world.scenario(
        "wallet-gateway-renamed",
        "crash",
        "gateway deploy is stuck at 2 of 4, what is it?",
        Truth(
            "incident",
            ("missing_env_var", "app_config_error", "bad_rollout_config"),
            ("Deployment/wallet/gateway",),
            culprit=gateway.rollout(),
            culprits=("PR-1203",),
            remediation=("rollback",),
            targets=("Deployment/wallet/gateway",),
            must_not_say=(*NOT_MEMORY, "fx-rates is down", "cannot reach fx-rates"),
            evidence=("Missing required environment variable: FX_URL",),
        ),
        notes="The chart renamed the variable, the code did not. Three old pods still serve; the deadline has passed.",
    )


@scenario
def surveys_first_install() -> Scenario:
    world = cluster("2026-08-03T12:30:00Z", "surveys", "forms")
    world.secret("surveys-db", {"DB_HOST": "pg.surveys.svc", "DB_NAME": "surveys"}, age="25m")
    world.config_map(
        "surveys-env", {"DJANGO_SETTINGS_MODULE": "surveys.settings.production", "LOG_LEVEL": "INFO"}, age="25m"
    )
    body = template(
        container(
            "web",
            f"{REGISTRY}/surveys/web:1.0.0",
            port=8000,
            env={"LOG_LEVEL": from_config_map("surveys-env", "LOG_LEVEL")},
            env_from=[{"configMapRef": {"name": "surveys-env"}}, {"secretRef": {"name": "surveys-db"}}],
        )
    )
    web = world.deployment("surveys", body, ages=("25m",), replicas=2, empty=True)
    for pod in web.pods(2, crash_loop("25m", 9, Ended(3, "44s", "2s"))):
        world.log(
            pod,
            """
-46s|[<t>] [1] [INFO] Starting gunicorn 23.0.0
-46s|[<t>] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)
-46s|[<t>] [7] [INFO] Booting worker with pid: 7
-45s|[<t>] [7] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/app/surveys/settings/production.py", line 17, in <module>
    SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
                 ~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^
  File "<frozen os>", line 714, in __getitem__
KeyError: 'DJANGO_SECRET_KEY'
-45s|[<t>] [7] [INFO] Worker exiting (pid: 7)
-44s|[<t>] [1] [ERROR] Worker (pid:7) exited with code 3
-44s|[<t>] [1] [ERROR] Shutting down: Master
-44s|[<t>] [1] [ERROR] Reason: Worker failed to boot.
""",
            style="python",
            previous=True,
        )
    world.service("surveys", 80, "http")
    return world.scenario(
        "surveys-first-install",
        "crash",
        "we just installed surveys for the first time and it crashes, what did we forget?",
        Truth(
            "incident",
            ("missing_env_var", "app_config_error"),
            ("Deployment/surveys/surveys",),
            must_not_say=(*NOT_MEMORY, TO_REVISION),
            evidence=("KeyError: 'DJANGO_SECRET_KEY'",),
        ),
        notes="The first revision: there is nothing to go back to. The Secret and ConfigMap exist, they only lack the key.",
    )
