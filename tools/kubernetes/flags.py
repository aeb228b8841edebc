"""Feature flags that a ConfigMap holds: a change of it is a change that somebody made, like a merged pull request.

A ConfigMap is one of flags when it says so, by a label or annotation ``ask-claude.io/feature-flags: "true"``. Who
changed it last and when is in its managed fields; where those are missing, the flags are told as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tools.kubernetes.templates import config_names
from tools.objects import at, items, mapping, meta, name_of, namespace_of, template_of
from tools.world import JsonObject, RecordedChange

MARK = "ask-claude.io/feature-flags"
_MOST = 20
_SHOWN = 40


def flags_of(objects: Mapping[str, Sequence[JsonObject]], since: datetime) -> Iterator[RecordedChange]:
    """One change for each marked ConfigMap that was changed since then, or whose time of change nobody knows."""
    for each in list(filter(_is_marked, objects.get("ConfigMap", ())))[:_MOST]:
        changed, by = _last(each)
        if changed is not None and changed < since:
            continue
        flags = [f"{name}={value}" for name, value in sorted(mapping(each, "data").items())][:_SHOWN]
        named = f"ConfigMap/{namespace_of(each)}/{name_of(each)}"
        yield RecordedChange(
            id=f"{named}@{meta(each).get('resourceVersion') or 'now'}",
            kind="feature_flag",
            at=changed,
            title=f"Feature flags in {named}: {', '.join(flags) or 'none'}"[:300],
            author=by,
            services=tuple(_users(each, objects)),
            diff="\n".join(f"+{each}" for each in flags),
            deployed_by="in the cluster",
        )


def _is_marked(config_map: JsonObject) -> bool:
    known = meta(config_map)
    marks = (str((known.get(part) or {}).get(MARK, "")) for part in ("labels", "annotations"))
    return any(each.lower() == "true" for each in marks)


def _last(config_map: JsonObject) -> tuple[datetime | None, str | None]:
    """The newest entry of the managed fields."""
    told = [
        (at(each.get("time")), str(each.get("manager") or ""))
        for each in items(config_map, "metadata", "managedFields")
    ]
    known = [(when, who) for when, who in told if when is not None]
    if not known:
        return None, None
    when, who = max(known)
    return when, who or None


def _users(config_map: JsonObject, objects: Mapping[str, Sequence[JsonObject]]) -> Iterator[str]:
    """The workloads of its namespace that read it."""
    wanted = f"ConfigMap/{name_of(config_map)}"
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for each in objects.get(kind, ()):
            if namespace_of(each) == namespace_of(config_map) and wanted in config_names(template_of(each)):
                yield name_of(each)
