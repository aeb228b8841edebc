"""Which repository a workload says it is made in: by labels and annotations that tools and people put there.

Read are those whose name ends in a word such as ``image.source`` (``org.opencontainers.image.source``), ``repository``,
``repo-url``, ``vcs-url`` or ``project-slug``, on workloads, their pod templates and their namespaces. The value is the
address of a repository, or ``owner/name`` alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from tools.kubernetes.looks import Looks
from tools.objects import mapping, meta, name_of, namespace_of, template_of
from tools.world import CodeSource, JsonObject

# So many are read for one question, and so many that are not are named.
_READ, _TOLD = 2, 3

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_NAME = re.compile(
    r"(?i)(?:^|[./-])(?:image\.source|image\.url|source-?repo(?:sitory)?|repository|repo|(?:repo|git|vcs|source)-?url"
    r"|project-slug|git-repo(?:sitory)?|code-repository)$"
)
_ADDRESS = re.compile(
    r"^(?:(?:https?|ssh|git)://)?(?:[\w.-]+@)?([\w.-]+(?::\d+)?)[:/]([\w.-]+/[\w.-]+?)(?:\.git)?(?:[/#?].*)?$"
)
_SLUG = re.compile(r"^[\w.-]+/[\w.-]+$")


def open_named(
    looks: Looks, objects: Mapping[str, Sequence[JsonObject]], unwell: Sequence[str]
) -> tuple[CodeSource, ...]:
    """Those that workloads name themselves and that may be read, bounded; the others are noted as not checked.

    Those of workloads with one of the pods ``unwell`` come first.
    """
    opener = looks.world.named
    if opener is None:
        return ()
    named = repositories_named(objects, opener.host)

    def is_well(repository: str) -> bool:
        return not any(pod.startswith(f"{one}-") for one in named[repository] for pod in unwell)

    ordered = sorted(named, key=lambda one: (is_well(one), one))
    opened = [(each, source) for each in ordered if (source := opener.open(each, named[each])) is not None]
    what = "changes and files of repositories that workloads name"
    if refused := [each for each in ordered if not opener.allows(each)]:
        how = f"add {refused[0]} or {refused[0].partition('/')[0]}/* there if it is yours"
        looks.note(f"{what}: {_some(refused)}: not allowed by {opener.setting} ({how})")
    if beyond := [each for each, _ in opened[_READ:]]:
        looks.note(f"{what}: {_some(beyond)}: {_READ} are read for one question; list it in {opener.setting}")
    return tuple(source for _, source in opened[:_READ])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(each[:60] for each in names[:_TOLD])}{more}"


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
