"""One probe of one container: asks when it is due, counts, and skips what cannot change the answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from bot.demo.cluster_emulator.clock import Timer, VirtualClock
from bot.demo.cluster_emulator.kubelet.images import ImageProfile
from bot.demo.cluster_emulator.kubelet.instances import Instance
from bot.demo.cluster_emulator.objects import Obj, dig


class Probe:
    """Reports each failure, and a verdict whenever a threshold is reached."""

    def __init__(
        self,
        clock: VirtualClock,
        spec: Obj,
        profile: ImageProfile,
        ask: Callable[[float], str | None],
        on_failure: Callable[[str], None],
        on_verdict: Callable[[bool], None],
    ) -> None:
        self._clock = clock
        self._spec = spec
        self._profile = profile
        self._ask = ask
        self._on_failure = on_failure
        self._on_verdict = on_verdict
        self._started_at = 0.0
        self._good = 0
        self._bad = 0
        self._timer: Timer | None = None

    def start(self, started_at: float) -> None:
        """Begin, for a program that started then."""
        self._started_at = started_at
        delay = float(self._spec.get("initialDelaySeconds", 0)) + 0.2
        self._timer = self._clock.call_later(delay, self._tick)

    def stop(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()

    def wake(self) -> None:
        """Ask again within a period, because the answer may have changed."""
        if self._timer is None or self._timer.due - self._clock.seconds > self._period:
            self.stop()
            self._timer = self._clock.call_later(self._period, self._tick)

    @property
    def _period(self) -> float:
        return float(self._spec.get("periodSeconds", 10))

    def _tick(self) -> None:
        age = self._clock.seconds - self._started_at
        complaint = self._ask(age)
        # The next tick is set before the verdict is told, because a verdict may stop this probe.
        if complaint is None:
            self._good, self._bad = self._good + 1, 0
            settled = self._good >= int(self._spec.get("successThreshold", 1))
            self._timer = self._next(age, settled)
            if settled:
                self._on_verdict(True)
            return
        self._good, self._bad = 0, self._bad + 1
        self._timer = self._next(age, settled=False)
        self._on_failure(complaint)
        if self._bad >= int(self._spec.get("failureThreshold", 3)):
            self._on_verdict(False)

    def _next(self, age: float, settled: bool) -> Timer | None:
        period = self._period
        if not settled:
            return self._clock.call_later(period, self._tick)
        change = self._profile.next_change(age)
        if change is None:
            return None
        return self._clock.call_later(max(1, math.ceil((change - age) / period)) * period, self._tick)


def port_number(container: Obj, port: object) -> int:
    """A probe's port, which may be given by name."""
    if isinstance(port, int):
        return port
    for entry in container.get("ports", []):
        if entry.get("name") == port:
            return int(entry["containerPort"])
    return int(str(port)) if str(port).isdigit() else 0


def ask_container(spec: Obj, container: Obj, instance: Instance, host: str, age: float) -> str | None:
    """What the prober says about a container of that age; None when all is well."""
    profile = instance.profile
    if "exec" in spec:
        command = " ".join(dig(spec, "exec", "command", default=[]))
        code = profile.command_codes.get(command, 0)
        return None if code == 0 else f"command exited with code {code}: {command}"
    kind = next((each for each in ("httpGet", "tcpSocket", "grpc") if each in spec), None)
    if kind is None:
        return None
    port = port_number(container, spec[kind].get("port"))
    path = spec[kind].get("path", "/") if kind == "httpGet" else None
    answer = profile.answer(port, path, age, instance.is_cut_off)
    if answer is None:
        return None
    return _complaint(answer, host, port, path)


def _complaint(answer: str, host: str, port: int, path: str | None) -> str:
    if answer.isdigit():
        return f"HTTP probe failed with statuscode: {answer}"
    what = f'Get "http://{host}:{port}{path}": ' if path is not None else ""
    if answer == "timeout":
        return f"{what}context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return f"{what}dial tcp {host}:{port}: connect: connection refused"
