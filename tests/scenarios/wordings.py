"""Programs that give up in words of their own framework, and little else to look at."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    completed,
    container,
    crash_loop,
    failed,
    from_secret,
    image_pull,
    running,
    scenario,
    template,
)


@scenario
def quarkus_property() -> Scenario:
    world = cluster("2026-03-17T19:05:00Z", "ferries", "timetable", "berths")
    before = template(
        container("fares", f"{REGISTRY}/ferries/fares:3.8.0", port=8080, env={"FARES_TARIFF_URL": "http://tariffs"})
    )
    after = changed(before, env={"FARES_TARIFF_URL": None})
    load = world.deployment("fares", before, after, ages=("44d", "31m"), replicas=2, first_revision=9, empty=True)
    for pod in load.pods(2, crash_loop("31m", 10, Ended(1, "1m", "2s"))):
        world.log(
            pod,
            "-1m2s|__  ____  __  _____   ___  __ ____  ______\n"
            "-1m1s|<t> ERROR [io.qua.run.Application] (main) Failed to start application: "
            "java.util.NoSuchElementException: SRCFG00014: The config property fares.tariff.url is required but it could "
            "not be found in any config source",
            previous=True,
        )
    world.service("fares")
    return world.scenario(
        "ferries-fares-quarkus",
        "wordings",
        "what is wrong with ferries?",
        Truth(
            "incident",
            ("missing_env_var", "app_config_error", "bad_rollout_config"),
            ("Deployment/ferries/fares",),
            culprit=load.rollout(),
            remediation=("rollback",),
            targets=("Deployment/ferries/fares",),
            must_not_say=(RESTART_HELPS,),
            evidence=("fares.tariff.url",),
        ),
        notes="The release took a variable away; the framework names the property, not the variable.",
    )


@scenario
def heap_too_large() -> Scenario:
    world = cluster("2026-04-21T07:50:00Z", "archives", "scans")
    body = template(container("indexer", f"{REGISTRY}/archives/indexer:2.0.1", args=["-Xmx6gb", "-jar", "/app.jar"]))
    load = world.deployment("indexer", body, ages=("55m",), replicas=1, empty=True)
    (pod,) = load.pods(1, crash_loop("55m", 15, Ended(1, "2m", "1s")))
    world.log(
        pod,
        "-2m|Invalid maximum heap size: -Xmx6gb\n-2m|Error: Could not create the Java Virtual Machine.\n"
        "-2m|Error: A fatal exception has occurred. Program will exit.",
        previous=True,
    )
    return world.scenario(
        "archives-indexer-heap",
        "wordings",
        "the indexer never came up",
        Truth(
            "incident",
            ("app_config_error", "bad_rollout_config"),
            ("Deployment/archives/indexer",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "out of memory"),
            evidence=("Invalid maximum heap size",),
        ),
        notes="It speaks of heap, and is no case of memory: the value is not one that the JVM reads.",
    )


@scenario
def directory_login() -> Scenario:
    world = cluster("2026-05-12T11:11:00Z", "library", "loans", "catalogue")
    body = template(
        container("badges", f"{REGISTRY}/library/badges:1.1.0", env={"BIND_DN": from_secret("directory", "dn")})
    )
    world.secret("directory", {"dn": "cn=badges"})
    load = world.deployment("badges", body, ages=("3h",), replicas=1, empty=True)
    (pod,) = load.pods(1, crash_loop("3h", 36, Ended(1, "1m", "3s")))
    world.log(
        pod,
        "-1m3s|badges 1.1.0\n-1m|bind to directory.example.org rejected, LDAP Result Code 49, credentials are wrong "
        "(data 52e)",
        previous=True,
    )
    return world.scenario(
        "library-badges-directory",
        "wordings",
        "why do badges not work?",
        Truth(
            "incident",
            ("invalid_credentials",),
            ("Deployment/library/badges", "Secret/library/directory"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("credentials are wrong",),
        ),
        notes="The words are those of a directory, and the first revision: nothing to go back to.",
    )


@scenario
def untold_image() -> Scenario:
    world = cluster("2026-06-16T06:10:00Z", "weather", "radar")
    before = template(container("nowcast", f"{REGISTRY}/weather/nowcast:5.2.0"))
    after = changed(before, image=f"{REGISTRY}/weather/nowcast:5.3.O")
    load = world.deployment("nowcast", before, after, ages=("30d", "26m"), replicas=2, first_revision=5, empty=True)
    load.pods(2, running("30d"), revision=0)
    load.pods(1, image_pull("26m", f"{REGISTRY}/weather/nowcast:5.3.O", "x"))
    # Events live for an hour at most, and here nobody kept them; the state says no more than that it tries again.
    world.objects = [each for each in world.objects if each["kind"] != "Event"]
    for each in world.of("Pod"):
        for one in each["status"].get("containerStatuses", []):
            waiting = one["state"].get("waiting", {})
            if waiting.get("reason") == "ImagePullBackOff":
                waiting["message"] = f'Back-off pulling image "{REGISTRY}/weather/nowcast:5.3.O"'
    return world.scenario(
        "weather-nowcast-no-events",
        "wordings",
        "is the nowcast release through?",
        Truth(
            "incident",
            ("image_not_found", "bad_rollout_config", "rollout_stuck"),
            ("Deployment/weather/nowcast",),
            culprit=load.rollout(),
            remediation=("rollback",),
            targets=("Deployment/weather/nowcast",),
            must_not_say=("the registry answers", RESTART_HELPS),
            evidence=("nowcast:5.3.O",),
        ),
        notes="What the registry said is lost. The release changed the tag; that much is certain.",
    )


@scenario
def second_try() -> Scenario:
    world = cluster("2026-07-07T05:30:00Z", "census", "forms")
    body = template(container("tally", f"{REGISTRY}/census/tally:9"))
    cron = world.cronjob("tally", "*/15 * * * *", body, last="15m", last_success="12m")
    early = [failed("15m", Ended(1, "14m", "50s")), completed("14m", "12m")]
    world.job("tally-29812", body, age="15m", done="12m", pods=early, owner=cron)
    single = [failed("9m", Ended(1, "8m", "40s")), running("7m")]
    world.job("recount", body, age="9m", pods=single)
    for pod in world.of("Pod"):
        if pod["status"]["phase"] == "Failed":
            world.log(pod, "-8m|<t> ERROR could not serialize access due to concurrent update, giving up this try")
        elif pod["metadata"]["name"].startswith("recount"):
            world.log(pod, chatter("7m", "5s", "20s", "<t> INFO counted <int:100-900> forms"))
    return world.scenario(
        "census-second-try",
        "wordings",
        "do the counts of census fail?",
        Truth("healthy", ("healthy", "transient", "recovered"), must_not_say=("job_failed", "failed for good")),
        notes="Each Job failed once and its next try succeeded or is at work: that is what tries are for.",
    )
