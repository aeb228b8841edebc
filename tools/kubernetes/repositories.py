"""Which repository a workload says it is made in: by labels and annotations that tools and people put there.

Read are those whose name ends in a word such as ``image.source`` (``org.opencontainers.image.source``), ``repository``,
``repo-url``, ``vcs-url`` or ``project-slug``, on workloads, their pod templates and their namespaces. The value is the
address of a repository, or ``owner/name`` alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from tools.objects import mapping, meta, name_of, namespace_of, template_of
from tools.world import JsonObject

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_NAME = re.compile(
    r"(?i)(?:^|[./-])(?:image\.source|image\.url|source-?repo(?:sitory)?|repository|repo|(?:repo|git|vcs|source)-?url"
    r"|project-slug|git-repo(?:sitory)?|code-repository)$"
)
_ADDRESS = re.compile(
    r"^(?:(?:https?|ssh|git)://)?(?:[\w.-]+@)?([\w.-]+(?::\d+)?)[:/]([\w.-]+/[\w.-]+?)(?:\.git)?(?:[/#?].*)?$"
)
_SLUG = re.compile(r"^[\w.-]+/[\w.-]+$")


def repositories_named(objects: Mapping[str, Sequence[JsonObject]], host: str) -> dict[str, tuple[str, ...]]:
    """``owner/name`` in small letters with the workloads that name it; of other hosts than this one nothing."""
    found: dict[str, dict[str, None]] = {}
    spaces = {name_of(each): each for each in objects.get("Namespace", ())}
    for kind in _KINDS:
        for each in objects.get(kind, ()):
            own = [*_named(each, host), *_named(template_of(each), host)]
            for repository in own or _named(spaces.get(namespace_of(each) or "", {}), host):
                found.setdefault(repository, {})[name_of(each)] = None
    return {repository: tuple(names) for repository, names in found.items()}


def _named(obj: JsonObject, host: str) -> Iterator[str]:
    known = meta(obj)
    for key, value in [*mapping(known, "annotations").items(), *mapping(known, "labels").items()]:
        text = str(value).strip()
        if not _NAME.search(str(key)) or len(text) > 300:
            continue
        address = _ADDRESS.match(text)
        if _SLUG.match(text):
            yield text.lower()
        elif address is not None and address[1].lower() == host:
            yield address[2].lower()
