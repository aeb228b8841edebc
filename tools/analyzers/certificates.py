"""Certificates past their end: what objects say of them, and which object holds the certificate of a host."""

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from tools.analyzers.addresses import Place, find_place
from tools.analyzers.interface import Claim, cited, finding_on, seen
from tools.evidence import Category, Evidence, Finding, ObjectRef
from tools.objects import annotations_of, at, condition, items, name_of, namespace_of, part, ref_of
from tools.snapshot import Event, Snapshot
from tools.world import JsonObject

_OVER = re.compile(r"certificate has expired|certificate is expired|expired certificate", re.IGNORECASE)
_URL = re.compile(r"https://([A-Za-z0-9.-]+(?::\d{1,5})?)")
# Annotations in which those who issue certificates write when they end.
_ENDS = re.compile(r"(?:not-after|notafter|/expiry|expires?-at|expiration)$", re.IGNORECASE)
_ISSUED_BY = "cert-manager.io/certificate-name"


def expired(snapshot: Snapshot) -> Iterator[Finding]:
    """A certificate whose end is past, by what its own object says; one that ends soon is nothing."""
    over = set()
    for each in snapshot.of("Certificate"):
        end = at(part(each, "status", "notAfter"))
        if end is not None and end < snapshot.observed_at:
            over.add((namespace_of(each), str(part(each, "spec", "secretName"))))
            yield _over(each, end, _why(each), 0.95, snapshot)
    for each in snapshot.of("Secret"):
        ends = [_time(value) for key, value in annotations_of(each).items() if _ENDS.search(key)]
        end = max((one for one in ends if one is not None), default=None)
        if end is not None and end < snapshot.observed_at and (namespace_of(each), name_of(each)) not in over:
            yield _over(each, end, "", 0.85, snapshot)


def _time(value: str) -> datetime | None:
    found = at(value)
    if found is not None:
        return found
    try:
        told = parsedate_to_datetime(value)
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def _why(certificate: JsonObject) -> str:
    row = condition(certificate, "Ready")
    told = condition(certificate, "Issuing")
    words = [str(each.get("message")) for each in (row, told) if each.get("message")]
    return f" It says: {' '.join(words)}" if words else ""


def _over(obj: JsonObject, end: datetime, why: str, confidence: float, snapshot: Snapshot) -> Finding:
    kind, name = str(obj["kind"]), name_of(obj)
    secret = str(part(obj, "spec", "secretName")) if kind == "Certificate" else name
    used = tuple(_users(secret, namespace_of(obj), snapshot))
    where = f" {', '.join(each.name for each in used[:3])} shows it to those who connect." if used else ""
    return finding_on(
        ref_of(kind, obj),
        Claim(
            category=Category.CERTIFICATE_EXPIRED,
            summary=f"The certificate of {kind} {name} is past its end: {end:%Y-%m-%d %H:%M} UTC",
            explanation=f"Who checks a certificate refuses the connection once its end is past.{where} Renew it, and "
            f"see why that did not happen by itself (the issuer, its account, the challenge).{why}",
            evidence=cited([seen(snapshot, obj, f"ends {end:%Y-%m-%dT%H:%M:%SZ}.{why}", end)]),
            confidence=confidence,
            pods=(),
            since=end,
            affected=used,
        ),
    )


def _users(secret: str, space: str | None, snapshot: Snapshot) -> Iterator[ObjectRef]:
    for each in snapshot.of("Ingress", space):
        if any(one.get("secretName") == secret for one in items(each, "spec", "tls")):
            yield ref_of("Ingress", each)
    for workload in snapshot.workloads:
        volumes = items(workload.template, "spec", "volumes")
        if workload.ref.namespace == space and any(part(one, "secret", "secretName") == secret for one in volumes):
            yield workload.ref


def called_expired(snapshot: Snapshot) -> Iterator[Finding]:
    """The API server refuses what it calls (a webhook, an extension) because of the end of a certificate there."""
    told: dict[ObjectRef, list[tuple[str, Evidence, ObjectRef | None, datetime | None]]] = {}
    for event in snapshot.events:
        host = _host_over(event.message) if _is_late(event, snapshot) else None
        subject = _server_of(host, snapshot) if host else None
        if host is not None and subject is not None:
            told.setdefault(subject, []).append((host, event.evidence, event.subject, event.first_at))
    for each in snapshot.of("APIService"):
        row = condition(each, "Available")
        if row.get("status") == "False" and _OVER.search(str(row.get("message"))):
            name, space = part(each, "spec", "service", "name"), part(each, "spec", "service", "namespace")
            subject = _server_of(f"{name}.{space}.svc", snapshot) or ref_of("APIService", each)
            shown = seen(snapshot, each, f"Available is False: {row.get('message')}", at(row.get("lastTransitionTime")))
            told.setdefault(subject, []).append((f"{name}.{space}.svc", shown, None, shown.at))
    for subject, rows in told.items():
        yield _refused(subject, rows)


def _is_late(event: Event, snapshot: Snapshot) -> bool:
    return event.last_at is None or snapshot.observed_at - event.last_at <= snapshot.thresholds.recent


def _host_over(message: str) -> str | None:
    found = _URL.search(message) if _OVER.search(message) else None
    return found[1] if found is not None else None


def _server_of(host: str, snapshot: Snapshot) -> ObjectRef | None:
    place = find_place(host, None, snapshot)
    held = holders(place, snapshot) if place is not None else ()
    return next(iter((*held, *((place.behind.ref,) if place and place.behind else ()))), None)


def _refused(subject: ObjectRef, rows: list[tuple[str, Evidence, ObjectRef | None, datetime | None]]) -> Finding:
    host = rows[0][0]
    refused = tuple(dict.fromkeys(ref for _, _, ref, _ in rows if ref is not None))
    return finding_on(
        subject,
        Claim(
            category=Category.CERTIFICATE_EXPIRED,
            summary=f"The API server cannot call {host}: the certificate there is past its end",
            explanation=f"The API server calls {host} before it accepts certain requests, and refuses to go on because "
            "the certificate there is past its end. Renew the certificate and the authority (caBundle) that goes with "
            "it; what serves it may have to be started again to show the new one.",
            evidence=cited([shown for _, shown, _, _ in rows]),
            confidence=0.92,
            pods=(),
            since=min((when for _, _, _, when in rows if when), default=None),
            affected=refused,
        ),
    )


def holders(place: Place, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """The objects that hold the certificate which a host shows: a Certificate made for it, then an Ingress."""
    names = {place.host.lower()}
    if place.service is not None:
        name, space = place.name, place.namespace
        names |= {str(name), f"{name}.{space}", f"{name}.{space}.svc", f"{name}.{space}.svc.cluster.local"}
    found = [
        ref_of("Certificate", each)
        for each in snapshot.of("Certificate")
        if (not place.is_ours or namespace_of(each) == place.namespace)
        and any(_covers(str(one), host) for one in items(each, "spec", "dnsNames") for host in names)
    ]
    found += [
        ref_of("Ingress", each)
        for each in snapshot.of("Ingress")
        if any(
            _covers(str(one), place.host.lower()) for row in items(each, "spec", "tls") for one in items(row, "hosts")
        )
    ]
    return tuple(found)


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
