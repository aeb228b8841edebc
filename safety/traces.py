"""Whether a change of ours is in the cluster already, told by the trace it leaves. Pure.

A controller carries the marker: the id of the proposal that changed it last. A pod that is removed can carry none;
there the trace is that the very pod is gone or going, and it counts only once a request of ours may have left.
"""

from safety.actions import AnyAction, DeleteFailedPod, EvictPod
from safety.facts import Facts


def is_in_place(action: AnyAction, facts: Facts | None, proposal_id: str, *, sent: bool) -> bool:
    """Asked right after every read and before anything else: our own change moves the generation as well."""
    if isinstance(action, DeleteFailedPod | EvictPod):
        return sent and (facts is None or facts.uid != action.target.uid or facts.deleting)
    return facts is not None and facts.uid == action.target.uid and facts.marker == proposal_id


def leaves_marker(action: AnyAction) -> bool:
    """Whether the object can be marked, so that a request on its way can be made to come too late.

    Where it cannot (a pod), wait until the API server has surely given the request up before calling it failed.
    """
    return not isinstance(action, DeleteFailedPod | EvictPod)
