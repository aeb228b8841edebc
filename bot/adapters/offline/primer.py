"""What the kinds of trouble mean, for somebody who meets them for the first time."""

import re

from bot.adapters.offline.intents import plain
from tools.evidence import Category

Bullets = tuple[str, ...]

_FAMILIES: tuple[tuple[tuple[Category, ...], Bullets], ...] = (
    (
        (Category.OOM_KILLED, Category.MEMORY_LEAK),
        (
            "Every container has a memory limit: the most it may use.",
            "When it tries to use more, the Linux kernel kills it at once to protect the node (exit code 137).",
            "Kubernetes starts it again; if it needs as much memory as before, it is killed again, in a loop.",
            "Either the limit is too low for what the application needs, or the application keeps more and more.",
        ),
    ),
    (
        (Category.APP_CRASH, Category.INIT_CONTAINER_FAILED),
        (
            "The program inside the container ended by itself, with an error code; Kubernetes did not stop it.",
            "Kubernetes starts it again and waits longer after each failure: that waiting is called CrashLoopBackOff.",
            "The reason stands in the last lines of the log before the end, so those come first.",
            "An init container has to finish before the main one starts; when it fails, the pod never gets going.",
        ),
    ),
    (
        (
            Category.APP_CONFIG_ERROR,
            Category.MISSING_ENV_VAR,
            Category.BAD_ROLLOUT_CONFIG,
            Category.CONFIG_CHANGE_REGRESSION,
        ),
        (
            "A program reads settings when it starts: environment variables, files, flags.",
            "One of them is missing or wrong here, so the program gives up or works differently than meant.",
            "Starting it again does not help: it reads the same setting again.",
            "Going back to the settings that worked, or correcting the one that is wrong, does.",
        ),
    ),
    (
        (
            Category.IMAGE_NOT_FOUND,
            Category.IMAGE_AUTH,
            Category.IMAGE_RATE_LIMITED,
            Category.IMAGE_REGISTRY_UNREACHABLE,
        ),
        (
            "A container is started from an image, which the node first has to fetch from a registry.",
            "The fetching fails here, so the container cannot start at all: there is no log yet, only events.",
            "Kubernetes tries again and waits longer each time: that is what ImagePullBackOff says.",
            "The usual reasons: a misspelled name or tag, no right to read it, or a registry that cannot be reached.",
        ),
    ),
    (
        (Category.MISSING_CONFIGMAP, Category.MISSING_SECRET, Category.SERVICE_ACCOUNT_MISSING),
        (
            "A pod can refer to other objects by name: ConfigMaps with settings, Secrets with credentials, accounts.",
            "One of those names does not exist in this namespace, so the container cannot be put together.",
            "Kubernetes keeps waiting for the object; the moment it exists, the pod starts.",
        ),
    ),
    (
        (Category.READINESS_PROBE_FAILING, Category.READINESS_PROBE_MISCONFIG),
        (
            "Kubernetes asks each container regularly whether it is ready: that question is the readiness probe.",
            "As long as the answer is no, the pod runs but gets no traffic.",
            "When no pod is ready, callers reach nobody, although everything seems to run.",
            "Either the application really is not ready, or the probe asks at the wrong port, path or time.",
        ),
    ),
    (
        (Category.LIVENESS_PROBE_FAILING, Category.LIVENESS_PROBE_MISCONFIG),
        (
            "Kubernetes asks each container regularly whether it is alive: that question is the liveness probe.",
            "When the answer stays out several times, Kubernetes kills the container and starts it again.",
            "A probe that is too impatient or asks the wrong port kills healthy containers in a loop.",
        ),
    ),
    (
        (Category.ROLLOUT_STUCK, Category.ROLLOUT_IN_PROGRESS),
        (
            "A rollout replaces old pods by new ones, a few at a time, and goes on only when the new ones are ready.",
            "As long as new pods do not become ready, the old ones keep working and the rollout stands still.",
            "Going back to the earlier revision ends it; so does mending what keeps the new pods from being ready.",
        ),
    ),
    (
        (
            Category.INSUFFICIENT_RESOURCES,
            Category.NODE_SELECTOR_MISMATCH,
            Category.TAINT_NOT_TOLERATED,
            Category.ANTI_AFFINITY_CONFLICT,
            Category.PORT_CONFLICT,
            Category.NODE_CORDONED,
            Category.SCHEDULER_UNAVAILABLE,
        ),
        (
            "Before a pod can start, the scheduler has to find a node for it.",
            "Every node is ruled out here: too little free CPU or memory, or a rule that keeps the pod away from it.",
            "The pod stays Pending until a node fits: nothing of it runs yet, and there is no log.",
            "Asking for less, easing the rule, or adding a node helps; restarting does not.",
        ),
    ),
    (
        (
            Category.DEPENDENCY_UNREACHABLE,
            Category.WRONG_DEPENDENCY_ADDRESS,
            Category.SLOW_DEPENDENCY,
            Category.CONNECTION_POOL_EXHAUSTED,
            Category.DATABASE_READ_ONLY,
            Category.PROTOCOL_MISMATCH,
        ),
        (
            "The application needs something else to work: a database, a queue, another service.",
            "It asks, and gets no usable answer: refused, too slow, full, or the wrong address.",
            "The fault shows in this application, but its reason may lie with the other side.",
            "So look at the dependency first, and at what changed about its address or load.",
        ),
    ),
    (
        (
            Category.INVALID_CREDENTIALS,
            Category.STALE_CREDENTIALS,
            Category.RBAC_FORBIDDEN,
            Category.CERTIFICATE_EXPIRED,
        ),
        (
            "The other side answers, but does not accept who is asking: password, account, right or certificate.",
            "Credentials can expire or be replaced; a pod that still holds the old ones is turned away.",
            "Trying again does not help until the credentials or the rights are put right.",
        ),
    ),
    (
        (Category.DNS_FAILURE,),
        (
            "Programs find each other by name; DNS turns a name into an address.",
            "That does not work here, so connections fail before they begin.",
            "Many services tend to fail at the same time when the cluster's DNS is the reason.",
        ),
    ),
    (
        (
            Category.SERVICE_SELECTOR_MISMATCH,
            Category.SERVICE_PORT_MISMATCH,
            Category.INGRESS_BACKEND_MISSING,
            Category.GATEWAY_MISROUTE,
            Category.NETWORK_POLICY_BLOCK,
            Category.NETWORK_DEGRADED,
            Category.KUBE_PROXY_UNAVAILABLE,
        ),
        (
            "Traffic reaches a pod through a Service, and often an Ingress: each points to the next by name or label.",
            "One step points to nothing, to the wrong place, or is not let through.",
            "The pods themselves may be healthy: restarting them changes nothing.",
        ),
    ),
    (
        (
            Category.QUOTA_EXCEEDED,
            Category.POD_SECURITY_DENIED,
            Category.ADMISSION_WEBHOOK_FAILURE,
            Category.ADMISSION_MUTATION,
        ),
        (
            "Before the cluster accepts a new pod, it checks rules: quotas, security levels, admission webhooks.",
            "One of them says no here, or changes the pod, so the deployment cannot make the pods it wants.",
            "The reason stands in the events of the ReplicaSet rather than in any log.",
        ),
    ),
    (
        (
            Category.PVC_UNBOUND,
            Category.PVC_MISMATCH,
            Category.PV_BOUND_ELSEWHERE,
            Category.STORAGE_CLASS_MISSING,
            Category.STORAGE_FULL,
            Category.VOLUME_PERMISSION_DENIED,
        ),
        (
            "A pod that keeps data asks for a volume by a claim (PVC); the cluster has to find or make one that fits.",
            "That did not work, or the volume is full or may not be written.",
            "The pod waits or fails until the storage is put right; the data on it is not touched by a restart.",
        ),
    ),
    (
        (
            Category.NODE_NOT_READY,
            Category.NODE_MEMORY_PRESSURE,
            Category.NODE_DISK_PRESSURE,
            Category.EVICTED,
            Category.KUBELET_UNAVAILABLE,
            Category.CONTAINER_RUNTIME_UNAVAILABLE,
        ),
        (
            "Pods run on nodes, which are machines; this trouble is with a machine and not with the application.",
            "A node that runs short of memory or disk, or stops reporting, loses its pods: they are evicted or moved.",
            "If enough other nodes are free, the pods come back elsewhere by themselves.",
        ),
    ),
    (
        (Category.HPA_CANNOT_SCALE, Category.SCALED_TO_ZERO),
        (
            "How many pods run is a number in the deployment; an autoscaler (HPA) may change it by itself.",
            "That number is not what the load needs here: it was set to zero, or the autoscaler cannot work it out.",
            "Nothing is broken inside the application; there are just too few of it.",
        ),
    ),
    (
        (Category.CPU_THROTTLING, Category.HIGH_LATENCY, Category.TRAFFIC_OVERLOAD),
        (
            "The application works, but more slowly than its callers can wait.",
            "A container at its CPU limit is held back (throttled), even when the node has CPU to spare.",
            "More replicas, a higher limit or less load help; a restart gives relief for minutes at most.",
        ),
    ),
    (
        (Category.JOB_FAILED, Category.CRONJOB_NOT_COMPLETING),
        (
            "A Job runs once and is done when its pod ends well; a CronJob starts Jobs by the clock.",
            "Kubernetes tries a failing Job only so many times and then gives up for good.",
            "The log of the last attempt says why; after mending it, the Job has to be started anew.",
        ),
    ),
    (
        (Category.POD_DRIFT, Category.STUCK_TERMINATING),
        (
            "What runs should match what the deployment describes; here some pods do not, or do not go away.",
            "A pod ends only when its processes stop and its finalizers are done.",
            "New pods made by the deployment follow its description again.",
        ),
    ),
    (
        (Category.HEALTHY, Category.NO_ISSUE, Category.RECOVERED, Category.TRANSIENT),
        (
            "Restarts, rollouts and moves are everyday life in a cluster; most heal by themselves within a minute.",
            "What was looked at works now.",
            "If it comes back, ask again while it happens: logs and events are kept only for a while.",
        ),
    ),
)
_BY_CATEGORY = {category: bullets for categories, bullets in _FAMILIES for category in categories}

_TERMS: tuple[tuple[str, str], ...] = (
    (
        r"crash ?loop",
        "*CrashLoopBackOff* means: the container keeps ending; Kubernetes waits longer before each start.",
    ),
    (r"oom", "*OOMKilled* means: the container wanted more memory than its limit allows, and the kernel killed it."),
    (r"image ?pull|errimagepull", "*ImagePullBackOff* means: the image cannot be fetched; it is tried again later."),
    (r"\bpending\b", "*Pending* means: the pod is accepted, but no node runs it yet."),
    (r"readiness", "A *readiness probe* asks whether a pod may get traffic; while it fails, the pod gets none."),
    (r"liveness", "A *liveness probe* asks whether a container is alive; if not, it is restarted."),
    (r"evict", "*Evicted* means: the node ran short of something and sent the pod away."),
    (r"exit code 137", "*Exit code 137* means: the process was killed from outside (signal 9), most often for memory."),
    (r"exit code 143", "*Exit code 143* means: the process was asked to stop (signal 15) and did."),
    (r"\brollback\b|roll back", "A *rollback* gives a deployment the pod template of an earlier revision."),
    (r"\brevisions?\b", "A *revision* is one numbered state of a deployment's pod template; rollouts make new ones."),
    (r"\breplica ?sets?\b", "A *ReplicaSet* keeps a number of equal pods running; each revision has its own."),
    (r"\breplicas?\b", "*Replicas* are equal pods that share the work of one deployment."),
    (r"\bdeployments?\b", "A *deployment* describes an application: which image, which settings, how many pods."),
    (r"\bnamespaces?\b", "A *namespace* is a part of the cluster that belongs together, such as one team's services."),
    (r"\bpods?\b", "A *pod* is the smallest thing Kubernetes runs: one or a few containers that live together."),
)
_ASKS_FOR_TERM = re.compile(r"what (?:does|do|is|are|'s)|what's|meaning of|mean")


def explain(category: Category) -> Bullets:
    """A few plain sentences on one kind of trouble; every category has some."""
    words = category.value.replace("_", " ")
    return _BY_CATEGORY.get(category) or (
        f"The kind of trouble is called “{words}”.",
        "The evidence below shows where it was seen.",
    )


def term(question: str) -> str | None:
    """One sentence on the word a question asks about, if it is one of the usual ones."""
    text = plain(question)
    if not _ASKS_FOR_TERM.search(text):
        return None
    return next((meaning for pattern, meaning in _TERMS if re.search(pattern, text)), None)
