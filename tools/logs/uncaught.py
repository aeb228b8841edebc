"""What nobody caught: the exception or panic that an entry shows, and the program's own line it came from."""

import re

from tools.logs.reading import Entry, Level

_TYPE = re.compile(
    r"(?<![\w.$\\])(?P<type>(?:[A-Za-z_$][\w$]{0,80}[.:\\]{1,2}){0,12}(?:[A-Z][\w$]{0,80})?(?:Error|Exception|Exit|"
    r"Fault|"
    r"Interrupt|NotFound|Refused|Timeout|Failure))\b(?! in thread)"
)
_NOT_CAUGHT = re.compile(
    r"uncaught|unhandled|exception in thread|traceback \(most recent|panicked at|^panic: |fatal error: |application "
    r"run failed|"
    r"exception in worker process|terminated (?:due to|with) (?:an )?(?:uncaught )?exception|terminate called after "
    r"throwing|goroutine \d{1,9} \[running|^Node\.js v\d|"
    r"\.rb:\d{1,7}:in ",
    re.IGNORECASE | re.MULTILINE,
)
_PANIC = re.compile(r"^(?:panic: |fatal error: )|panicked at", re.MULTILINE)
_FRAMES = (
    re.compile(r"File \"(?P<file>[^\"\n]{1,300})\", line (?P<line>\d{1,7})"),
    re.compile(r"at [^\n(]{0,300}\((?P<file>[\w$./-]{1,200}\.(?:java|kt|scala|groovy|clj)):(?P<line>\d{1,7})\)"),
    re.compile(r"at (?:[^\n(]{0,200}\()?(?:file://)?(?P<file>/[^\s:()]{1,300}):(?P<line>\d{1,7}):\d{1,7}"),
    re.compile(r"^\t(?P<file>/[^\s:]{1,300}\.go):(?P<line>\d{1,7})", re.MULTILINE),
    re.compile(r" in (?P<file>/[^\n:]{1,300}):line (?P<line>\d{1,7})"),
    re.compile(r"panicked at (?:'[^'\n]{0,300}', )?(?P<file>[^\s:']{1,300}\.rs):(?P<line>\d{1,7})"),
    re.compile(r"^\s{0,8}(?:from )?(?P<file>/[^\s:]{1,300}\.rb):(?P<line>\d{1,7}):in", re.MULTILINE),
    re.compile(r"(?:in |#\d{1,3} )(?P<file>/[^\s:(]{1,300}\.php)[:(](?P<line>\d{1,7})"),
)
_FOREIGN = re.compile(
    r"site-packages|/usr/(?:local/)?(?:lib|go)|node_modules|node:|/go/pkg/|/rustc/|/gems/|/vendor/|<frozen|"
    r"lib/python|internal/"
)
_PYTHON = _FRAMES[0]


def uncaught_in(entry: Entry) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The type and, as details, the frame ``file:line``; None where nothing was thrown or somebody caught it."""
    if not entry.is_trace or entry.level < Level.ERROR:
        return None
    # Under a logger's head a trace was caught and logged, unless the head says otherwise.
    said = entry.first_line if entry.is_level_told else entry.text
    if _NOT_CAUGHT.search(said) is None and not (entry.is_level_told and entry.level >= Level.FATAL):
        return None
    if _PANIC.search(entry.text) is not None:
        kind = "panic"
    else:
        found = _TYPE.search(entry.headline) or _TYPE.search(entry.text, 0, 2_000)
        if found is None:
            return None
        kind = found["type"]
    frame = _own_frame(entry.text)
    return kind, (("frame", frame),) if frame else ()


def _own_frame(text: str) -> str | None:
    frames: list[str] = []
    for pattern in _FRAMES:
        frames = [f"{each['file']}:{each['line']}" for each in pattern.finditer(text)]
        if frames:
            # Python prints the frame that raised last, the others print it first.
            frames = frames[::-1] if pattern is _PYTHON else frames
            break
    return next((each for each in frames if _FOREIGN.search(each) is None), frames[0] if frames else None)
