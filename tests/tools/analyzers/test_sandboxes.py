"""Pods whose sandbox cannot be made on their node."""

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, Ended, Told, container, crash_loop, creating, template
from tests.tools.analyzers.picture import found_by, roots_of
from tools.analyzers.sandboxes import no_sandbox

APP = template(container("api", f"{REGISTRY}/shop/api:1"))
MADE = "Failed to create pod sandbox: rpc error: code = Unknown desc = "
CNI = (
    MADE + 'failed to setup network for sandbox "4f": plugin type="calico" failed (add): stat /var/lib/calico/nodename'
)


def cluster(message: str, *, age: str = "12m", count: int = 30) -> Cluster:
    world = Cluster("2026-03-11T09:42:00Z", "shop")
    world.nodes("node-a", "node-b")
    world.namespace()
    told = Told("FailedCreatePodSandBox", message, "20s", age, count)
    world.deployment("api", APP, replicas=1, empty=True).pods(1, creating(age, told), node="node-a")
    return world


@pytest.mark.parametrize(
    ("message", "category"),
    [
        (CNI, "node_not_ready"),
        (
            MADE + 'plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
            "insufficient",
        ),
        (
            "Failed to create pod sandbox: rpc error: code = Unavailable desc = connection error: desc = "
            '"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"',
            "container_runtime_unavailable",
        ),
        (MADE + 'failed to get sandbox image "registry.k8s.io/pause:3.9": i/o timeout', "image_registry_unreachable"),
        (MADE + 'RuntimeHandler "runsc" not supported', "bad_rollout_config"),
    ],
)
def test_the_kubelets_words_tell_what_of_the_node_fails(message: str, category: str) -> None:
    found = found_by(cluster(message), no_sandbox)["Deployment/shop/api"]
    assert found.category.value.startswith(category)
    assert [str(each) for each in found.because][:1] == ["Node/node-a"]
    assert found.since is not None


def test_a_network_plugin_that_is_not_well_is_named_as_the_possible_cause() -> None:
    world = cluster(CNI)
    world.home = "kube-system"
    plugin = world.daemonset("calico-node", template(container("calico-node", "calico:1")), empty=True)
    plugin.pods(1, crash_loop("40m", 9, Ended(1, "1m", "3s")), node="node-a")
    because = [str(each) for each in found_by(world, no_sandbox)["Deployment/shop/api"].because]
    assert because == ["Node/node-a", "DaemonSet/kube-system/calico-node"]


def test_one_failure_at_the_start_or_words_that_nobody_knows_are_nothing() -> None:
    assert roots_of(cluster(CNI, count=1), no_sandbox) == []
    assert roots_of(cluster(CNI, age="50s"), no_sandbox) == []
    assert roots_of(cluster(MADE + "a mood"), no_sandbox) == []
