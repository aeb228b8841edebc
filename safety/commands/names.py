"""Names that say what happens: the words in them, and those that mean a change."""

import re

# Words that say that something outside this folder changes, or that much in it goes away.
CHANGING_WORDS = frozenset(
    {
        *(
            "apply",
            "delete",
            "del",
            "destroy",
            "deploy",
            "deploys",
            "undeploy",
            "rollback",
            "rollout",
            "terminate",
            "drain",
        ),
        *("cordon", "uncordon", "evict", "scale", "restart", "reboot", "shutdown", "nuke", "wipe", "purge", "teardown"),
        *(
            "uninstall",
            "kill",
            "drop",
            "truncate",
            "flush",
            "flushall",
            "reset",
            "decommission",
            "provision",
            "failover",
        ),
        *(
            "promote",
            "publish",
            "release",
            "upgrade",
            "redeploy",
            "restore",
            "stop",
            "halt",
            "suspend",
            "disable",
            "revoke",
        ),
        *("erase", "format", "taint", "untaint", "patch", "remove", "unregister", "deregister", "detach", "evacuate"),
        *("reinstall", "rotate", "recreate", "replace", "bounce", "poweroff", "migrate", "exec", "up", "down", "sync"),
    }
)
MILD = frozenset(
    {"up", "down", "sync", "exec", "remove", "reset", "format", "stop", "replace", "migrate", "release", "publish"}
)


# Mild words that are none when a cluster is what they are about.
_ABOUT_CLUSTERS = re.compile(
    r"(?:clean|prune|sweep|fix|update|create|remove|reset|sync)(?=.*(?:k8s|kube|cluster|namespace|node|pods?(?![a-z])|prod))"
)


def parts_of(word: str) -> list[str]:
    """``deleteOldPods``, ``delete-old-pods``, ``delete_old_pods`` as their parts."""
    return [each.lower() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", word)]


def changing_word(name: str) -> str | None:
    """The word of a program's or script's name that says it changes something; ``None`` if there is none."""
    if found := _ABOUT_CLUSTERS.search(name):
        return found[0]
    stem = re.sub(r"\.(?:sh|py|rb|js|ts|pl|ps1|bash|mjs)$", "", name)
    return next((each for each in parts_of(stem) if each in CHANGING_WORDS - MILD), None)
