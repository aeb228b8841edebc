"""Which database, cache or queue of the cluster a line speaks of that names no address, by its sort of software."""

import re
from collections.abc import Iterator

from tools.analyzers.addresses import Place, behind, find_place, setting_with
from tools.logs.reading import Entry
from tools.objects import containers_of, items, name_of, namespace_of, number
from tools.snapshot import LogTail, Snapshot, Workload
from tools.world import JsonObject

# How each sort of store shows in what its clients say, and how in the names of its images.
_SORTS = (
    (r"mysql|mariadb|\bER_[A-Z]|innodb|super-read-only|\(1(?:040|205|213|290|836), |pymysql", r"mysql|mariadb|percona"),
    (
        r"postgres|psql|\bPG::|pg_|psycopg|\bpgx|too many clients|remaining connection slots|npgsql|\bpq: |"
        r"max_client_conn|pgbouncer|pooler error|"
        r"read-only transaction",
        r"postgres|timescale|spilo|postgis|pgbouncer|pgpool",
    ),
    (r"redis|\bREADONLY You|MISCONF|jedis|lettuce|read only replica|valkey", r"redis|valkey|keydb|dragonfly"),
    (r"mongo|NotWritablePrimary|not master", r"mongo"),
    (r"kafka|KafkaJS", r"kafka|redpanda"),
    (r"rabbit|amqp", r"rabbitmq"),
    (r"elastic|opensearch|cluster_block_exception", r"elasticsearch|opensearch"),
    (r"cassandra|NoHostAvailable", r"cassandra|scylla"),
    (r"memcache", r"memcached"),
)
_KNOWN = tuple((re.compile(told, re.IGNORECASE), re.compile(image)) for told, image in _SORTS)
_NO_STORES = re.compile(r"exporter|backup|operator|proxy|dump|migrat|client|connect|ui$|admin|commander|express")


def implied(line: str, caller: Workload, snapshot: Snapshot) -> Place | None:
    """The store that is meant: of the sort that the line speaks of the only one beside the caller, or the only one
    that its settings name."""
    sorts = [image for told, image in _KNOWN if told.search(line)]
    stores = [
        each
        for each in snapshot.workloads
        if each.ref != caller.ref
        and any(_is_of(each, image) for image in sorts)
        and not _NO_STORES.search(each.ref.name)
    ]
    near = [each for each in stores if each.ref.namespace == caller.ref.namespace]
    named = [each for each in stores if any(setting_with(caller, name, snapshot) for name in _names(each, snapshot))]
    for found in (named, near):
        if len(found) == 1:
            return _place(found[0], snapshot)
    return None


def is_store(workload: Workload) -> bool:
    """Whether a workload is itself a database, a cache or a queue."""
    return any(_is_of(workload, image) for _, image in _KNOWN) and not _NO_STORES.search(workload.ref.name)


_STANDS_BY = re.compile(
    r"(?i)entering standby mode|ready to accept read[- ]only connections|transition to (?:SECONDARY|RECOVERING)|"
    r"stepp(?:ing|ed) down|\b(?:demot(?:ed|ing)|switch(?:ed|ing)) (?:\w{1,20} )?(?:to|into|as) (?:a )?(?:replica|"
    r"standby|secondary|read[- ]?only)|(?:super_)?read_only (?:is |was )?(?:set|=|->|turned|changed|enabled)|"
    r"MASTER MODE.{0,40}to REPLICA|before turning into a replica|\bnow (?:a |in )?(?:standby|replica|secondary|"
    r"read[- ]?only)"
)


def stands_by(workload: Workload) -> tuple[LogTail, Entry] | None:
    """Where a database says last that it became one that takes no writes; what every standby says when it starts."""
    found = [
        (tail, entry)
        for pod in workload.members
        for tail in pod.logs
        if not tail.previous
        for entry in tail.reading.entries
        if _STANDS_BY.search(entry.first_line)
    ]
    return max(found, key=lambda each: (each[1].at.timestamp() if each[1].at else 0.0, each[1].number), default=None)


def _is_of(workload: Workload, image: re.Pattern[str]) -> bool:
    return any(image.search(_last_part(each)) for each in containers_of(workload.template))


def _last_part(container: JsonObject) -> str:
    return str(container.get("image") or "").partition("@")[0].rpartition("/")[2].partition(":")[0]


def _names(workload: Workload, snapshot: Snapshot) -> Iterator[str]:
    yield from (name_of(each) for each in _services(workload, snapshot))


def _services(workload: Workload, snapshot: Snapshot) -> list[JsonObject]:
    return [
        each
        for each in snapshot.of("Service", workload.ref.namespace)
        if any(one.ref == workload.ref for one in behind(each, snapshot))
    ]


def _place(workload: Workload, snapshot: Snapshot) -> Place:
    services = _services(workload, snapshot)
    if len(services) == 1:
        found = find_place(name_of(services[0]), namespace_of(services[0]), snapshot)
        if found is not None:
            return found
    name, space = workload.ref.name, workload.ref.namespace
    return Place(name, None, is_ours=True, namespace=space, name=name, behind=workload)


_CALLED = re.compile(
    r"(?i)(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}://(?:[^@/\s\"']{1,200}@)?([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)|"
    r"(?<![\w./@-])([a-z](?:[a-z0-9.-]{0,250}[a-z0-9])?:\d{2,5})(?![\w.])"
)


def called(line: str, port: int | None, caller: Workload, snapshot: Snapshot) -> Place | None:
    """The Service that is meant by an address that nothing has any more: named in the same line, else the only one
    that the caller's settings give with that port."""
    space = caller.ref.namespace
    told = [one or other for one, other in _CALLED.findall(line)]
    named = [place for each in told if (place := find_place(each, space, snapshot)) is not None]
    set_up = [
        place for each in _addresses(caller, snapshot) if (place := find_place(each, space, snapshot)) is not None
    ]
    fitting = [each for each in set_up if port is not None and port in (each.port, *_served(each))]
    for found in (named, fitting):
        known = {str(each.service_ref): each for each in found if each.service is not None}
        if len(known) == 1:
            return next(iter(known.values()))
    return None


def _served(place: Place) -> list[int]:
    """The ports of a Service that a setting names without one."""
    return [number(each.get("port")) for each in items(place.service, "spec", "ports")] if place.port is None else []


# What pools of Java programs say; the address stands in the URL they were given.
_POOLED = re.compile(r"(?i)hikari|jdbc|datasource|SQLException|SqlExceptionHelper|PSQLException")


def pooled(line: str, caller: Workload, snapshot: Snapshot) -> Place | None:
    """The database that a pool of a Java program leads to: the only one that its settings name in a JDBC URL."""
    if _POOLED.search(line) is None:
        return None
    urls = {value.strip() for _, value in _settings(caller, snapshot) if value.strip().startswith("jdbc:")}
    places = {found["place"] for each in urls if (found := _ADDRESS.match(each))}
    return find_place(places.pop(), caller.ref.namespace, snapshot) if len(places) == 1 else None


def missing_name(caller: Workload, snapshot: Snapshot) -> str | None:
    """The one address in the settings of a workload that reads like a Service of its namespace and is none.

    A program that only says "name not known" was asking for it, where all its other addresses lead somewhere.
    """
    places = {value: find_place(value, caller.ref.namespace, snapshot) for value in _addresses(caller, snapshot)}
    wrong = [
        value
        for value, place in places.items()
        if place is not None and place.is_ours and place.service is None and place.behind is None and not place.is_local
    ]
    return wrong[0] if len(wrong) == 1 else None


_ADDRESS_KEY = re.compile(r"(?i)(?:host|addr|address|url|uri|endpoint|server|servers|brokers?|dsn|broker_list)$")
_ADDRESS = re.compile(
    r"^(?:[a-z][a-z0-9+.:-]*://)?(?:[^@/\s]*@)?(?P<place>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::\d{1,5})?)(?:[/,?].*)?$"
)


def _addresses(caller: Workload, snapshot: Snapshot) -> Iterator[str]:
    """What the caller's variables give as an address, by their names or by a port or scheme in the value."""
    for key, value in _settings(caller, snapshot):
        found = _ADDRESS.match(value.strip())
        looks_like_one = _ADDRESS_KEY.search(key) or "://" in value or re.search(r"[a-z]:\d{2,5}\b", value)
        if found and looks_like_one and not value.strip().isdigit():
            yield found["place"]


def _settings(caller: Workload, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for container in containers_of(caller.template):
        for each in container.get("env") or ():
            if each.get("value"):
                yield str(each.get("name")), str(each["value"])
        for each in container.get("envFrom") or ():
            name = (each.get("configMapRef") or {}).get("name")
            found = snapshot.find("ConfigMap", caller.ref.namespace, str(name)) if name else None
            yield from ((str(key), str(value)) for key, value in ((found or {}).get("data") or {}).items())
