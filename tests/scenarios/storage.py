"""Volumes: claims that wait, volumes that belong to somebody else, that are full, or that refuse their program."""

from typing import Any

from tests.scenarios.kit import (
    REGISTRY,
    RESTART_HELPS,
    ROLLBACK_HELPS,
    Cluster,
    Ended,
    JsonObject,
    Scenario,
    Told,
    Truth,
    changed,
    chatter,
    cluster,
    container,
    crash_loop,
    creating,
    running,
    scenario,
    template,
    unschedulable,
)

UNBOUND = (
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: "
    "3 Preemption is not helpful for scheduling."
)
CONTROLLER = "persistentvolume-controller"
FULL_OR_LOST = r"\b(data|volume|disk) (is|was|are) (full|lost|corrupted)"


def _with_claim(name: str, image: str, claim: str, path: str = "/data", **more: Any) -> JsonObject:
    body = container(name, f"{REGISTRY}/{image}", memory=("256Mi", "512Mi"), mounts={"data": path}, **more)
    return template(body, volumes={"data": {"persistentVolumeClaim": {"claimName": claim}}})


def _wanted(size: str, storage_class: str | None) -> JsonObject:
    """A template of claims, as a StatefulSet has it."""
    spec: JsonObject = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {"metadata": {"name": "data"}, "spec": spec}


def _waits(world: Cluster, claim: JsonObject, reason: str, message: str, first: str, kind: str = "Warning") -> None:
    world.event(claim, reason, message, last="12s", first=first, count=90, kind=kind, source=CONTROLLER)


@scenario
def provider_has_no_more_volumes() -> Scenario:
    world = cluster("2026-05-06T11:20:00Z", "herbarium", "labels", "scans")
    world.storage_class("block", "block.csi.example.com", default=True)
    claim = world.claim("data-vault-0", "40Gi", storage_class="block", bound=False, age="37m")
    _waits(
        world,
        claim,
        "ProvisioningFailed",
        'failed to provision volume with StorageClass "block": rpc error: code = ResourceExhausted desc = the limit of '
        "100 volumes of this project has been reached",
        "37m",
    )
    body = template(container("vault", f"{REGISTRY}/herbarium/vault:3.0.1", mounts={"data": "/var/vault"}))
    world.statefulset(
        "vault", body, claims=[_wanted("40Gi", "block")], ages=("37m",), pods=unschedulable("37m", UNBOUND)
    )
    return world.scenario(
        "herbarium-vault-new",
        "storage",
        "the new vault does not come up",
        Truth(
            "incident",
            ("pvc_unbound",),
            ("PersistentVolumeClaim/herbarium/data-vault-0", "StatefulSet/herbarium/vault"),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS, "storage class .* does not exist"),
            evidence=("limit of 100 volumes",),
        ),
        notes="Class and claim are right; the provider gives no more volumes.",
    )


@scenario
def nobody_provisions() -> Scenario:
    world = cluster("2026-01-28T07:50:00Z", "weather", "radar")
    world.storage_class("fast", "block.csi.example.com")
    claim = world.claim("maps", "5Gi", storage_class=None, bound=False, age="2h10m")
    _waits(
        world,
        claim,
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        "2h10m",
        kind="Normal",
    )
    world.deployment(
        "tiles",
        _with_claim("tiles", "weather/tiles:0.9.0", "maps"),
        ages=("2h10m",),
        pods=unschedulable("2h10m", UNBOUND),
    )
    return world.scenario(
        "weather-tiles-pending",
        "storage",
        "why is tiles pending?",
        Truth(
            "incident",
            ("pvc_unbound", "storage_class_missing"),
            ("PersistentVolumeClaim/weather/maps", "Deployment/weather/tiles"),
            must_not_say=(RESTART_HELPS, "not enough (cpu|memory)"),
            evidence=("no storage class is set",),
        ),
        notes="The claim names no class, and none is the default.",
    )


@scenario
def wants_more_than_there_is() -> Scenario:
    world = cluster("2026-03-30T16:05:00Z", "observatory", "ephemeris")
    world.storage_class("local-disks", "kubernetes.io/no-provisioner")
    world.volume("disk-dome-1", "100Gi", storage_class="local-disks", phase="Available")
    world.volume("disk-dome-2", "100Gi", storage_class="local-disks", phase="Available")
    world.claim("plates", "250Gi", storage_class="local-disks", bound=False, age="55m")
    message = (
        "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind. preemption: 0/3 nodes "
        "are available: 3 Preemption is not helpful for scheduling."
    )
    world.deployment(
        "archive",
        _with_claim("archive", "observatory/archive:2.2.0", "plates"),
        ages=("55m",),
        pods=unschedulable("55m", message),
    )
    return world.scenario(
        "observatory-archive-large",
        "storage",
        "archive is pending although two disks are free",
        Truth(
            "incident",
            ("pvc_mismatch",),
            ("PersistentVolumeClaim/observatory/plates",),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("250Gi",),
        ),
        notes="Both free volumes hold 100Gi, the claim wants 250Gi.",
    )


@scenario
def many_writers_on_a_disk_for_one() -> Scenario:
    world = cluster("2026-07-15T09:31:00Z", "newsroom", "wire", "layout")
    world.volume("pictures-nfs", "500Gi", storage_class="shared", phase="Available", modes=("ReadWriteOnce",))
    claim = world.claim("pictures", "500Gi", storage_class="shared", bound=False, age="3h", modes=("ReadWriteMany",))
    world.storage_class("shared", "kubernetes.io/no-provisioner")
    _waits(
        world,
        claim,
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        "3h",
        "Normal",
    )
    world.deployment(
        "desk",
        _with_claim("desk", "newsroom/desk:7.7.0", "pictures"),
        ages=("3h",),
        replicas=2,
        pods=unschedulable("3h", UNBOUND),
    )
    return world.scenario(
        "newsroom-desk-pictures",
        "storage",
        "desk pods pending since the morning",
        Truth(
            "incident",
            ("pvc_mismatch",),
            ("PersistentVolumeClaim/newsroom/pictures",),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("ReadWriteMany",),
        ),
        notes="The only volume of that class is for one node, the claim wants many.",
    )


@scenario
def class_of_another_cluster() -> Scenario:
    world = cluster("2026-02-24T18:44:00Z", "brewery", "orders", "labels")
    world.storage_class("standard-rwo", "block.csi.example.com", default=True)
    claim = world.claim("data-casks-0", "20Gi", storage_class="premium-ssd", bound=False, age="21m")
    _waits(world, claim, "ProvisioningFailed", 'storageclass.storage.k8s.io "premium-ssd" not found', "21m")
    body = template(container("casks", f"{REGISTRY}/brewery/casks:4.0.0", mounts={"data": "/data"}))
    world.statefulset(
        "casks", body, claims=[_wanted("20Gi", "premium-ssd")], ages=("21m",), pods=unschedulable("21m", UNBOUND)
    )
    world.change(
        "MR-77",
        "merge_request",
        "23m",
        "casks: faster disks",
        repo="example/brewery-deploy",
        author="u.weber",
        files=["casks/values.yaml"],
        services=["casks"],
        diff="-storageClass: standard-rwo\n+storageClass: premium-ssd",
        deployed_by="sync 18:22",
    )
    world.change(
        "MR-76",
        "merge_request",
        "2h",
        "orders: new currency",
        repo="example/brewery-orders",
        author="a.kim",
        files=["orders/currency.go"],
        services=["orders"],
        diff="+ CHF",
        deployed_by="sync 16:50",
    )
    return world.scenario(
        "brewery-casks-evening",
        "storage",
        "casks has no pod running since the change of this evening",
        Truth(
            "incident",
            ("storage_class_missing",),
            ("PersistentVolumeClaim/brewery/data-casks-0", "StatefulSet/brewery/casks"),
            culprit="MR-77",
            innocent=("MR-76",),
            remediation=("none", "rollback"),
            targets=("StatefulSet/brewery/casks",),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("premium-ssd",),
        ),
        notes="The change names a class that only another cluster has.",
    )


@scenario
def class_was_removed_and_nobody_says_so() -> Scenario:
    world = cluster("2026-08-02T05:12:00Z", "ferry", "tickets")
    world.storage_class("longhorn", "block.csi.example.com", default=True)
    world.claim("data-timetable-0", "10Gi", storage_class="ceph-block", bound=False, age="1h40m")
    body = template(container("timetable", f"{REGISTRY}/ferry/timetable:1.1.0", mounts={"data": "/data"}))
    world.statefulset(
        "timetable", body, claims=[_wanted("10Gi", "ceph-block")], ages=("1h40m",), pods=unschedulable("1h40m", UNBOUND)
    )
    return world.scenario(
        "ferry-timetable-move",
        "storage",
        "timetable pending after the move to the new cluster",
        Truth(
            "incident",
            ("storage_class_missing",),
            ("PersistentVolumeClaim/ferry/data-timetable-0", "StatefulSet/ferry/timetable"),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("ceph-block",),
        ),
        notes="No event of the claim is left; the class it names is not there.",
    )


@scenario
def disk_still_on_the_other_node() -> Scenario:
    world = cluster("2026-04-17T13:37:00Z", "forge", "mirrors")
    world.storage_class("block", "block.csi.example.com", default=True)
    claim = world.claim("repositories", "200Gi", storage_class="block")
    volume = claim["spec"]["volumeName"]
    before = _with_claim("git", "forge/git:16.9.0", "repositories")
    load = world.deployment(
        "git",
        before,
        changed(before, image=f"{REGISTRY}/forge/git:16.10.0"),
        ages=("40d", "24m"),
        replicas=1,
        empty=True,
    )
    load.pods(1, running("40d"), revision=0, node="node-1")
    timed_out = "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[]: timed out waiting for the condition"
    load.pods(
        1,
        creating(
            "24m",
            Told(
                "FailedAttachVolume",
                f'Multi-Attach error for volume "{volume}" Volume is already exclusively attached to one node and '
                "can't be attached to another",
                "24m",
                source="attachdetach-controller",
            ),
            Told("FailedMount", timed_out, "3m", "22m", 9),
        ),
        node="node-2",
    )
    return world.scenario(
        "forge-git-update",
        "storage",
        "the update of git hangs, the new pod stays in ContainerCreating",
        Truth(
            "incident",
            ("pv_bound_elsewhere",),
            ("PersistentVolumeClaim/forge/repositories", "Deployment/forge/git", f"PersistentVolume/{volume}"),
            remediation=("none", "rollback"),
            targets=("Deployment/forge/git",),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("Multi-Attach",),
        ),
        notes="A rolling update of a workload whose disk can be on one node only: both pods want it at once.",
    )


@scenario
def promised_to_somebody_else() -> Scenario:
    world = cluster("2026-11-05T08:08:00Z", "registry-office", "births")
    other = world.claim("records", "80Gi", storage_class="", bound=False, age="200d", namespace="registry-office-old")
    world.namespace("registry-office-old")
    world.volume("records-nfs", "80Gi", storage_class="", claim=other, phase="Released")
    claim = world.claim("records", "80Gi", storage_class="", bound=False, age="1h5m", volumeName="records-nfs")
    _waits(world, claim, "FailedBinding", 'volume "records-nfs" already bound to a different claim.', "1h5m")
    world.objects.remove(other)
    world.deployment(
        "marriages",
        _with_claim("marriages", "registry-office/marriages:5.0.2", "records"),
        ages=("1h5m",),
        pods=unschedulable("1h5m", UNBOUND),
    )
    return world.scenario(
        "registry-office-restored",
        "storage",
        "the restored records claim stays Pending",
        Truth(
            "incident",
            ("pv_bound_elsewhere",),
            ("PersistentVolumeClaim/registry-office/records", "PersistentVolume/records-nfs"),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST),
            evidence=("records-nfs",),
        ),
        notes="The volume keeps the reference to a claim that was deleted.",
    )


@scenario
def database_without_room() -> Scenario:
    world = cluster("2026-06-21T21:15:00Z", "festival", "lineup")
    world.storage_class("block", "block.csi.example.com", default=True)
    world.claim("data-guests-db-0", "10Gi", storage_class="block")
    body = template(
        container(
            "postgres",
            f"{REGISTRY}/base/postgres:15.7",
            port=(("pg", 5432),),
            mounts={"data": "/var/lib/postgresql/data"},
        )
    )
    base = world.statefulset("guests-db", body, claims=[_wanted("10Gi", "block")], empty=True)
    (pod,) = base.pods(1, crash_loop("80d", 11, Ended(1, "2m", "4s")))
    world.log(
        pod,
        """
-2m4s|<t> [1] LOG:  starting PostgreSQL 15.7 on x86_64-pc-linux-gnu, compiled by gcc, 64-bit
-2m3s|<t> [27] LOG:  database system was interrupted while in recovery
-2m1s|<t> [27] FATAL:  could not write to file "pg_wal/xlogtemp.27": No space left on device
-2m|<t> [1] LOG:  startup process (PID 27) exited with exit code 1
-2m|<t> [1] LOG:  database system is shut down
""",
        style="postgres",
        previous=True,
    )
    gate = world.deployment(
        "gate", template(container("gate", f"{REGISTRY}/festival/gate:3.1.0", env={"DB_HOST": "guests-db"})), replicas=2
    )
    for each in gate.made:
        world.log(
            each,
            chatter(
                "38m",
                "2s",
                "20s",
                '<t> ERROR check-in: connection to server at "guests-db", port 5432 failed: Connection refused',
            ),
            style="python",
        )
    world.service("guests-db", ports=[{"name": "pg", "port": 5432, "protocol": "TCP", "targetPort": 5432}])
    gigabyte = 2**30
    labels = {"persistentvolumeclaim": "data-guests-db-0"}
    world.series(
        "kubelet_volume_stats_used_bytes",
        "bytes",
        ("6h", 7.9 * gigabyte),
        ("38m", 9.99 * gigabyte),
        ("0", 9.99 * gigabyte),
        noise=0,
        **labels,
    )
    world.series(
        "kubelet_volume_stats_capacity_bytes",
        "bytes",
        ("6h", 10.0 * gigabyte),
        ("0", 10.0 * gigabyte),
        noise=0,
        **labels,
    )
    return world.scenario(
        "festival-gate-doors",
        "storage",
        "check-in at the gate fails for everybody",
        Truth(
            "incident",
            ("storage_full",),
            ("PersistentVolumeClaim/festival/data-guests-db-0", "StatefulSet/festival/guests-db"),
            innocent=(gate.rollout(),),
            must_not_say=(RESTART_HELPS, ROLLBACK_HELPS),
            evidence=("No space left on device",),
        ),
        notes="The database cannot begin again as its volume is full; the gate only says that nobody answers.",
    )


@scenario
def snapshot_that_may_not_be_written() -> Scenario:
    world = cluster("2026-10-19T10:26:00Z", "library-sessions", "loans")
    world.claim("sessions", "2Gi")
    store = world.deployment(
        "store",
        _with_claim("redis", "base/redis:7.2.5", "sessions", port=(("redis", 6379),)),
        empty=True,
        ages=("12d",),
    )
    (pod,) = store.pods(1)
    world.log(
        pod,
        chatter(
            "40m",
            "2s",
            "6s",
            "1:M <t> * 1 changes in 900 seconds. Saving...",
            "41:C <t> # Failed opening the temp RDB file temp-41.rdb (in server root dir /data) for saving: Permission denied",
            "1:M <t> # Background saving error",
        ),
        style="iso",
    )
    world.service("store", ports=[{"name": "redis", "port": 6379, "protocol": "TCP", "targetPort": 6379}])
    return world.scenario(
        "library-sessions-snapshots",
        "storage",
        "redis says MISCONF to everybody",
        Truth(
            "incident",
            ("volume_permission_denied",),
            ("Deployment/library-sessions/store",),
            must_not_say=(RESTART_HELPS, r"volume (is|was) full"),
            evidence=("Permission denied",),
        ),
        notes="It runs and is ready; what it may not do is write to its volume.",
    )


@scenario
def claim_that_is_still_in_use() -> Scenario:
    world = cluster("2026-12-02T15:00:00Z", "garage", "lifts")
    claim = world.claim("spare-parts", "5Gi")
    claim["metadata"]["deletionTimestamp"] = world.at("2h20m")
    claim["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    world.deployment("stock", _with_claim("stock", "garage/stock:2.2.2", "spare-parts"), ages=("60d",))
    return world.scenario(
        "garage-spare-parts",
        "storage",
        "spare-parts is Terminating for hours, why can't it be made anew?",
        Truth(
            "incident",
            ("stuck_terminating",),
            ("PersistentVolumeClaim/garage/spare-parts",),
            must_not_say=(RESTART_HELPS, FULL_OR_LOST, r"remove the finalizer to fix"),
            evidence=("pvc-protection",),
        ),
        notes="A pod uses the claim still, so its protection holds it.",
    )


@scenario
def worker_that_never_leaves() -> Scenario:
    world = cluster("2026-09-27T19:19:00Z", "postcards", "stamps")
    body = template(container("sorter", f"{REGISTRY}/postcards/sorter:6.0.0"))
    load = world.deployment("sorter", body, ages=("20d",), replicas=1, empty=True)
    load.pods(1, running("3h"))
    (old,) = load.pods(1, running("20d"))
    old["metadata"]["deletionTimestamp"] = world.at("1h10m")
    old["metadata"]["deletionGracePeriodSeconds"] = 30
    old["metadata"]["finalizers"] = ["example.com/empty-the-queue"]
    return world.scenario(
        "postcards-sorter-old",
        "storage",
        "an old sorter pod does not go away",
        Truth(
            "incident",
            ("stuck_terminating",),
            (f"Pod/postcards/{old['metadata']['name']}", "Deployment/postcards/sorter"),
            must_not_say=(ROLLBACK_HELPS, "node (is|was) not ready"),
            evidence=("empty-the-queue",),
        ),
        notes="Its finalizer belongs to a controller that does not answer any more.",
    )
