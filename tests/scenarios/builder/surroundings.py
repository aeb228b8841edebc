"""What every cluster has: nodes, namespaces, the pods and leases of kube-system."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.scenarios.builder.clock import iso_micro, span
from tests.scenarios.builder.jobs import Jobs
from tests.scenarios.builder.scenario import JsonObject
from tests.scenarios.builder.states import Ended, running
from tests.scenarios.builder.templates import container, http_probe, template

WELL = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}
SYSTEM_IMAGES = "registry.k8s.io"


class Surroundings(Jobs):
    """Nodes and the system's own parts."""

    def nodes(self, *names: str, **more: Any) -> list[JsonObject]:
        """Several nodes of one make (see ``node``)."""
        return [self.node(each, **more) for each in names]

    def node(
        self,
        name: str,
        *,
        cpu: str = "4",
        memory: str = "16Gi",
        disk: str = "80Gi",
        pods: str = "110",
        age: str = "75d",
        labels: Mapping[str, str] | None = None,
        taints: Sequence[JsonObject] = (),
        cordoned: str = "",
        conditions: Mapping[str, tuple[str, str, str, str]] | None = None,
        heartbeat: str = "14s",
        extra: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """A node; ``conditions`` maps a type to (status, reason, message, since); ``cordoned`` says how long it has
        been so; ``heartbeat`` is how long ago the kubelet reported last; ``extra`` are further resources."""
        number = len(self.of("Node"))
        told: JsonObject = {kind: (*each, age) for kind, each in WELL.items()}
        told |= conditions or {}
        capacity = {"cpu": cpu, "ephemeral-storage": disk, "memory": memory, "pods": pods, **(extra or {})}
        marks = {
            "beta.kubernetes.io/arch": "amd64",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}",
            **(labels or {}),
        }
        spec: JsonObject = {"podCIDR": f"10.244.{number + 1}.0/24", "podCIDRs": [f"10.244.{number + 1}.0/24"]}
        stains = list(taints)
        if cordoned:
            spec["unschedulable"] = True
            stains.append(
                {"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable", "timeAdded": self.at(cordoned)}
            )
        if stains:
            spec["taints"] = stains
        status = {
            "addresses": [
                {"address": f"192.168.16.{number + 11}", "type": "InternalIP"},
                {"address": name, "type": "Hostname"},
            ],
            "allocatable": {**capacity, "cpu": _kept_back(cpu), "memory": _kept_back(memory)},
            "capacity": capacity,
            "conditions": [
                {
                    "lastHeartbeatTime": self.at(heartbeat),
                    "lastTransitionTime": self.at(since),
                    "message": message,
                    "reason": reason,
                    "status": state,
                    "type": kind,
                }
                for kind, (state, reason, message, since) in told.items()
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": self.uid("boot", None, name),
                "containerRuntimeVersion": "containerd://1.7.24",
                "kernelVersion": "6.8.0-52-generic",
                "kubeProxyVersion": self.version,
                "kubeletVersion": self.version,
                "machineID": self.digest(name)[:32],
                "operatingSystem": "linux",
                "osImage": "Ubuntu 24.04.1 LTS",
                "systemUUID": self.uid("system", None, name),
            },
        }
        self.lease(name, "kube-node-lease", heartbeat, 40)
        return self.add("Node", name, {"spec": spec, "status": status}, age=age, labels=marks)

    def lease(self, name: str, namespace: str, renewed: str, seconds: int, holder: str = "") -> JsonObject:
        """A Lease that was renewed so long ago."""
        at = iso_micro(self.observed_at - span(renewed))
        spec = {"holderIdentity": holder or name, "leaseDurationSeconds": seconds, "renewTime": at}
        return self.add("Lease", name, {"spec": spec}, namespace=namespace, age="75d")

    def namespace(
        self,
        name: str = "",
        *,
        age: str = "140d",
        labels: Mapping[str, str] | None = None,
        deleted: str = "",
        finalizers: Sequence[str] = ("kubernetes",),
    ) -> JsonObject:
        """A namespace with its default service account and the cluster's CA; the home one if none is named."""
        name = name or self.home
        made = self.add(
            "Namespace",
            name,
            {"spec": {"finalizers": list(finalizers)}, "status": {"phase": "Terminating" if deleted else "Active"}},
            age=age,
            labels={"kubernetes.io/metadata.name": name, **(labels or {})},
        )
        if deleted:
            made["metadata"]["deletionTimestamp"] = self.at(deleted)
        self.add("ServiceAccount", "default", {}, namespace=name, age=age)
        authority = {
            "ca.crt": f"-----BEGIN CERTIFICATE-----\n{'MIIDBTCCAe2gAwIBAgIIY' + 'Q' * 43}\n-----END CERTIFICATE-----\n"
        }
        self.add("ConfigMap", "kube-root-ca.crt", {"data": authority}, namespace=name, age=age)
        return made

    def system(self, *, leases: bool = True) -> None:
        """kube-system with DNS, kube-proxy and the leases of scheduler and controller manager. Comes after ``nodes``."""
        home, self.home = self.home, "kube-system"
        self.namespace("kube-system", age="400d")
        self.namespace("default", age="400d")
        self.namespace("kube-node-lease", age="400d")
        dns = container(
            "coredns",
            f"{SYSTEM_IMAGES}/coredns/coredns:v1.11.3",
            port=(("dns", 53), ("metrics", 9153)),
            memory=("70Mi", "170Mi"),
            args=["-conf", "/etc/coredns/Corefile"],
            livenessProbe=http_probe("/health", 8080, initialDelaySeconds=60, timeoutSeconds=5),
            readinessProbe=http_probe("/ready", 8181),
            mounts={"config-volume": "/etc/coredns:ro"},
        )
        zone = "kubernetes cluster.local in-addr.arpa ip6.arpa"
        rules = (".:53 {", "errors", "health", "ready", zone, "forward . /etc/resolv.conf", "cache 30", "reload")
        corefile = "\n    ".join(rules) + "\n}\n"
        self.add("ConfigMap", "coredns", {"data": {"Corefile": corefile}}, age="400d")
        self.add("ServiceAccount", "coredns", {}, age="400d")
        body = template(dns, service_account="coredns", volumes={"config-volume": {"configMap": {"name": "coredns"}}})
        self.deployment(
            "coredns",
            body,
            ages=("75d",),
            labels={"k8s-app": "kube-dns"},
            pods=running("75d", restarts=1, last=Ended(0, "31d", "44d", "Completed")),
        )
        self.add("ServiceAccount", "kube-proxy", {}, age="400d")
        proxy = container("kube-proxy", f"{SYSTEM_IMAGES}/kube-proxy:{self.version}", memory=None)
        self.daemonset(
            "kube-proxy",
            template(proxy, service_account="kube-proxy", hostNetwork=True, priorityClassName="system-node-critical"),
            ages=("75d",),
            labels={"k8s-app": "kube-proxy"},
            pods=running("75d"),
        )
        if leases:
            for name in ("kube-controller-manager", "kube-scheduler"):
                self.lease(name, "kube-system", "1s", 15, f"cp-1_{self.uid('lease', None, name)}")
        self.home = home


def _kept_back(quantity: str) -> str:
    """What is left for pods after the share of the system."""
    if quantity.endswith("Gi"):
        return f"{int(quantity[:-2]) * 1024 - 640}Mi"
    return f"{int(quantity) * 1000 - 80}m"
