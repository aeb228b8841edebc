"""Claims without a volume, volumes that somebody else has, that are full, denied or cannot be mounted."""

import dataclasses
from typing import Any

import pytest

from tests.scenarios.kit import (
    REGISTRY,
    Cluster,
    Ended,
    Told,
    container,
    crash_loop,
    creating,
    running,
    template,
    unschedulable,
)
from tests.tools.analyzers.picture import found_by, picture, roots_of
from tools.analyzers import analyze, nodes
from tools.analyzers.config import missing_config
from tools.analyzers.scheduling import no_node_fits
from tools.analyzers.storage import attached_elsewhere, claims
from tools.analyzers.volumes import denied, full, not_mounted
from tools.world import Series

BODY = template(
    container("db", f"{REGISTRY}/shop/db:1", mounts={"data": "/var/lib/data"}),
    volumes={"data": {"persistentVolumeClaim": {"claimName": "data"}}},
)
UNBOUND = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."


def ground() -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    return world


def claimed(world: Cluster, *told: tuple[str, str], waits: bool = True, **claim: Any) -> Cluster:
    made = world.claim("data", bound=False, age="20m", **claim)
    for reason, message in told:
        world.event(made, reason, message, last="20s", first="20m", count=80, source="persistentvolume-controller")
    if waits:
        world.deployment("db", BODY, replicas=1, empty=True).pods(1, unschedulable("20m", UNBOUND))
    return world


def test_a_class_that_does_not_exist_is_found_and_the_pods_are_its_symptom() -> None:
    world = ground()
    world.storage_class("standard", "ebs.csi.aws.com", default=True)
    words = 'storageclass.storage.k8s.io "fast" not found'
    claimed(world, ("ProvisioningFailed", words), storage_class="fast")
    assert roots_of(world, claims, no_node_fits) == [("storage_class_missing", "PersistentVolumeClaim/shop/data")]
    assert "standard is the default" in found_by(world, claims)["PersistentVolumeClaim/shop/data"].explanation


@pytest.mark.parametrize(
    ("volume", "claim", "category", "words"),
    [
        ({"size": "5Gi"}, {}, "pvc_mismatch", "it has 5Gi, asked are 10Gi"),
        ({}, {"modes": ("ReadWriteMany",)}, "pvc_mismatch", "ReadWriteMany"),
        ({}, {"selector": {"matchLabels": {"disk": "ssd"}}}, "pvc_mismatch", "labels do not match"),
        ({"volumeMode": "Block"}, {}, "pvc_mismatch", "its mode is Block"),
        ({"phase": "Released"}, {}, "pv_bound_elsewhere", "Released, for claim other/old"),
        ({"storage_class": "slow"}, {}, "pvc_mismatch", "pv-1 of class slow"),
    ],
)
def test_why_a_volume_made_by_hand_is_not_taken_is_said(
    volume: dict[str, Any], claim: dict[str, Any], category: str, words: str
) -> None:
    world = ground()
    world.storage_class("manual", "kubernetes.io/no-provisioner", binding="Immediate")
    made = world.volume("pv-1", **{"storage_class": "manual", **volume})
    if "phase" in volume:
        made["spec"]["claimRef"] = {"kind": "PersistentVolumeClaim", "namespace": "other", "name": "old"}
    claimed(world, storage_class="manual", **claim)
    found = found_by(world, claims)["PersistentVolumeClaim/shop/data"]
    assert found.category == category
    assert words in found.summary


def test_a_provisioner_that_fails_or_is_silent_leaves_the_claim_unbound() -> None:
    world = ground()
    world.storage_class("standard", "ebs.csi.aws.com", binding="Immediate")
    claimed(world, ("ProvisioningFailed", 'failed to provision volume with StorageClass "standard": rpc error: quota'))
    assert roots_of(world, claims) == [("pvc_unbound", "PersistentVolumeClaim/shop/data")]
    unfit = ground()
    unfit.storage_class("standard", "ebs.csi.aws.com", binding="Immediate")
    words = "Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] supported."
    claimed(unfit, ("ProvisioningFailed", words), modes=("ReadWriteMany",))
    assert roots_of(unfit, claims) == [("pvc_mismatch", "PersistentVolumeClaim/shop/data")]
    silent = ground()
    silent.storage_class("standard", "ebs.csi.aws.com")
    waits = "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually"
    claimed(silent, ("ExternalProvisioning", waits))
    silent.home = "kube-system"
    silent.deployment("ebs-csi-controller", template(container("csi", "csi:1")), replicas=1)
    found = found_by(silent, claims)["PersistentVolumeClaim/shop/data"]
    assert [str(each) for each in found.because] == ["Deployment/kube-system/ebs-csi-controller"]


def test_without_a_class_and_without_a_default_nobody_makes_a_volume() -> None:
    world = claimed(ground(), storage_class=None)
    assert roots_of(world, claims) == [("pvc_unbound", "PersistentVolumeClaim/shop/data")]


@pytest.mark.parametrize("quiet", ["no pod yet", "young", "bound"])
def test_a_claim_that_waits_as_it_should_is_nothing(quiet: str) -> None:
    world = ground()
    world.storage_class("standard", "ebs.csi.aws.com")
    if quiet == "no pod yet":
        claimed(world, ("WaitForFirstConsumer", "waiting for first consumer to be created before binding"), waits=False)
    elif quiet == "young":
        world.claim("data", bound=False, age="50s", storage_class="fast")
    else:
        world.claim("data")
    assert roots_of(world, claims) == []


MULTI = (
    'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached '
    "to another"
)


def attached(age: str, **node: Any) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.node("node-a", **node)
    world.node("node-b")
    world.namespace()
    world.claim("data")
    made = world.deployment("db", BODY, BODY, ages=("9d", age), replicas=1, empty=True)
    made.pods(1, running("9d"), revision=0, node="node-a")
    told = Told("FailedAttachVolume", MULTI, "20s", age, source="attachdetach-controller")
    made.pods(1, creating(age, told), node="node-b")
    return world


def test_a_rolling_update_whose_pods_want_the_same_volume_is_found() -> None:
    found = found_by(attached("12m"), attached_elsewhere)["Deployment/shop/db"]
    assert found.category == "pv_bound_elsewhere"
    assert "Recreate" in found.explanation
    assert "on node node-a" in found.summary


def test_a_volume_held_by_a_lost_node_is_that_nodes_symptom() -> None:
    gone = {"Ready": ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", "20m")}
    world = attached("12m", conditions=gone)
    assert roots_of(world, attached_elsewhere, nodes.unwell) == [("kubelet_unavailable", "Node/node-a")]


def test_a_volume_that_is_still_being_detached_is_nothing() -> None:
    assert roots_of(attached("3m"), attached_elsewhere) == []


def crashing(line: str, *, path: str = "/var/lib/data") -> Cluster:
    world = ground()
    world.claim("data")
    body = template(
        container("db", f"{REGISTRY}/shop/db:1", mounts={"data": path}),
        volumes={"data": {"persistentVolumeClaim": {"claimName": "data"}}},
        securityContext={"runAsUser": 1000},
    )
    (pod,) = world.deployment("db", body, replicas=1, empty=True).pods(1, crash_loop("40m", 9, Ended(1, "1m", "3s")))
    world.log(pod, f"-70s|<t> INFO starting\n-65s|<t> ERROR {line}", previous=True)
    return world


def test_a_full_volume_is_named_by_the_path_that_could_not_be_written() -> None:
    world = crashing("write /var/lib/data/wal/0001: no space left on device")
    assert roots_of(world, full) == [("storage_full", "PersistentVolumeClaim/shop/data")]
    assert found_by(world, full)["Deployment/shop/db"].because


def test_a_full_disk_that_is_no_volume_is_told_of_the_workload() -> None:
    world = crashing("write /tmp/upload/1: no space left on device")
    assert roots_of(world, full) == [("storage_full", "Deployment/shop/db")]


def measured(used: float) -> list[tuple[str, str]]:
    world = ground()
    world.claim("data")
    seen = picture(world)
    series = tuple(
        Series(name, {"namespace": "shop", "persistentvolumeclaim": "data"}, "bytes", ((seen.observed_at, value),))
        for name, value in (
            ("kubelet_volume_stats_used_bytes", used),
            ("kubelet_volume_stats_capacity_bytes", 100.0),
        )
    )
    joined = analyze(dataclasses.replace(seen, metrics=series), (full,))
    return [(each.category.value, str(each.subject)) for each in joined.roots]


def test_a_volume_that_is_measured_full_is_found_before_anybody_says_so() -> None:
    assert measured(99.0) == [("storage_full", "PersistentVolumeClaim/shop/data")]
    assert measured(80.0) == []


def test_a_mounted_volume_that_may_not_be_written_is_found() -> None:
    world = crashing("mkdir /var/lib/data/pg: permission denied")
    found = found_by(world, denied)["Deployment/shop/db"]
    assert found.category == "volume_permission_denied"
    assert "runs as user 1000" in found.explanation
    assert "sets no fsGroup" in found.explanation


def test_permission_denied_elsewhere_than_on_a_volume_is_not_about_a_volume() -> None:
    assert roots_of(crashing("open /etc/shadow: permission denied"), denied) == []
    assert roots_of(crashing("INFO all well"), denied, full) == []


@pytest.mark.parametrize(
    ("message", "category"),
    [
        (
            'MountVolume.SetUp failed for volume "data" : exit status 32 Output: mount.nfs: access denied by '
            "server while mounting nfs.example.com:/exports/data",
            "volume_permission_denied",
        ),
        ('MountVolume.SetUp failed for volume "data" : mount.nfs: Connection timed out', "dependency_unreachable"),
        ('MountVolume.SetUp failed for volume "data" : write: no space left on device', "storage_full"),
        (
            "kubernetes.io/csi: attacher failed: driver name x.csi not found in the list of registered CSI drivers",
            "pvc",
        ),
        ("failed to get secretproviderclass shop/keys: secretproviderclasses keys not found", "missing_secret"),
    ],
)
def test_a_volume_that_cannot_be_mounted_is_told_by_the_kubelets_words(message: str, category: str) -> None:
    world = ground()
    timed_out = Told(
        "FailedMount", "Unable to attach or mount volumes: timed out waiting for the condition", "9s", count=9
    )
    told = Told("FailedMount", message, "20s", "12m", 5)
    world.deployment("db", BODY, replicas=1, empty=True).pods(1, creating("12m", timed_out, told))
    found = found_by(world, not_mounted)["Deployment/shop/db"]
    assert found.category.value.startswith(category)
    assert message in found.summary


def test_of_a_pod_that_claims_no_storage_an_unknown_fault_of_a_mount_is_only_a_guess() -> None:
    world = ground()
    told = Told("FailedMount", 'MountVolume.SetUp failed for volume "x" : rpc error: something odd', "20s", "12m", 5)
    body = template(container("db", f"{REGISTRY}/shop/db:1"), volumes={"x": {"csi": {"driver": "odd.example.com"}}})
    world.deployment("db", body, replicas=1, empty=True).pods(1, creating("12m", told))
    assert found_by(world, not_mounted)["Deployment/shop/db"].confidence < 0.5


@pytest.mark.parametrize(
    ("volume", "word", "subject"),
    [
        ({"configMap": {"name": "mails", "items": [{"key": "bill.html", "path": "bill.html"}]}}, "config", "ConfigMap"),
        ({"secret": {"secretName": "mails", "items": [{"key": "bill.html", "path": "x"}]}}, "secret", "Secret"),
        (
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "other"}},
                        {"configMap": {"name": "mails", "items": [{"key": "bill.html", "path": "x"}]}},
                    ]
                }
            },
            "config",
            "ConfigMap",
        ),
    ],
)
def test_a_key_that_a_mount_lacks_is_told_with_the_object_that_its_volume_mounts(
    volume: dict[str, Any], word: str, subject: str
) -> None:
    world = ground()
    kind = "secret" if word == "secret" else "configmap"
    message = f'MountVolume.SetUp failed for volume "t" : {kind} references non-existent {word} key: bill.html'
    body = template(container("mailer", f"{REGISTRY}/shop/mailer:1"), volumes={"t": volume})
    told = Told("FailedMount", message, "20s", "12m", 5)
    world.deployment("mailer", body, replicas=1, empty=True).pods(1, creating("12m", told))
    found = found_by(world, missing_config)["Deployment/shop/mailer"]
    assert found.category == ("missing_secret" if word == "secret" else "missing_configmap")
    assert f"{subject} mails has no key bill.html" in found.summary
    assert found_by(world, not_mounted) == {}


def test_a_missing_secret_or_a_young_pod_is_not_about_the_volume() -> None:
    missing = ground()
    told = Told("FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found', "20s", "12m", 5)
    missing.deployment("db", BODY, replicas=1, empty=True).pods(1, creating("12m", told))
    young = ground()
    told = Told("FailedMount", 'MountVolume.SetUp failed for volume "data" : rpc error', "20s", "50s", 2)
    young.deployment("db", BODY, replicas=1, empty=True).pods(1, creating("50s", told))
    assert roots_of(missing, not_mounted) == roots_of(young, not_mounted) == []
