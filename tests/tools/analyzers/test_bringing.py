"""Going back is offered only where what it undoes can have brought the fault."""

from typing import Any

from tests.scenarios.kit import (
    REGISTRY,
    Cluster,
    Ended,
    changed,
    cluster,
    config_error,
    container,
    crash_loop,
    from_secret,
    running,
    template,
)
from tests.tools.analyzers.picture import picture
from tools.analyzers import analyze
from tools.evidence import Category, Finding

OLD, NEW = f"{REGISTRY}/lab/api:1.4.0", f"{REGISTRY}/lab/api:1.5.0"
DENIED = "-2m4s|<t> INFO starting\n-2m|<t> FATAL open /data/index.db: permission denied"
BROKEN = "-2m4s|<t> INFO migrating\n-2m|<t> FATAL cannot read the migrations: unexpected end of file"


def _body(image: str, *, init: str | None = None, **spec: Any) -> dict[str, Any]:
    made = template(
        container("api", image, port=8080, mounts={"data": "/data"}),
        volumes={"data": {"persistentVolumeClaim": {"claimName": "data"}}},
        init=[container("migrate", init)] if init else (),
    )
    return {**made, "spec": {**made["spec"], **spec}}


def _world() -> Cluster:
    world = cluster("2026-06-25T16:18:00Z", "lab", "bench")
    world.claim("data", "4Gi")
    return world


def _found(before: dict[str, Any], after: dict[str, Any], log: str, name: str = "api") -> Finding:
    world = _world()
    load = world.deployment("api", before, after, ages=("9d", "24m"), replicas=1, empty=True)
    init = name if name != "api" else ""
    for pod in load.pods(1, crash_loop("23m", 9, Ended(1, "2m", "4s"), init=init)):
        world.log(pod, log, previous=True, container=name)
    roots = analyze(picture(world)).roots
    return next(each for each in roots if each.subject.name == "api")


def test_an_image_alone_is_not_gone_back_from_when_a_volume_refuses_its_user() -> None:
    found = _found(_body(OLD), _body(NEW), DENIED)
    assert (found.category, found.remedy, found.culprit) == (Category.VOLUME_PERMISSION_DENIED, None, None)


def test_another_user_of_the_pod_is_gone_back_from() -> None:
    found = _found(_body(OLD), _body(OLD, securityContext={"runAsUser": 10001}), DENIED)
    assert found.category == Category.VOLUME_PERMISSION_DENIED
    assert found.remedy is not None
    assert found.remedy.class_ == "rollback"


def test_an_init_container_that_stays_the_same_is_not_gone_back_to() -> None:
    init = f"{REGISTRY}/lab/migrate:3.0.0"
    found = _found(_body(OLD, init=init), _body(NEW, init=init), BROKEN, "migrate")
    assert (found.category, found.remedy, found.culprit) == (Category.INIT_CONTAINER_FAILED, None, None)


def test_an_init_container_that_a_release_brought_is_gone_back_from() -> None:
    inits = (f"{REGISTRY}/lab/migrate:3.0.0", f"{REGISTRY}/lab/migrate:3.1.0")
    found = _found(_body(OLD, init=inits[0]), _body(OLD, init=inits[1]), BROKEN, "migrate")
    assert found.category == Category.INIT_CONTAINER_FAILED
    assert found.remedy is not None
    assert found.remedy.class_ == "rollback"


def test_what_an_older_release_misses_as_well_is_no_reason_to_go_back() -> None:
    world = _world()
    before = template(container("api", OLD, port=8080, env={"TOKEN": from_secret("api-token", "token")}))
    after = changed(before, image=NEW)
    load = world.deployment("api", before, after, ages=("9d", "24m"), replicas=1, empty=True)
    load.pods(1, config_error("23m", 'secret "api-token" not found'))
    found = next(each for each in analyze(picture(world)).roots if each.subject.name == "api")
    assert (found.category, found.remedy, found.culprit) == (Category.MISSING_SECRET, None, None)


def test_a_key_that_an_old_pod_of_the_same_revision_found_was_taken_away_since() -> None:
    def culprit(*, beside: bool) -> str | None:
        world = _world()
        after = template(container("api", NEW, env={"TOKEN": from_secret("keys", "token")}))
        load = world.deployment(
            "api", template(container("api", OLD)), after, ages=("30d", "9d"), replicas=2, empty=True
        )
        load.pods(1, config_error("24m", "couldn't find key token in Secret lab/keys", count=60))
        if beside:
            load.pods(1, running("9d"))
        return next(each for each in analyze(picture(world)).roots if each.subject.name == "api").culprit

    assert culprit(beside=False) == "Deployment/lab/api@2"
    assert culprit(beside=True) is None
