"""Clusters in which nothing is wrong (any more), with things in them that look as if there were."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Doing,
    Ended,
    JsonObject,
    Scenario,
    State,
    Told,
    Truth,
    changed,
    chatter,
    cluster,
    completed,
    container,
    evicted,
    failed,
    http_probe,
    restarted,
    running,
    scenario,
    template,
    terminating,
    unready,
)

FINE = ("healthy", "no_issue", "transient")
# What a report on a well cluster must not claim.
ALARM = (
    r"\b(deployment|application|service|workload|\w+/\w+) is down\b",
    r"\b(deployment|application|service|workload|\w+/\w+) is (failing|crashing|crash.?looping)",
)


def starting(age: str, *, lasts: str = "") -> State:
    """A pod that has just been placed and pulls its image, or whose container just started."""
    if lasts:
        return State(age=age, doing=Doing(ago=lasts, ready=False, started=True), unready_since=age)
    doing = Doing("waiting", age, "ContainerCreating", ready=False, started=False, image_present=False)
    return State("Pending", age, doing, blocked=True, unready_since=age)


@scenario
def nightly_jobs_done() -> Scenario:
    world = cluster("2026-02-18T08:12:00Z", "books", "shelf", "loans")
    body = template(container("sync", f"{REGISTRY}/books/sync:1.2.0", cpu="50m", memory="64Mi"))
    cron = world.cronjob("catalog-sync", "*/30 * * * *", body, last="12m", last_success="11m")
    for ago, done in (("1h12m", "1h11m"), ("42m", "41m"), ("12m", "11m")):
        world.run_of(cron, ago, done=done)
    once = world.run_of(
        cron, "3h12m", done="3h6m", pods=[failed("3h12m", Ended(1, "3h9m", "20s")), completed("3h8m", "3h6m")]
    )
    for pod in world.of("Pod", "books")[-2:]:
        world.log(
            pod,
            "-3h9m|<t> WARN sync: peer did not answer in 10s\n-3h9m|<t> ERROR sync: giving up, will be started again\n"
            if pod["status"]["phase"] == "Failed"
            else "-3h7m|<t> INFO sync: 5121 titles, 12 new\n",
            style="python",
        )
    assert once["status"]["succeeded"] == 1
    world.job("import-2025", template(container("import", f"{REGISTRY}/books/import:0.9")), age="48d", done="47d23h")
    return world.scenario(
        "books-many-completed",
        "quiet",
        "there are lots of pods with 0/1 in books, what is wrong?",
        Truth("healthy", FINE, must_not_say=(*ALARM, "job_failed")),
        notes="Pods of Jobs that are done show 0/1. One run of the night needed a second try and got through.",
    )


@scenario
def restarts_of_long_ago() -> Scenario:
    world = cluster("2026-09-04T15:02:00Z", "museum", "tickets", "guide", "shop")
    body = template(
        container(
            "exhibits",
            f"{REGISTRY}/museum/exhibits:3.4.4",
            port=8080,
            memory=("128Mi", "256Mi"),
            readinessProbe=http_probe("/healthz", "http"),
        )
    )
    exhibits = world.deployment("exhibits", body, ages=("93d",), replicas=3, first_revision=22, empty=True)
    exhibits.pods(1, running("93d", restarts=14, last=Ended(137, "9d4h", "7d", "OOMKilled")))
    exhibits.pods(1, running("93d", restarts=6, last=Ended(1, "21d", "30d")))
    exhibits.pods(1, running("21d", restarts=2, last=Ended(143, "12d", "9d", "Error")))
    for pod in exhibits.made:
        world.log(
            pod, chatter("15m", "2s", "25s", "level=info ts=<t> msg=served path=/exhibits/<int:1-400> dur=<int:2-18>ms")
        )
    world.series(
        "container_memory_working_set_bytes",
        "bytes",
        ("7d", 131e6),
        ("0", 133e6),
        step="2h",
        pod=exhibits.made[0]["metadata"]["name"],
        container="exhibits",
    )
    world.service("exhibits", 80, "http")
    return world.scenario(
        "museum-restart-counts",
        "quiet",
        "exhibits has 14 restarts, should I worry?",
        Truth(
            "healthy",
            ("healthy", "no_issue", "recovered", "transient"),
            innocent=(exhibits.rollout(),),
            must_not_say=(*ALARM, "memory leak (is|as)"),
        ),
        notes="The last restart is nine days old; memory has been flat for a week.",
    )


@scenario
def rollout_half_way() -> Scenario:
    world = cluster("2026-04-29T10:00:30Z", "banking", "transfers", "cards", "limits")
    before = template(
        container(
            "accounts",
            f"{REGISTRY}/banking/accounts:30.1.0",
            port=8080,
            memory=("512Mi", "1Gi"),
            readinessProbe=http_probe("/actuator/health/readiness", "http", initialDelaySeconds=20),
        )
    )
    after = changed(before, image=f"{REGISTRY}/banking/accounts:30.2.0")
    accounts = world.deployment(
        "accounts", before, after, ages=("6d", "1m50s"), replicas=6, first_revision=140, empty=True
    )
    leaving = accounts.pods(1, terminating(running("6d"), "12s"), revision=0)
    accounts.pods(3, revision=0)
    accounts.pods(2, running("1m48s"))
    (new,) = accounts.pods(
        1,
        unready(
            "26s",
            'Get "http://<podIP>:8080/actuator/health/readiness": dial tcp <podIP>:8080: connect: connection refused',
            since="5s",
            count=1,
        ),
    )
    accounts.pods(1, starting("9s"))
    world.log(
        new,
        "-24s|<t>  INFO 1 --- [           main] c.e.banking.accounts.Application         : Starting Application v30.2.0 using Java 21.0.6 with PID 1\n-15s|<t>  INFO 1 --- [           main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat initialized with port 8080 (http)\n",
        style="java",
    )
    assert leaving[0]["metadata"]["deletionTimestamp"]
    world.service("accounts")
    world.change(
        "rel-30.2.0",
        "release",
        "4m",
        "accounts 30.2.0",
        repo="example/accounts",
        author="pipeline",
        services=["accounts"],
        deployed_by="pipeline 8812",
    )
    return world.scenario(
        "banking-accounts-two-minutes",
        "quiet",
        "accounts deployment shows unready pods, is the release bad?",
        Truth(
            "healthy",
            ("rollout_in_progress", "healthy", "transient"),
            innocent=("rel-30.2.0", accounts.rollout()),
            must_not_say=(*ALARM, "bad (release|rollout)", "rollout is stuck"),
        ),
        notes="Less than two minutes into a rollout: two new pods are ready, one is starting, one is being made, an old one leaves. "
        "The refused probe is five seconds old.",
    )


@scenario
def scaling_out_now() -> Scenario:
    world = cluster("2026-12-24T17:30:00Z", "recipes", "photos", "lists")
    body = template(
        container(
            "search",
            f"{REGISTRY}/recipes/search:9.0.1",
            port=8080,
            cpu=("250m", "500m"),
            readinessProbe=http_probe("/ready", "http", initialDelaySeconds=15),
        )
    )
    search = world.deployment(
        "search", body, ages=("19d",), replicas=8, first_revision=31, empty=True, unavailable_since="36s"
    )
    search.pods(5, running("19d"))
    for pod in search.pods(3, starting("35s", lasts="31s")):
        world.log(pod, "-30s|<t> info search 9.0.1 loading index\n-8s|<t> info index 71 %\n")
    scaler = world.autoscaler(
        "search",
        least=3,
        most=12,
        current=8,
        cpu=88,
        last_scaled="36s",
        conditions=[
            ("AbleToScale", "True", "SucceededRescale", "the HPA controller was able to update the target scale to 8"),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            ),
            ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
        ],
    )
    world.event(
        scaler,
        "SuccessfulRescale",
        "New size: 8; reason: cpu resource utilization (percentage of request) above target",
        last="36s",
        kind="Normal",
        source="horizontal-pod-autoscaler",
    )
    world.event(
        search.object,
        "ScalingReplicaSet",
        f"Scaled up replica set {search.revisions[0]['metadata']['name']} from 5 to 8",
        last="36s",
        kind="Normal",
        source="deployment-controller",
    )
    world.service("search")
    world.series("http_request_duration_seconds_p95", "s", ("2h", 0.11), ("0", 0.14), service="search")
    return world.scenario(
        "recipes-christmas-eve",
        "quiet",
        "search: only 5 of 8 pods ready on Christmas Eve!",
        Truth("healthy", FINE, innocent=(search.rollout(),), must_not_say=(*ALARM, "traffic overload (is|as) the")),
        notes="The autoscaler asked for three more half a minute ago; they load their index. Latency is as ever.",
    )


@scenario
def pulling_big_image() -> Scenario:
    world = cluster("2026-05-08T11:20:40Z", "genomics", "samples", nodes=("hpc-1", "hpc-2"))
    image = f"{REGISTRY}/genomics/aligner:2026.5"
    before = template(
        container("aligner", f"{REGISTRY}/genomics/aligner:2026.4", cpu=("1", "4"), memory=("4Gi", "8Gi"))
    )
    after = changed(before, image=image)
    aligner = world.deployment("aligner", before, after, ages=("30d", "48s"), replicas=1, first_revision=5, empty=True)
    aligner.pods(1, revision=0)
    aligner.pods(
        1, starting("48s").telling(Told("Pulling", f'Pulling image "{image}"', "46s", kind="Normal", at="<field>"))
    )
    world.service("aligner", 80, 8080)
    return world.scenario(
        "genomics-aligner-new-month",
        "quiet",
        "aligner is ContainerCreating and nothing happens",
        Truth(
            "healthy",
            ("rollout_in_progress", "transient", "healthy"),
            innocent=(aligner.rollout(),),
            must_not_say=(
                *ALARM,
                "image (or tag )?(does not exist|cannot be pulled)",
                ROLLBACK_HELPS,
            ),
        ),
        notes="A big image is being pulled for three quarters of a minute; the old pod serves meanwhile.",
    )


@scenario
def remains_of_last_week() -> Scenario:
    world = cluster("2026-11-17T09:40:00Z", "logistics", "fleet", "routes", "depots")
    body = template(container("planner", f"{REGISTRY}/logistics/planner:5.7.0", port=8080, memory=("256Mi", "512Mi")))
    planner = world.deployment("planner", body, ages=("50d",), replicas=3, first_revision=18, empty=True)
    for _ in range(4):
        planner.pods(
            1,
            evicted(
                "40d",
                "6d3h",
                "The node was low on resource: ephemeral-storage. Threshold quantity: 8Gi, available: 6120Mi. Container planner was using 34Mi, request is 0, has larger consumption of ephemeral-storage. ",
            ),
        )
    for pod in planner.pods(3, running("6d3h")):
        world.log(
            pod,
            chatter("12m", "2s", "18s", "<t> INFO planner - plan <hex:8> with <int:4-40> stops in <int:100-900>ms"),
            style="python",
        )
    world.service("planner")
    return world.scenario(
        "logistics-evicted-list",
        "quiet",
        "kubectl shows Evicted pods for planner. is it down?",
        Truth(
            "healthy",
            ("healthy", "no_issue", "recovered", "transient"),
            innocent=(planner.rollout(),),
            must_not_say=(
                "planner is down",
                "disk pressure (is|as) the (current )?cause",
                "nodes? (is|are) under disk pressure",
            ),
        ),
        notes="Remains of an eviction six days ago; the Deployment has its three pods and the nodes have no pressure.",
    )


@scenario
def warnings_that_are_handled() -> Scenario:
    world = cluster("2026-08-14T14:14:00Z", "payments", "refunds", "risk")
    body = template(
        container(
            "capture",
            f"{REGISTRY}/payments/capture:44.0.1",
            port=8080,
            memory=("512Mi", "1Gi"),
            readinessProbe=http_probe("/actuator/health/readiness", "http"),
        )
    )
    capture = world.deployment("capture", body, ages=("13d",), replicas=3, first_revision=97, empty=True)
    for pod in capture.pods(3):
        world.log(
            pod,
            chatter(
                "30m",
                "1s",
                "7s",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.capture.CaptureController   : captured <hex:10> in <int:40-190> ms",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.capture.CaptureController   : captured <hex:10> in <int:40-190> ms",
                "<t>  WARN 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.acquirer.AcquirerClient     : attempt 1 failed: java.net.SocketTimeoutException: Read timed out, trying again in 200 ms",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.acquirer.AcquirerClient     : attempt 2 succeeded after <int:210-400> ms",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.capture.CaptureController   : captured <hex:10> in <int:400-700> ms",
                "<t> ERROR 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.capture.Idempotency         : deadlock detected (SQLState 40P01), transaction is repeated",
                "<t>  INFO 1 --- [nio-8080-exec-<int:1-9>] c.e.payments.capture.Idempotency         : transaction repeated, ok",
            ),
            style="java",
        )
    world.service("capture")
    world.series("http_server_errors_ratio", "ratio", ("6h", 0.0004), ("0", 0.0004), service="capture")
    world.series("http_request_duration_seconds_p95", "s", ("6h", 0.41), ("0", 0.4), service="capture")
    return world.scenario(
        "payments-capture-log",
        "quiet",
        "I see timeouts and even a deadlock in the logs of capture. Are payments at risk?",
        Truth(
            "healthy",
            FINE,
            innocent=(capture.rollout(),),
            must_not_say=(*ALARM, "dependency_unreachable", "slow_dependency"),
        ),
        notes="Every warning is followed by the try that succeeds; errors and latency have been flat for hours.",
    )


@scenario
def node_replaced() -> Scenario:
    world = cluster("2026-06-08T21:15:00Z", "weather", "radar", "alerts", "stations", nodes=("wk-1", "wk-2", "wk-3"))
    (old,) = world.nodes("wk-0", cordoned="26m")
    world.node("wk-4", age="31m")
    world.event(
        old,
        "NodeNotSchedulable",
        "Node wk-0 status is now: NodeNotSchedulable",
        last="26m",
        kind="Normal",
        source="kubelet",
        host="wk-0",
    )
    body = template(
        container(
            "forecast", f"{REGISTRY}/weather/forecast:7.1.0", port=8080, readinessProbe=http_probe("/ready", "http")
        )
    )
    forecast = world.deployment("forecast", body, ages=("45d",), replicas=3, first_revision=12, empty=True)
    forecast.pods(1, running("45d"), node="wk-1")
    (moved,) = forecast.pods(1, running("25m"), node="wk-4")
    forecast.pods(1, running("45d"), node="wk-2")
    world.event(
        moved,
        "Unhealthy",
        f'Readiness probe failed: Get "http://{moved["status"]["podIP"]}:8080/ready": dial tcp {moved["status"]["podIP"]}:8080: connect: connection refused',
        last="24m55s",
        source="kubelet",
        host="wk-4",
        field_path="spec.containers{forecast}",
    )
    world.budget("forecast", healthy=3, expected=3, minAvailable=2)
    world.service("forecast")
    world.change(
        "CHG-901",
        "change_request",
        "32m",
        "Replace node wk-0 by wk-4 (kernel)",
        author="platform",
        services=["cluster"],
        deployed_by="in progress, wk-0 will be removed at 22:00",
    )
    return world.scenario(
        "weather-node-exchange",
        "quiet",
        "a node is SchedulingDisabled and forecast was moved, do we have an incident?",
        Truth("healthy", FINE, innocent=("CHG-901", forecast.rollout()), must_not_say=(*ALARM, "node_cordoned")),
        notes="An announced exchange: the new node is there, the old one is drained and cordoned on purpose, every pod is ready.",
    )


@scenario
def at_maximum_and_fine() -> Scenario:
    world = cluster("2026-10-12T19:55:00Z", "streaming", "ads", "subtitles")
    body = template(
        container(
            "manifest",
            f"{REGISTRY}/streaming/manifest:4.4.4",
            port=8080,
            cpu=("250m", "1"),
            readinessProbe=http_probe("/ready", "http"),
        )
    )
    manifest = world.deployment("manifest", body, ages=("27d",), replicas=10, first_revision=52)
    world.autoscaler(
        "manifest",
        least=4,
        most=10,
        current=10,
        cpu=63,
        since="1h10m",
        last_scaled="1h10m",
        conditions=[
            ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            ),
            ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
        ],
    )
    world.service("manifest")
    world.series("http_request_duration_seconds_p95", "s", ("4h", 0.03), ("0", 0.032), service="manifest")
    world.series("http_server_errors_ratio", "ratio", ("4h", 0), ("0", 0), service="manifest", noise=0)
    world.log(manifest.made[3], chatter("3m", "1s", "3s", "<t> [info] GET /live/<hex:6>.m3u8 200 <int:2-15>ms"))
    return world.scenario(
        "streaming-evening-peak",
        "quiet",
        "the HPA of manifest sits at its maximum. Do we need to act?",
        Truth(
            "healthy",
            FINE[:2],
            innocent=(manifest.rollout(),),
            must_not_say=(*ALARM, "hpa_cannot_scale", "traffic overload (is|as) the"),
        ),
        notes="Ten of ten, but at 63 % of a target of 70, with flat latency and no errors.",
    )


@scenario
def merged_and_unrelated() -> Scenario:
    world = cluster("2026-03-17T12:20:00Z", "careers", "jobs", "applications", "mailbox")
    body = template(
        container(
            "matching", f"{REGISTRY}/careers/matching:2.2.2", port=8080, readinessProbe=http_probe("/healthz", "http")
        )
    )
    matching = world.deployment(
        "matching", body, restarted(body, world.at("2d")), ages=("20d", "2d"), replicas=2, first_revision=10
    )
    for pod in matching.made:
        world.log(
            pod,
            chatter(
                "11m",
                "3s",
                "21s",
                '{"ts":"<t>","level":"info","msg":"matched","candidate":<int:1000-9999>,"ms":<int:10-90>}',
            ),
        )
    world.service("matching", 80, "http")
    world.change(
        "PR-555",
        "pull_request",
        "34m",
        "Rewrite the scoring of matching",
        repo="example/matching",
        author="g.romero",
        files=["scoring/weights.py", "scoring/rank.py"],
        services=["matching"],
        diff="-    return dot(w, v)\n+    return softmax(w) @ v",
        deployed_by="not deployed yet",
    )
    world.change(
        "PR-556",
        "pull_request",
        "50m",
        "README: badges",
        repo="example/jobs",
        author="g.romero",
        files=["README.md"],
        services=["jobs"],
        deployed_by="merged",
    )
    return world.scenario(
        "careers-after-merge",
        "quiet",
        "we merged the rewrite of the scoring half an hour ago, did it break matching?",
        Truth(
            "healthy",
            FINE[:2],
            innocent=("PR-555", "PR-556", matching.rollout()),
            must_not_say=(*ALARM, "PR-555 (broke|caused|is the cause)", ROLLBACK_HELPS),
        ),
        notes="Merged, not deployed; the last rollout is a restart of two days ago. All is well.",
    )


@scenario
def rolled_back_already() -> Scenario:
    world = cluster("2026-07-16T16:05:00Z", "auth", "sessions", "profiles")
    good = template(
        container("login", f"{REGISTRY}/auth/login:6.1.0", port=8080, readinessProbe=http_probe("/ready", "http"))
    )
    bad = changed(good, image=f"{REGISTRY}/auth/login:6.2.0")
    # After kubectl rollout undo the ReplicaSet of the old template is the newest revision again.
    login = world.deployment(
        "login", bad, good, ages=("44m", "27m"), replicas=3, first_revision=24, empty=True, age="160d"
    )
    again = login.revisions[1]["metadata"]
    again["creationTimestamp"] = world.at("20d")
    again["annotations"]["deployment.kubernetes.io/revision-history"] = "23"
    for pod in login.pods(3, running("27m")):
        world.log(
            pod,
            chatter("26m", "2s", "22s", "<t> INFO login - user signed in method=<pick:password,sso> ms=<int:30-120>"),
            style="python",
        )
    name = login.revisions[0]["metadata"]["name"]
    gone: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-q7m2x",
            "namespace": "auth",
            "resourceVersion": "1",
            "uid": world.uid("Pod", "auth", f"{name}-q7m2x"),
        },
    }
    world.event(
        gone,
        "BackOff",
        f"Back-off restarting failed container login in pod {name}-q7m2x_auth({gone['metadata']['uid']})",
        last="28m",
        first="43m",
        count=66,
        source="kubelet",
        host="node-2",
        field_path="spec.containers{login}",
    )
    world.event(
        gone,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 500",
        last="31m",
        first="43m",
        count=9,
        source="kubelet",
        host="node-2",
        field_path="spec.containers{login}",
    )
    world.event(
        login.object,
        "ScalingReplicaSet",
        f"Scaled down replica set {name} from 1 to 0",
        last="26m",
        kind="Normal",
        source="deployment-controller",
    )
    world.service("login", 80, "http")
    world.change(
        "login-6.2.0",
        "release",
        "45m",
        "login 6.2.0",
        repo="example/login",
        author="pipeline",
        services=["login"],
        deployed_by="pipeline 310",
    )
    world.change(
        "undo-310",
        "deployment",
        "27m",
        "kubectl rollout undo deployment/login",
        author="oncall",
        services=["login"],
        deployed_by="oncall",
    )
    return world.scenario(
        "auth-login-again",
        "quiet",
        "is login ok now?",
        Truth(
            "healthy",
            ("recovered", "healthy", "no_issue"),
            innocent=("undo-310", login.rollout()),
            must_not_say=("login is (down|failing|crashing)", ROLLBACK_HELPS),
        ),
        notes="The release of 15:20 was undone at 15:38; warnings of its pods are still among the events of the hour. All pods of now are well.",
    )


@scenario
def node_came_back() -> Scenario:
    world = cluster(
        "2026-01-08T02:50:00Z", "iot", "ingest", "devices", "firmware", nodes=("rack-a1", "rack-a2", "rack-b1")
    )
    node = world.of("Node")[1]
    ready = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
    ready["lastTransitionTime"] = world.at("33m")
    world.event(
        node,
        "NodeNotReady",
        "Node rack-a2 status is now: NodeNotReady",
        last="41m",
        kind="Normal",
        source="node-controller",
    )
    world.event(
        node,
        "NodeReady",
        "Node rack-a2 status is now: NodeReady",
        last="33m",
        kind="Normal",
        source="kubelet",
        host="rack-a2",
    )
    body = template(
        container("rules", f"{REGISTRY}/iot/rules:1.15.0", port=8080, readinessProbe=http_probe("/ready", "http"))
    )
    rules = world.deployment("rules", body, ages=("37d",), replicas=3, first_revision=9, empty=True)
    rules.pods(1, running("37d"), node="rack-a1")
    rules.pods(1, running("36m"), node="rack-b1")
    (back,) = rules.pods(1, running("37d"), node="rack-b1")
    world.log(
        back,
        "-41m|<t> [warn] lost 2 peers\n-33m|<t> [info] peers back: 3 of 3\n"
        + chatter("32m", "5s", "40s", "<t> [info] evaluated <int:100-900> rules in <int:2-9>ms"),
    )
    world.event(rules.made[0], "NodeNotReady", "Node is not ready", last="41m", source="node-controller")
    world.service("rules", 80, "http")
    return world.scenario(
        "iot-night-page",
        "quiet",
        "Paged for NodeNotReady rack-a2 at 02:09. What is the state?",
        Truth(
            "healthy",
            ("recovered", "healthy", "no_issue", "transient"),
            innocent=(rules.rollout(),),
            must_not_say=(
                "rack-a2 is (down|not ready)",
                "rules is (down|failing)",
                RESTART_HELPS,
            ),
        ),
        notes="Eight minutes without the kubelet of one node; since half an hour it is ready and every pod is well.",
    )


@scenario
def first_pull_cancelled() -> Scenario:
    world = cluster("2026-05-06T12:00:00Z", "post", "node-p1", "node-p2")
    old = template(container("letters", f"{REGISTRY}/post/letters:3.2", port=8080))
    new = changed(old, image=f"{REGISTRY}/post/letters:3.3")
    letters = world.deployment("letters", old, new, ages=("20d", "42s"), replicas=2, first_revision=12, empty=True)
    letters.pods(2, running("20d"), revision=-2)
    doing = Doing("waiting", "36s", "ErrImagePull", "context canceled", ready=False, started=False, image_present=False)
    told = Told("Failed", "Error: ErrImagePull", "12s", "12s", 1, at="<field>")
    letters.pods(1, State("Pending", "36s", doing, unready_since="36s", events=(told,)))
    world.service("letters", 80, 8080)
    return world.scenario(
        "post-first-pull",
        "quiet",
        "letters, all good after the deploy?",
        Truth(
            "healthy",
            ("rollout_in_progress", *FINE),
            innocent=(letters.rollout(),),
            must_not_say=(*ALARM, "bad (release|rollout)", "rollout is stuck"),
        ),
        notes="Half a minute into a rollout: the first pull was cancelled and the second is under way; both old pods serve.",
    )
