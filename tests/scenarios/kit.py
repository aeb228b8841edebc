"""Everything an author of scenarios needs, in one place.

A scenario is a function without arguments, marked ``@scenario``, in a module of this folder::

    @scenario
    def orders_after_release() -> Scenario:
        world = Cluster("2026-03-11T09:42:00Z", "orders")   # the moment of looking, the home namespace
        world.nodes("node-a", "node-b")
        world.system()
        world.namespace()
        before = template(container("api", f"{REGISTRY}/orders/api:1.8.0", port=8080))
        after = changed(before, image=f"{REGISTRY}/orders/api:1.9.0")
        api = world.deployment("api", before, after, ages=("12d", "14m"), replicas=2, empty=True)
        (pod, _) = api.pods(2, crash_loop("14m", 6, Ended(1, "1m10s", "3s")))
        world.log(pod, "-1m13s|<t> FATAL …", style="java", previous=True)
        return world.scenario("orders-after-release", "crash", "why is orders down?", Truth(…), notes="…")

All spans (``"14m"``) are before the moment of looking. ``python -m tests.scenarios write DIR`` shows the result.
"""

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


__all__ = [
    "REGISTRY",
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
