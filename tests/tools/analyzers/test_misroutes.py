"""Routes that a change led to another Service, or that rewrite paths otherwise since one."""

from datetime import UTC, datetime

import pytest

from tests.scenarios.kit import REGISTRY, Cluster, container, template
from tests.tools.analyzers.picture import found_by
from tools.analyzers.misroutes import misled
from tools.logs.read import read_log

LED = "-            name: basket\n+            name: banner\n             path: /cart"
REWRITTEN = "-    nginx.ingress.kubernetes.io/rewrite-target: /$2"


def routed(diff: str, *, kind: str, before: int = 200, since: int = 404, form: str = "combined") -> Cluster:
    """A route that leads /cart to ``banner``; it answered so before the change half an hour ago, and so since."""
    world = Cluster("2026-11-02T15:40:00Z", "web")
    world.node("node-a")
    world.namespace()
    loads = {
        name: world.deployment(name, template(container(name, f"{REGISTRY}/{name}:1", port=80)), replicas=1)
        for name in ("basket", "banner")
    }
    for name in loads:
        world.service(name, 80, 80)
    if kind == "Ingress":
        world.ingress("front", "shop.example.org", {"/cart": ("banner", 80)})
    else:
        rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/cart"}}], "backendRefs": [{"name": "banner"}]}
        world.add("HTTPRoute", "front", {"spec": {"rules": [rule]}})
    line = '10.0.0.9 - - [02/Nov/2026:15:{:02d}:10 +0000] "GET {} HTTP/1.1" {} 12'
    if form == "json":
        line = '{{"time":"2026-11-02T15:{:02d}:10Z","level":"info","path":"{}","status":{}}}'
    said = [line.format(minute, "/list" if diff == REWRITTEN else "/ad", before) for minute in (2, 5)]
    said += [line.format(minute, "/cart/1", since) for minute in (12, 20, 28, 36)]
    world.log(loads["banner"].made[0], "\n".join(said))
    world.change("pr-5", "pull_request", "30m", "front: tidy up", services=["front"], diff=diff, deployed_by="argocd")
    return world


@pytest.mark.parametrize("form", ["combined", "json"])
@pytest.mark.parametrize("diff", [LED, REWRITTEN])
@pytest.mark.parametrize("kind", ["Ingress", "HTTPRoute"])
def test_a_route_since_whose_change_paths_are_not_known_is_named(kind: str, diff: str, form: str) -> None:
    found = found_by(routed(diff, kind=kind, form=form), misled)
    assert list(found) == [f"{kind}/web/front"]
    assert found[f"{kind}/web/front"].category == "gateway_misroute"


def test_a_path_that_is_known_is_led_well() -> None:
    assert found_by(routed(LED, kind="Ingress", since=200), misled) == {}


def test_another_change_of_the_route_is_no_rewrite() -> None:
    assert found_by(routed("+    cert-manager.io/issuer: le", kind="Ingress"), misled) == {}


def test_lines_of_an_access_log_have_their_time() -> None:
    text = (
        '10.0.0.9 - - [02/Nov/2026:15:04:10 +0000] "GET / HTTP/1.1" 200 12\n10.0.0.9 - bob [02/Nov/2026:15:05:10 +0100]'
    )
    times = [each.at for each in read_log(text, now=None).entries]
    assert times == [datetime(2026, 11, 2, 15, 4, 10, tzinfo=UTC), datetime(2026, 11, 2, 14, 5, 10, tzinfo=UTC)]
