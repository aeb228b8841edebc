"""What a text speaks of: the evidence it cites, and the names, numbers, durations and times that stand in it.

Words are left alone: only what looks like the name of something in a cluster counts as one, so that "read-only" or
"client/server" is not taken for an object that nobody saw.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

CITED = re.compile(r"(?<![\w-])E[1-9]\d{0,2}(?![\w-])")
DENIES = re.compile(r"(?i)\b(?:no|not|none|never|cannot|without|unknown|neither|nothing)\b|n't\b")
_HANDLE = re.compile(r"(?<![\w-])O\d{1,3}(?![\w-])")
_ISO = re.compile(
    r"(?<!\d)(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,]\d+)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?(?![\d-])"
)
_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
# A mask of the redaction, which stands for what nobody may see.
_MASK = re.compile(r"\[[A-Z_]+:[0-9a-f]{4}\]")
# A word that was cut off before its end.
_CUT = re.compile(r"[\w./:@-]*…")
_FLAG = re.compile(r"(?<!\S)--?[A-Za-z][\w-]*(?:=\S+)?")
_TOKEN = re.compile(r"[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n+\s*")

_KINDS = frozenset(
    """
    pod deployment replicaset statefulset daemonset job cronjob service ingress configmap secret namespace node pvc pv
    hpa pdb persistentvolumeclaim persistentvolume horizontalpodautoscaler poddisruptionbudget networkpolicy endpoint
    endpointslice serviceaccount role rolebinding clusterrole clusterrolebinding storageclass container image release
    httproute gateway certificate issuer workload
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)
_KIND = "|".join(sorted(_KINDS))
_NAME = r"[a-z0-9]+(?:[-.][a-z0-9]+)+"
_AFTER_KIND = re.compile(rf"(?i:\b(?:{_KIND})s?)\s+[`\"'*]*({_NAME})")
_BEFORE_KIND = re.compile(rf"(?<![\w./-])({_NAME})[`\"'*]*\s+(?i:(?:{_KIND})s?\b)")
# Joined words that something is said of, or that end a clause, are nouns: a name, unless they are ordinary words.
_NOUN = re.compile(
    r"(?<![\w./-])([a-z0-9]+(?:-[a-z0-9]+)+)(?=[.,;:!?)]?(?:\s*$|\n)|[.,;:!?)]\s|\s+(?:is|was|are|were|has|had|does|did|"
    r"cannot|can't|never|always|no longer|fails?|failed|refuse[sd]?|restart(?:s|ed)?|crash(?:es|ed)?|answer(?:s|ed)|"
    r"return(?:s|ed)|lost|went|hangs?|hung)\b)"
)
_ORDINARY = frozenset(
    """
    roll-back back-end front-end health-check load-balancer time-series follow-up run-time crash-loop data-center
    stack-trace config-map side-car e-mail trade-off re-deploy re-run start-up shut-down time-out read-only write-ahead
    out-of-memory back-off fail-over hot-fix work-around key-value one-off on-call post-mortem third-party end-user
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)
_QUOTED_BY_KIND = re.compile(rf"(?i:\b(?:{_KIND})s?)\s+`([^\s`]+)`|`([^\s`]+)`\s+(?i:(?:{_KIND})s?\b)")
_SLASHED = re.compile(r"(?<![\w./-])/?([A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)+)")
_MADE_BY_CONTROLLER = re.compile(r"(?<![\w.-])[a-z0-9]+(?:-[a-z0-9]+)*-[a-z0-9]{8,10}-[a-z0-9]{5}(?![\w-])")
_QUOTED = re.compile(r"`([^`\n]+)`")
_MIXED = re.compile(r"(?<![\w.-])(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z.][\w.-]*)[A-Za-z0-9][\w.-]*[A-Za-z0-9](?![\w-])")
# The last part of an adjective, not of a name.
_OF_ADJECTIVE = re.compile(
    r"(?:ing|ed|only|lived|memory|ready|time|term|scale|level|wide|based|specific|scoped|side|end|up|down|off|out|like|"
    r"free|safe|aware|tolerant|critical|facing|party|zone|region|class|to|in|on|of)$"
)
_NOT_NAMES = frozenset(
    """
    k8s s3 ec2 ipv4 ipv6 http1.1 http2 oauth2 utf8 utf-8 x86 amd64 arm64 sha256 base64 md5 p50 p90 p95 p99 p99.9 4xx 5xx
    2xx 3xx e.g i.e v1 apps/v1 l4 l7 tls1.2 tls1.3 log4j h2 3rd 1st 2nd 4th dry-run cluster-info set-image
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)

_NUMBER = re.compile(
    r"(?<![\w.-])(\d+(?:,\d{3})*(?:\.\d+)?)\s?(%|(?:[KMGT]i?B?|[kmgt]?b|bytes?|n|u|µ|ms|msec|s|secs?|seconds?|m|mins?|"
    r"minutes?|h|hrs?|hours?|d|days?|w|weeks?|x|×|times|cores?|rps|qps|req|cpu)(?![\w-]))?(?!\w|\.\d)"
)
_PLAIN_NUMBER = re.compile(r"(?<![A-Za-z_-])(\d+(?:,\d{3})*(?:\.\d+)?)")
# Not "m" alone: of a container that is a thousandth of a processor.
_SECONDS: Mapping[str, float] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604_800.0),
}


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence or line, and the white space after it: together they are the text."""
    start = 0
    for found in _SENTENCE_END.finditer(text):
        yield text[start : found.start()], found[0]
        start = found.end()
    if start < len(text):
        yield text[start:], ""


# ---- what an answer says -------------------------------------------------------------------------------------------


def names_in(text: str) -> Iterator[str]:
    """Names of things as an answer gives them, in small letters; ids of evidence and handles are none."""
    bare = _without_ids(text)
    for found in _ISO.finditer(bare):
        yield from filter(None, (found[1], found[2]))
    bare = _ISO.sub(" ", bare)
    for found in _CLOCK.finditer(bare):
        yield f"{int(found[1]):02}:{found[2]}"
    bare = _CLOCK.sub(" ", bare)
    for name in _raw_names(_NUMBER.sub(" ", bare), bare):
        plain = name.strip("`\"'*.,:;()").lower()
        # With two dots and more even mere digits are an address or a version.
        is_name = not plain.replace(".", "").isdigit() or plain.count(".") >= 2
        if plain and plain not in _NOT_NAMES and is_name:
            yield plain


def _without_ids(text: str) -> str:
    for pattern in (_MASK, _CUT, CITED, _HANDLE, _FLAG):
        text = pattern.sub(" ", text)
    return text


def _raw_names(without_numbers: str, bare: str) -> Iterator[str]:
    yield from _MADE_BY_CONTROLLER.findall(bare)
    yield from _AFTER_KIND.findall(bare)
    yield from (each for each in _BEFORE_KIND.findall(bare) if not _OF_ADJECTIVE.search(each))
    for name in _NOUN.findall(bare):
        if name not in _ORDINARY and not _OF_ADJECTIVE.search(name):
            yield name
    for found in _QUOTED_BY_KIND.finditer(bare):
        yield from _TOKEN.findall(found[1] or found[2])
    for found in _SLASHED.finditer(bare):
        parts = found[1].split("/")
        of_kind = parts[0].lower().rstrip("s") in _KINDS
        yield from (each for each in parts[1:] if of_kind or _telling(each))
        yield from (each for each in parts[:1] if not of_kind and _telling(each) and len(parts) > 1)
    for found in _QUOTED.finditer(without_numbers):
        yield from (each for each in _TOKEN.findall(found[1]) if _telling(each))
    yield from (each for each in _MIXED.findall(without_numbers) if any(map(str.isdigit, each)))


def _telling(word: str) -> bool:
    """Whether a word is more than a word: with a digit among letters, or joined of several."""
    return any(map(str.isalpha, word)) and (any(map(str.isdigit, word)) or bool(set("-_.") & set(word)))


def numbers_in(text: str) -> Iterator[str]:
    """Numbers as an answer gives them, plainly written; those inside of names, times and flags are none."""
    for number, _ in _measures(text):
        yield number


def durations(text: str) -> dict[str, tuple[float, float]]:
    """By number: how many seconds it means where a unit of time follows it, and how many one of its unit are."""
    found: dict[str, tuple[float, float]] = {}
    for number, unit in _measures(text):
        one = _SECONDS.get(unit)
        if one is not None:
            found[number] = (float(number) * one, one)
    return found


def _measures(text: str) -> Iterator[tuple[str, str]]:
    bare = _without_ids(text)
    bare = _CLOCK.sub(" ", _ISO.sub(" ", bare))
    bare = re.sub(r"(?<=\d)[-–](?=\d)", " ", bare)
    for found in _NUMBER.finditer(bare):
        yield _plainly(found[1]), (found[2] or "").lower()


def _plainly(number: str) -> str:
    whole = number.replace(",", "")
    return str(int(whole)) if whole.isdigit() else whole.rstrip("0").rstrip(".").lstrip("0") or "0"


# ---- what was seen -------------------------------------------------------------------------------------------------


def plain_names(text: str) -> Iterator[str]:
    """Every name that stands in what was seen, its beginnings up to each hyphen or dot, and its single parts."""
    for found in _ISO.finditer(text):
        yield from filter(None, (found[1], found[2]))
    for found in _CLOCK.finditer(text):
        yield f"{int(found[1]):02}:{found[2]}"
    for token in set(_TOKEN.findall(text.lower())):
        yield token
        yield from (token[: found.start()] for found in re.finditer(r"[-._]", token))
        yield from re.split(r"[-._]", token)
        if re.fullmatch(r"v\d[\w.-]*", token):
            yield token[1:]
        elif re.fullmatch(r"\d[\w.-]*", token):
            yield f"v{token}"


def plain_numbers(text: str) -> Iterator[str]:
    """Every number that stands in what was seen, with or without a unit; of times only the days."""
    for found in _ISO.finditer(text):
        yield from map(_plainly, found[1].split("-"))
    for found in _PLAIN_NUMBER.finditer(_CLOCK.sub(" ", _ISO.sub(" ", text))):
        yield _plainly(found[1])


def clock_times(text: str) -> Iterator[datetime]:
    """The times of what was seen; those that are none on the calendar are passed over."""
    for found in _ISO.finditer(text):
        if found[2]:
            try:
                yield datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}").replace(tzinfo=UTC)
            except ValueError:
                continue
