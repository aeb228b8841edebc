"""An object just before a change and as the server stored it after, in the few fields that a record keeps of both."""

from collections.abc import Mapping
from typing import Any

from safety.validator import Facts

GONE = {"removed": True}


def of_facts(facts: Facts) -> dict[str, Any]:
    """As it was read: enough to compare with, and to go back to."""
    return {
        "uid": facts.uid,
        "generation": facts.generation,
        "resource_version": facts.resource_version,
        "desired": facts.desired,
        "ready": facts.ready,
        "available": facts.available,
        "revision": facts.revision,
        "template_hash": facts.template_hash,
    }


def of_stored(stored: Mapping[str, Any]) -> dict[str, Any]:
    """As the server answered that it is now; ``GONE`` where the answer to a removal held nothing."""
    if not stored:
        return GONE
    meta, spec = stored.get("metadata") or {}, stored.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    return {
        "uid": meta.get("uid"),
        "generation": meta.get("generation"),
        "resource_version": meta.get("resourceVersion"),
        "desired": spec.get("replicas"),
        "images": [str(each.get("image")) for each in template.get("containers") or ()],
    }
