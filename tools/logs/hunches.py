"""What the last words of a program that ended seem to be about, where no rule knows them.

Loose words, read only in the line with which a program gave up soon after it had started: there few other subjects
are talked about. Said of a program that runs, the same words would mean little.
"""

import re

from tools.logs.reading import Entry, LogReading, Sign, SignKind, clip
from tools.logs.rules import address_in
from tools.logs.tongues import in_english

_CODE = re.compile(r"(?<![\w'\"./-])['\"`\[$]{0,2}(?P<name>(?!ERR_|E_)[A-Z][A-Z0-9]*_[A-Z0-9_]{1,60})\b")
_ENVIRONMENT = re.compile(r"(?i)(?<![\w./-])(?:env(?:ironment)?(?:[ _-]?var(?:iable)?s?)?|process environment)\b")
_ABSENT = re.compile(
    r"(?i)\b(?:missing|required?|mandatory|undefined|unset|empty|absent|blank|needs?|needed|no value|without)\b|"
    r"\bnot (?:been )?(?:found|defined|set|present|provided|given|specified|configured|available|exported|supplied)\b|"
    r"\bhas to be (?:set|defined|given|provided)|\bmust not be (?:null|empty|blank)|"
    r"\bno [\w -]{1,40} (?:configured|given)\b|"
    r"\bmust (?:be (?:set|present|provided|defined|given|specified)|provide|set|specify)|"
    r"\bplease (?:set|export|provide|define|specify)"
)
_SETTING = re.compile(
    r"(?i)\bconfig\w*|\b(?:settings?|flags?|options?|propert(?:y|ies)|directives?|yaml|toml|command[- ]line)\b|"
    r"\.(?:ya?ml|toml|ini|conf|cfg|properties)\b|\bheap size\b|Decode Error\b"
)
# Exceptions speak of options and properties of objects as well.
_FILE = re.compile(r"(?i)\bconfig\w*|\b(?:yaml|toml)|\.(?:ya?ml|toml|ini|conf|cfg)\b")
_VALUE = re.compile(
    r"(?i)\b(?:parameters?|arguments?|values?|urls?|dsn|durations?|(?:ip|listen) address|port number|log ?level)\b"
)
_WRONG = re.compile(
    r"(?i)\b(?:invalid|illegal|bad|unknown|unrecogni[sz]ed|unsupported|malformed|wrong|unexpected|parsing|expected)\b|"
    r"\bcan(?:not|'t) be\b|\b(?:could not|cannot|can't|failed to|unable to) (?:be )?(?:parse|read|load|decode|process)|"
    r"\bparse error|\bnot (?:allowed|valid|a valid|supported|one of)\b|\b(?:greater|less|lower|larger) than\b|"
    r"\b(?:should|must) (?:not )?be\b|\berror\b|\brejected\b|\ballowed\b|\bout of range\b|\bexceeds\b|"
    r"\bis (?:no|not an?|neither)\b|\bdo(?:es)? not (?:know|understand|support|accept)\b|\bno such\b"
)
_LOGIN = re.compile(
    r"(?i)\bauth\w*|\b(?:passwords?|passwd|log ?in|logon|credentials?|user ?names?|api[ _-]?keys?|access keys?|"
    r"tokens?|signatures?|client secret|principal)\b"
)
_DENIED = re.compile(
    r"(?i)\b(?:incorrect|invalid|denied|violation|wrong|mismatch|rejected|refused|bad|failed|failure|expired|"
    r"unauthori[sz]ed|401|530|535)\b|\bnot match\b"
)
_UNREACHED = re.compile(
    r"(?i)\b(?:giving up on|gave up on|no (?:answer|response|reply|connection)|(?:un|not )reachable|cannot reach|"
    r"unavailable|(?:is|are|seems) (?:down|gone|away|dead|offline)|never (?:came|answered|became)|waited in vain|"
    r"(?:could|can|did) ?n[o']t (?:be )?(?:reach|contact|connect|answer|respond)\w*|lost contact)\b"
)
_LAST_WORDS = 4


def hunch(reading: LogReading) -> Sign | None:
    """A sign of a missing variable, a refused setting or login, or of nobody at an address, that the last words are
    loosely about."""
    for entry in _last_words(reading):
        kind, target = _about(entry)
        if kind is None and not entry.is_trace and _UNREACHED.search(said := in_english(entry.text[:1_000])):
            target = address_in(said)
            kind = SignKind.CONNECTION_TIMEOUT if target is not None else None
        if kind is not None:
            line = clip(entry.headline)
            return Sign(kind, line, 1, entry.level, entry.number, entry.number, entry.at, entry.at, target)
    return None


def _last_words(reading: LogReading) -> list[Entry]:
    told = [each for each in (reading.first_error, reading.exit_line) if each is not None]
    last = reading.entries[-_LAST_WORDS:]
    return list({each.number: each for each in (*told, *reversed(last))}.values())


def _about(entry: Entry) -> tuple[SignKind | None, str | None]:
    # Of a trace only what was thrown: names in its frames say nothing.
    said = in_english(entry.headline if entry.is_trace else entry.text[:1_000])
    code = _CODE.search(said)
    if (code or _ENVIRONMENT.search(said)) and _ABSENT.search(said):
        return SignKind.MISSING_VARIABLE, code["name"] if code else None
    if _SETTING.search(said) and _ABSENT.search(said) and not entry.is_trace:
        return SignKind.MISSING_VARIABLE, None
    if ((_FILE if entry.is_trace else _SETTING).search(said) or code) and _WRONG.search(said):
        return SignKind.BAD_CONFIG, None
    if entry.is_trace:
        return None, None
    if _LOGIN.search(said) and _DENIED.search(said):
        return SignKind.AUTHENTICATION_FAILED, None
    return (SignKind.BAD_CONFIG, None) if _VALUE.search(said) and _WRONG.search(said) else (None, None)
