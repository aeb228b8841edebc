"""What was changed, in every shape that records have: switches, terraform, rotations, charts, scalings, and innocents."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Cluster,
    Ended,
    Scenario,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    from_secret,
    running,
    scenario,
    template,
)

CALM = '{"ts":"<t>","level":"info","msg":"answered","ms":<int:4-70>}'


def beside(world: Cluster, other: str, mine: str) -> tuple[str, ...]:
    """Records that have nothing to do with it: of another service, of this one but not in force, and too late."""
    world.change(
        "PR-71", "pull_request", "9m", f"{other}: shorter texts", services=[other], files=["src/texts.ts"],
        diff="- Welcome back!\n+ Welcome!", deployed_by="argocd",
    )  # fmt: skip
    world.change(
        "PR-74", "pull_request", "50m", f"{mine}: start faster", services=[mine], files=["src/boot.go"],
        diff="+ go warm()", deployed_by="not deployed yet, waits for a review",
    )  # fmt: skip
    world.change(
        "PR-80", "pull_request", "2m", f"{mine}: try to mend it", services=[mine], files=["src/fix.go"],
        diff="+ if err != nil { return }", deployed_by="argocd",
    )  # fmt: skip
    return ("PR-71", "PR-74", "PR-80")


@scenario
def switched_on() -> Scenario:
    world = cluster("2026-08-18T17:20:00Z", "auctions", "lots", "payments")
    load = world.deployment("bidding", template(container("bidding", f"{REGISTRY}/auctions/bidding:12.0.3", port=8080)))
    for pod in load.made:
        calm = chatter("90m", "29m", "40s", CALM)
        bad = chatter("27m", "3s", "35s", '{"ts":"<t>","level":"error","msg":"bid rejected: no step table for EUR"}')
        world.log(pod, f"{calm}\n{bad}")
    world.service("bidding")
    others = beside(world, "lots", "bidding")
    world.change(
        "bid-steps-v2", "feature flag", "28m", "new ladder for all rooms", services=["bidding"], author="p.oduya",
        diff="rooms: pilot -> all", deployed_by="unleash",
    )  # fmt: skip
    return world.scenario(
        "auctions-bidding-switch",
        "deeds",
        "bidders complain, what is going on in auctions?",
        Truth(
            "incident",
            ("config_change_regression", "app_crash"),
            ("Deployment/auctions/bidding",),
            culprit="bid-steps-v2",
            innocent=others,
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("no step table for EUR",),
        ),
        notes="A switch of that very service, one minute before the first error; its words and the log's do not meet.",
    )


@scenario
def enforced_standard() -> Scenario:
    world = cluster("2026-08-25T09:10:00Z", "robotics", "viewer")
    world.of("Namespace")[-1]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    body = template(container("bridge", f"{REGISTRY}/robotics/bridge:4.4.0"), hostNetwork=True)
    load = world.deployment(
        "bridge", body, ages=("70d",), replicas=2, empty=True,
        refused='pods "bridge-x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
    )  # fmt: skip
    load.refusals("31m", "1m", 14)
    world.change(
        "TF-3120", "terraform", "40m", "Tenants: restricted by default", repo="example/landing-zone",
        files=["modules/tenant/main.tf"], diff='+    "pod-security.kubernetes.io/enforce" = "restricted"',
        deployed_by="apply 3120",
    )  # fmt: skip
    world.change(
        "TF-3119", "terraform", "3h", "Tenants: cost labels", repo="example/landing-zone",
        files=["modules/tenant/main.tf"], diff='+    "cost-center" = "r-17"', deployed_by="apply 3119",
    )  # fmt: skip
    return world.scenario(
        "robotics-bridge-standard",
        "deeds",
        "why does bridge have no pods?",
        Truth(
            "incident",
            ("pod_security_denied",),
            ("Deployment/robotics/bridge", "Namespace/robotics"),
            culprit="TF-3120",
            innocent=("TF-3119",),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("hostNetwork=true",),
        ),
        notes="Neither record names the namespace or the workload; one sets the label that refuses the pods.",
    )


@scenario
def old_password_in_one() -> Scenario:
    world = cluster("2026-09-15T13:40:00Z", "museum", "tickets", "shop")
    world.secret("vault-db", {"password": "new"}, age="200d")["metadata"]["managedFields"] = [
        {"manager": "vault-secrets-operator", "operation": "Update", "time": world.at("47m"), "apiVersion": "v1"}
    ]
    body = template(
        container("members", f"{REGISTRY}/museum/members:6.1", env={"PGPASSWORD": from_secret("vault-db", "password")})
    )
    load = world.deployment("members", body, ages=("24d",), replicas=2, empty=True)
    (old,), (new,) = load.pods(1, running("24d")), load.pods(1, running("22m"))
    refused = '<t> level=error msg="lookup failed" err="FATAL: password authentication failed for user \\"members\\""'
    world.log(old, f"{chatter('80m', '48m', '60s', CALM)}\n{chatter('46m', '2s', '60s', refused)}")
    world.log(new, chatter("21m", "2s", "40s", CALM))
    others = beside(world, "tickets", "members")
    world.change("ROT-0915", "secret_rotation", "47m", "vault-db by schedule", services=["db"], deployed_by="vault")
    return world.scenario(
        "museum-members-rotation",
        "deeds",
        "every second member cannot sign in",
        Truth(
            "incident",
            ("stale_credentials",),
            ("Deployment/museum/members",),
            culprit="ROT-0915",
            innocent=others,
            remediation=("restart",),
            targets=("Deployment/museum/members",),
            evidence=("password authentication failed",),
        ),
        notes="One of two pods is older than the new password. The younger one is the proof, and all look ready.",
    )


@scenario
def agent_for_new_pods() -> Scenario:
    world = cluster("2026-10-06T10:30:00Z", "parcels", "labels")
    world.webhook("tracer-injector", "inject.tracer.example.com", ("tracer", "injector", "/mutate"), mutating=True)
    body = template(container("sorting", f"{REGISTRY}/parcels/sorting:8.8.1", port=8080))
    load = world.deployment("sorting", body, ages=("90d",), replicas=2, empty=True)
    load.pods(1, running("24d"))
    (pod,) = load.pods(1, running("34m"))
    pod["spec"]["containers"].append({"name": "tracer", "image": f"{REGISTRY}/tracer/agent:3", "resources": {}})
    end = {"exitCode": 1, "reason": "Error", "startedAt": world.at("63s"), "finishedAt": world.at("60s")}
    pod["status"]["containerStatuses"].append(
        {
            "name": "tracer", "image": f"{REGISTRY}/tracer/agent:3", "imageID": "", "ready": False, "started": False,
            "restartCount": 11, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": end},
        }
    )  # fmt: skip
    for each in pod["status"]["conditions"]:
        if each["type"] in ("Ready", "ContainersReady"):
            each.update(status="False", reason="ContainersNotReady", lastTransitionTime=world.at("33m"))
    world.log(pod, "-62s|tracer agent 3\n-61s|fatal: no collector given", container="tracer", previous=True)
    others = beside(world, "labels", "sorting")
    world.change("chart-tracer-3", "helm", "40m", "install tracer-injector 3.0.0", services=["tracer-injector"],
                 deployed_by="helm, by platform")  # fmt: skip
    return world.scenario(
        "parcels-sorting-agent",
        "deeds",
        "why is one pod of sorting not ready?",
        Truth(
            "incident",
            ("admission_mutation",),
            ("Deployment/parcels/sorting", "MutatingWebhookConfiguration/tracer-injector"),
            culprit="chart-tracer-3",
            innocent=others,
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("agent:3",),
        ),
        notes="The older pod was made before the webhook came. Nobody can add a container to a pod that runs.",
    )


@scenario
def documents_only() -> Scenario:
    world = cluster("2026-11-03T12:00:00Z", "choirs", "scores", "seats")
    load = world.deployment("rehearsals", template(container("rehearsals", f"{REGISTRY}/choirs/rehearsals:2.3")),
                            ages=("36d",), replicas=1, empty=True)  # fmt: skip
    (pod,) = load.pods(1, crash_loop("36d", 9, Ended(1, "1m", "40s")))
    for each in world.of("Event"):
        if each.get("reason") == "BackOff":
            each["firstTimestamp"] = world.at("24m")
    world.log(
        pod,
        "-1m40s|<t> INFO resuming at 88213\n-1m|Traceback (most recent call last):\n"
        '  File "/app/rehearsals/consumer.py", line 88, in run\n    room = rooms[event["room"]]\nKeyError: 41',
        previous=True,
    )
    others = beside(world, "scores", "rehearsals")
    world.change(
        "PR-69", "pull_request", "30m", "rehearsals: describe rooms and events", services=["rehearsals"],
        files=["README.md", "docs/rooms.md", "tests/test_rooms.py"], diff="+ A room has a number", deployed_by="argocd",
    )  # fmt: skip
    return world.scenario(
        "choirs-rehearsals-documents",
        "deeds",
        "rehearsals is down, was it the merge at half past eleven?",
        Truth(
            "incident",
            ("app_crash",),
            ("Deployment/choirs/rehearsals",),
            innocent=(*others, "PR-69"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "PR-69 (broke|caused|is the cause)"),
            evidence=("KeyError",),
        ),
        notes="What was merged is about the very service, minutes before, and runs nowhere: papers and tests.",
    )


@scenario
def leak_of_yesterday() -> Scenario:
    world = cluster("2026-12-01T16:00:00Z", "games", "lobby", "scores")
    before = template(container("chat", f"{REGISTRY}/games/chat:4.9.2", memory=("256Mi", "1Gi")))
    after = changed(before, image=f"{REGISTRY}/games/chat:5.0.0")
    load = world.deployment("chat", before, after, ages=("40d", "23h"), replicas=1, first_revision=30, empty=True)
    (pod,) = load.pods(1, running("23h", restarts=2, last=Ended(137, "7h30m", "7h40m", "OOMKilled")))
    unit = 2.0**20
    world.series(
        "container_memory_working_set_bytes", "bytes", ("7h30m", 210 * unit), ("0m", 950 * unit), step="5m",
        pod=pod["metadata"]["name"], container="chat", namespace="games",
    )  # fmt: skip
    world.log(pod, chatter("60m", "5s", "60s", CALM))
    others = beside(world, "lobby", "chat")
    world.change("chat-5.0.0", "release", "23h5m", "chat 5.0.0: rooms live in the process", services=["chat"],
                 repo="example/chat", files=["rooms.go"], diff="+ rooms[id] = append(rooms[id], msg)",
                 deployed_by="chat 5.0.0")  # fmt: skip
    return world.scenario(
        "games-chat-since-yesterday",
        "deeds",
        "does chat behave since yesterday?",
        Truth(
            "incident",
            ("memory_leak",),
            ("Deployment/games/chat",),
            culprit="chat-5.0.0",
            culprits=(load.rollout(),),
            innocent=others,
            remediation=("rollback", "restart"),
            targets=("Deployment/games/chat",),
            evidence=("container_memory_working_set_bytes",),
        ),
        notes="The chart begins with the last of three lives; the first began with the release.",
    )


@scenario
def renamed_queue_reader() -> Scenario:
    world = cluster("2026-02-24T20:15:00Z", "letters", "print")
    load = world.deployment("franking", template(container("franking", f"{REGISTRY}/letters/franking:3.0")),
                            ages=("80d",), replicas=0)  # fmt: skip
    world.event(
        load.object, "ScalingReplicaSet", f"Scaled down replica set {load.revisions[-1]['metadata']['name']} to 0 from 2",
        last="52m", kind="Normal", source="deployment-controller",
    )  # fmt: skip
    others = beside(world, "print", "franking")
    world.change("OPS-88", "scaling", "52m", "franking down while the tariff is changed", services=["franking"],
                 diff="replicas: 2 -> 0", deployed_by="kubectl, by night shift")  # fmt: skip
    return world.scenario(
        "letters-franking-nobody",
        "deeds",
        "nothing gets franked, is franking broken?",
        Truth(
            "incident",
            ("scaled_to_zero",),
            ("Deployment/letters/franking",),
            culprit="OPS-88",
            innocent=others,
            remediation=("scale",),
            targets=("Deployment/letters/franking",),
            must_not_say=(RESTART_HELPS,),
            evidence=("to 0 from 2",),
        ),
        notes="A reader of a queue has no Service and no caller that would complain. Only the question says it is needed.",
    )
