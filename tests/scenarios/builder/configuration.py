"""What workloads refer to and are ruled by: ConfigMaps, Secrets, claims, autoscalers, quotas, rights, webhooks."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tests.scenarios.builder.network import Network
from tests.scenarios.builder.scenario import JsonObject


class Configuration(Network):
    """The objects that workloads refer to, and those that hold them to rules."""

    def config_map(self, name: str, data: Mapping[str, str], *, age: str = "60d", **more: Any) -> JsonObject:
        return self.add("ConfigMap", name, {"data": dict(data)}, age=age, **more)

    def secret(
        self, name: str, data: Mapping[str, str], *, kind: str = "Opaque", age: str = "60d", **more: Any
    ) -> JsonObject:
        """A Secret; the values are given plainly and kept as a dump has them."""
        coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        return self.add("Secret", name, {"data": coded, "type": kind}, age=age, **more)

    # ---- volumes ----------------------------------------------------------------------------------------------------

    def storage_class(
        self, name: str, provisioner: str, *, default: bool = False, binding: str = "WaitForFirstConsumer"
    ) -> JsonObject:
        marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else None
        body = {
            "allowVolumeExpansion": True,
            "provisioner": provisioner,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": binding,
        }
        return self.add("StorageClass", name, body, annotations=marks, age="400d")

    def claim(
        self,
        name: str,
        size: str = "10Gi",
        *,
        storage_class: str | None = "standard",
        modes: Sequence[str] = ("ReadWriteOnce",),
        bound: bool = True,
        age: str = "120d",
        namespace: str | None = None,
        **spec: Any,
    ) -> JsonObject:
        """A PersistentVolumeClaim, with its volume if it is bound."""
        where = namespace or self.home
        volume = f"pvc-{self.uid('PersistentVolumeClaim', where, name)}"
        body: JsonObject = {
            "accessModes": list(modes),
            "resources": {"requests": {"storage": size}},
            "volumeMode": "Filesystem",
            **({"storageClassName": storage_class} if storage_class is not None else {}),
            **({"volumeName": volume} if bound else {}),
            **spec,
        }
        status: JsonObject = {"phase": "Pending"}
        if bound:
            status = {"accessModes": list(modes), "capacity": {"storage": size}, "phase": "Bound"}
        made = self.add("PersistentVolumeClaim", name, {"spec": body, "status": status}, namespace=where, age=age)
        if bound:
            self.volume(volume, size, storage_class=storage_class or "", modes=modes, claim=made, age=age)
        return made

    def volume(
        self,
        name: str,
        size: str = "10Gi",
        *,
        storage_class: str = "standard",
        modes: Sequence[str] = ("ReadWriteOnce",),
        claim: JsonObject | None = None,
        phase: str = "",
        age: str = "120d",
        **spec: Any,
    ) -> JsonObject:
        """A PersistentVolume, bound to a claim if one is given."""
        body: JsonObject = {
            "accessModes": list(modes),
            "capacity": {"storage": size},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": storage_class,
            "volumeMode": "Filesystem",
        }
        if not {"nfs", "hostPath", "local", "csi"} & set(spec):
            body["csi"] = {
                "driver": "csi.storage.example.com",
                "fsType": "ext4",
                "volumeHandle": f"vol-{self.digest(name)[:17]}",
            }
        if claim is not None:
            meta = claim["metadata"]
            kept = {key: meta[key] for key in ("name", "namespace", "resourceVersion", "uid")}
            body["claimRef"] = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **kept}
        status = {
            "phase": phase or ("Bound" if claim is not None else "Available"),
            "lastPhaseTransitionTime": self.at(age),
        }
        return self.add("PersistentVolume", name, {"spec": {**body, **spec}, "status": status}, age=age)

    # ---- scaling and rules ------------------------------------------------------------------------------------------

    def autoscaler(
        self,
        name: str,
        *,
        least: int = 2,
        most: int = 10,
        current: int,
        desired: int | None = None,
        cpu: int | None = 60,
        target: int = 70,
        conditions: Sequence[tuple[str, str, str, str]] = (),
        target_kind: str = "Deployment",
        target_name: str = "",
        age: str = "120d",
        last_scaled: str = "",
        since: str = "3h",
        **spec: Any,
    ) -> JsonObject:
        """A HorizontalPodAutoscaler on CPU; ``cpu`` is the current utilisation (None: unknown);
        ``conditions`` are (type, status, reason, message) and replace those of a well one."""
        told = list(conditions) or [
            ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            (
                "ScalingActive",
                "True",
                "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from cpu resource utilization "
                "(percentage of request)",
            ),
            ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
        ]
        metric = {
            "resource": {"name": "cpu", "target": {"averageUtilization": target, "type": "Utilization"}},
            "type": "Resource",
        }
        status: JsonObject = {
            "conditions": [
                {
                    "lastTransitionTime": self.at(since),
                    "message": message,
                    "reason": reason,
                    "status": state,
                    "type": kind,
                }
                for kind, state, reason, message in told
            ],
            "currentReplicas": current,
            "desiredReplicas": current if desired is None else desired,
        }
        if cpu is not None:
            seen = {"averageUtilization": cpu, "averageValue": f"{cpu}m"}
            status["currentMetrics"] = [{"resource": {"current": seen, "name": "cpu"}, "type": "Resource"}]
        if last_scaled:
            status["lastScaleTime"] = self.at(last_scaled)
        body = {
            "maxReplicas": most,
            "metrics": [metric],
            "minReplicas": least,
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": target_kind,
                "name": target_name or name,
            },
            **spec,
        }
        return self.add("HorizontalPodAutoscaler", name, {"spec": body, "status": status}, age=age)

    def budget(
        self, name: str, *, healthy: int, expected: int, selector: Mapping[str, str] | None = None, **spec: Any
    ) -> JsonObject:
        """A PodDisruptionBudget; ``spec`` holds minAvailable or maxUnavailable as numbers."""
        desired = int(spec["minAvailable"]) if "minAvailable" in spec else expected - int(spec["maxUnavailable"])
        allowed = max(0, healthy - desired)
        status = {
            "conditions": [
                {
                    "lastTransitionTime": self.at("3h"),
                    "message": "",
                    "observedGeneration": 1,
                    "reason": "SufficientPods" if allowed else "InsufficientPods",
                    "status": "True" if allowed else "False",
                    "type": "DisruptionAllowed",
                }
            ],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": 1,
        }
        body = {"selector": {"matchLabels": dict(selector or {"app": name})}, **spec}
        return self.add("PodDisruptionBudget", name, {"spec": body, "status": status}, generation=1)

    def quota(self, name: str, hard: Mapping[str, str], used: Mapping[str, str], *, age: str = "120d") -> JsonObject:
        body = {"spec": {"hard": dict(hard)}, "status": {"hard": dict(hard), "used": dict(used)}}
        return self.add("ResourceQuota", name, body, age=age)

    def limit_range(self, name: str, limits: Sequence[JsonObject], *, age: str = "120d") -> JsonObject:
        """A LimitRange by its API fields (``spec.limits``)."""
        return self.add("LimitRange", name, {"spec": {"limits": list(limits)}}, age=age)

    # ---- rights -----------------------------------------------------------------------------------------------------

    def service_account(self, name: str, *, age: str = "120d", **more: Any) -> JsonObject:
        return self.add("ServiceAccount", name, {}, age=age, **more)

    def role(
        self, name: str, rules: Sequence[tuple[str, str, str]], *, cluster: bool = False, age: str = "120d", **more: Any
    ) -> JsonObject:
        """A Role or ClusterRole; a rule is (API groups, resources, verbs), each with commas between."""
        rows = [
            {"apiGroups": groups.split(","), "resources": resources.split(","), "verbs": verbs.split(",")}
            for groups, resources, verbs in rules
        ]
        return self.add("ClusterRole" if cluster else "Role", name, {"rules": rows}, age=age, **more)

    def role_binding(
        self,
        name: str,
        role: JsonObject,
        account: str,
        *,
        namespace: str = "",
        cluster: bool = False,
        age: str = "120d",
        **more: Any,
    ) -> JsonObject:
        """Binds a role to a service account of ``namespace`` (the home one)."""
        body = {
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": role["metadata"]["name"],
            },
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace or self.home}],
        }
        return self.add("ClusterRoleBinding" if cluster else "RoleBinding", name, body, age=age, **more)

    def webhook(
        self,
        name: str,
        hook: str,
        service: tuple[str, str, str],
        *,
        mutating: bool = False,
        resources: Sequence[str] = ("pods",),
        failure_policy: str = "Fail",
        timeout: int = 10,
        selector: JsonObject | None = None,
        age: str = "120d",
        labels: Mapping[str, str] | None = None,
        generation: int = 1,
    ) -> JsonObject:
        """A webhook configuration with one hook, served by a Service (namespace, name, path)."""
        where, to, path = service
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": list(resources),
            "scope": "*",
        }
        body: JsonObject = {
            "admissionReviewVersions": ["v1"],
            "clientConfig": {
                "caBundle": base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode(),
                "service": {"name": to, "namespace": where, "path": path, "port": 443},
            },
            "failurePolicy": failure_policy,
            "matchPolicy": "Equivalent",
            "name": hook,
            "namespaceSelector": selector or {},
            "objectSelector": {},
            "rules": [rule],
            "sideEffects": "None",
            "timeoutSeconds": timeout,
        }
        if mutating:
            body["reinvocationPolicy"] = "Never"
        kind = "MutatingWebhookConfiguration" if mutating else "ValidatingWebhookConfiguration"
        return self.add(kind, name, {"webhooks": [body]}, age=age, labels=labels, generation=generation)
