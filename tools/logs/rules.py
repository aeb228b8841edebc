"""How a sign is recognised: words that must occur, then a pattern in which every repetition is bounded.

Patterns run on text that anybody may have written. None has a repetition inside a repetition over the same
characters, each line is cut before, and a rule's pattern runs only on lines that hold one of its words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.logs.reading import Level, SignKind

# A name or an address, and a port; never the middle of a longer word, so that a long word is looked at once.
HOST = r"(?:[A-Za-z0-9_](?:[\w.-]{0,251}[\w])?|\[[0-9A-Fa-f:.]{2,45}\])"
PATH = r"(?P<target>[/~.][^\s'\"`:;,()\[\]<>]{1,300})"
_SOURCE_FILE = re.compile(
    r"\.(?:go|py|js|mjs|cjs|ts|tsx|rb|java|kt|rs|cs|c|cc|cpp|h|php|scala|ex|erl|pl|vue)$", re.IGNORECASE
)
_NO_HOST = frozenset(
    [
        "localtime",
        "http",
        "https",
        "tcp",
        "udp",
        "error",
        "errno",
        "code",
        "port",
        "line",
        "column",
        "at",
        "in",
        "status",
    ]
)


@dataclass(frozen=True, slots=True)
class Rule:
    """``words`` in lower case: one must occur. ``told`` is the level where the line says none itself.

    Of the pattern's groups ``target`` becomes the sign's target, every other one a detail; ``reaches`` says that the
    target is an address, to be looked for in the line when the pattern has none.
    """

    kind: SignKind
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    told: Level = Level.ERROR
    reaches: bool = False
    details: Mapping[str, str] = field(default_factory=dict)


def rule(kind: SignKind, words: str, pattern: str, told: Level = Level.ERROR, **more: str) -> Rule:
    """A rule; ``words`` are separated by ``|``. Signs of reaching others look for an address by themselves."""
    return Rule(kind, tuple(words.split("|")), re.compile(pattern, re.IGNORECASE), told, kind in REACHING, more)


REACHING = frozenset(
    {
        SignKind.CONNECTION_REFUSED,
        SignKind.CONNECTION_TIMEOUT,
        SignKind.CONNECTION_RESET,
        SignKind.AUTHENTICATION_FAILED,
        SignKind.CERTIFICATE_EXPIRED,
        SignKind.CERTIFICATE_INVALID,
        SignKind.PROTOCOL_MISMATCH,
        SignKind.TOO_MANY_CONNECTIONS,
        SignKind.UPSTREAM_ERROR,
        SignKind.RATE_LIMITED,
        SignKind.SLOW,
    }
)

_NAMED = [
    re.compile(each, re.IGNORECASE)
    for each in (
        # nginx names the server it asked last, after the client that asked it.
        rf"upstream: \"[a-z0-9+.-]{{1,20}}://(?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?",
        r"ipv4[:#](?P<host>\d{1,3}(?:\.\d{1,3}){3}):(?P<port>\d{1,5})",
        rf"dial (?:tcp|udp)[46]? (?P<host>{HOST}):(?P<port>\d{{1,5}})",
        rf"(?:read|write) tcp[46]? {HOST}:\d{{1,5}}->(?P<host>{HOST}):(?P<port>\d{{1,5}})",
        rf"server at \"(?P<host>{HOST})\" \([^)]{{1,60}}\), port (?P<port>\d{{1,5}})",
        rf"server at \"(?P<host>{HOST})\", port (?P<port>\d{{1,5}})",
        rf"(?<!\w)host[=: ]{{1,2}}['\"]?(?P<host>{HOST})['\"]?,? ?(?:and )?(?:(?:accepting )?TCP/IP connections on "
        rf")?port[=: ]{{1,2}}['\"]?(?P<port>\d{{1,5}})",
        rf"\(host='(?P<host>{HOST})', port=(?P<port>\d{{1,5}})\)",
        rf"database server at `(?P<host>{HOST})`:`(?P<port>\d{{1,5}})`",
        rf"connect to (?:host )?(?P<host>{HOST}) port (?P<port>\d{{1,5}})",
        rf"(?<![\w+.-])(?:https?|grpcs?|amqps?|redis|rediss|postgres|postgresql|mysql|mongodb|kafka|nats|tcp|ws|wss|"
        rf"ldaps?|jdbc:[a-z]{{1,20}})://(?:[^\s/@\"']{{1,200}}@)?(?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?",
        rf"(?<![\w./-])(?P<host>{HOST})/(?:<unresolved>|\d{{1,3}}(?:\.\d{{1,3}}){{3}}):(?P<port>\d{{1,5}})",
        # Netcat says the name before the address it stands for.
        rf"(?<![\w./-])(?P<host>[a-z]{HOST}) \((?:\d{{1,3}}\.){{3}}\d{{1,3}}:(?P<port>\d{{1,5}})\)",
        rf"(?:ECONNREFUSED|ETIMEDOUT|ECONNRESET|EHOSTUNREACH|ENETUNREACH) (?P<host>{HOST}):(?P<port>\d{{1,5}})",
        # Paramiko says the port before the host, Kafka's client the address after the name.
        rf"to port (?P<port>\d{{1,5}}) on (?P<host>{HOST})",
        rf"\((?P<host>{HOST})/(?:\d{{1,3}}\.){{3}}\d{{1,3}}:(?P<port>\d{{1,5}})\)",
        rf"(?:server on|server|database server at|broker|endpoint|connect to|connecting to|connection to) "
        rf"['\"`](?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?['\"`]",
    )
]
_ADDRESS = re.compile(rf"(?<![\w./:@-])(?P<host>{HOST}):(?P<port>\d{{1,5}})(?!\w)")


def address_in(line: str) -> str | None:
    """The address a line is about, as ``host:port``, or the host alone where no port is named."""
    for pattern in _NAMED:
        found = pattern.search(line)
        if found is not None:
            return f"{found['host']}:{found['port']}" if found["port"] else found["host"]
    found_all = [each for each in _ADDRESS.finditer(line) if _is_address(each["host"], each["port"])]
    return f"{found_all[-1]['host']}:{found_all[-1]['port']}" if found_all else None


_GIVEN_NAME = re.compile(
    rf"(?i)(?<![\w.])(?:host|hostname|server|endpoint|upstream|address|addr|domain)[\"']?[=:] ?[\"']?(?P<host>{HOST})"
)
_NAME_ASIDE = re.compile(rf"\((?P<host>{HOST})(?::\d{{1,5}})?\)\s*$")


def name_in(line: str) -> str | None:
    """The name of a host that a line gives beside what it says: as a value of its own, or in brackets at the end."""
    for pattern in (_NAME_ASIDE, _GIVEN_NAME):
        for found in pattern.finditer(line):
            name = found["host"]
            if re.search(r"[A-Za-z]", name) and re.search(r"[.-]", name) and not _SOURCE_FILE.search(name):
                return name
    return None


def _is_address(host: str, port: str) -> bool:
    """Neither a file and a line in it, nor a time, nor a word with a number after it."""
    if host.isdigit() or _SOURCE_FILE.search(host) or host.lower() in _NO_HOST:
        return False
    return 0 < int(port) <= 65_535
