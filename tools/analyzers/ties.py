"""Weighs whether a recorded change brought a fault: was it in force, did it come before, does it touch what failed?"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.analyzers.addresses import behind, config_of
from tools.evidence import Category, Finding, ObjectRef
from tools.objects import containers_of
from tools.snapshot import Snapshot, Workload
from tools.world import RecordedChange

C = Category
# Words with which people say that a change is not in force.
_NOT_IN_FORCE = re.compile(
    r"(?i)\bnot (?:yet )?(?:deployed|rolled out|released|merged|applied|enabled|live|in prod\w*)\b|\bundeployed\b|"
    r"\bunmerged\b|\bnever (?:deployed|applied|merged)\b|"
    r"\b(?:pending|awaiting|draft|wip|planned|queued|blocked|on hold)\b|\bscheduled (?:for|to|at|on)\b|"
    r"\b(?:only|just) (?:to|in|on|for) (?:\w+[- ])?(?:staging|dev|development|test|qa|preview|sandbox)\b|"
    r"\b(?:staging|dev|test|qa|preview)[- ]only\b|\b(?:reverted|rolled back|closed) (?:before|without)\b|"
    r"\b(?:build|pipeline|ci) (?:has )?failed\b|\bdry[- ]run\b|"
    r"\bbehind a (?:disabled )?flag\b|\bopen\b(?! source)|\bno(?:t|ne)?\b$|\bnext release\b|\b0 ?%"
)
# A change of these alone runs nowhere.
_NOT_RUN = re.compile(
    r"(?i)(?:^|/)(?:docs?|documentation|tests?|__tests__|spec|e2e|\.github|\.vscode)/|\.(?:md|mdx|rst|adoc|txt)$|"
    r"(?:^|/)(?:CODEOWNERS|LICENSE|CHANGELOG|\.gitignore|\.editorconfig)$|_test\.\w+$|\.(?:test|spec)\.\w+$|"
    r"(?:^|/)test_[^/]*\.py$|Tests?\.(?:java|kt|cs|scala)$"
)
_RUN_ANYWAY = re.compile(r"(?i)requirements[^/]*\.txt$|constraints[^/]*\.txt$|robots\.txt$|CMakeLists\.txt$")
# A change of these alone is about how something looks: it takes no memory and makes nobody wait.
_LOOKS = re.compile(
    r"(?i)\.(?:css|scss|less|svg|png|jpe?g|gif|webp|ico|woff2?|ttf|html?)$|(?:^|/)(?:locales?|i18n|translations?)/"
)
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*[A-Za-z0-9]|\d[\w.:-]*\w")
# What is written like a value or a name, and not like a word of a sentence.
_TELLING = re.compile(r"[A-Z]{2,}_|_[a-z]|\d{3,}|\d\.\d|\d+(?:Mi|Gi|m)\b|[a-z]-[a-z]|\.[a-z]{2,}|[a-z][A-Z]")
_TOPICS: tuple[tuple[frozenset[Category], str], ...] = (
    (frozenset({C.OOM_KILLED, C.MEMORY_LEAK}), r"memor|heap|cache|limit|buffer|batch|jvm|xmx|leak|load .* in(?:to)? "),
    (frozenset({C.CPU_THROTTLING}), r"cpu|limit|quota|thread|worker"),
    (frozenset({C.IMAGE_NOT_FOUND, C.IMAGE_AUTH, C.IMAGE_REGISTRY_UNREACHABLE}), r"image|tag|registr|pull|bump|mirror"),
    (
        frozenset({C.LIVENESS_PROBE_FAILING, C.LIVENESS_PROBE_MISCONFIG}),
        r"probe|health|live|startup|port|slow start|delay|migrat|index",
    ),
    (
        frozenset({C.READINESS_PROBE_FAILING, C.READINESS_PROBE_MISCONFIG}),
        r"probe|health|ready|readi|port|path|tls|mtls",
    ),
    (frozenset({C.SERVICE_SELECTOR_MISMATCH, C.POD_DRIFT}), r"label|select|service|canary|blue|green|debug"),
    (frozenset({C.SERVICE_PORT_MISMATCH, C.PORT_CONFLICT}), r"port|listen|service|metrics|admin|sidecar"),
    (frozenset({C.NETWORK_POLICY_BLOCK}), r"polic|network|deny|egress|ingress|isolat|zero.trust|segment"),
    (frozenset({C.DNS_FAILURE}), r"dns|resolv|corefile|ndots|zone|forward"),
    (frozenset({C.CERTIFICATE_EXPIRED}), r"cert|tls|issuer|renew|\bca\b"),
    (frozenset({C.SCALED_TO_ZERO, C.TRAFFIC_OVERLOAD}), r"scal|replica|campaign|traffic|launch|capacity|autoscal"),
    (
        frozenset({C.STALE_CREDENTIALS, C.INVALID_CREDENTIALS, C.IMAGE_AUTH}),
        r"rotat|password|credential|secret|token|user|vault",
    ),
    (
        frozenset({C.TAINT_NOT_TOLERATED, C.NODE_SELECTOR_MISMATCH, C.NODE_CORDONED, C.INSUFFICIENT_RESOURCES})
        | {C.ANTI_AFFINITY_CONFLICT},
        r"node|taint|pool|cordon|drain|upgrade|affinit|select|request|resource|replica|spread|toler",
    ),
    (
        frozenset({C.NODE_NOT_READY, C.KUBELET_UNAVAILABLE, C.CONTAINER_RUNTIME_UNAVAILABLE, C.KUBE_PROXY_UNAVAILABLE})
        | {C.NODE_DISK_PRESSURE, C.NODE_MEMORY_PRESSURE, C.EVICTED, C.SCHEDULER_UNAVAILABLE},
        r"kubelet|runtime|containerd|kernel|upgrade|disk|memory|evict|reboot|firmware|drain|storage|proxy|schedul",
    ),
    (frozenset({C.QUOTA_EXCEEDED}), r"quota|limit|request|replica"),
    (
        frozenset({C.PVC_UNBOUND, C.PVC_MISMATCH, C.STORAGE_CLASS_MISSING, C.PV_BOUND_ELSEWHERE, C.STORAGE_FULL}),
        r"storage|volume|claim|pvc|disk|class|retention|csi",
    ),
    (
        frozenset({C.VOLUME_PERMISSION_DENIED, C.POD_SECURITY_DENIED}),
        r"root|user|secur|uid|fsgroup|permission|polic|psp|restrict",
    ),
    (
        frozenset({C.ADMISSION_MUTATION, C.ADMISSION_WEBHOOK_FAILURE}),
        r"webhook|inject|sidecar|mesh|admission|polic|istio|linkerd",
    ),
    (frozenset({C.RBAC_FORBIDDEN, C.SERVICE_ACCOUNT_MISSING}), r"rbac|role|account|permission|access"),
    (
        frozenset({C.GATEWAY_MISROUTE, C.INGRESS_BACKEND_MISSING}),
        r"route|ingress|gateway|path|host|rewrite|upstream|proxy|nginx",
    ),
    (frozenset({C.HPA_CANNOT_SCALE}), r"hpa|autoscal|metric|request"),
    (frozenset({C.MISSING_SECRET}), r"secret|credential|vault|clean|remov|renam|unused"),
    (
        frozenset({C.MISSING_CONFIGMAP, C.MISSING_ENV_VAR, C.APP_CONFIG_ERROR}),
        r"config|env|setting|clean|remov|renam|default",
    ),
    (frozenset({C.CONFIG_CHANGE_REGRESSION, C.BAD_ROLLOUT_CONFIG}), r"config|setting|flag|limit|timeout|value"),
    (
        frozenset({C.INIT_CONTAINER_FAILED, C.JOB_FAILED, C.CRONJOB_NOT_COMPLETING}),
        r"init|migrat|job|cron|schema|sidecar|suspend|pause",
    ),
    (
        frozenset({C.CONNECTION_POOL_EXHAUSTED, C.SLOW_DEPENDENCY}),
        r"pool|connection|replica|query|index|timeout|database",
    ),
    (
        frozenset({C.DATABASE_READ_ONLY}),
        r"read.?only|replica|primary|master|standby|fail.?over|switch.?over|promot|maintenance|writer|reader",
    ),
    (
        frozenset({C.WRONG_DEPENDENCY_ADDRESS, C.DEPENDENCY_UNREACHABLE, C.PROTOCOL_MISMATCH}),
        r"host|port|url|uri|address|endpoint|rename|renam|remov|migrat|move|dsn|tls|http",
    ),
    (frozenset({C.HIGH_LATENCY}), r"timeout|cache|index|query|retry|retries|batch|sync|slow|delay|sleep|latenc"),
    (frozenset({C.NETWORK_DEGRADED}), r"network|mtu|cni|calico|cilium|bandwidth|loss|delay|chaos"),
)
# What a change has to be about when the fault lies in the surroundings and not in the workload itself.
_IMPLIED: tuple[tuple[frozenset[Category], frozenset[str]], ...] = (
    (
        frozenset({C.IMAGE_NOT_FOUND, C.IMAGE_AUTH, C.IMAGE_REGISTRY_UNREACHABLE, C.IMAGE_RATE_LIMITED}),
        frozenset({"registry", "harbor", "mirror", "proxy"}),
    ),
    (frozenset({C.DNS_FAILURE}), frozenset({"coredns", "kube-dns", "dns"})),
    (
        frozenset({C.TAINT_NOT_TOLERATED, C.NODE_SELECTOR_MISMATCH, C.NODE_CORDONED, C.INSUFFICIENT_RESOURCES})
        | {C.NODE_NOT_READY, C.KUBELET_UNAVAILABLE, C.NODE_DISK_PRESSURE, C.NODE_MEMORY_PRESSURE, C.EVICTED},
        frozenset(
            {"node", "nodes", "node-pool", "nodepool", "node-group", "karpenter", "cluster-autoscaler", "kubelet"}
        ),
    ),
    (
        frozenset({C.NETWORK_POLICY_BLOCK, C.NETWORK_DEGRADED, C.KUBE_PROXY_UNAVAILABLE}),
        frozenset({"network", "networking", "network-policies", "cni", "calico", "cilium", "kube-proxy"}),
    ),
    (
        frozenset({C.GATEWAY_MISROUTE, C.INGRESS_BACKEND_MISSING, C.CERTIFICATE_EXPIRED}),
        frozenset({"ingress", "ingress-nginx", "gateway", "cert-manager", "certificates"}),
    ),
    (
        frozenset({C.PVC_UNBOUND, C.PVC_MISMATCH, C.STORAGE_CLASS_MISSING, C.PV_BOUND_ELSEWHERE}),
        frozenset({"storage", "csi", "storageclass"}),
    ),
    (
        frozenset({C.ADMISSION_MUTATION, C.ADMISSION_WEBHOOK_FAILURE, C.POD_SECURITY_DENIED}),
        frozenset({"istio", "linkerd", "mesh", "kyverno", "gatekeeper", "policy", "webhook", "admission"}),
    ),
)
# Faults in what a workload itself is or reads: one change of that very service just before is a tie of its own.
_OF_ITS_OWN = frozenset(
    {C.APP_CONFIG_ERROR, C.MISSING_ENV_VAR, C.MISSING_CONFIGMAP, C.MISSING_SECRET, C.INIT_CONTAINER_FAILED}
    | {C.LIVENESS_PROBE_FAILING, C.LIVENESS_PROBE_MISCONFIG, C.READINESS_PROBE_FAILING, C.READINESS_PROBE_MISCONFIG}
    | {C.OOM_KILLED, C.PORT_CONFLICT, C.RBAC_FORBIDDEN, C.WRONG_DEPENDENCY_ADDRESS, C.BAD_ROLLOUT_CONFIG}
    | {C.CONFIG_CHANGE_REGRESSION, C.SERVICE_SELECTOR_MISMATCH, C.SERVICE_PORT_MISMATCH, C.SCALED_TO_ZERO}
    | {C.GATEWAY_MISROUTE, C.IMAGE_NOT_FOUND, C.PROTOCOL_MISMATCH}
)
_OF_RESOURCES = frozenset(
    {C.OOM_KILLED, C.MEMORY_LEAK, C.CPU_THROTTLING, C.LIVENESS_PROBE_FAILING, C.READINESS_PROBE_FAILING}
    | {C.HIGH_LATENCY, C.SLOW_DEPENDENCY, C.CONNECTION_POOL_EXHAUSTED, C.TRAFFIC_OVERLOAD, C.EVICTED}
)
_JUST_BEFORE = timedelta(minutes=20)
# What is built into an image runs only from the rollout on that brings it.
_CODE = re.compile(r"(?i)pull|merge|commit|release|deploy|\bpr\b|\bmr\b|build|image|version")
_TO_ROLL_OUT = timedelta(hours=26)
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.){1,5}[a-z]{2,}\b")
# Faults that rules of the whole namespace bring: there a change of the namespace itself is one of what failed.
_OF_NAMESPACE = frozenset(
    {C.POD_SECURITY_DENIED, C.QUOTA_EXCEEDED, C.NETWORK_POLICY_BLOCK, C.RBAC_FORBIDDEN, C.ADMISSION_WEBHOOK_FAILURE}
)
# Faults that any change of the program can bring: here coming just before is enough, if it is about that program.
_ANY_CHANGE = frozenset({C.APP_CRASH, C.HIGH_LATENCY, C.MEMORY_LEAK, C.CPU_THROTTLING})
_NEAR = ((timedelta(minutes=45), 2.0), (timedelta(hours=3), 1.5), (timedelta(hours=26), 1.0), (timedelta(days=8), 0.4))
# A fault may be noticed a little after clocks say that its change came.
_SKEW = timedelta(minutes=3)
ENOUGH = 3.9


@dataclass(frozen=True, slots=True)
class Trail:
    """What a fault is about: the names it touches, the values its evidence holds, its topic, and when it began.

    ``by_time``: any change of the program may bring such a fault, so that coming before it is a tie; for one
    ``of_its_own`` only a change of that very service just before. ``rollouts`` are when the program was rolled out,
    where that is known: code that no rollout followed does not run. ``place`` is the namespace. What is rolled out to
    all pods brings none that is ``of_one_pod``.
    """

    names: frozenset[str]
    values: frozenset[str]
    topic: re.Pattern[str] | None
    began: datetime | None
    by_time: bool = False
    of_its_own: bool = False
    rollouts: tuple[datetime, ...] = ()
    place: str = ""
    of_resources: bool = False
    subject: str = ""
    of_one_pod: bool = False

    def is_of_another(self, change: RecordedChange) -> bool:
        """Whether a change says what it is of, and that is not what has to be mended."""
        return bool(change.services) and self.subject not in {
            each.lower().rpartition("/")[2] for each in change.services
        }

    def touches(self, change: RecordedChange) -> bool:
        """Whether a change says that it is about one of the names."""
        return self.touched(change) >= 2

    def touched(self, change: RecordedChange) -> float:
        services = {each.lower().rpartition("/")[2] for each in change.services}
        if services & self.names:
            return 3.0
        words = set(_words(f"{change.title} {change.diff}"))
        parts = {part for each in change.files for part in re.split(r"[/.]", each.lower())}
        repository = (change.repo or "").lower().rpartition("/")[2]
        if words & self.names or parts & self.names:
            return 2.5
        return 2.0 if repository in self.names and not services else 0.0


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What speaks for and against one change. ``alibi`` is why it cannot be the one; then ``weight`` is 0."""

    change: RecordedChange
    weight: float
    alibi: bool
    why: str
    is_tied: bool = False


def trail_of(found: Finding, snapshot: Snapshot) -> Trail:
    """The names are those of the subject, of what suffers, of the settings these read and the Services before them."""
    names = {found.subject.name, *(each.name for each in found.because if each.kind not in ("Pod", "Node"))}
    for ref in (found.subject, *found.affected):
        workload = snapshot.workload(ref) or snapshot.workload_behind(ref)
        names |= _names_of(workload, snapshot) if workload is not None else {ref.name} if ref.kind != "Pod" else set()
    if found.category in _OF_NAMESPACE and found.subject.namespace:
        names.add(found.subject.namespace)
    names |= {name for categories, implied in _IMPLIED if found.category in categories for name in implied}
    said = " ".join((found.summary, *(each.text for each in found.evidence if each.source == "log")))
    names |= {one or other for one, other in _CALLED.findall(said)} if found.category in _OF_CALLS else set()
    # What a pod is told to run stands in each of its lines: it says nothing of what is wrong.
    text = " ".join((found.summary, *(each.text for each in found.evidence if each.source not in ("rollout", "pod"))))
    values = {each for each in _TOKEN.findall(text) if len(each) >= 3 and _TELLING.search(each)}
    topic = next((pattern for categories, pattern in _TOPICS if found.category in categories), None)
    own = snapshot.workload(found.subject)
    return Trail(
        frozenset(each.lower() for each in names if each),
        frozenset(each.lower() for each in values) - _who(found, snapshot),
        re.compile(topic, re.IGNORECASE) if topic else None,
        _began(found),
        found.category in _ANY_CHANGE,
        found.category in _OF_ITS_OWN,
        tuple(each.created_at for each in own.releases if each.created_at) if own is not None else (),
        found.subject.namespace or "",
        found.category in _OF_RESOURCES,
        found.subject.name.lower(),
        found.category is C.POD_DRIFT,
    )


_CALLED = re.compile(
    r"\b([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.[a-z0-9-]+\.svc\b|\b([a-z](?:[a-z0-9-]*[a-z0-9])?):\d{2,5}\b"
)
_OF_CALLS = frozenset(
    {C.WRONG_DEPENDENCY_ADDRESS, C.DEPENDENCY_UNREACHABLE, C.DNS_FAILURE, C.PROTOCOL_MISMATCH, C.SLOW_DEPENDENCY}
    | {C.INVALID_CREDENTIALS, C.DATABASE_READ_ONLY, C.CONNECTION_POOL_EXHAUSTED}
)


def _began(found: Finding) -> datetime | None:
    """When it was first seen. Objects are older than what is wrong with them: their times tell only without others."""
    told = [each for each in found.evidence if each.source in ("event", "log", "metric")]
    return found.since or min((each.at for each in told or found.evidence if each.at is not None), default=None)


def _who(found: Finding, snapshot: Snapshot) -> set[str]:
    """Names of what suffers, which say nothing of why."""
    refs = (found.subject, *found.affected)
    behind_them = [snapshot.workload_behind(each) for each in refs if each.kind == "Pod"]
    return {each.name.lower() for each in refs} | {each.ref.name.lower() for each in behind_them if each is not None}


def _names_of(workload: Workload, snapshot: Snapshot) -> set[str]:
    names = {workload.ref.name, *(name for _, name in config_of(workload))}
    names |= {
        str(each.get("image") or "").rpartition("/")[2].partition(":")[0] for each in containers_of(workload.template)
    }
    told = json.dumps(
        [[each.get("args"), each.get("command"), each.get("env")] for each in containers_of(workload.template)]
    )
    names |= set(_HOST.findall(told))
    for service in snapshot.of("Service", workload.ref.namespace):
        if workload in tuple(behind(service, snapshot)):
            names.add(ObjectRef("Service", None, str((service.get("metadata") or {}).get("name"))).name)
    return names


def suspect(change: RecordedChange, trail: Trail, snapshot: Snapshot) -> Suspicion:
    """Weigh one change against one fault: first what clears it, then what ties it."""
    cleared = _cleared(change, trail)
    if cleared is not None:
        return Suspicion(change, 0, True, cleared)
    if change.at is None:
        return Suspicion(change, 0, True, "when it came is not known")
    began = trail.began or snapshot.observed_at
    before = began - change.at
    if before < -_SKEW:
        return Suspicion(change, 0, True, f"came after the trouble had begun ({began:%Y-%m-%d %H:%M} UTC)")
    touched, told = trail.touched(change), _mechanism(change, trail)
    near = next((weight for span, weight in _NEAR if before <= span), 0.0)
    if not touched and len(told) < 2:
        return Suspicion(change, 0, True, "touches nothing of what is wrong")
    if trail.is_of_another(change) and before > _JUST_BEFORE and all(_is_only_its_file(each, change) for each in told):
        told = set()
    weight = touched + min(3.0, 1.0 * len(told)) + near
    is_tied = weight >= ENOUGH and near >= 0.4 and (bool(told) or _ties_by_time(change, trail, before, touched))
    shown = f"; it speaks of {', '.join(sorted(told)[:3])}" if told else ""
    return Suspicion(change, weight, False, f"in force {_span(before)} before the trouble began{shown}", is_tied)


def _cleared(change: RecordedChange, trail: Trail) -> str | None:
    """Why a change cannot be the one whenever it came: by what it says of itself, and by its files."""
    denied = _not_in_force(change, trail)
    if denied is not None:
        return f"not in force: {denied}"
    if trail.of_one_pod and _CODE.search(change.kind):
        return "was rolled out to all pods alike, and only one of them differs"
    if change.files and all(_is_not_run(each, trail) for each in change.files):
        return "touches only documentation and tests"
    if trail.of_resources and change.files and all(_LOOKS.search(each) for each in change.files):
        return "touches only how something looks"
    return None


def _is_not_run(file: str, trail: Trail) -> bool:
    """A namespace may be called docs: the manifest in it that bears the name of what is wrong is run."""
    stem, _, ending = file.lower().rpartition("/")[2].partition(".")
    is_its_manifest = ending in ("yaml", "yml", "json", "toml") and stem in trail.names
    return _NOT_RUN.search(file) is not None and not _RUN_ANYWAY.search(file) and not is_its_manifest


def _not_in_force(change: RecordedChange, trail: Trail) -> str | None:
    """The words that say so, if any do."""
    told = change.deployed_by or ""
    if _NOT_IN_FORCE.search(told) is not None or _UNDONE.search(told) is not None:
        return told
    if _UNFINISHED.search(f"{change.kind} {change.title}") is not None:
        return change.title
    place = _PLACE.search(told)
    is_other = place is not None and not _LIVE.search(told) and place[1].lower()[:3] not in trail.place.lower()
    return told if is_other else None


_UNDONE = re.compile(r"(?i)^\W*(?:reverted|rolled back|undone|withdrawn|abandoned)\b")
_UNFINISHED = re.compile(r"(?i)^\W*(?:\w+ )?\W?(?:draft|wip|rfc|proposal)\b")
_PLACE = re.compile(r"(?i)\b(staging|stage|dev|development|test|qa|preview|sandbox|uat)\b")
_LIVE = re.compile(r"(?i)\b(?:prod|production|live|all)\b")


def _ties_by_time(change: RecordedChange, trail: Trail, before: timedelta, touched: float) -> bool:
    """Whether coming before the trouble is enough: of code only where a rollout followed it."""
    if change.at is not None and trail.rollouts and _CODE.search(change.kind):
        at = change.at
        if not any(-_JUST_BEFORE <= each - at <= _TO_ROLL_OUT for each in trail.rollouts):
            return False
    if trail.by_time and before <= _NEAR[1][0]:
        return True
    return trail.of_its_own and touched >= 3 and before <= _JUST_BEFORE


def _mechanism(change: RecordedChange, trail: Trail) -> set[str]:
    """Values of the evidence that the change names too, and the topic of the fault where its words speak of it."""
    text = f"{change.title}\n{change.diff}\n{' '.join(change.files)}"
    words = set(_words(text))
    plain = {_plain(each) for each in words}
    found = {each for each in trail.values if each in words or (len(_plain(each)) > 5 and _plain(each) in plain)}
    found |= {each for each in trail.names & words if _HOST.fullmatch(each)}
    about = f"{text}\n{change.repo or ''} {' '.join(change.services)}"
    topics = {each.strip().lower() for each in trail.topic.findall(about)} if trail.topic else set()
    return found | set(sorted(topics)[:2])


def _is_only_its_file(word: str, change: RecordedChange) -> bool:
    """Whether the change has the word only from the name of a file: a stack trace leads through many, cause or not."""
    return word in _words(" ".join(change.files)) and word not in _words(f"{change.title}\n{change.diff}")


def _plain(word: str) -> str:
    """Without what tells apart ``maxPoolSize``, ``max-pool-size`` and ``MAX_POOL_SIZE``."""
    return re.sub(r"[-_.]", "", word)


def _words(text: str) -> list[str]:
    return [each.lower() for each in _TOKEN.findall(text)]


def _span(before: timedelta) -> str:
    minutes = max(0, round(before.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
