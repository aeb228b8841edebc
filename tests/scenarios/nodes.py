"""Nodes that went away, run short of something, or lost one of their parts."""

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Cluster,
    Doing,
    Ended,
    JsonObject,
    Scenario,
    State,
    Told,
    Truth,
    chatter,
    cluster,
    container,
    crash_loop,
    creating,
    evicted,
    running,
    scenario,
    template,
)

SILENT = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
NOT_THE_APP = (ROLLBACK_HELPS, RESTART_HELPS, "image (does not exist|is missing)")


def _silent(ago: str, heartbeat: str) -> dict[str, object]:
    """What the node controller says of a node that has not been heard of for a while."""
    return {
        "conditions": {each: (*SILENT, ago) for each in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")},
        "heartbeat": heartbeat,
        "taints": [
            {"effect": effect, "key": "node.kubernetes.io/unreachable"} for effect in ("NoSchedule", "NoExecute")
        ],
    }


def _node(world: Cluster, name: str) -> JsonObject:
    return next(each for each in world.of("Node") if each["metadata"]["name"] == name)


def _lost(world: Cluster, node: str, ago: str) -> None:
    """All pods of a node as the node controller leaves them: no longer ready, the containers as they were last seen."""
    for pod in world.of("Pod"):
        if pod["spec"].get("nodeName") != node:
            continue
        for row in pod["status"]["conditions"]:
            if row["type"] == "Ready":
                row |= {"status": "False", "lastTransitionTime": world.at(ago)}
        world.event(pod, "NodeNotReady", "Node is not ready", last=ago, source="node-controller")


@scenario
def power_of_one_rack() -> Scenario:
    world = cluster("2026-02-02T03:31:00Z", "bookings", "rooms", special={"node-3": _silent("11m", "12m")})
    body = template(container("calendar", f"{REGISTRY}/bookings/calendar:3.3.0", port=8080))
    calendar = world.deployment(
        "calendar", body, ages=("22d",), replicas=2, first_revision=11, empty=True, unavailable_since="11m"
    )
    calendar.pods(1, State(age="22d", doing=Doing(ago="22d"), deleted="6m"), node="node-3")
    calendar.pods(1, running("22d"), node="node-1")
    calendar.pods(1, running("6m"), node="node-2")
    store = world.statefulset(
        "store", template(container("store", f"{REGISTRY}/base/postgres:16.4", port=5432)), ages=("200d",), empty=True
    )
    store.pods(1, State(age="200d", doing=Doing(ago="200d"), deleted="6m"), node="node-3")
    world.service("calendar", 80, "http")
    world.service("store", 5432, 5432)
    world.log(
        calendar.made[1],
        chatter(
            "10m", "3s", "20s",
            "<t> ERROR calendar.db: could not connect to store:5432: connection timed out, trying again",
        ),
        style="python",
    )  # fmt: skip
    _lost(world, "node-3", "11m")
    world.event(
        _node(world, "node-3"), "NodeNotReady", "Node node-3 status is now: NodeNotReady", last="11m", kind="Normal",
        source="node-controller",
    )  # fmt: skip
    return world.scenario(
        "bookings-night-timeouts",
        "nodes",
        "bookings cannot reach its database since 3:20",
        Truth(
            "incident",
            ("node_not_ready", "kubelet_unavailable"),
            ("Node/node-3",),
            innocent=(calendar.rollout(), store.rollout()),
            remediation=("none",),
            must_not_say=(*NOT_THE_APP, "network policy (blocks|is the cause)"),
            evidence=("Kubelet stopped posting node status.",),
        ),
        notes="The node went away as a whole; the only database pod was on it and may not start elsewhere while nobody "
        "knows that it is gone. Whether the kubelet or the machine stopped cannot be told from here.",
    )


@scenario
def network_plugin_missing() -> Scenario:
    message = (
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
        "returns error: cni plugin not initialized"
    )
    special = {
        "pool-2-x4": {
            "age": "27m",
            "conditions": {"Ready": ("False", "KubeletNotReady", message, "27m")},
            "taints": [{"effect": effect, "key": "node.kubernetes.io/not-ready"} for effect in ("NoSchedule",)],
        }
    }
    world = cluster(
        "2026-09-21T10:27:00Z", "tours", "maps", nodes=("pool-1-a9", "pool-1-k2", "pool-2-x4"), special=special
    )
    for pod in world.of("Pod", "kube-system"):
        if pod["spec"]["nodeName"] == "pool-2-x4":
            pod["metadata"]["creationTimestamp"] = world.at("26m")
            pod["status"]["startTime"] = world.at("26m")
            pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = world.at("25m")
            for row in pod["status"]["conditions"]:
                row["lastTransitionTime"] = world.at("25m")
    agent = template(container("tracker", f"{REGISTRY}/tours/tracker:1.0.0", memory="64Mi"))
    tracker = world.daemonset("tracker", agent, ages=("27m",), empty=True)
    tracker.pods(1, running("27m"), node="pool-1-a9")
    tracker.pods(1, running("27m"), node="pool-1-k2")
    tracker.pods(
        1, creating("26m", Told("NetworkNotReady", f"network is not ready: {message}", "8s", "26m", 780)),
        node="pool-2-x4",
    )  # fmt: skip
    return world.scenario(
        "tours-new-node",
        "nodes",
        "tracker does not come up on the node that joined half an hour ago",
        Truth(
            "incident",
            ("node_not_ready",),
            ("Node/pool-2-x4",),
            innocent=(tracker.rollout(),),
            must_not_say=(*NOT_THE_APP, "kubelet (has )?stopped"),
            evidence=("cni plugin not initialized",),
        ),
        notes="The kubelet reports in time; the network plugin was never set up on the new node.",
    )


@scenario
def kubelet_stopped() -> Scenario:
    world = cluster("2026-06-11T15:08:00Z", "chat", "presence", special={"node-2": _silent("33m", "34m")})
    body = template(container("relay", f"{REGISTRY}/chat/relay:9.9.1", port=8080))
    relay = world.deployment(
        "relay", body, ages=("6d",), replicas=3, first_revision=44, empty=True, unavailable_since="33m"
    )
    relay.pods(1, running("6d"), node="node-1")
    relay.pods(1, running("6d"), node="node-3")
    relay.pods(1, State(age="6d", doing=Doing(ago="6d"), deleted="28m"), node="node-2")
    relay.pods(1, running("28m"), node="node-1")
    world.log(
        relay.made[2],
        chatter("14m", "2s", "11s", '{"t":"<t>","lvl":"info","msg":"fan-out","room":"<hex:6>","n":<int:2-90>}'),
    )
    _lost(world, "node-2", "33m")
    world.event(
        _node(world, "node-2"), "NodeNotReady", "Node node-2 status is now: NodeNotReady", last="33m", kind="Normal",
        source="node-controller",
    )  # fmt: skip
    world.change(
        "CHG-1021", "maintenance", "36m", "node-2: kubelet flags for image garbage collection", author="t.okoye",
        services=["node-2"], files=["node-2/kubelet.conf"], diff="+imageMaximumGCAge: 48", deployed_by="ansible 14:33",
    )  # fmt: skip
    return world.scenario(
        "chat-relay-terminating",
        "nodes",
        "A relay pod has been Terminating for half an hour",
        Truth(
            "incident",
            ("kubelet_unavailable", "node_not_ready"),
            ("Node/node-2",),
            culprit="CHG-1021",
            innocent=(relay.rollout(),),
            must_not_say=NOT_THE_APP,
            evidence=("Kubelet stopped posting node status.",),
        ),
        notes="The kubelet did not come back from a change of its configuration, while its containers still run and log: "
        "the machine is alive. Calling it a node that is not ready is right as well.",
    )


@scenario
def kubelet_certificate_loop() -> Scenario:
    world = cluster(
        "2026-10-13T06:40:00Z", "weather", "radar", nodes=("metal-01", "metal-02", "metal-03"),
        special={"metal-01": _silent("52m", "53m")},
    )  # fmt: skip
    journal = template(container("journal", f"{REGISTRY}/observe/journal:4.1.0", memory="64Mi"))
    reader = world.daemonset("journal", journal, ages=("80d",), namespace="kube-system")
    for pod in reader.made:
        if pod["spec"]["nodeName"] == "metal-01":
            world.log(
                pod,
                chatter(
                    "52m", "4s", "30s",
                    "<t> metal-01 systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
                    "<t> metal-01 systemd[1]: kubelet.service: Scheduled restart job, restart counter is at <int:100-400>.",
                ),
                style="syslog",
            )  # fmt: skip
    body = template(container("stations", f"{REGISTRY}/weather/stations:2.8.0", port=8080))
    stations = world.deployment(
        "stations", body, ages=("18d",), replicas=2, first_revision=7, empty=True, unavailable_since="52m"
    )
    stations.pods(1, running("18d"), node="metal-02")
    stations.pods(1, State(age="18d", doing=Doing(ago="18d"), deleted="47m"), node="metal-01")
    stations.pods(1, running("47m"), node="metal-03")
    _lost(world, "metal-01", "52m")
    return world.scenario(
        "weather-metal-01",
        "nodes",
        "what is going on with metal-01?",
        Truth(
            "incident",
            ("kubelet_unavailable", "node_not_ready"),
            ("Node/metal-01",),
            innocent=(stations.rollout(), reader.rollout()),
            must_not_say=NOT_THE_APP,
            evidence=("Kubelet stopped posting node status.",),
        ),
        notes="The journal of the node says that the kubelet ends as soon as it starts; everything else there runs.",
    )


RUNTIME_DOWN = (
    "[container runtime is down, container runtime status check may not have completed yet, PLEG is not healthy: pleg was "
    "last seen active 9m41s ago; threshold is 3m0s]"
)
NOT_READY = [{"effect": effect, "key": "node.kubernetes.io/not-ready"} for effect in ("NoSchedule", "NoExecute")]


@scenario
def runtime_hangs() -> Scenario:
    special = {
        "node-1": {"conditions": {"Ready": ("False", "KubeletNotReady", RUNTIME_DOWN, "7m")}, "taints": NOT_READY}
    }
    world = cluster("2026-03-27T20:20:00Z", "recipes", "pantry", "search", special=special)
    body = template(container("planner", f"{REGISTRY}/recipes/planner:0.31.0", port=8080))
    planner = world.deployment(
        "planner", body, ages=("8d",), replicas=2, first_revision=19, empty=True, unavailable_since="7m"
    )
    planner.pods(1, State(age="8d", doing=Doing(ago="8d"), deleted="2m"), node="node-1")
    planner.pods(1, running("8d"), node="node-2")
    planner.pods(1, running("2m"), node="node-3")
    _lost(world, "node-1", "7m")
    world.event(
        _node(world, "node-1"), "ContainerGCFailed",
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix '
        '/run/containerd/containerd.sock: connect: connection refused"',
        last="40s", first="10m", count=10, source="kubelet", host="node-1",
    )  # fmt: skip
    return world.scenario(
        "recipes-planner-evening",
        "nodes",
        "pods of recipes are being replaced, why?",
        Truth(
            "incident",
            ("container_runtime_unavailable", "node_not_ready"),
            ("Node/node-1",),
            innocent=(planner.rollout(),),
            must_not_say=(*NOT_THE_APP, "kubelet (has )?stopped"),
            evidence=("container runtime is down",),
        ),
        notes="The kubelet reports and says itself that containerd does not answer.",
    )


@scenario
def runtime_socket_refused() -> Scenario:
    world = cluster("2026-08-30T09:49:00Z", "claims", "forms", nodes=("n-11", "n-12", "n-13"))
    body = template(container("assess", f"{REGISTRY}/claims/assess:15.0.1", port=8080))
    assess = world.deployment("assess", body, ages=("17m",), replicas=3, first_revision=1, empty=True)
    refused = (
        'Failed to create pod sandbox: rpc error: code = Unavailable desc = connection error: desc = "transport: Error '
        'while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"'
    )
    assess.pods(1, running("17m"), node="n-11")
    assess.pods(1, running("17m"), node="n-12")
    assess.pods(1, creating("17m", Told("FailedCreatePodSandBox", refused, "9s", "17m", 76)), node="n-13")
    other = world.daemonset(
        "uploader", template(container("uploader", f"{REGISTRY}/claims/uploader:1.6.0")), ages=("4m",), empty=True
    )
    for node in ("n-11", "n-12"):
        other.pods(1, running("4m"), node=node)
    other.pods(1, creating("4m", Told("FailedCreatePodSandBox", refused, "6s", "4m", 19)), node="n-13")
    row = _node(world, "n-13")["status"]["conditions"][-1]
    row |= {
        "status": "False", "reason": "KubeletNotReady", "lastTransitionTime": world.at("1m"),
        "message": "container runtime is down",
    }  # fmt: skip
    return world.scenario(
        "claims-creating-forever",
        "nodes",
        "two pods hang in ContainerCreating",
        Truth(
            "incident",
            ("container_runtime_unavailable", "node_not_ready"),
            ("Node/n-13",),
            innocent=(assess.rollout(), other.rollout()),
            must_not_say=NOT_THE_APP,
            evidence=("containerd.sock: connect: connection refused",),
        ),
        notes="Two workloads, one node: what they share is the runtime of n-13.",
    )


DISK = {
    "conditions": {"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure", "14m")},
    "taints": [{"effect": "NoSchedule", "key": "node.kubernetes.io/disk-pressure"}],
}
LOW_DISK = "The node was low on resource: ephemeral-storage. Threshold quantity: 8589934592, available: 6021Mi. "


@scenario
def images_fill_the_disk() -> Scenario:
    world = cluster("2026-04-17T13:37:00Z", "photos", "faces", "share", special={"node-2": DISK})
    body = template(container("thumbs", f"{REGISTRY}/photos/thumbs:4.0.9", port=8080))
    thumbs = world.deployment(
        "thumbs", body, ages=("16d",), replicas=2, first_revision=6, empty=True, unavailable_since="12m"
    )
    thumbs.pods(1, running("16d"), node="node-1")
    thumbs.pods(1, evicted("16d", "12m", LOW_DISK + "Container thumbs was using 12Ki, request is 0, has larger "
        "consumption of ephemeral-storage. "), node="node-2")  # fmt: skip
    thumbs.pods(1, running("12m"), node="node-3")
    node = _node(world, "node-2")
    world.event(node, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", last="50s", first="15m",
        count=62, source="kubelet", host="node-2")  # fmt: skip
    world.event(node, "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 7516192768 bytes, but only found 0 bytes "
        "eligible to free.", last="2m", first="12m", count=3, source="kubelet", host="node-2")  # fmt: skip
    world.service("thumbs", 80, "http")
    return world.scenario(
        "photos-thumbs-replaced",
        "nodes",
        "why was a thumbs pod thrown out at 13:25?",
        Truth(
            "incident",
            ("node_disk_pressure", "evicted"),
            ("Node/node-2",),
            innocent=(thumbs.rollout(),),
            must_not_say=(*NOT_THE_APP, "was OOMKilled"),
            evidence=("kubelet has disk pressure",),
        ),
        notes="The pod used next to nothing; the disk of the node is full of something that the kubelet cannot remove.",
    )


@scenario
def logs_fill_the_disk() -> Scenario:
    world = cluster("2026-12-01T23:10:00Z", "ledger", "books", nodes=("a", "b", "c"), special={"c": DISK})
    gateway = world.deployment(
        "archive", template(container("archive", f"{REGISTRY}/ledger/archive:2.2.0", port=8080)), ages=("50d",),
        replicas=2, first_revision=3, empty=True, unavailable_since="13m", strategy={"type": "Recreate"},
    )  # fmt: skip
    gateway.pods(1, running("50d"), node="a")
    gateway.pods(1, evicted("50d", "13m", LOW_DISK), node="c")
    gateway.pods(1, running("13m"), node="b")
    world.event(_node(world, "c"), "NodeHasDiskPressure", "Node c status is now: NodeHasDiskPressure", last="14m",
        kind="Normal", source="kubelet", host="c")  # fmt: skip
    world.event(_node(world, "c"), "ImageGCFailed",
        "Failed to garbage collect required amount of images. Attempted to free 4294967296 bytes, but only found 0 bytes "
        "eligible to free.", last="4m", first="24m", count=5, source="kubelet", host="c")  # fmt: skip
    world.series("node_filesystem_avail_bytes", "bytes", ("3h", 31e9), ("0", 5.9e9), step="5m", node="c")
    return world.scenario(
        "ledger-node-c",
        "nodes",
        "node c looks unhappy, what happens to ledger?",
        Truth(
            "incident",
            ("node_disk_pressure", "evicted"),
            ("Node/c",),
            innocent=(gateway.rollout(),),
            must_not_say=NOT_THE_APP,
            evidence=("kubelet has disk pressure",),
        ),
        notes="Free space fell for three hours until the kubelet began to evict.",
    )


MEMORY = {
    "conditions": {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available", "9m")},
    "taints": [{"effect": "NoSchedule", "key": "node.kubernetes.io/memory-pressure"}],
}  # fmt: skip
LOW_MEMORY = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61528Ki. "


@scenario
def outside_process_eats_memory() -> Scenario:
    world = cluster("2026-01-15T12:29:00Z", "school", "pupils", "grades", special={"node-3": MEMORY})
    body = template(container("timetable", f"{REGISTRY}/school/timetable:5.5.0", port=8080, memory="256Mi"))
    timetable = world.deployment(
        "timetable", body, ages=("27d",), replicas=2, first_revision=10, empty=True, unavailable_since="8m"
    )
    timetable.pods(1, running("27d"), node="node-1")
    used = "Container timetable was using 271044Ki, request is 256Mi, has larger consumption of memory. "
    timetable.pods(1, evicted("27d", "8m", LOW_MEMORY + used), node="node-3")
    timetable.pods(1, running("8m"), node="node-2")
    node = _node(world, "node-3")
    world.event(node, "EvictionThresholdMet", "Attempting to reclaim memory", last="1m", first="9m", count=33,
        source="kubelet", host="node-3")  # fmt: skip
    world.event(node, "SystemOOM", "System OOM encountered, victim process: backup-agent, pid: 48121", last="9m",
        source="kubelet", host="node-3")  # fmt: skip
    return world.scenario(
        "school-timetable-thrown-out",
        "nodes",
        "timetable lost a pod at lunch",
        Truth(
            "incident",
            ("node_memory_pressure", "evicted"),
            ("Node/node-3",),
            innocent=(timetable.rollout(),),
            must_not_say=(*NOT_THE_APP, "timetable (leaks|has a memory leak)"),
            evidence=("kubelet has insufficient memory available",),
        ),
        notes="A process outside of Kubernetes (a backup agent) takes the memory of the node; the pod is only slightly "
        "above its request.",
    )


@scenario
def best_effort_neighbour() -> Scenario:
    world = cluster("2026-07-23T17:17:00Z", "lab", "notebooks", special={"node-1": MEMORY})
    body = template(container("hub", f"{REGISTRY}/lab/hub:4.1.6", port=8080, memory="512Mi"))
    hub = world.deployment("hub", body, ages=("60d",), replicas=1, first_revision=2, empty=True, unavailable_since="4m")
    hub.pods(1, evicted("60d", "7m", LOW_MEMORY + "Container hub was using 590Mi, request is 512Mi, has larger "
        "consumption of memory. "), node="node-1")  # fmt: skip
    hub.pods(1, running("6m"), node="node-2")
    world.pod(
        "scratch-ilse", template(container("py", f"{REGISTRY}/lab/scipy:2026.1", cpu=None, memory=None)),
        running("2h"), node="node-1",
    )  # fmt: skip
    world.series("container_memory_working_set_bytes", "bytes", ("2h", 1e9), ("0", 11.8e9), step="2m",
        pod="scratch-ilse", container="py")  # fmt: skip
    world.event(_node(world, "node-1"), "NodeHasInsufficientMemory",
        "Node node-1 status is now: NodeHasInsufficientMemory", last="9m", kind="Normal", source="kubelet",
        host="node-1")  # fmt: skip
    return world.scenario(
        "lab-hub-moved",
        "nodes",
        "hub was interrupted a few minutes ago",
        Truth(
            "incident",
            ("node_memory_pressure", "memory_leak", "evicted"),
            ("Node/node-1", "Pod/lab/scratch-ilse"),
            innocent=(hub.rollout(),),
            remediation=("none", "delete-pod"),
            targets=("Pod/lab/scratch-ilse",),
            must_not_say=(*NOT_THE_APP, "hub (leaks|has a memory leak)"),
            evidence=("kubelet has insufficient memory available",),
        ),
        notes="A bare pod without requests took twelve gigabytes of the node. Removing somebody's work is not for a "
        "machine to decide, yet it would end the pressure.",
    )


@scenario
def scratch_limit() -> Scenario:
    world = cluster("2026-05-19T08:55:00Z", "mailing", "templates", "bounce")
    volume = {"emptyDir": {"sizeLimit": "500Mi"}}
    body = template(
        container("merge", f"{REGISTRY}/mailing/merge:3.7.0", mounts={"work": "/work"}), volumes={"work": volume}
    )
    merge = world.deployment("merge", body, ages=("3h",), replicas=1, first_revision=2, empty=True)
    said = 'Usage of EmptyDir volume "work" exceeds the limit "500Mi". '
    for age, ago in (("3h", "2h10m"), ("2h10m", "1h20m"), ("1h20m", "38m"), ("38m", "5m")):
        merge.pods(1, evicted(age, ago, said))
    merge.pods(1, running("5m"))
    return world.scenario(
        "mailing-merge-evicted",
        "nodes",
        "there are more and more Evicted merge pods",
        Truth(
            "incident",
            ("evicted",),
            ("Deployment/mailing/merge",),
            culprits=(merge.rollout(),),
            must_not_say=(RESTART_HELPS, "node (is|was) under (disk|memory) pressure"),
            evidence=('exceeds the limit "500Mi"',),
        ),
        notes="Each pod fills its scratch volume past its own limit within the hour. The nodes are well.",
    )


@scenario
def ephemeral_limit() -> Scenario:
    world = cluster("2026-11-09T19:05:00Z", "render", "scenes")
    limits = {"cpu": "2", "memory": "2Gi", "ephemeral-storage": "2Gi"}
    before = template(
        container("frames", f"{REGISTRY}/render/frames:10.1.0", resources={"limits": limits, "requests": limits})
    )
    after = template(
        container("frames", f"{REGISTRY}/render/frames:10.2.0", resources={"limits": limits, "requests": limits})
    )
    frames = world.deployment("frames", before, after, ages=("44d", "2h"), replicas=2, first_revision=25, empty=True)
    said = "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. "
    for age, ago in (("2h", "1h30m"), ("1h58m", "57m"), ("1h30m", "41m"), ("57m", "12m"), ("41m", "3m")):
        frames.pods(1, evicted(age, ago, said))
    frames.pods(1, running("12m"))
    frames.pods(1, running("3m"))
    world.log(
        frames.made[-2],
        "-11m|<t> INFO frames 10.2.0 keeps intermediate layers under /tmp/layers\n"
        + chatter("11m", "5s", "30s", "<t> INFO frames: wrote /tmp/layers/<hex:8>.exr (<int:18-31> MB)"),
        style="python",
    )
    return world.scenario(
        "render-frames-unsteady",
        "nodes",
        "frames pods disappear every half hour since the update",
        Truth(
            "incident",
            ("evicted", "bad_rollout_config"),
            ("Deployment/render/frames",),
            culprit=frames.rollout(),
            remediation=("rollback",),
            targets=("Deployment/render/frames",),
            must_not_say=(RESTART_HELPS, "was OOMKilled", "node (is|was) under (disk|memory) pressure"),
            evidence=("exceeds the total limit of containers 2Gi",),
        ),
        notes="The new version keeps its layers on the local disk; the limit is from before.",
    )


def _proxy_pod(world: Cluster, node: str) -> JsonObject:
    return next(
        each for each in world.of("Pod", "kube-system")
        if each["metadata"]["name"].startswith("kube-proxy-") and each["spec"]["nodeName"] == node
    )  # fmt: skip


def _replace_proxy(world: Cluster, node: str, state: State) -> JsonObject:
    """The kube-proxy pod of a node in another state."""
    workload = next(each for each in world.workloads if each.name == "kube-proxy")
    old = _proxy_pod(world, node)
    gone = {old["metadata"]["uid"]}
    workload.made[:] = [each for each in workload.made if each is not old]
    world.objects[:] = [
        each for each in world.objects if each is not old and each.get("involvedObject", {}).get("uid") not in gone
    ]
    workload.made.append(workload.made[0])
    made = workload.pods(1, state, node=node)[0]
    workload.made.remove(workload.made[-2])
    return made


def _no_services(world: Cluster, name: str, image: str, node: str, peer: str) -> str:
    """A Deployment with a pod on each node of which only the one on ``node`` cannot use Services; its rollout."""
    work = world.deployment(name, template(container(name, image, port=8080)), ages=("14d",), replicas=3,
        first_revision=5, empty=True)  # fmt: skip
    for each in world.of("Node"):
        here = each["metadata"]["name"]
        (pod,) = work.pods(1, running("14d"), node=here)
        good = f"<t> INFO  [worker-<int:1-8>] {name} - call to {peer} took <int:2-9>ms"
        poor = f"<t> ERROR [worker-<int:1-8>] {name} - call to {peer} failed: connect timed out"
        world.log(pod, chatter("18m", "2s", "9s", poor if here == node else good), style="java")
    world.service(name, 80, "http")
    return work.rollout()


@scenario
def proxy_loops() -> Scenario:
    world = cluster("2026-06-24T11:30:00Z", "tickets", "seatmap")
    pod = _replace_proxy(world, "node-2", crash_loop("75d", 8, Ended(1, "2m", "2s")))
    world.log(
        pod,
        '-2m1s|I<t>       1 server_linux.go:69] "Using iptables proxy"\n'
        '-2m|E<t>       1 server.go:556] "Error running ProxyServer" err="iptables is not available on this host"\n',
        style="klog",
    )
    rollout = _no_services(world, "checkin", f"{REGISTRY}/tickets/checkin:2.0.0", "node-2", "seatmap:80")
    return world.scenario(
        "tickets-a-third-of-calls",
        "nodes",
        "a third of the check-ins time out",
        Truth(
            "incident",
            ("kube_proxy_unavailable",),
            ("DaemonSet/kube-system/kube-proxy", "Node/node-2", f"Pod/kube-system/{pod['metadata']['name']}"),
            innocent=(rollout,),
            must_not_say=(*NOT_THE_APP, "seatmap (is|was) (down|unreachable)"),
            evidence=("iptables is not available on this host",),
        ),
        notes="Only the pod on node-2 cannot use Services: there kube-proxy ends at once. seatmap is well.",
    )


@scenario
def proxy_unscheduled() -> Scenario:
    world = cluster("2026-02-13T16:16:00Z", "postal", "tracking", nodes=("k1", "k2", "k3"))
    pod = _replace_proxy(
        world, "k3",
        State("Pending", "41m", Doing("waiting", "41m", "ImagePullBackOff",
            'Back-off pulling image "registry.k8s.io/kube-proxy:v1.31.4": ErrImagePull: failed to pull and unpack image: '
            "write /var/lib/containerd/io.containerd.content.v1.content/ingest: no space left on device",
            ready=False, started=False, image_present=False), unready_since="41m"),
    )  # fmt: skip
    rollout = _no_services(world, "stamps", f"{REGISTRY}/postal/stamps:1.1.3", "k3", "tracking:80")
    return world.scenario(
        "postal-stamps-some-errors",
        "nodes",
        "stamps: errors on one pod only, connect timed out",
        Truth(
            "incident",
            ("kube_proxy_unavailable", "storage_full"),
            ("DaemonSet/kube-system/kube-proxy", "Node/k3", f"Pod/kube-system/{pod['metadata']['name']}"),
            innocent=(rollout,),
            must_not_say=(*NOT_THE_APP, "tracking (is|was) (down|unreachable)"),
            evidence=("ImagePullBackOff",),
        ),
        notes="The node lost the image of kube-proxy and has no room to get it again; Services do not work from there.",
    )
