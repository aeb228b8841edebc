"""``python -m prove._forked``: forks a ``python -m bot run`` for each line on standard input, and says ``began PID``.

A line is a JSON object with the environment and the log of one bot. All are loaded already, so that a kill costs a
fraction of a second. Whoever wants one dead kills that process.
"""

import json
import os
import signal
import sys

from bot import wiring
from bot.__main__ import main as bot
from bot.entrypoints.slack import app, runtime
from tools.adapters import kubernetes_api

# What a bot imports only once it runs; loaded here, it is there for all of them.
LOADED = (wiring, app, runtime, kubernetes_api)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        plan = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            log = os.open(plan["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.environ.update(plan["environment"])
            os._exit(bot(["run"]))
        print(f"began {pid}", flush=True)


if __name__ == "__main__":
    main()
