"""Which ports a workload declares, and on which of them its logs say that it listens."""

import re

from tools.analyzers.addresses import named_ports
from tools.objects import containers_of, items, number
from tools.snapshot import Workload

_LISTENING = re.compile(r"\b(?:listen(?:ing|s)?|serving|started|running|bound|accepting)\b", re.IGNORECASE)
_PORT = re.compile(r"(?:\bport(?:\(s\))?[\"']?\s?[:=]?\s?\(?[\"']?|:)(\d{3,5}|80)\b(?![:.\d])", re.IGNORECASE)
# Where in its code a program wrote a line: serving.go:380 is no port.
_SOURCE = re.compile(r"\b[\w/-]+\.(?:go|py|java|kt|scala|rs|js|mjs|ts|rb|cs|php|cc|cpp|c|h|ex|erl):\d+")


def ports_of(workload: Workload) -> list[tuple[str, int]]:
    """Names and numbers as its containers declare them."""
    found = [one for each in containers_of(workload.template) for one in items(each, "ports")]
    return [(str(each.get("name") or "unnamed"), number(each.get("containerPort"))) for each in found]


def listening(workload: Workload) -> set[int]:
    """The ports on which the logs of a workload say that it listens."""
    lines = [_SOURCE.sub("", line) for pod in workload.members for tail in pod.logs for line in tail.text.splitlines()]
    return {int(port) for line in lines if _LISTENING.search(line) for port in _PORT.findall(line)}


def silent(workload: Workload) -> set[int | str]:
    """Ports that are declared, and that the log shows nobody listens on: the program says it listens elsewhere."""
    heard = listening(workload)
    if not heard:
        return set()
    deaf = {value for _, value in ports_of(workload) if value not in heard}
    return {*deaf, *(name for name, value in named_ports(workload).items() if value in deaf)}
