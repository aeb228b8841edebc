"""Services with the endpoints that follow from the pods, Ingresses, Gateways, routes and NetworkPolicies."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.scenarios.builder.scenario import JsonObject
from tests.scenarios.builder.surroundings import Surroundings
from tests.scenarios.builder.tallies import is_ready
from tests.scenarios.builder.templates import name_suffix


class Network(Surroundings):
    """What leads traffic to pods."""

    def __init__(self, observed_at: str, namespace: str, **more: str) -> None:
        super().__init__(observed_at, namespace, **more)
        self._services: list[JsonObject] = []

    def service(
        self,
        name: str,
        port: int = 80,
        target: int | str = "http",
        *,
        selector: Mapping[str, str] | None = None,
        ports: Sequence[JsonObject] = (),
        namespace: str | None = None,
        age: str = "120d",
        headless: bool = False,
        **spec: Any,
    ) -> JsonObject:
        """A Service that selects ``app=name`` unless told otherwise (``{}``: none); its Endpoints and EndpointSlice are
        worked out from the pods when the scenario is finished."""
        chosen = {"app": name} if selector is None else dict(selector)
        address = "None" if headless else f"10.96.{self.dice.randrange(0, 255)}.{self.dice.randrange(2, 255)}"
        shown = list(ports) or [{"name": "http", "port": port, "protocol": "TCP", "targetPort": target}]
        body = {
            "clusterIP": address,
            "clusterIPs": [address],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": shown,
            **({"selector": chosen} if chosen else {}),
            "sessionAffinity": "None",
            "type": "ClusterIP",
            **spec,
        }
        made = self.add(
            "Service",
            name,
            {"spec": body, "status": {"loadBalancer": {}}},
            namespace=namespace,
            age=age,
            labels={"app": name},
        )
        self._services.append(made)
        return made

    def ingress(
        self,
        name: str,
        host: str,
        paths: Mapping[str, tuple[str, int | str]],
        *,
        ingress_class: str = "nginx",
        tls_secret: str = "",
        age: str = "120d",
        annotations: Mapping[str, str] | None = None,
        namespace: str | None = None,
    ) -> JsonObject:
        """An Ingress; ``paths`` maps a path to (Service, port number or name)."""
        rules = [
            {
                "backend": {
                    "service": {"name": to, "port": {"number": port} if isinstance(port, int) else {"name": port}}
                },
                "path": path,
                "pathType": "Prefix",
            }
            for path, (to, port) in paths.items()
        ]
        spec: JsonObject = {"ingressClassName": ingress_class, "rules": [{"host": host, "http": {"paths": rules}}]}
        if tls_secret:
            spec["tls"] = [{"hosts": [host], "secretName": tls_secret}]
        status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.27"}]}}
        return self.add(
            "Ingress",
            name,
            {"spec": spec, "status": status},
            namespace=namespace,
            age=age,
            annotations=annotations,
            generation=1,
        )

    def gateway(self, name: str, gateway_class: str, host: str, *, namespace: str | None = None) -> JsonObject:
        """A Gateway with one HTTP listener, programmed."""
        listener = {
            "allowedRoutes": {"namespaces": {"from": "All"}},
            "hostname": host,
            "name": "http",
            "port": 80,
            "protocol": "HTTP",
        }
        rows = [self._accepted(kind) for kind in ("Accepted", "Programmed")]
        status = {
            "addresses": [{"type": "IPAddress", "value": "203.0.113.28"}],
            "conditions": rows,
            "listeners": [
                {
                    "attachedRoutes": 1,
                    "conditions": rows,
                    "name": "http",
                    "supportedKinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
                }
            ],
        }
        spec = {"gatewayClassName": gateway_class, "listeners": [listener]}
        return self.add("Gateway", name, {"spec": spec, "status": status}, namespace=namespace, generation=1)

    def http_route(
        self,
        name: str,
        gateway: str,
        host: str,
        rules: Sequence[JsonObject],
        *,
        gateway_namespace: str = "",
        conditions: Sequence[JsonObject] = (),
        namespace: str | None = None,
        age: str = "120d",
        generation: int = 1,
    ) -> JsonObject:
        """An HTTPRoute with rules by their API fields; accepted and resolved unless ``conditions`` are given."""
        where = namespace or self.home
        parent = {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": gateway,
            "namespace": gateway_namespace or where,
        }
        rows = list(conditions) or [self._accepted(kind) for kind in ("Accepted", "ResolvedRefs")]
        status = {
            "parents": [
                {
                    "conditions": rows,
                    "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
                    "parentRef": parent,
                }
            ]
        }
        spec = {"hostnames": [host], "parentRefs": [parent], "rules": list(rules)}
        return self.add(
            "HTTPRoute", name, {"spec": spec, "status": status}, namespace=where, age=age, generation=generation
        )

    def _accepted(self, kind: str, ago: str = "30d") -> JsonObject:
        return {
            "lastTransitionTime": self.at(ago),
            "message": "",
            "observedGeneration": 1,
            "reason": kind,
            "status": "True",
            "type": kind,
        }

    def network_policy(
        self, name: str, spec: JsonObject, *, age: str = "120d", namespace: str | None = None
    ) -> JsonObject:
        """A NetworkPolicy by its API fields."""
        return self.add("NetworkPolicy", name, {"spec": spec}, namespace=namespace, age=age, generation=1)

    # ---- endpoints --------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        super().finish()
        for service in self._services:
            if service["spec"].get("selector"):
                self._endpoints(service)

    def _endpoints(self, service: JsonObject) -> None:
        meta, spec = service["metadata"], service["spec"]
        chosen = spec["selector"].items()
        pods = [
            each
            for each in self.of("Pod", meta["namespace"])
            if chosen <= each["metadata"].get("labels", {}).items()
            and each["status"].get("podIP")
            and each["status"]["phase"] not in ("Succeeded", "Failed")
        ]
        slices: dict[tuple[int, ...], list[JsonObject]] = {}
        for pod in pods:
            slices.setdefault(tuple(_port_of(pod, each) for each in spec["ports"]), []).append(pod)
        subsets = [self._subset(spec["ports"], numbers, group) for numbers, group in slices.items() if any(numbers)]
        self.add(
            "Endpoints",
            meta["name"],
            {"subsets": subsets} if subsets else {},
            namespace=meta["namespace"],
            labels=meta["labels"],
        )
        for numbers, group in (slices or {(): []}).items():
            self._slice(service, numbers, group)

    def _subset(self, ports: Sequence[JsonObject], numbers: Sequence[int], pods: Sequence[JsonObject]) -> JsonObject:
        made: JsonObject = {}
        for key, good in (("addresses", True), ("notReadyAddresses", False)):
            rows = [
                {"ip": each["status"]["podIP"], "nodeName": each["spec"]["nodeName"], "targetRef": _target(each)}
                for each in pods
                if is_ready(each) is good and "deletionTimestamp" not in each["metadata"]
            ]
            made.update({key: rows} if rows else {})
        made["ports"] = [
            {"name": each.get("name", ""), "port": number, "protocol": each["protocol"]}
            for each, number in zip(ports, numbers, strict=True)
            if number
        ]
        return made

    def _slice(self, service: JsonObject, numbers: Sequence[int], pods: Sequence[JsonObject]) -> None:
        meta = service["metadata"]
        rows = []
        for each in pods:
            leaving = "deletionTimestamp" in each["metadata"]
            serving = is_ready(each)
            conditions = {"ready": serving and not leaving, "serving": serving, "terminating": leaving}
            row = {"addresses": [each["status"]["podIP"]], "conditions": conditions, "targetRef": _target(each)}
            rows.append({**row, "nodeName": each["spec"]["nodeName"]})
        ports = [
            {"name": each.get("name", ""), "port": number, "protocol": each["protocol"]}
            for each, number in zip(service["spec"]["ports"], numbers, strict=False)
            if number
        ]
        marks = {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": meta["name"],
        }
        self.add(
            "EndpointSlice",
            f"{meta['name']}-{name_suffix(meta['uid'] + repr(numbers), 5)}",
            {"addressType": "IPv4", "endpoints": rows or None, "ports": ports or None},
            namespace=meta["namespace"],
            labels={**meta["labels"], **marks},
            owner=service,
        )


def _target(pod: JsonObject) -> JsonObject:
    meta = pod["metadata"]
    return {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}


def _port_of(pod: JsonObject, port: JsonObject) -> int:
    """The number that a target port has in this pod; 0 where a name is not found."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    named = {
        shown["name"]: shown["containerPort"] for each in pod["spec"]["containers"] for shown in each.get("ports", [])
    }
    return int(named.get(target, 0))
