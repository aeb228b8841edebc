"""What a program depends on and does not get: told by its own log, joined with the objects that the addresses mean."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tools.analyzers.addresses import Place, is_private, nearest, serves_port, setting_with
from tools.analyzers.certificates import holders
from tools.analyzers.clients import used_up, without_room
from tools.analyzers.credentials import rotated
from tools.analyzers.interface import Blame, Claim, cited, count_words, find_blame, finding, finding_on, seen
from tools.analyzers.latency import bad_nodes
from tools.analyzers.policies import behind_trouble
from tools.analyzers.stores import stands_by
from tools.analyzers.troubles import Trouble, troubles
from tools.evidence import Category, Evidence, Finding, ObjectRef, Remedy, evidence
from tools.logs.reading import Entry, SignKind, clip
from tools.objects import name_of, ref_of
from tools.snapshot import LogTail, Release, Snapshot, Workload

K = SignKind
_ON_THE_WAY = (K.CONNECTION_TIMEOUT, K.CONNECTION_RESET, K.SLOW)


def unmet(snapshot: Snapshot) -> Iterator[Finding]:
    """A program does not get what it depends on: nobody answers, the name is unknown, the credentials are refused."""
    first: dict[tuple[Category, str], ObjectRef] = {}
    told = list(troubles(snapshot))
    lossy = bad_nodes(snapshot)
    for each in told:
        if each.kind is K.TOO_MANY_CONNECTIONS and (store := used_up(each)) and store.ref == each.workload.ref:
            continue  # it speaks of itself
        found = _found(each, snapshot)
        if each.kind in _ON_THE_WAY and each.nodes and each.nodes <= lossy:
            found = replace(found, because=(*found.because, *(ObjectRef("Node", None, one) for one in each.nodes)))
        if each.place is not None and not each.place.is_ours and not each.place.is_local:
            # What is outside has no object of its own: who complains of it first stands for it.
            leader = first.setdefault((found.category, each.place.host.lower()), found.subject)
            if leader != found.subject:
                found = replace(found, because=(*found.because, leader))
        yield found
    yield from _of_stores(told, snapshot)


def _of_stores(told: Sequence[Trouble], snapshot: Snapshot) -> Iterator[Finding]:
    """The stores of ours that are themselves what has to be mended."""
    refusing: dict[ObjectRef, list[Trouble]] = {}
    full: dict[ObjectRef, tuple[Workload, list[Trouble]]] = {}
    for each in told:
        if each.kind is K.READ_ONLY and each.place is not None and each.place.behind is not None:
            refusing.setdefault(each.place.behind.ref, []).append(each)
        if each.kind is K.TOO_MANY_CONNECTIONS and (store := used_up(each)) is not None:
            full.setdefault(store.ref, (store, []))[1].append(each)
    yield from (_read_only(ref, refused, snapshot) for ref, refused in refusing.items())
    yield from (without_room(store, refused, snapshot) for store, refused in full.values())


def _read_only(ref: ObjectRef, told: list[Trouble], snapshot: Snapshot) -> Finding:
    """A database of ours that refuses writes is itself what has to be mended."""
    callers = tuple(dict.fromkeys(each.workload.ref for each in told))
    own = snapshot.workload(ref)
    says = stands_by(own) if own is not None else None
    shown = [_told(*says, snapshot)] if says is not None else []
    claim = Claim(
        category=Category.DATABASE_READ_ONLY,
        summary=f"{ref.kind} {ref.name} refuses writes of {', '.join(each.name for each in callers[:3])}: read-only",
        explanation=_READ_ONLY,
        evidence=cited([line for each in told[:3] for line in each.lines(snapshot)], shown),
        confidence=0.85,
        pods=(),
        since=min((each.since for each in told if each.since), default=None),
        affected=callers,
    )
    return finding_on(ref, claim)


def _told(tail: LogTail, entry: Entry, snapshot: Snapshot) -> Evidence:
    part = f":{tail.container}:stands by"
    return evidence("log", tail.pod, snapshot.say(clip(entry.first_line)), entry.at, part)


_READ_ONLY = (
    "The database answers and refuses to store anything: it is a replica, was switched to read-only, or protects "
    "itself (a full disk, a failover). Point the program at the primary, or mend the database."
)


def _found(trouble: Trouble, snapshot: Snapshot) -> Finding:
    match trouble.kind:
        case K.DNS_FAILURE:
            return _unresolved(trouble, snapshot)
        case K.CONNECTION_REFUSED | K.CONNECTION_TIMEOUT | K.CONNECTION_RESET:
            return _unreachable(trouble, snapshot)
        case K.AUTHENTICATION_FAILED:
            return _refused_login(trouble, snapshot)
        case _:
            return _other(trouble, snapshot)


def _unresolved(trouble: Trouble, snapshot: Snapshot) -> Finding:
    place = trouble.place
    name = trouble.sign.target or (place.host if place else "a name")
    dns = (*_barriers(trouble, snapshot), *routers(trouble, snapshot), *name_services(snapshot))
    is_unknown = trouble.sign.detail("cause") != "unanswered"
    is_lost = is_unknown and place is not None and place.service is None
    if place is not None and is_lost and (place.is_ours or _is_misspelt(trouble, place, snapshot)):
        meant = nearest(place, snapshot)
        hint = f" There is a Service {meant}; that may be what was meant." if meant else ""
        return _made(
            trouble,
            snapshot,
            Category.WRONG_DEPENDENCY_ADDRESS,
            f"looks for {name}, and there is no Service of that name in namespace {place.namespace}"
            if place.is_ours or meant
            else f"looks for {name}, and there is no such name",
            f"The program asks for the name {name} and gets the answer that it does not exist: the address in its "
            f"settings is wrong, or the Service was removed.{hint} Correct the address.",
            0.8 if meant else 0.68,
            # A name service that does not work knows no names at all.
            because=dns,
        )
    return _made(
        trouble,
        snapshot,
        Category.DNS_FAILURE,
        f"cannot resolve {name}",
        f"The program asks the name service for {name} and gets no usable answer, so connections fail before they "
        "begin. When many programs say so at once, look at CoreDNS first; when only one does, at its network policies.",
        0.7 if not is_unknown else 0.55,
        because=dns,
    )


def _is_misspelt(trouble: Trouble, place: Place, snapshot: Snapshot) -> bool:
    """Whether a name that nobody knows is that of a Service with another namespace, or one that a release set."""
    labels = place.host.lower().split(".")
    known = {name_of(each) for each in snapshot.of("Service")}
    blame = _blame(trouble, snapshot)
    return (len(labels) == _WITH_NAMESPACE and labels[0] in known) or (blame is not None and blame.is_direct)


_WITH_NAMESPACE = 2


def name_services(snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """What answers questions for names: the workloads and the Service, read or not."""
    found = [each.ref for each in snapshot.workloads if each.ref.name in ("coredns", "kube-dns", "node-local-dns")]
    found += [ObjectRef("Service", "kube-system", "kube-dns"), ObjectRef("Deployment", "kube-system", "coredns")]
    return tuple(dict.fromkeys(found))


def _barriers(trouble: Trouble, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """The network policies that keep the program from what it complains of."""
    block = behind_trouble(trouble.workload, trouble.kind, trouble.place, snapshot)
    return tuple(ref_of("NetworkPolicy", each) for each in block.policies) if block is not None else ()


def _unreachable(trouble: Trouble, snapshot: Snapshot) -> Finding:
    place, target = trouble.place, trouble.target
    how = {
        K.CONNECTION_REFUSED: "refuses the connection: nobody listens there",
        K.CONNECTION_TIMEOUT: "does not answer: packets get lost, or are dropped by a rule",
        K.CONNECTION_RESET: "breaks off the connection",
    }[trouble.kind]
    if place is not None and place.is_local:
        return _made(
            trouble,
            snapshot,
            Category.WRONG_DEPENDENCY_ADDRESS,
            f"calls {target}, its own pod, where nobody listens",
            f"The program looks for a dependency at {target}, which is its own pod. Most often a setting with the real "
            "address is missing, and this is the default.",
            0.62,
        )
    if place is not None and place.service is not None and not serves_port(place):
        return _made(
            trouble,
            snapshot,
            Category.WRONG_DEPENDENCY_ADDRESS,
            f"calls {target}, and that Service has no port {place.port}",
            f"The Service {place.name} exists, but not with port {place.port}. Correct the port in the program's "
            "settings (or in the Service, if that was changed).",
            0.82,
            because=place.refs[:1],
            shown=[seen(snapshot, place.service, _ports_words(place))],
        )
    is_lost = place is not None and not place.is_ours and is_private(place.host)
    where = (
        ""
        if place is None or place.is_ours
        else " No Service and no pod that was read has this address."
        if is_lost
        else " It is outside the cluster, so it could not be looked at."
    )
    return _made(
        trouble,
        snapshot,
        Category.DEPENDENCY_UNREACHABLE,
        f"cannot reach {target}: {'refused' if trouble.kind is K.CONNECTION_REFUSED else 'no answer'}",
        f"The program needs {target}, which {how}.{where} Mend the dependency; a restart of the caller does not help.",
        # An address of ours that nobody has: what stands behind it is not known, and may be seen to fail itself.
        (0.72 if trouble.is_down else 0.62) - (0.05 if is_lost else 0.0),
        because=(*_barriers(trouble, snapshot), *routers(trouble, snapshot), *(place.refs if place else ())),
    )


# What has to run on a node for its pods to reach Services and other nodes; the beginnings of usual names.
_AGENTS = (
    *("kube-proxy", "cilium", "calico-node", "aws-node", "kube-flannel", "kindnet", "weave-net", "antrea-agent"),
    *("kube-router", "node-local-dns", "ovnkube-node", "azure-cni", "canal"),
)


def routers(trouble: Trouble, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """What fails on all the nodes from which a Service is called in vain, the name service included."""
    is_of_service = trouble.place is not None and trouble.place.service is not None
    is_unanswered = trouble.kind is K.DNS_FAILURE and trouble.sign.detail("cause") == "unanswered"
    if trouble.kind is K.CONNECTION_RESET or not (is_of_service or is_unanswered):
        return ()
    calling = trouble.nodes
    agents = [each for each in snapshot.workloads if each.ref.name.startswith(_AGENTS)]
    return tuple(
        each.ref
        for each in agents
        if each.ref.kind in ("DaemonSet", "Pod") and calling and calling <= {pod.node for pod in each.pods}
    )


def _ports_words(place: Place) -> str:
    ports = [str(each.get("port")) for each in (place.service or {}).get("spec", {}).get("ports") or ()]
    return f"serves port {', '.join(ports)}"


def _refused_login(trouble: Trouble, snapshot: Snapshot) -> Finding:
    change = rotated(trouble.workload, trouble.since, snapshot)
    if change is not None:
        return _made(
            trouble,
            snapshot,
            Category.STALE_CREDENTIALS,
            f"is refused by {trouble.target}: {change.words}",
            f"The credentials were changed after these pods had started. {change.words} The program still uses those "
            "it read at its start. A restart lets it read the new ones.",
            0.85,
            shown=list(change.evidence),
            remedy=Remedy(
                "restart", trouble.workload.ref, snapshot.say("the pods hold credentials that were replaced")
            ),
        )
    user = trouble.sign.detail("user")
    return _made(
        trouble,
        snapshot,
        Category.INVALID_CREDENTIALS,
        f"is refused by {trouble.target}: the user{f' {user}' if user else ''} or password is not accepted",
        f"{trouble.target} answers, and does not accept the user or password (or key) that the program uses. Compare "
        "the Secret that the program reads with what the other side expects. A restart does not help.",
        0.82,
    )


def _other(trouble: Trouble, snapshot: Snapshot) -> Finding:
    target, refs = trouble.target, trouble.place.refs if trouble.place else ()
    category, summary, explanation, confidence = {
        K.READ_ONLY: (
            Category.DATABASE_READ_ONLY,
            f"{target} refuses writes: it is read-only",
            _READ_ONLY,
            0.85,
        ),
        K.TOO_MANY_CONNECTIONS: (
            Category.CONNECTION_POOL_EXHAUSTED,
            f"gets no connection to {target}: all are in use",
            "Every connection is taken, by this program or by others, so requests wait and fail. Look for what holds "
            "connections (a leak, slow queries, more replicas than the database's limit allows).",
            0.82,
        ),
        K.PROTOCOL_MISMATCH: (
            Category.PROTOCOL_MISMATCH,
            f"and {target} speak different protocols",
            "One side speaks TLS and the other plain text (or another version of the protocol). Correct the scheme, "
            "the port or the protocol on one side.",
            0.82,
        ),
        K.CERTIFICATE_EXPIRED: (
            Category.CERTIFICATE_EXPIRED,
            f"does not trust {target}: a certificate's time is over",
            "A certificate is past its end date, so connections that check it are refused. Renew it, and see why it "
            "was not renewed by itself.",
            0.88,
        ),
        K.CERTIFICATE_INVALID: (
            Category.APP_CONFIG_ERROR,
            f"does not trust the certificate of {target}",
            "The certificate is not signed by an authority that the program knows, or is for another name. Give the "
            "program the right authority, or the server the right certificate.",
            0.6,
        ),
        K.UPSTREAM_ERROR: (
            Category.DEPENDENCY_UNREACHABLE,
            f"gets errors from {target}",
            "The program passes requests on, and what is behind answers with errors. Look there first.",
            0.48,
        ),
        K.SLOW: (
            Category.SLOW_DEPENDENCY,
            f"waits too long for {target}",
            "The dependency answers, and too slowly. Look at its load, its locks and what changed there.",
            0.55,
        ),
    }[trouble.kind]
    is_over = trouble.kind is K.CERTIFICATE_EXPIRED and trouble.place is not None
    held = holders(trouble.place, snapshot) if is_over and trouble.place else ()
    because = (*_barriers(trouble, snapshot), *held, *refs)
    return _made(trouble, snapshot, category, summary, explanation, confidence, because=because)


def _made(  # noqa: PLR0913 - one sentence each for people, and what only some kinds have
    trouble: Trouble,
    snapshot: Snapshot,
    category: Category,
    summary: str,
    explanation: str,
    confidence: float,
    *,
    because: tuple[ObjectRef, ...] = (),
    shown: list[Evidence] | None = None,
    remedy: Remedy | None = None,
) -> Finding:
    workload = trouble.workload
    setting = setting_with(workload, trouble.place.host, snapshot) if trouble.place else None
    from_where = f" The address comes from {setting}." if setting else ""
    claim = Claim(
        category=category,
        summary=f"{workload.ref.name} {summary} ({_who(trouble)})",
        explanation=f"{explanation}{from_where}",
        evidence=cited(trouble.lines(snapshot), shown or (), (each.evidence for each in trouble.pods)),
        confidence=confidence if trouble.is_down else min(confidence, 0.8),
        pods=trouble.pods,
        since=trouble.since,
        blame=_blame(trouble, snapshot),
        because=because,
        remedy=remedy,
    )
    return finding(workload, claim)


def _who(trouble: Trouble) -> str:
    if trouble.is_down:
        return f"told by {count_words(trouble.workload, trouble.pods)}"
    many = len({tail.pod for tail, _ in trouble.told})
    return f"told by the log of {many} of its pods" if many > 1 else "told by the log of its pod"


_TOPICS = frozenset({"environment", "config source", "command"})


def _blame(trouble: Trouble, snapshot: Snapshot) -> Blame | None:
    """A release is blamed only where it changed a setting that holds the very address, or settings at all."""
    pods = tuple(each for each in trouble.pods if each in trouble.workload.pods) or trouble.pods
    host = trouble.place.host if trouble.place else trouble.sign.target or ""

    def is_direct(release: Release, _older: Release) -> bool:
        return any(each.topic in _TOPICS and host and host in each.after for each in release.differences)

    found = find_blame(trouble.workload, pods, is_direct, snapshot.thresholds)
    return found if found is not None and (found.is_direct or found.release.changed & _TOPICS) else None
