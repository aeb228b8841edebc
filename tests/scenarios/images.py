"""Images that a node cannot get: not there, not allowed, not now, not reachable."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    evicted,
    http_probe,
    image_pull,
    running,
    scenario,
    template,
)

# Said in parts, so that no host of anybody's stands in the project.
HUB = ".".join(("docker", "io"))
RATE = (
    "toomanyrequests: You have reached your unauthenticated pull rate limit. "
    f"https://www.{HUB.replace('io', 'com')}/increase-rate-limit"
)


def not_found(image: str) -> str:
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference '
        f'"{image}": {image}: not found'
    )


def refused(image: str, why: str) -> str:
    return f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {why}'


@scenario
def tickets_typo_in_tag() -> Scenario:
    world = cluster("2026-02-25T13:37:00Z", "tickets", "seatmap", "checkin")
    before = template(
        container(
            "booking", f"{REGISTRY}/tickets/booking:v1.20.3", port=8080, readinessProbe=http_probe("/ready", "http")
        ),
        imagePullSecrets=[{"name": "registry"}],
    )
    image = f"{REGISTRY}/tickets/booking:v1.21"
    after = changed(before, image=image)
    world.secret("registry", {".dockerconfigjson": '{"auths":{}}'}, kind="kubernetes.io/dockerconfigjson", age="300d")
    booking = world.deployment("booking", before, after, ages=("8d", "16m"), first_revision=44, replicas=4, empty=True)
    for pod in booking.pods(3, revision=0):
        world.log(
            pod,
            chatter("9m", "1s", "13s", "<t> INFO booking - seat <int:1-44><pick:A,B,C,D,E,F> held for <int:60-300>s"),
            style="python",
        )
    booking.pods(2, image_pull("16m", image, not_found(image)))
    world.service("booking", 80, "http")
    world.change(
        "PR-640",
        "pull_request",
        "33m",
        "booking: v1.21",
        repo="example/tickets-deploy",
        author="o.berg",
        files=["booking/values.yaml"],
        services=["booking"],
        diff="-  tag: v1.20.3\n+  tag: v1.21",
        deployed_by="sync 13:21",
    )
    world.change(
        "PR-641",
        "pull_request",
        "4m",
        "booking: v1.21.0",
        repo="example/tickets-deploy",
        author="o.berg",
        files=["booking/values.yaml"],
        services=["booking"],
        diff="-  tag: v1.21\n+  tag: v1.21.0",
        deployed_by="not deployed yet",
    )
    return world.scenario(
        "tickets-booking-tag",
        "images",
        "deployment booking does not finish",
        Truth(
            "incident",
            ("image_not_found", "bad_rollout_config"),
            ("Deployment/tickets/booking",),
            culprit=booking.rollout(),
            culprits=("PR-640",),
            innocent=("PR-641",),
            remediation=("rollback",),
            targets=("Deployment/tickets/booking",),
            must_not_say=("pull secret is (missing|wrong|expired)", "booking is (completely )?down"),
            evidence=("booking:v1.21: not found",),
        ),
        notes="The tag lacks its last number. Three old pods serve; the pull request that corrects it is merged but not out.",
    )


@scenario
def maps_tag_cleaned_away() -> Scenario:
    world = cluster("2026-07-02T08:26:00Z", "maps", "routing", "traffic")
    image = f"{REGISTRY}/maps/tiles:nightly-20260411"
    body = template(
        container("tiles", image, port=8080, memory=("512Mi", "1Gi"), readinessProbe=http_probe("/", "http"))
    )
    tiles = world.deployment(
        "tiles", body, ages=("82d",), replicas=3, empty=True, first_revision=7, unavailable_since="48m"
    )
    tiles.pods(1, running("82d"), node="node-1")
    tiles.pods(1, running("82d"), node="node-2")
    world.nodes("node-4", age="55m")
    tiles.pods(1, image_pull("48m", image, not_found(image)), node="node-4")
    world.service("tiles", 80, "http")
    world.change(
        "mnt-20260630",
        "maintenance",
        "2d4h",
        "Registry: delete images older than 60 days",
        author="platform",
        services=["registry"],
        deployed_by="retention job",
    )
    world.change(
        "PR-300",
        "pull_request",
        "6h",
        "traffic: less noise in incidents",
        repo="example/traffic",
        author="e.moreau",
        files=["incidents.py"],
        services=["traffic"],
        deployed_by="traffic 2.3.1",
    )
    return world.scenario(
        "maps-tiles-after-node-swap",
        "images",
        "One of the tiles pods will not start after we replaced node-3. Is the new node bad?",
        Truth(
            "incident",
            ("image_not_found",),
            ("Deployment/maps/tiles",),
            culprit="mnt-20260630",
            innocent=("PR-300", tiles.rollout()),
            must_not_say=(
                "node-4 is (bad|faulty|the cause)",
                ROLLBACK_HELPS,
                RESTART_HELPS,
            ),
            evidence=("nightly-20260411: not found",),
        ),
        notes="The two old pods run from the image on their nodes; the registry deleted the tag two days ago. A restart of the "
        "deployment would take the rest down too; there is one revision only.",
    )


@scenario
def ledger_pull_secret_expired() -> Scenario:
    world = cluster("2026-04-01T05:50:00Z", "accounting", "journal")
    image = f"{REGISTRY}/vendor/ledger-core:6.2.0"
    body = template(
        container("ledger", image, port=9000, memory=("512Mi", "1Gi")), imagePullSecrets=[{"name": "vendor-pull"}]
    )
    world.secret(
        "vendor-pull",
        {".dockerconfigjson": f'{{"auths":{{"{REGISTRY}":{{}}}}}}'},
        kind="kubernetes.io/dockerconfigjson",
        age="365d",
    )
    ledger = world.deployment(
        "ledger", body, ages=("61d",), replicas=6, empty=True, first_revision=3, unavailable_since="37m"
    )
    ledger.pods(2, running("61d"))
    error = refused(
        image,
        f"failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://{REGISTRY}/token?scope=repository%3Avendor%2Fledger-core%3Apull&service={REGISTRY}: 401 Unauthorized",
    )
    ledger.pods(4, image_pull("37m", image, error))
    world.autoscaler(
        "ledger",
        least=2,
        most=6,
        current=6,
        cpu=91,
        last_scaled="37m",
        conditions=[
            ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            ),
            (
                "ScalingLimited",
                "True",
                "TooManyReplicas",
                "the desired replica count is more than the maximum replica count",
            ),
        ],
    )
    world.event(
        ledger.object,
        "ScalingReplicaSet",
        f"Scaled up replica set {ledger.revisions[0]['metadata']['name']} from 2 to 6",
        last="37m",
        kind="Normal",
        source="deployment-controller",
    )
    world.service("ledger", 9000, "http")
    return world.scenario(
        "accounting-quarter-end",
        "images",
        "Quarter-end load, ledger scaled out but it does not get faster",
        Truth(
            "incident",
            ("image_auth",),
            ("Deployment/accounting/ledger", "Secret/accounting/vendor-pull"),
            innocent=(ledger.rollout(),),
            must_not_say=(
                "scaling (it )?(up|out) (would|will|should) (help|fix)",
                "image does not exist",
                "raise maxReplicas",
            ),
            evidence=("401 Unauthorized",),
        ),
        notes="The pull secret is a year old and its token is not accepted any more. Two pods started long ago still work. The "
        "autoscaler at its maximum is a consequence.",
    )


@scenario
def labs_moved_repository() -> Scenario:
    world = cluster("2026-11-03T17:02:00Z", "labs", "samples", "results")
    before = template(container("worker", f"{REGISTRY}/labs/sequencer:0.9.12", cpu=("1", "2"), memory=("1Gi", "2Gi")))
    image = f"{REGISTRY}/restricted/sequencer:0.10.0"
    after = changed(before, image=image)
    worker = world.deployment(
        "sequencer",
        before,
        after,
        ages=("15d", "9m"),
        replicas=1,
        first_revision=19,
        empty=True,
        strategy={"type": "Recreate"},
    )
    error = refused(
        image,
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    )
    worker.pods(1, image_pull("9m", image, error))
    world.change(
        "8be21d7",
        "commit",
        "14m",
        "publish to restricted/",
        repo="example/sequencer",
        author="i.petrov",
        files=[".ci/publish.yaml", "deploy/sequencer.yaml"],
        services=["sequencer"],
        diff="-image: labs/sequencer:0.9.12\n+image: restricted/sequencer:0.10.0",
        deployed_by="sequencer pipeline",
    )
    return world.scenario(
        "labs-sequencer-repository",
        "images",
        "sequencer gone after deploy",
        Truth(
            "incident",
            ("image_auth", "bad_rollout_config"),
            ("Deployment/labs/sequencer",),
            culprit=worker.rollout(),
            culprits=("8be21d7",),
            remediation=("rollback",),
            targets=("Deployment/labs/sequencer",),
            must_not_say=("registry limits pulls", "registry is (down|unreachable)"),
            evidence=("insufficient_scope: authorization failed",),
        ),
        notes="The new repository is private and the pod has no pull secret at all.",
    )


@scenario
def games_new_node_pool() -> Scenario:
    world = cluster("2026-12-19T18:30:00Z", "games", "matchmaker", "scores", nodes=("gp-1", "gp-2"))
    image = f"{HUB}/library/redis:7.4.1"
    body = template(container("redis", image, port=[("redis", 6379)], memory=("256Mi", "512Mi")))
    cache = world.deployment("session-cache", body, ages=("44d",), replicas=4, empty=True, unavailable_since="21m")
    cache.pods(2, running("44d"))
    world.nodes("gp-3", "gp-4", "gp-5", age="27m")
    error = (
        f'failed to pull and unpack image "{image}": failed to copy: httpReadSeeker: failed open: unexpected status code '
        f"https://registry-1.{HUB}/v2/library/redis/manifests/sha256:{'bb14' * 16}: 429 Too Many Requests - Server message: {RATE}"
    )
    for node in ("gp-3", "gp-4"):
        cache.pods(1, image_pull("21m", image, error), node=node)
    agent = f"{HUB}/fluent/fluent-bit:3.1.9"
    logger = world.daemonset(
        "log-agent", template(container("fluent-bit", agent, memory=("64Mi", "128Mi"))), ages=("90d",), empty=True
    )
    for node in ("gp-1", "gp-2"):
        logger.pods(1, running("90d"), node=node)
    for node in ("gp-3", "gp-4", "gp-5"):
        logger.pods(
            1,
            image_pull("26m", agent, error.replace(image, agent).replace("library/redis", "fluent/fluent-bit")),
            node=node,
        )
    world.service("session-cache", 6379, "redis")
    return world.scenario(
        "games-weekend-scale-out",
        "images",
        "We added nodes for the weekend but new pods in games do not start",
        Truth(
            "incident",
            ("image_rate_limited",),
            ("Deployment/games/session-cache", "DaemonSet/games/log-agent"),
            innocent=(cache.rollout(),),
            must_not_say=(
                "image (or tag )?does not exist",
                "credentials (are|were) (wrong|rejected)",
                ROLLBACK_HELPS,
            ),
            evidence=("429 Too Many Requests",),
        ),
        notes="Three new nodes behind one address pull everything anonymously. Two workloads suffer from one cause.",
    )


@scenario
def nightly_tools_latest() -> Scenario:
    world = cluster("2026-06-11T02:20:00Z", "housekeeping", "janitor-ui")
    image = f"{HUB}/bitnami/kubectl:latest"
    cron = world.cronjob(
        "token-sweep",
        "*/10 * * * *",
        template(
            container("sweep", image, command=["/bin/sh", "-c", "/scripts/sweep.sh"], cpu="20m", memory="32Mi"),
            restartPolicy="OnFailure",
        ),
        last="20m",
        last_success="1h29m26s",
        concurrencyPolicy="Forbid",
    )
    for ago, done in (("1h50m", "1h49m21s"), ("1h40m", "1h39m30s"), ("1h30m", "1h29m26s")):
        world.run_of(cron, ago, done=done)
    error = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to authorize: failed to fetch '
        f"anonymous token: unexpected status from GET request to https://auth.{HUB}/token?scope=repository%3Abitnami%2Fkubectl%3Apull&service=registry.{HUB}: 429 Too Many Requests"
    )
    job = world.run_of(cron, "20m", pods=[image_pull("20m", image, error)])
    assert job["status"]["active"] == 1
    world.event(
        cron,
        "JobAlreadyActive",
        "Not starting job because prior execution is running and concurrency policy is Forbid",
        last="10s",
        first="10m",
        count=2,
        kind="Normal",
        source="cronjob-controller",
    )
    return world.scenario(
        "housekeeping-sweep-nightly",
        "images",
        "token-sweep did not run for a while?",
        Truth(
            "incident",
            ("image_rate_limited",),
            ("CronJob/housekeeping/token-sweep", f"Job/housekeeping/{job['metadata']['name']}"),
            must_not_say=("script (fails|failed)", "tokens? (is|are|was) (invalid|expired)"),
            evidence=("429 Too Many Requests",),
        ),
        notes="The word authorize stands in the message, but the registry limits anonymous pulls; :latest is pulled at every run. "
        "Forbid holds back the next runs.",
    )


@scenario
def radio_registry_name() -> Scenario:
    world = cluster("2026-03-27T11:44:00Z", "radio", "schedule")
    before = template(
        container("encoder", f"{REGISTRY}/radio/encoder:4.0.2", port=8000, cpu=("1", "2"), memory=("256Mi", "512Mi"))
    )
    host = "registery.example.com"
    image = f"{host}/radio/encoder:4.0.3"
    encoder = world.deployment(
        "encoder", before, changed(before, image=image), ages=("31d", "12m"), replicas=2, first_revision=10, empty=True
    )
    encoder.pods(2, revision=0)
    error = refused(
        image,
        f'failed to do request: Head "https://{host}/v2/radio/encoder/manifests/4.0.3": dial tcp: lookup {host} on 192.168.16.2:53: no such host',
    )
    encoder.pods(1, image_pull("12m", image, error))
    world.service("encoder", 8000, "http")
    return world.scenario(
        "radio-encoder-update",
        "images",
        "encoder update hangs, is our DNS broken again?",
        Truth(
            "incident",
            ("image_registry_unreachable", "bad_rollout_config"),
            ("Deployment/radio/encoder",),
            culprit=encoder.rollout(),
            remediation=("rollback",),
            targets=("Deployment/radio/encoder",),
            must_not_say=("coredns (is|was) (down|the cause)", "dns_failure", "cluster DNS is (broken|down)"),
            evidence=("lookup registery.example.com", "no such host"),
        ),
        notes="The host's name is misspelt in the new revision; the name server answers rightly that there is none. Old pods serve.",
    )


@scenario
def everything_behind_the_proxy() -> Scenario:
    world = cluster("2026-09-09T09:09:00Z", "claims", "intake", nodes=("dc2-07", "dc2-08", "dc2-09"))
    error = (
        'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": dial tcp 203.0.113.40:443: i/o timeout'
    )
    triples = (
        ("documents", "5.5.0", "35m", "2d"),
        ("scoring", "1.18.7", "22m", "11d"),
        ("letters", "3.0.1", "8m", "95d"),
    )
    loads = []
    for name, tag, ago, age in triples:
        image = f"{REGISTRY}/claims/{name}:{tag}"
        body = template(container(name, image, port=8080, imagePullPolicy="Always"))
        load = world.deployment(
            name, body, ages=(age,), replicas=2, empty=True, first_revision=5, unavailable_since=ago
        )
        load.pods(1, running(age))
        load.pods(
            1, image_pull(ago, image, refused(image, error.format(host=REGISTRY, path=f"claims/{name}", tag=tag)))
        )
        world.service(name, 80, "http")
        loads.append(load)
    gone = loads[0].pods(
        1,
        evicted(
            "2d",
            "36m",
            "The node was low on resource: ephemeral-storage. Threshold quantity: 8Gi, available: 7914Mi. Container documents was using 2216Mi, request is 0, has larger consumption of ephemeral-storage. ",
        ),
    )
    assert gone[0]["status"]["reason"] == "Evicted"
    world.change(
        "NET-552",
        "change_request",
        "41m",
        "Move the registry behind the new proxy",
        author="network",
        services=["registry"],
        deployed_by="executed 08:28",
    )
    world.change(
        "PR-12",
        "pull_request",
        "2d1h",
        "documents 5.5.0",
        repo="example/claims",
        author="f.aydin",
        files=["documents/values.yaml"],
        services=["documents"],
        deployed_by="documents 5.5.0",
    )
    return world.scenario(
        "claims-several-half-up",
        "images",
        "several claims services run with one pod instead of two, what do they have in common?",
        Truth(
            "incident",
            ("image_registry_unreachable",),
            ("Deployment/claims/documents", "Deployment/claims/scoring", "Deployment/claims/letters"),
            culprit="NET-552",
            innocent=("PR-12",),
            must_not_say=(
                "disk pressure is the cause",
                ROLLBACK_HELPS,
                "image (or tag )?does not exist",
            ),
            evidence=("dial tcp 203.0.113.40:443: i/o timeout",),
        ),
        notes="Three workloads, one cause: pods that were replaced since the proxy change cannot pull. One of them was replaced "
        "because of an eviction, which is a side story.",
    )
