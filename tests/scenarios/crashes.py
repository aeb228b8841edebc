"""Applications that end on their own: in their code, by a signal, over their settings, for want of a variable."""

from tests.scenarios.kit import (
    REGISTRY,
    Cluster,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    container,
    crash_loop,
    http_probe,
    running,
    scenario,
    template,
)

CRASH_LIES = ("out of memory|oom", "image pull", "liveness probe (fails|is failing)")


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
            must_not_say=(*CRASH_LIES, "outage of billing"),
            evidence=("NullPointerException", "SequenceLoader"),
        ),
        notes="The rollout stops at one surge pod, so three of the old revision still serve everything. The good log of an "
        "old pod and a warning of Spring are noise; PR-2214 is another service, and not out.",
    )
