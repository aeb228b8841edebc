"""Images that cannot be pulled: not there, not allowed, too many pulls, or a registry out of reach."""

from collections.abc import Iterator

from tools.analyzers.interface import Blame, Claim, began_at, cited, count_words, events_about, find_blame, finding
from tools.evidence import Category, Evidence, Finding
from tools.snapshot import Container, Pod, Snapshot, Thresholds, Workload

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_NO_SECRET = "FailedToRetrieveImagePullSecret"
# In this order: a registry may say "not found or may require authorization" to whoever is not logged in.
_TELLING: tuple[tuple[Category, tuple[str, ...]], ...] = (
    (Category.IMAGE_RATE_LIMITED, ("toomanyrequests", "too many requests", "rate limit")),
    (Category.IMAGE_NOT_FOUND, ("manifest unknown", "not found: manifest", "name unknown", "does not exist:")),
    (Category.IMAGE_AUTH, ("unauthorized", "authentication required", "no basic auth", "authorization failed")),
    (Category.IMAGE_AUTH, ("pull access denied", "denied:", "403 forbidden")),
    (
        Category.IMAGE_REGISTRY_UNREACHABLE,
        ("i/o timeout", "no such host", "connection refused", "tls handshake", "deadline exceeded", "x509"),
    ),
    (
        Category.IMAGE_REGISTRY_UNREACHABLE,
        ("500 internal", "502 bad", "503 service", "504 gateway", "connection reset", "no route", "unreachable"),
    ),
    (Category.IMAGE_NOT_FOUND, ("not found", "does not exist", "couldn't parse image", "invalid reference format")),
    (Category.IMAGE_NOT_FOUND, ("is not present with pull policy",)),
)
_WHY = {
    Category.IMAGE_NOT_FOUND: "The registry answers that this image or tag does not exist: most often a typing error "
    "in the tag, or a release that was announced before its image was pushed.",
    Category.IMAGE_AUTH: "The registry refuses these credentials: the pull secret is missing, expired, or lacks "
    "the right to this image.",
    Category.IMAGE_RATE_LIMITED: "The registry takes no more pulls for now. It passes by itself; a mirror or a login "
    "raises the limit.",
    Category.IMAGE_REGISTRY_UNREACHABLE: "The nodes cannot reach the registry: look at the network, the name service "
    "and the registry itself.",
}


def image_cannot_be_pulled(snapshot: Snapshot) -> Iterator[Finding]:
    """The container cannot start because its image does not come."""
    for workload in snapshot.workloads:
        pairs = [(pod, each) for pod in workload.pods for each in pod.containers if each.reason in _PULLING]
        pods = tuple(dict.fromkeys(pod for pod, _ in pairs if _waits_long(pod, snapshot)))
        if not pods:
            continue
        container = pairs[0][1]
        told = _category(pods, container)
        # Without the registry's words a wrong tag is the likeliest, and a missing pull secret if that is told.
        lacks_secret = bool(events_about(pods, _NO_SECRET))
        category = told or (Category.IMAGE_AUTH if lacks_secret else Category.IMAGE_NOT_FOUND)
        blame = find_blame(workload, pods, lambda new, _old: "image" in new.changed, snapshot.thresholds)
        if category in _OF_THE_REGISTRY and not _is_elsewhere(blame):
            blame = None  # whatever was released, the registry would have answered the same
        claim = Claim(
            category=category,
            summary=f"image {container.image} cannot be pulled for {count_words(workload, pods)}: "
            f"{_REASONS[category] if told else _UNTOLD}",
            explanation=f"Container {container.name} cannot start because its image {container.image} does not come. "
            f"{_WHY[category] if told else _LIKELY}{_still_serving(workload)}",
            evidence=cited(_telling_first(pods), (each.evidence for each in pods)),
            confidence=0.92 if told else 0.7 if lacks_secret else 0.5,
            pods=pods,
            since=began_at(pods, "Failed", "BackOff"),
            blame=blame,
            may_roll_back=category in (Category.IMAGE_NOT_FOUND, Category.IMAGE_AUTH) or _is_elsewhere(blame),
        )
        yield finding(workload, claim)


_UNTOLD = "nothing that was read says why"
_LIKELY = (
    "What the registry answered was not read; most often the image or its tag does not exist, or the pull "
    "secret is missing. An event of the pod, or a pull by hand, tells which."
)
_OF_THE_REGISTRY = frozenset({Category.IMAGE_RATE_LIMITED, Category.IMAGE_REGISTRY_UNREACHABLE})
_REASONS = {
    Category.IMAGE_NOT_FOUND: "it does not exist",
    Category.IMAGE_AUTH: "the registry refuses the login",
    Category.IMAGE_RATE_LIMITED: "the registry's rate limit is reached",
    Category.IMAGE_REGISTRY_UNREACHABLE: "the registry cannot be reached",
}


def _telling_first(pods: tuple[Pod, ...]) -> list[Evidence]:
    """The events that repeat the registry's words before those that only say that it failed."""
    told = sorted(events_about(pods, "Failed", "InspectFailed", _NO_SECRET), key=lambda each: -len(each.message))
    return [each.evidence for each in told]


def _is_elsewhere(blame: Blame | None) -> bool:
    """Whether the blamed release pulls from another registry than the one before it."""
    if blame is None or not blame.is_direct:
        return False
    before, after = ({each.partition("/")[0] for each in one.images} for one in (blame.last_good, blame.release))
    return not after <= before


def _waits_long(pod: Pod, snapshot: Snapshot) -> bool:
    limits: Thresholds = snapshot.thresholds
    return pod.created_at is None or snapshot.observed_at - pod.created_at >= limits.image_pull


def _category(pods: tuple[Pod, ...], container: Container) -> Category | None:
    told = [str(each.message) for each in events_about(pods, "Failed", "InspectFailed")]
    told += [str(each.message) for pod in pods for each in pod.containers if each.reason in _PULLING]
    if container.reason == "InvalidImageName":
        return Category.IMAGE_NOT_FOUND
    text = "\n".join(told).lower()
    return next((category for category, words in _TELLING if any(each in text for each in words)), None)


def _still_serving(workload: Workload) -> str:
    deployment = workload.deployment
    if deployment is None or not deployment.available:
        return ""
    return f" Meanwhile {deployment.available} pods of the release before it still serve."
