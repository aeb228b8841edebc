"""What a HorizontalPodAutoscaler measures and aims for, in the words of its table: ``cpu: 12%/80%``."""

from typing import Any

from tools.objects import items, mapping, part
from tools.world import JsonObject

_SHOWN = 2
_UNKNOWN = "<unknown>"
_FIELDS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def targets_of(autoscaler: JsonObject) -> str:
    wanted = [each for each in items(autoscaler, "spec", "metrics") if isinstance(each, dict)]
    if not wanted:
        return "<none>"
    current = items(autoscaler, "status", "currentMetrics")
    told = [_target(each, current[at] if at < len(current) else {}) for at, each in enumerate(wanted)]
    more = f" + {len(told) - _SHOWN} more..." if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _target(metric: JsonObject, current: Any) -> str:
    field = _FIELDS.get(str(metric.get("type")), "")
    target, now = mapping(metric, field, "target"), mapping(current, field, "current")
    prefix = f"{part(metric, field, 'name') or ''}: " if field in ("resource", "containerResource") else ""
    if prefix and target.get("averageValue") is None:
        used, aim = now.get("averageUtilization"), target.get("averageUtilization")
        return f"{prefix}{_UNKNOWN if used is None else f'{used}%'}/{'<auto>' if aim is None else f'{aim}%'}"
    is_average = target.get("averageValue") is not None
    key = "averageValue" if is_average else "value"
    # Resources and pods are always averages, so the server says it only where there is a choice.
    ending = " (avg)" if is_average and field in ("object", "external") else ""
    return f"{prefix}{now.get(key) or _UNKNOWN}/{target.get(key) or _UNKNOWN}{ending}"
