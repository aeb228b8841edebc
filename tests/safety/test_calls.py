"""Which calls are one of the typed actions, and how scripts and places are looked at."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from safety.calls import judge_call
from safety.commands.verdict import NoFiles, Place, Wanted


@dataclass(frozen=True)
class Disk(NoFiles):
    """Files that are there, names behind links, and files that nobody may write."""

    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    guarded: tuple[str, ...] = ()

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def real_name(self, program: str) -> str | None:
        return self.links.get(program)

    def is_guarded(self, path: str) -> bool:
        return path in self.guarded


def judged(line: str, disk: Disk | None = None) -> Any:
    return judge_call("Bash", {"command": line}, disk or Disk())


RESTART = Wanted("restart_deployment", "dev", "api", Place())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("kubectl rollout restart deployment/api -n dev", RESTART),
        ("kubectl -n dev rollout restart deploy api", RESTART),
        ("kubectl rollout --namespace=dev restart deployments.apps/api", RESTART),
        ("cd /srv && kubectl rollout restart deployment/api -n dev", RESTART),
        ("kubectl get pods -n dev && kubectl rollout restart deployment/api -n dev", RESTART),
        ("timeout 60 kubectl rollout restart deployment/api -n dev", RESTART),
        (
            "kubectl --context stage --kubeconfig=/k rollout restart deployment/api -n dev",
            Wanted("restart_deployment", "dev", "api", Place("/k", "stage")),
        ),
        (
            "KUBECONFIG=/k kubectl rollout restart deployment/api -n dev",
            Wanted("restart_deployment", "dev", "api", Place("/k", None)),
        ),
        ("kubectl rollout restart sts/db -n dev", Wanted("restart_stateful_set", "dev", "db", Place())),
        ("kubectl rollout restart daemonset/agent -n dev", Wanted("restart_daemon_set", "dev", "agent", Place())),
        (
            "kubectl rollout undo deployment/api --to-revision=3 -n dev",
            Wanted("rollback_deployment", "dev", "api", Place(), {"to_revision": 3}),
        ),
        (
            "kubectl scale deployment api --replicas 4 -n dev",
            Wanted("scale_deployment", "dev", "api", Place(), {"to_replicas": 4}),
        ),
        ("kubectl delete pod api-1 -n dev", Wanted("delete_failed_pod", "dev", "api-1", Place())),
        ("oc delete po/api-1 -n dev", Wanted("delete_failed_pod", "dev", "api-1", Place())),
    ],
)
def test_a_command_that_is_a_typed_action_is_one_to_ask_the_policy_about(line: str, wanted: Wanted) -> None:
    verdict = judged(line)
    assert (verdict.refused, verdict.wanted) == ((), (wanted,))


@pytest.mark.parametrize(
    "line",
    [
        "kubectl rollout restart deployment/api",
        "kubectl rollout restart deployment/api -n $NS",
        "kubectl rollout restart deployment/a deployment/b -n dev",
        "kubectl rollout restart deployment -n dev",
        "kubectl rollout restart deployment/api -n dev -l app=x",
        "kubectl rollout undo deployment/api -n dev",
        "kubectl scale deployment api --replicas=4 --current-replicas=3 -n dev",
        "kubectl delete pod api-1 -n dev --force",
        "kubectl delete pod api-1 api-2 -n dev",
        "kubectl --as=admin rollout restart deployment/api -n dev",
        "kubectl --kubeconfig ./k rollout restart deployment/api -n dev",
        "./kubectl rollout restart deployment/api -n dev",
        "sudo kubectl rollout restart deployment/api -n dev",
        "HOME=/x kubectl rollout restart deployment/api -n dev",
        "export KUBECONFIG=/k; kubectl rollout restart deployment/api -n dev",
        "KUBECONFIG=/k; kubectl rollout restart deployment/api -n dev",
        "unset KUBECONFIG; kubectl rollout restart deployment/api -n dev",
        ". ./env.sh; kubectl rollout restart deployment/api -n dev",
        "eval export KUBECONFIG=/k; kubectl rollout restart deployment/api -n dev",
        "for i in 1 2; do kubectl rollout restart deployment/api -n dev; done",
        "watch kubectl rollout restart deployment/api -n dev",
        "bash -lc 'kubectl rollout restart deployment/api -n dev'",
        "cp x ~/.kube/config; kubectl rollout restart deployment/api -n dev",
    ],
)
def test_a_command_that_says_more_or_less_than_one_action_is_refused(line: str) -> None:
    verdict = judged(line)
    assert verdict.refused or not verdict.known


@pytest.mark.parametrize(
    ("tool", "given", "wanted"),
    [
        ("mcp__kubernetes__deployment_restart", {"namespace": "dev", "deployment": "api"}, "restart_deployment"),
        ("mcp__k__restartDeployment", {"namespace": "dev", "name": "api"}, "restart_deployment"),
        (
            "mcp__k__kubectl_rollout",
            {"subCommand": "restart", "resourceType": "deployment", "name": "api", "namespace": "dev"},
            "restart_deployment",
        ),
        (
            "mcp__k__rollout-undo",
            {"kind": "Deployment", "name": "api", "namespace": "dev", "revision": 2},
            "rollback_deployment",
        ),
        ("mcp__k__scale_deployment", {"namespace": "dev", "name": "api", "replicas": 3}, "scale_deployment"),
        ("mcp__k__pods_delete", {"namespace": "dev", "name": "api"}, "delete_failed_pod"),
        ("mcp__k__evict_pod", {"namespace": "dev", "pod": "api"}, "evict_pod"),
        ("mcp__k__restart_statefulset", {"namespace": "dev", "name": "api"}, "restart_stateful_set"),
    ],
)
def test_an_operation_of_a_server_is_told_by_its_verb_and_object(tool: str, given: dict[str, Any], wanted: str) -> None:
    verdict = judge_call(tool, given, NoFiles())
    assert verdict.refused == ()
    assert [(each.kind, each.namespace, each.name) for each in verdict.wanted] == [(wanted, "dev", "api")]


def test_a_script_that_is_there_is_read() -> None:
    disk = Disk({"x.sh": "set -e\nkubectl delete ns x\n", "y.sh": "kubectl get ns\n", "z.py": "import kubernetes\n"})
    for line in ("bash x.sh", "sh ./x.sh", "./x.sh", "source x.sh", ". x.sh", "sudo bash -x x.sh", "timeout 5 ./x.sh"):
        disk.texts["./x.sh"] = disk.texts["x.sh"]
        assert judged(line, disk).refused, line
    assert not judged("bash y.sh", disk).refused
    assert judged("python3 z.py", disk).refused
    assert not judged("python3 other.py", disk).refused


def test_a_program_is_what_its_link_leads_to() -> None:
    disk = Disk(links={"./tool": "kubectl"})
    assert judged("./tool delete ns x", disk).refused
    assert not judged("./tool get ns", disk).refused


def test_files_that_say_what_may_be_changed_are_not_written() -> None:
    disk = Disk(guarded=("here/rules",))
    for line in (
        "echo x > here/rules",
        "tee here/rules",
        "cp x here/rules",
        "sed -i s/a/b/ here/rules",
        "rm here/rules",
    ):
        assert judged(line, disk).refused, line
    assert judge_call("Write", {"file_path": "here/rules", "content": ""}, disk).refused
    assert not judge_call("Write", {"file_path": "here/notes", "content": ""}, disk).refused


def test_one_line_may_hold_a_hundred_programs_and_each_is_judged() -> None:
    looks = "; ".join(f"kubectl get pods -n n{number}" for number in range(100))
    assert not judged(looks).refused
    assert judged(f"{looks}; kubectl delete ns x; {looks}").refused


def test_a_script_is_looked_for_where_the_line_goes_to() -> None:
    disk = Disk({"sub/x.sh": "kubectl delete ns x\n", "sub/deep/y.sh": "kubectl delete ns y\n"})
    assert judged("cd sub && ./x.sh", disk).refused
    assert judged("cd sub; cd deep; bash y.sh", disk).refused
    assert not judged("cd other && ./x.sh", disk).refused


def test_the_recipes_of_a_project_are_read() -> None:
    rules = (
        *("all: x\n\techo all\n", "go: all\n\t@$(KUBECTL) delete ns x\n", "ship:\n\t-kubectl apply \\\n\t -f x\n"),
        *("test:\n\t$(PY) -m pytest $@\n", "both: test ship\n"),
    )
    package = '{"scripts": {"go": "kubectl delete ns x", "test": "jest"}}'
    disk = Disk({"Makefile": "\n".join(rules), "package.json": package, "infra/Makefile": "go:\n\tterraform apply\n"})
    for line in ("make go", "make all ship", "make both", "make -C infra go", "npm run go", "cd infra && make go"):
        assert judged(line, disk).refused, line
    for line in ("make", "make all test", "make other", "npm test", "npm run test", "npm run other"):
        assert not judged(line, disk).refused, line


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("up", True),
        ('sum by (cluster) (rate(http_requests_total{method="DELETE"}[5m]))', True),
        ("select count(*) from users", True),
        ("delete from users", False),
        ("MATCH (n) DETACH DELETE n", False),
        ("db.dropDatabase()", False),
        ("FLUSHALL", False),
    ],
)
def test_a_query_that_is_executed_may_only_ask(query: str, passes: bool) -> None:
    assert bool(judge_call("mcp__store__execute_query", {"query": query}, NoFiles()).refused) is not passes
