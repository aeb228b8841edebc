"""The client that ``crowded_cluster`` measures: lists pods one way, and prints its processor time and what it found."""

import asyncio
import json
import sys
import time
from datetime import timedelta

from tools.adapters.kubernetes_api import KubernetesApi, Limits

NAMESPACE = "crowd"


async def listing(kubeconfig: str, way: str, most: int) -> tuple[float, int]:
    """Seconds of processor and the number of pods; ``way`` is ``table`` or ``objects``."""
    api = await KubernetesApi.connect(kubeconfig, limits=Limits(timeout=timedelta(seconds=120)))
    try:
        await api.version()
        began = time.process_time()
        if way == "table":
            found = len((await api.table("Pod", NAMESPACE, limit=most)).rows)
        else:
            found = len(await api.list("Pod", NAMESPACE, limit=most))
        return time.process_time() - began, found
    finally:
        await api.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(listing(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
