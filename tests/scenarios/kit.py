"""Everything an author of scenarios needs, in one place.

A scenario is a function without arguments, marked ``@scenario``, in a module of this folder::

    @scenario
    def orders_after_release() -> Scenario:
        world = cluster("2026-03-11T09:42:00Z", "orders", "carts")   # when, home namespace, well neighbours
        before = template(container("api", f"{REGISTRY}/orders/api:1.8.0", port=8080))
        after = changed(before, image=f"{REGISTRY}/orders/api:1.9.0")
        api = world.deployment("api", before, after, ages=("12d", "14m"), replicas=2, empty=True)
        (pod, _) = api.pods(2, crash_loop("14m", 6, Ended(1, "1m10s", "3s")))
        world.log(pod, "-1m13s|<t> FATAL …", style="java", previous=True)
        return world.scenario("orders-after-release", "crash", "why is orders down?", Truth(…), notes="…")

All spans (``"14m"``) are before the moment of looking. ``python -m tests.scenarios write DIR`` shows the result.
"""

from collections.abc import Mapping
from typing import Any

from tests.scenarios.builder.clock import chatter
from tests.scenarios.builder.configuration import Configuration
from tests.scenarios.builder.scenario import JsonObject, Scenario, Truth, all_scenarios, scenario, write
from tests.scenarios.builder.states import (
    Doing,
    Ended,
    State,
    Told,
    completed,
    config_error,
    crash_loop,
    creating,
    evicted,
    failed,
    image_pull,
    init_running,
    probed_to_death,
    running,
    terminating,
    unready,
    unschedulable,
)
from tests.scenarios.builder.templates import (
    REGISTRY,
    changed,
    container,
    exec_probe,
    from_config_map,
    from_secret,
    grpc_probe,
    http_probe,
    restarted,
    tcp_probe,
    template,
)
from tests.scenarios.builder.workloads import Workload


class Cluster(Configuration):
    """A cluster at one moment: ``Cluster("2026-03-11T09:42:00Z", "orders")``; then nodes, namespaces, and what runs."""


# Patterns for what must not be said: only the claim itself, so that a report may well deny it.
RESTART_HELPS = r"restart(ing)?( it| them| the \w+)? (would|will|should|could) (fix|help|solve|resolve|bring|repair)"
ROLLBACK_HELPS = (
    r"(roll(ing)? ?back|going back)[^.]{0,60} (would|will|should|could) (fix|help|solve|resolve|bring|undo|repair)"
)
TO_REVISION = r"roll(ing)? back to revision \d"

CHATTER = (
    'time=<t> level=INFO msg="request served" method=GET path=/v1/items/<int:10-999> status=200 duration_ms=<int:2-48>',
    '{"ts":"<t>","level":"info","logger":"http","msg":"<pick:GET,POST> /api/<pick:status,items,search> 200","ms":<int:3-90>}',
    "<t> [info] <ip> - request <hex:12> finished in <int:4-80>ms",
)
GRUMBLES = (
    'time=<t> level=WARN msg="slow query, retrying once" attempt=1 duration_ms=<int:510-900>',
    '{"ts":"<t>","level":"warn","logger":"cache","msg":"cache miss ratio above 0.4, warming","keys":<int:100-900>}',
    "<t> [warn] client <ip> closed the connection before the answer was complete",
)


def cluster(
    observed_at: str,
    namespace: str,
    *beside: str,
    nodes: tuple[str, ...] = ("node-1", "node-2", "node-3"),
    special: Mapping[str, Mapping[str, Any]] | None = None,
) -> Cluster:
    """A cluster with nodes, system parts, the home namespace, and well neighbours with the noise that is usual:
    an old restart, a warning that is handled, releases of some days ago. ``special`` maps a node's name to what is
    said of it (see ``Surroundings.node``)."""
    world = Cluster(observed_at, namespace)
    for node in nodes:
        world.node(node, **(special or {}).get(node, {}))
    world.system()
    world.namespace()
    for number, name in enumerate(beside):
        minor = 3 + len(name) % 7
        body = template(
            container(
                name,
                f"{REGISTRY}/{namespace}/{name}:2.{minor}.1",
                port=8080,
                cpu=("50m", "500m"),
                memory=("128Mi", "256Mi"),
                readinessProbe=http_probe("/healthz", "http"),
            )
        )
        older = changed(body, image=f"{REGISTRY}/{namespace}/{name}:2.{minor}.0")
        ages = (f"{33 + 4 * number}d", f"{6 + 5 * number}d")
        workload = world.deployment(name, older, body, ages=ages, first_revision=4 + number, empty=True)
        (first,) = workload.pods(1, running(ages[1], restarts=1, last=Ended(143, "2d7h", "3d", "Error")))
        workload.pods(1)
        world.service(name)
        usual, grumble = CHATTER[number % 3], GRUMBLES[number % 3]
        world.log(first, chatter("14m", "3s", "31s", usual, usual, usual, usual, grumble))
    return world


__all__ = [
    "REGISTRY",
    "RESTART_HELPS",
    "ROLLBACK_HELPS",
    "TO_REVISION",
    "Cluster",
    "Doing",
    "Ended",
    "JsonObject",
    "Scenario",
    "State",
    "Told",
    "Truth",
    "Workload",
    "all_scenarios",
    "changed",
    "chatter",
    "cluster",
    "completed",
    "config_error",
    "container",
    "crash_loop",
    "creating",
    "evicted",
    "exec_probe",
    "failed",
    "from_config_map",
    "from_secret",
    "grpc_probe",
    "http_probe",
    "image_pull",
    "init_running",
    "probed_to_death",
    "restarted",
    "running",
    "scenario",
    "tcp_probe",
    "template",
    "terminating",
    "unready",
    "unschedulable",
    "write",
]
