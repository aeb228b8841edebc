"""Pods that no node takes, or that nobody places."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Cluster,
    Ended,
    JsonObject,
    Scenario,
    State,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    http_probe,
    running,
    scenario,
    template,
    unschedulable,
)

NO_HELP = "preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
NO_VICTIMS = "preemption: 0/{0} nodes are available: {0} No preemption victims found for incoming pod."
CONTROL_PLANE = {
    "labels": {"node-role.kubernetes.io/control-plane": ""},
    "taints": [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}],
}
CODE_AT_FAULT = (RESTART_HELPS, r"application (crashes|is at fault)", r"image (does not exist|is missing)")


def _unseen(pods: list[JsonObject]) -> None:
    """The pods as they are before a scheduler has looked at them: without a single condition."""
    for pod in pods:
        pod["status"] = {"phase": "Pending", "qosClass": pod["status"]["qosClass"]}


def _stale(world: Cluster, lease: str, ago: str) -> None:
    """A lease of the control plane that was renewed last so long ago."""
    for each in world.of("Lease", "kube-system"):
        if each["metadata"]["name"] == lease:
            each["spec"]["renewTime"] = world.at(ago)[:-1] + ".412093Z"


@scenario
def ranking_larger() -> Scenario:
    world = cluster("2026-03-17T13:20:00Z", "feeds", "timeline", "follows")
    before = template(
        container("ranking", f"{REGISTRY}/feeds/ranking:6.2.0", port=8080, cpu=("1", "2"), memory=("2Gi", "3Gi"))
    )
    after = changed(
        before, resources={"limits": {"cpu": "8", "memory": "6Gi"}, "requests": {"cpu": "6", "memory": "4Gi"}}
    )
    ranking = world.deployment("ranking", before, after, ages=("23d", "26m"), replicas=2, first_revision=14, empty=True)
    ranking.pods(2, revision=0)
    ranking.pods(1, unschedulable("26m", f"0/3 nodes are available: 3 Insufficient cpu. {NO_HELP.format(3)}"))
    world.service("ranking", 80, "http")
    world.change(
        "PR-881",
        "pull_request",
        "31m",
        "ranking: headroom for the new model",
        repo="example/feeds-deploy",
        author="o.lind",
        files=["ranking/values.yaml"],
        services=["ranking"],
        diff="-      cpu: 1\n+      cpu: 6",
        deployed_by="sync 12:54",
    )
    world.change(
        "PR-874", "pull_request", "3h", "timeline: cache of avatars", author="s.amari", services=["timeline"],
        deployed_by="not deployed yet",
    )  # fmt: skip
    return world.scenario(
        "feeds-ranking-pending",
        "scheduling",
        "The ranking release does not finish, one pod is Pending",
        Truth(
            "incident",
            ("insufficient_resources", "bad_rollout_config"),
            ("Deployment/feeds/ranking",),
            culprit=ranking.rollout(),
            culprits=("PR-881",),
            innocent=("PR-874",),
            remediation=("rollback",),
            targets=("Deployment/feeds/ranking",),
            must_not_say=(*CODE_AT_FAULT, "quota (rejects|is exceeded)"),
            evidence=("3 Insufficient cpu",),
        ),
        notes="The new revision asks for six CPUs; no node has more than four. The old pods serve.",
    )


@scenario
def transcode_devices() -> Scenario:
    gpu = {"cpu": "8", "memory": "64Gi", "extra": {"nvidia.com/gpu": "1"}, "labels": {"accelerator": "l4"}}
    world = cluster(
        "2026-07-02T09:05:00Z", "video", "playlist", nodes=("ip-10-0-1-14", "ip-10-0-1-52", "ip-10-0-2-9"),
        special={"ip-10-0-2-9": gpu},
    )  # fmt: skip
    limits = {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "1"}
    body = template(
        container(
            "transcode",
            f"{REGISTRY}/video/transcode:3.0.2",
            resources={"limits": limits, "requests": {**limits, "cpu": "2"}},
        )
    )
    transcode = world.deployment(
        "transcode", body, ages=("19d",), replicas=3, first_revision=5, empty=True, unavailable_since="47m"
    )
    transcode.pods(1, running("19d"), node="ip-10-0-2-9")
    message = f"0/3 nodes are available: 3 Insufficient nvidia.com/gpu. {NO_VICTIMS.format(3)}"
    transcode.pods(2, unschedulable("47m", message))
    world.log(
        transcode.made[0], chatter("9m", "2s", "21s", "[<t>] job <hex:8> h264->av1 done in <float:8-40>s"), style="go"
    )
    world.event(
        transcode.object,
        "ScalingReplicaSet",
        f"Scaled up replica set {transcode.revisions[0]['metadata']['name']} from 1 to 3",
        last="47m",
        kind="Normal",
        source="deployment-controller",
    )
    return world.scenario(
        "video-transcode-two-waiting",
        "scheduling",
        "why are two transcode pods pending since this morning?",
        Truth(
            "incident",
            ("insufficient_resources",),
            ("Deployment/video/transcode",),
            innocent=(transcode.rollout(),),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS, "not enough memory"),
            evidence=("3 Insufficient nvidia.com/gpu",),
        ),
        notes="Scaled from one to three by hand, but the cluster has a single device. Scaling back would only undo the wish.",
    )


@scenario
def ledger_pool_label() -> Scenario:
    world = cluster("2026-05-12T07:44:00Z", "treasury", "fx-rates", "positions")
    before = template(container("ledger", f"{REGISTRY}/treasury/ledger:8.1.0", port=8080))
    after = template(
        container("ledger", f"{REGISTRY}/treasury/ledger:8.1.0", port=8080), nodeSelector={"disktype": "nvme"}
    )
    ledger = world.deployment(
        "ledger", before, after, ages=("40d", "38m"), replicas=1, first_revision=9, empty=True,
        strategy={"type": "Recreate"},
    )  # fmt: skip
    message = f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. {NO_HELP.format(3)}"
    ledger.pods(1, unschedulable("38m", message))
    world.service("ledger", 80, "http")
    return world.scenario(
        "treasury-ledger-gone",
        "scheduling",
        "ledger is down since about seven",
        Truth(
            "incident",
            ("node_selector_mismatch", "bad_rollout_config"),
            ("Deployment/treasury/ledger",),
            culprit=ledger.rollout(),
            remediation=("rollback",),
            targets=("Deployment/treasury/ledger",),
            must_not_say=(*CODE_AT_FAULT, "not enough (cpu|memory)"),
            evidence=("didn't match Pod's node affinity/selector",),
        ),
        notes="The new revision wants nodes labelled disktype=nvme; there are none. Recreate has taken the old pod away.",
    )


@scenario
def telemetry_zone_d() -> Scenario:
    world = cluster("2026-09-09T18:30:00Z", "fleet", "vehicles", "routes")
    terms = [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["zone-d"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    body = template(
        container("telemetry", f"{REGISTRY}/fleet/telemetry:0.9.1", port=9000, memory="512Mi"), affinity=affinity
    )
    telemetry = world.statefulset("telemetry", body, ages=("2h",), replicas=2, empty=True)
    message = f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. {NO_HELP.format(3)}"
    telemetry.pods(1, unschedulable("2h", message))
    world.service("telemetry-headless", 9000, 9000, selector={"app": "telemetry"}, headless=True)
    return world.scenario(
        "fleet-telemetry-first-install",
        "scheduling",
        "telemetry was installed two hours ago and never started",
        Truth(
            "incident",
            ("node_selector_mismatch",),
            ("StatefulSet/fleet/telemetry",),
            culprits=(telemetry.rollout(),),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS),
            evidence=("didn't match Pod's node affinity/selector",),
        ),
        notes="Required affinity to zone-d; the nodes are in zones a, b and c. First revision: nothing to go back to.",
    )


@scenario
def reports_dedicated() -> Scenario:
    stain = [{"effect": "NoSchedule", "key": "dedicated", "value": "batch"}]
    world = cluster(
        "2026-02-25T05:58:00Z", "insight", "charts", nodes=("node-1", "node-2", "node-7"),
        special={"node-7": {"taints": stain, "labels": {"pool": "batch"}}},
    )  # fmt: skip
    body = template(
        container("cubes", f"{REGISTRY}/insight/cubes:1.14.0", port=8080, memory="1Gi"), nodeSelector={"pool": "batch"}
    )
    cubes = world.deployment(
        "cubes", body, ages=("63d",), replicas=2, first_revision=3, empty=True, unavailable_since="21m"
    )
    message = (
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: batch}, 2 node(s) didn't match Pod's node "
        f"affinity/selector. {NO_HELP.format(3)}"
    )
    cubes.pods(2, unschedulable("21m", message))
    world.service("cubes", 80, "http")
    world.change(
        "infra-512",
        "config",
        "24m",
        "Taint the batch pool so that only batch jobs run there",
        author="platform-team",
        files=["pools/batch.tf"],
        services=["cubes"],
        diff='+  taint { key = "dedicated" value = "batch" effect = "NO_SCHEDULE" }',
        deployed_by="terraform apply 05:34",
    )
    return world.scenario(
        "insight-cubes-after-apply",
        "scheduling",
        "cubes has no running pods",
        Truth(
            "incident",
            ("taint_not_tolerated",),
            ("Deployment/insight/cubes", "Node/node-7"),
            culprit="infra-512",
            innocent=(cubes.rollout(),),
            remediation=("none",),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS),
            evidence=("untolerated taint {dedicated: batch}",),
        ),
        notes="The only pool that its selector allows was given a taint. The workload did not change.",
    )


@scenario
def inference_toleration() -> Scenario:
    stain = [{"effect": "NoSchedule", "key": "team", "value": "vision"}]
    world = cluster(
        "2026-10-20T11:11:00Z", "vision", "labels", nodes=("w1", "w2", "w3", "w4"),
        special={each: {"taints": stain} for each in ("w3", "w4")} | {each: {"cpu": "2"} for each in ("w1", "w2")},
    )  # fmt: skip
    tolerations = [{"effect": "NoSchedule", "key": "team", "operator": "Equal", "value": "vision"}]
    before = template(
        container("detect", f"{REGISTRY}/vision/detect:5.4.0", port=8080, cpu="3", memory="4Gi"),
        tolerations=tolerations,
    )
    after = template(container("detect", f"{REGISTRY}/vision/detect:5.5.0", port=8080, cpu="3", memory="4Gi"))
    detect = world.deployment(
        "detect", before, after, ages=("12d", "54m"), replicas=2, first_revision=20, empty=True,
        strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}, "type": "RollingUpdate"},
    )  # fmt: skip
    detect.pods(1, running("12d"), revision=0, node="w3")
    message = (
        "0/4 nodes are available: 2 Insufficient cpu, 2 node(s) had untolerated taint {team: vision}. "
        "preemption: 0/4 nodes are available: 2 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )
    detect.pods(2, unschedulable("54m", message))
    world.service("detect", 80, "http")
    return world.scenario(
        "vision-detect-half",
        "scheduling",
        "detect 5.5.0: two pods pending for almost an hour",
        Truth(
            "incident",
            ("taint_not_tolerated", "bad_rollout_config"),
            ("Deployment/vision/detect",),
            culprit=detect.rollout(),
            remediation=("rollback",),
            targets=("Deployment/vision/detect",),
            must_not_say=(*CODE_AT_FAULT, "nodes are too small"),
            evidence=("untolerated taint {team: vision}",),
        ),
        notes="The release lost the toleration for the pool it always ran on; the other nodes are small by design.",
    )


def _apart(app: str) -> JsonObject:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


@scenario
def quorum_fourth() -> Scenario:
    world = cluster("2026-01-29T10:02:00Z", "locks", "sessions")
    body = template(container("quorum", f"{REGISTRY}/locks/quorum:3.5.16", port=2379), affinity=_apart("quorum"))
    quorum = world.statefulset("quorum", body, ages=("88d",), replicas=5, empty=True)
    quorum.pods(3)
    message = f"0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. {NO_VICTIMS.format(3)}"
    quorum.pods(1, unschedulable("33m", message))
    world.service("quorum-headless", 2379, 2379, selector={"app": "quorum"}, headless=True)
    world.change(
        "op-77", "scaling", "33m", "quorum: five members instead of three", author="m.haddad", services=["quorum"],
        diff="-replicas: 3\n+replicas: 5", deployed_by="m.haddad",
    )  # fmt: skip
    return world.scenario(
        "locks-quorum-five",
        "scheduling",
        "quorum-3 does not start",
        Truth(
            "incident",
            ("anti_affinity_conflict",),
            ("StatefulSet/locks/quorum",),
            culprit="op-77",
            innocent=(quorum.rollout(),),
            remediation=("none", "scale"),
            targets=("StatefulSet/locks/quorum",),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS, "not enough (cpu|memory)"),
            evidence=("didn't match pod anti-affinity rules",),
        ),
        notes="One member for each node and three nodes: the fourth has no place. Going back to three is a fair proposal, "
        "so is leaving it to a person.",
    )


@scenario
def edge_rollout_apart() -> Scenario:
    world = cluster("2026-11-03T21:36:00Z", "cdn", "purge", "rules")
    before = template(container("edge", f"{REGISTRY}/cdn/edge:2.0.7", port=8080), affinity=_apart("edge"))
    after = changed(before, image=f"{REGISTRY}/cdn/edge:2.0.8")
    edge = world.deployment(
        "edge", before, after, ages=("9d", "41m"), replicas=3, first_revision=30, empty=True,
        strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}, "type": "RollingUpdate"},
    )  # fmt: skip
    for node in ("node-1", "node-2", "node-3"):
        edge.pods(1, running("9d"), revision=0, node=node)
    message = f"0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. {NO_VICTIMS.format(3)}"
    edge.pods(1, unschedulable("41m", message))
    world.service("edge", 80, "http")
    return world.scenario(
        "cdn-edge-release-waits",
        "scheduling",
        "edge 2.0.8 has been rolling out for forty minutes",
        Truth(
            "incident",
            ("anti_affinity_conflict", "rollout_stuck"),
            ("Deployment/cdn/edge",),
            culprits=(edge.rollout(),),
            must_not_say=(*CODE_AT_FAULT, "2\\.0\\.8 (crashes|is (broken|faulty))"),
            evidence=("didn't match pod anti-affinity rules",),
        ),
        notes="One pod for each node, no surge room, none may be missing: no release can ever go through. The image is fine.",
    )


@scenario
def nodes_left_drained() -> Scenario:
    world = cluster(
        "2026-08-14T06:25:00Z", "parcels", "labels", "zones",
        special={"node-2": {"cordoned": "9h"}, "node-3": {"cordoned": "8h40m"}},
    )  # fmt: skip
    body = template(container("sorter", f"{REGISTRY}/parcels/sorter:4.4.0", port=8080, cpu="1500m", memory="1Gi"))
    sorter = world.deployment(
        "sorter", body, ages=("31d",), replicas=4, first_revision=8, empty=True, unavailable_since="8h40m"
    )
    sorter.pods(2, running("31d"), node="node-1")
    message = (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: 0/3 nodes are available: "
        "1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
    )
    sorter.pods(2, unschedulable("8h40m", message))
    world.service("sorter", 80, "http")
    world.change(
        "CHG-4410", "maintenance", "9h5m", "Kernel update of node-2 and node-3 (drain, reboot, uncordon)",
        author="ops-night", services=["node-2", "node-3"], deployed_by="ops-night",
    )  # fmt: skip
    return world.scenario(
        "parcels-sorter-morning",
        "scheduling",
        "sorter runs with two of four pods this morning",
        Truth(
            "incident",
            ("node_cordoned",),
            ("Node/node-2", "Node/node-3", "Deployment/parcels/sorter"),
            culprit="CHG-4410",
            culprits=(),
            innocent=(sorter.rollout(),),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS),
            evidence=("2 node(s) were unschedulable",),
        ),
        notes="Two nodes were drained in the night and never taken back; the third is full.",
    )


@scenario
def all_but_one_cordoned() -> Scenario:
    names = ("pool-a-1", "pool-a-2")
    world = cluster(
        "2026-04-08T16:50:00Z", "notes", "export", nodes=(*names, "pool-b-1"),
        special={**{each: {"cordoned": "35m"} for each in names}, "pool-b-1": {"labels": {"pool": "b"}}},
    )  # fmt: skip
    body = template(
        container("editor", f"{REGISTRY}/notes/editor:1.30.2", port=3000, readinessProbe=http_probe("/up", "http")),
        affinity=_apart("editor"),
    )
    editor = world.deployment(
        "editor", body, ages=("5d",), replicas=2, first_revision=61, empty=True, unavailable_since="28m"
    )
    editor.pods(1, running("5d"), node="pool-b-1")
    message = (
        "0/3 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 2 node(s) were unschedulable. "
        "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )
    editor.pods(1, unschedulable("28m", message))
    for name in names:
        node = next(each for each in world.of("Node") if each["metadata"]["name"] == name)
        world.event(
            node, "NodeNotSchedulable", f"Node {name} status is now: NodeNotSchedulable", last="35m", kind="Normal",
            source="kubelet", host=name,
        )  # fmt: skip
    world.service("editor", 80, "http")
    return world.scenario(
        "notes-editor-one-left",
        "scheduling",
        "is editor ok? only one of two pods is up",
        Truth(
            "incident",
            ("node_cordoned",),
            ("Node/pool-a-1", "Node/pool-a-2", "Deployment/notes/editor"),
            innocent=(editor.rollout(),),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS),
            evidence=("2 node(s) were unschedulable",),
        ),
        notes="The spread rule is as ever and would be kept if the two nodes of pool a took pods.",
    )


@scenario
def nobody_places() -> Scenario:
    nodes = ("cp-1", "node-1", "node-2")
    world = cluster("2026-06-06T02:15:00Z", "alerts", "rules", nodes=nodes, special={"cp-1": CONTROL_PLANE})
    _stale(world, "kube-scheduler", "31m")
    static = template(
        container(
            "kube-scheduler", "registry.k8s.io/kube-scheduler:v1.31.4", memory=None,
            command=["kube-scheduler", "--config=/etc/kubernetes/scheduler.yaml", "--leader-elect=true"],
        ),
        hostNetwork=True, priorityClassName="system-node-critical",
    )  # fmt: skip
    owner = next(each for each in world.of("Node") if each["metadata"]["name"] == "cp-1")
    pod = world.pod(
        "kube-scheduler-cp-1", static, crash_loop("75d", 11, Ended(1, "2m10s", "1s")), owner=owner, node="cp-1",
        namespace="kube-system", labels={"component": "kube-scheduler", "tier": "control-plane"},
    )  # fmt: skip
    world.log(
        pod,
        '-2m11s|I<t>       1 serving.go:386] Generated self-signed cert in-memory\n'
        '-2m10s|E<t>       1 run.go:72] "command failed" err="open /etc/kubernetes/scheduler.yaml: no such file or directory"\n',
        style="klog",
    )  # fmt: skip
    body = template(container("notify", f"{REGISTRY}/alerts/notify:2.2.2", port=8080))
    notify = world.deployment(
        "notify", body, ages=("15d",), replicas=2, first_revision=12, empty=True, unavailable_since="19m"
    )
    notify.pods(1, running("15d"))
    _unseen(notify.pods(1, State("Pending", "19m", scheduled=False)))
    world.service("notify", 80, "http")
    return world.scenario(
        "alerts-notify-silent-pending",
        "scheduling",
        "a notify pod is Pending and has no events at all",
        Truth(
            "incident",
            ("scheduler_unavailable",),
            ("Pod/kube-system/kube-scheduler-cp-1", "Lease/kube-system/kube-scheduler", "Node/cp-1"),
            innocent=(notify.rollout(),),
            must_not_say=(ROLLBACK_HELPS, "not enough (cpu|memory)", "image (does not exist|is missing)"),
            evidence=("kube-scheduler",),
        ),
        notes="The scheduler does not find its configuration since somebody edited the static pod; new pods are not looked at.",
    )


@scenario
def managed_plane_asleep() -> Scenario:
    world = cluster("2026-12-12T12:12:00Z", "library", "catalogue", "holds")
    _stale(world, "kube-scheduler", "44m")
    before = template(container("fines", f"{REGISTRY}/library/fines:7.0.0", port=8080))
    after = changed(before, image=f"{REGISTRY}/library/fines:7.0.1")
    fines = world.deployment("fines", before, after, ages=("13d", "22m"), replicas=2, first_revision=17, empty=True)
    fines.pods(2, revision=0)
    _unseen(fines.pods(1, State("Pending", "22m", scheduled=False)))
    world.service("fines", 80, "http")
    cron = world.cronjob(
        "reminders", "*/10 * * * *", template(container("mail", f"{REGISTRY}/library/mail:1.1.0", memory="64Mi")),
        last="12m", last_success="49m",
    )  # fmt: skip
    waiting = State("Pending", "12m", scheduled=False)
    world.run_of(cron, "12m", pods=[waiting])
    _unseen([each for each in world.of("Pod", "library") if each["metadata"]["name"].startswith("reminders")])
    return world.scenario(
        "library-release-noon",
        "scheduling",
        "the fines release hangs, and reminders do not go out either",
        Truth(
            "incident",
            ("scheduler_unavailable",),
            (
                "Lease/kube-system/kube-scheduler",
                "Deployment/library/fines",
                "CronJob/library/reminders",
            ),
            innocent=(fines.rollout(),),
            must_not_say=(ROLLBACK_HELPS, "7\\.0\\.1 (crashes|is (broken|faulty))"),
            evidence=("kube-scheduler",),
        ),
        notes="A managed control plane: its pods cannot be seen. The scheduler's lease is 44 minutes old, pods have no conditions.",
    )


@scenario
def proxy_host_port() -> Scenario:
    world = cluster("2026-05-30T14:40:00Z", "ingest", "parser")
    body = template(
        container(
            "syslog", f"{REGISTRY}/ingest/syslog:2.1.0",
            ports=[{"containerPort": 5514, "hostPort": 5514, "name": "syslog", "protocol": "UDP"}],
        )
    )  # fmt: skip
    syslog = world.deployment(
        "syslog", body, ages=("70d",), replicas=5, first_revision=4, empty=True, unavailable_since="17m"
    )
    for node in ("node-1", "node-2", "node-3"):
        syslog.pods(1, running("70d"), node=node)
    message = (
        f"0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. {NO_VICTIMS.format(3)}"
    )
    syslog.pods(2, unschedulable("17m", message))
    return world.scenario(
        "ingest-syslog-five",
        "scheduling",
        "scaled syslog to 5 and two pods stay pending",
        Truth(
            "incident",
            ("port_conflict",),
            ("Deployment/ingest/syslog",),
            innocent=(syslog.rollout(),),
            remediation=("none", "scale"),
            targets=("Deployment/ingest/syslog",),
            must_not_say=(*CODE_AT_FAULT, ROLLBACK_HELPS, "not enough (cpu|memory)"),
            evidence=("didn't have free ports for the requested pod ports",),
        ),
        notes="hostPort 5514: one pod for each node at most.",
    )


@scenario
def exporter_same_port() -> Scenario:
    world = cluster("2026-03-03T08:08:00Z", "observe", "dashboards")
    old = template(
        container(
            "node-exporter", f"{REGISTRY}/observe/node-exporter:1.8.2", args=["--web.listen-address=:9100"],
            ports=[{"containerPort": 9100, "hostPort": 9100, "name": "metrics", "protocol": "TCP"}],
        ),
        hostNetwork=True, hostPID=True,
    )  # fmt: skip
    exporter = world.daemonset("node-exporter", old, ages=("70d",))
    world.log(
        exporter.made[0],
        "-40m|time=<t> level=INFO source=tls_config.go:347 msg=\"Listening on\" address=[::]:9100\n",
    )  # fmt: skip
    agent = template(container("agent", f"{REGISTRY}/observe/agent:0.40.0", args=["--listen=:9100"]), hostNetwork=True)
    agents = world.daemonset("agent", agent, ages=("36m",), empty=True)
    for node in ("node-1", "node-2", "node-3"):
        (pod,) = agents.pods(1, crash_loop("36m", 11, Ended(1, "1m50s", "1s")), node=node)
        world.log(
            pod,
            '-1m51s|ts=<t> level=info msg="starting agent" version=0.40.0\n'
            '-1m50s|ts=<t> level=error msg="cannot start server" err="listen tcp :9100: bind: address already in use"\n',
        )
    return world.scenario(
        "observe-agent-install",
        "scheduling",
        "the new agent does not come up on any node",
        Truth(
            "incident",
            ("port_conflict",),
            ("DaemonSet/observe/agent",),
            culprits=(agents.rollout(),),
            innocent=(exporter.rollout(),),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "was OOMKilled"),
            evidence=("bind: address already in use",),
        ),
        notes="Both use the network of the host, and the exporter was there first. The agent has no earlier revision.",
    )
