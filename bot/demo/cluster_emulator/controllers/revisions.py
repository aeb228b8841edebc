"""ControllerRevisions: the pod templates that a stateful set or a daemon set has had, for those who go back to one."""

from __future__ import annotations

from bot.demo.cluster_emulator.deletion import delete
from bot.demo.cluster_emulator.objects import (
    Obj,
    clone,
    dig,
    name_of,
    namespace_of,
    owner_of,
    owner_reference,
    template_hash,
    uid_of,
)
from bot.demo.cluster_emulator.resources import PODS, REVISIONS
from bot.demo.cluster_emulator.store import Store

HASH = "controller-revision-hash"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def keep_revision(store: Store, owner: Obj, hash_label: str) -> str:
    """Make the owner's template its newest revision, old ones beyond the limit go; the template's hash."""
    code = _code(store, owner)
    held = sorted(store.owned_by(REVISIONS, owner), key=lambda each: int(each["revision"]))
    last = int(held[-1]["revision"]) if held else 0
    mine = next((each for each in held if each["metadata"]["labels"].get(hash_label) == code), None)
    if mine is None:
        store.create(REVISIONS, _made(owner, code, hash_label, last + 1))
        _clean_up(store, owner, held, code)
    elif int(mine["revision"]) < last:
        # Going back to an earlier template makes it the newest one.
        store.update(REVISIONS, {**clone(mine), "revision": last + 1})
    return code


def _code(store: Store, owner: Obj) -> str:
    template = owner["spec"]["template"]
    code = template_hash(template)
    named = store.get(REVISIONS, namespace_of(owner), f"{name_of(owner)}-{code}")
    if named is None or uid_of(owner) == (owner_of(named) or {}).get("uid"):
        return code
    # The name is taken, by the revision of a set of another kind that is called the same.
    return template_hash({"template": template, "owner": uid_of(owner)})


def _made(owner: Obj, code: str, hash_label: str, revision: int) -> Obj:
    template = clone(owner["spec"]["template"])
    notes = {key: value for key, value in dig(owner, "metadata", "annotations", default={}).items() if key != _APPLIED}
    meta: Obj = {
        "name": f"{name_of(owner)}-{code}",
        "namespace": namespace_of(owner),
        "labels": {**dig(template, "metadata", "labels", default={}), hash_label: code},
        "ownerReferences": [owner_reference(owner)],
    }
    if notes:
        meta["annotations"] = notes
    return {"metadata": meta, "data": {"spec": {"template": {**template, "$patch": "replace"}}}, "revision": revision}


def _clean_up(store: Store, owner: Obj, held: list[Obj], code: str) -> None:
    pods = store.owned_by(PODS, owner)
    used = {str(dig(pod, "metadata", "labels", HASH, default="")).rsplit("-", 1)[-1] for pod in pods} | {code}
    idle = [each for each in held if name_of(each).rsplit("-", 1)[-1] not in used]
    kept = int(dig(owner, "spec", "revisionHistoryLimit", default=10))
    for each in idle[: max(0, len(idle) - kept)]:
        delete(store, REVISIONS, each)
