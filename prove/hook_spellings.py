"""F11: no call that destroys gets past the hook, however it is spelled, and harmless ones do."""

import json
import random

from bot.entrypoints.hook import Caller, answer
from prove._calls import Sample, bash, spelled, written_down
from prove.figure import Figure, Proof
from safety.commands.verdict import Wanted

# The plainest of each kind, to be spelled in every other way.
_DESTROY = (
    "kubectl delete namespace production",
    "kubectl -n dev delete deployment api --cascade=foreground",
    "kubectl delete pods --all --namespace=dev",
    "kubectl drain n1 --ignore-daemonsets",
    "kubectl apply -f manifest.yaml",
    "kubectl auth reconcile -f rbac.yaml --dry-run=none",
    "kubectl config set-credentials admin --token=x",
    "kubectl get secret db -o yaml",
    "kubectl exec api-1 -- rm -rf /data",
    "oc delete project x",
    "helm uninstall api -n prod",
    "terraform destroy -auto-approve",
    "aws ec2 terminate-instances --instance-ids i-1",
    "gcloud container clusters delete prod",
    "etcdctl del /registry/namespaces/prod",
    "crictl rm -f abc",
    "systemctl stop kubelet",
    "curl -X DELETE https://k:6443/api/v1/namespaces/prod",
    "rm -rf /var/lib/etcd",
    "find / -name x -delete",
    "psql -c DROP_TABLE_users",
    "ssh node1 sudo reboot",
)
_LOOK = (
    "kubectl get pods -A",
    "kubectl -n kube-system describe pod api-1",
    "kubectl logs api-1 --tail=100 -n production",
    "kubectl get secrets -n dev",
    "helm list -A",
    "terraform plan",
    "aws ec2 describe-instances",
    "etcdctl endpoint health",
    "crictl ps -a",
    "grep -A 3 error app.log",
    "find . -name x",
    "curl -s https://example.com/healthz",
    "git status",
    "./report.sh --since=1h",
)
_MOST_REFUSED = 0.01


def _nothing_allowed(_wanted: Wanted, _caller: Caller) -> tuple[str, ...]:
    return ("no cluster is in reach",)


def run(seed: int, cases: int) -> Figure:
    """Every sample as it stands, and ``cases`` lines spelled anew of each sort."""
    rng = random.Random(seed)
    bad, good = written_down()
    written = len(bad), len(good)
    bad += [bash(spelled(_words(rng.choice(_DESTROY)), rng), "spelled anew") for _ in range(cases)]
    good += [bash(spelled(_words(rng.choice(_LOOK)), rng)) for _ in range(cases)]
    through = [f"through: {each.line or each.call.decode()!r} ({each.why})" for each in bad if not _is_stopped(each)]
    stopped = [f"stopped: {each.line or each.call.decode()!r}" for each in good if _is_stopped(each)]
    seen = (
        f"{len(through)} of {len(bad):,} that destroy got through ({written[0]} written by hand),"
        f" {len(stopped)} of {len(good):,} harmless ones were stopped ({written[1]} written by hand)"
    )
    allowed = len(stopped) <= len(good) * _MOST_REFUSED
    return Figure(len(bad) + len(good), seen, tuple(through) if allowed else (*through, *stopped))


def _words(line: str) -> tuple[str, ...]:
    return tuple(each.replace("_", " ") if each.startswith("DROP") else each for each in line.split())


def _is_stopped(sample: Sample) -> bool:
    told = answer(sample.call, _nothing_allowed)
    json.dumps(told)
    return bool(told)


PROOF = Proof(
    id="F11",
    claim="no spelling of a destructive call passes the hook, and harmless calls do",
    cases=(200, 5_000, 10_000),
    run=run,
    not_covered="programs that nobody here knows and whose words do not say what they do; what a script fetches later",
)
