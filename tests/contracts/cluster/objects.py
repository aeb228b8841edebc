"""The objects that the tests of the contract make."""

from __future__ import annotations

from typing import Any

IMAGE, OTHER_IMAGE, FAILING_IMAGE, SHORT_IMAGE = "busybox:1.36", "busybox:1.37", "busybox:musl", "busybox:uclibc"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
_WRITE = 'echo \'{"level":"info","line":1}\'; for n in 2 3 4; do echo line $n; done; '
LINES = ['{"level":"info","line":1}', "line 2", "line 3", "line 4"]


def container(name: str = "main", image: str = IMAGE, fails: bool = False) -> dict[str, Any]:
    """A container that writes four lines, and then waits to be ended, or fails."""
    # A shell that is the first process of a container ends at a signal only if it says so.
    end = "sleep 1; exit 3" if fails else "trap 'exit 0' TERM; while true; do sleep 1; done"
    return {"name": name, "image": FAILING_IMAGE if fails else image, "command": ["sh", "-c", _WRITE + end]}


def short_job(**spec: Any) -> dict[str, Any]:
    """The spec of a job whose pod writes four lines and ends well, or badly."""
    fails = spec.pop("fails", False)
    held = container(fails=True)
    if not fails:
        held |= {"image": SHORT_IMAGE, "command": ["sh", "-c", _WRITE + "sleep 1"]}
    return {"template": {"spec": {"restartPolicy": "Never", "containers": [held]}}, **spec}


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod that goes quickly when it is deleted."""
    held = list(containers) or [container()]
    labels = {"app": name, "tier": "test"}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": held, "terminationGracePeriodSeconds": 5, **spec},
    }


def parked(name: str, **labels: str) -> dict[str, Any]:
    """A pod that no node takes, so that it stays as it is."""
    made = pod(name, nodeSelector={"contract.example.com/nowhere": "true"})
    made["metadata"]["labels"] = {"app": name, **labels}
    return made


def settings(name: str, **data: str) -> dict[str, Any]:
    """A config map."""
    return {"metadata": {"name": name, "labels": {"kind": "settings"}}, "data": data}


def deployment(name: str, replicas: int = 1, nowhere: bool = False) -> dict[str, Any]:
    """A deployment of containers that write four lines and wait."""
    spec: dict[str, Any] = {"containers": [container()], "terminationGracePeriodSeconds": 5}
    if nowhere:
        spec["nodeSelector"] = {"contract.example.com/nowhere": "true"}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }
