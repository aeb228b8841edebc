"""Marks and defuses text that came from outside: logs, titles, tickets, alerts, and what a model wrote.

Only a fixed template is live. Every part put into one is data: for Slack it is defused (no mention, link or unfurl can
come out of it), for a model it is fenced as JSON with its source and a label.
"""

import json
import re
import secrets
import unicodedata
from datetime import UTC, datetime
from typing import Any, final

from safety.redaction import Redacted, Redactor, seal


@final
class Mrkdwn(Redacted):
    """Slack mrkdwn whose only live markup comes from our own templates. Made by ``mrkdwn``, ``mention`` and others."""

    __slots__ = ()


@final
class Prompt(Redacted):
    """Text for a model: our own instructions, with everything else fenced as untrusted data. Made by ``prompt``."""

    __slots__ = ()


_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,20}")
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{1,20}")
# Characters that show nothing and yet are letters or marks to Unicode: fillers, joiners, and variation selectors, in
# which whole hidden messages have been spelled. Control, format, private and unassigned ones go by their category.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2028\u2029\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_SLASHES = re.compile(r":(?=(?:\\?/){2})")
_SCHEME = re.compile(
    r"(?i)(https?|ftp|file|mailto|tel|sms|callto|facetime|slack|msteams|skype|zoommtg|data|javascript|vscode|xmpp|geo):"
)
_HOST = re.compile(r"[\w.-]+")
_DOT = re.compile(r"\.(?=xn--|[^\W\d_]{2})")
_CUT_NAME = re.compile(r"[\w.-]+\Z")
_PART_OF_FENCE = re.compile(r"(?<!`)`{1,2}$")
_BACKTICKS = re.compile(r"`{2,}")
# A dotted name is defanged where a chat client might make a link of it. These endings are no top-level domains; they
# name files and cluster objects, which people copy. (py, rs, sh, md and so are countries, so they are not here.)
_NOT_HOSTS = frozenset(
    """
    js ts go java kt rb yaml yml json toml xml txt log conf cfg ini lock sql html css dll exe class svc local
    """.split()  # noqa: SIM905 - thirty quoted words would be harder to read
)
_RULES = Redactor()


def legible(text: str) -> str:
    """Only what a reader sees: no control, direction, tag, zero-width or filler characters. For terminals too, which
    obey some of them.
    """
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(each for each in text if each in "\n\t" or unicodedata.category(each)[0] != "C")
    return _INVISIBLE.sub("", seen)


# A mark of evidence as we write it, in any brackets that look like ours.
_MARK = re.compile(r"[\[\uff3b\u2045\u27e6\u3010]\s*([Ee\u0395\u0415\uff25]\s*\d{1,4})\s*[\]\uff3d\u2046\u27e7\u3011]")
_BREAKS = re.compile(r"\s*[\n\r\t\v\f\x1c-\x1f\x85\u2028\u2029]+\s*")
_SEPARATORS = re.compile(r"[\v\f\x1c-\x1f\x85\u2028\u2029]")
_LIVE_IN_SLACK = re.compile(r"<((?:[!@#]|https?:|mailto:|tel:)[^<>\n]*)(>?)")
_CALLS_ALL = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)


def unmarked(text: Redacted) -> Redacted:
    """Text from outside, legible, in which nothing looks like a mark of evidence of ours: ``[E9]`` becomes ``(E9)``."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return seal(Redacted, _MARK.sub(r"(\1)", legible(_SEPARATORS.sub("\n", lines))))


def one_line(text: Redacted) -> Redacted:
    """Text from outside on one line, so that no part of it can pass for a line of ours."""
    return seal(Redacted, legible(_BREAKS.sub(" ", text)).strip())


def _in_other_brackets(match: re.Match[str]) -> str:
    """Also where the end was cut off."""
    return f"\u2039{match[1]}" + "\u203a" * bool(match[2])


def pasteable(text: str) -> str:
    """For a terminal: what would call people or become a link if somebody handed the text on to Slack does neither."""
    return _CALLS_ALL.sub("\uff20", _LIVE_IN_SLACK.sub(_in_other_brackets, legible(text)))


def _defang_host(match: re.Match[str]) -> str:
    ending = match[0].rstrip("._-").rpartition(".")[2]
    if ending.lower() in _NOT_HOSTS:
        return match[0]
    return _DOT.sub("\u2024", match[0])


def _balance_backticks(text: str) -> str:
    """Single backticks in pairs only, so that neither a fence nor a code span of ours can be opened from inside."""
    text = _BACKTICKS.sub(lambda match: "ʼ" * len(match[0]), text)
    if text.count("`") % 2:
        before, _, after = text.rpartition("`")
        text = f"{before}ʼ{after}"
    # Next to a backtick of a template these would make a longer run.
    start, end = "\u200b" * text.startswith("`"), "\u200b" * text.endswith("`")
    return f"{start}{text}{end}"


def defuse(text: Redacted) -> Mrkdwn:
    """Make text from outside safe to show in Slack: plain characters, escaped, with nothing that links or notifies."""
    plain = legible(unicodedata.normalize("NFKC", legible(text)))
    plain = _SLASHES.sub("\u2236", plain)
    plain = _SCHEME.sub("\\1\u2236", plain)
    plain = _HOST.sub(_defang_host, plain)
    plain = plain.replace("@", "@\u200b")
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _mrkdwn(_balance_backticks(plain))


def _mrkdwn(text: str) -> Mrkdwn:
    made = seal(Mrkdwn, text)
    assert isinstance(made, Mrkdwn)
    return made


def mrkdwn(template: str, **parts: Redacted | int) -> Mrkdwn:
    """Fill a fixed template (a literal: a test of the house checks it). ``Mrkdwn`` parts stay live, others do not."""
    _must_be_ours(template)
    return _mrkdwn(template.format(**{name: _live(part) for name, part in parts.items()}))


_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%+-]*)+(?:#[A-Za-z0-9._-]+)?")


def web_link(address: str, name: Redacted) -> Mrkdwn:
    """A live link to a page that a connected source named. What is no plain address stays the name alone."""
    shown = defuse(name)
    if not _ADDRESS.fullmatch(address):
        return shown
    return _mrkdwn(f"<{address}|{shown.replace('|', '∣')}>")


def _must_be_ours(template: str) -> None:
    if isinstance(template, Redacted):
        raise TypeError("text from outside is a part of a message, never its template")


def _live(part: Redacted | int) -> str:
    match part:
        case Mrkdwn():
            return part
        case Redacted():
            return defuse(part)
        case int():
            return str(part)
        case _:
            raise TypeError(f"only redacted text goes into a message, not {type(part).__name__}")


def joined(separator: str, parts: "list[Mrkdwn]") -> Mrkdwn:
    """Several pieces of mrkdwn as one; the separator is a literal."""
    _must_be_ours(separator)
    if not all(isinstance(each, Mrkdwn) for each in parts):
        raise TypeError("only mrkdwn can be joined")
    return _mrkdwn(separator.join(parts))


def clipped(text: Mrkdwn, limit: int) -> Mrkdwn:
    """At most ``limit`` characters, never cut inside ``<…>`` or an entity; a code block that was cut is closed."""
    if len(text) <= limit:
        return text
    if limit < 8:
        return _mrkdwn("…"[: max(0, limit)])
    cut = _cut_whole(text[: limit - 1])
    if cut.count("```") % 2 == 0:
        return _mrkdwn(cut + "…")
    # Room for closing the block is made by cutting more, perhaps so much that it never opened.
    cut = _cut_whole(text[: limit - 4])
    return _mrkdwn(cut + ("…```" if cut.count("```") % 2 else "…"))


def _cut_whole(cut: str) -> str:
    opened, closed = cut.rfind("<"), cut.rfind(">")
    if opened > closed:
        cut = cut[:opened]
    entity = cut.rfind("&")
    if entity >= 0 and ";" not in cut[entity:] and len(cut) - entity < 6:
        cut = cut[:entity]
    cut = _PART_OF_FENCE.sub("", cut)
    if cut.count("```") % 2 == 0 and cut.count("`") % 2:
        # What stands in code style was only made safe for there, so it goes with its opening backtick.
        cut = cut[: cut.rfind("`")]
    # A name that was none of a host, and is one without its end.
    return cut if cut.count("```") % 2 else _CUT_NAME.sub(lambda match: _DOT.sub("\u2024", match[0]), cut)


def code_block(text: Redacted, limit: int = 2500) -> Mrkdwn:
    """Text from outside as a code block of at most ``limit`` characters; backticks inside it cannot close it."""
    inner = clipped(_mrkdwn(_copyable(text)), max(0, limit - 6)) or " "
    return _mrkdwn(f"```{inner}```")


def code(text: Redacted) -> Mrkdwn:
    """A short name from outside in code style, on one line."""
    inner = _copyable(text).replace("\n", " ") or " "
    return _mrkdwn(f"`{inner}`")


def _copyable(text: Redacted) -> str:
    """For inside our own backticks, where nothing is made a link of: names and addresses stay as people copy them."""
    plain = _SCHEME.sub("\\1\u2236", _SLASHES.sub("\u2236", legible(text))).replace("`", "ʼ")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(user: str) -> Mrkdwn:
    """A person by id; anything that is not a Slack user id raises ``ValueError``."""
    if not _USER_ID.fullmatch(user):
        raise ValueError("not a Slack user id")
    return _mrkdwn(f"<@{user}>")


def group(group_id: str) -> Mrkdwn:
    """A user group by id; anything that is not one raises ``ValueError``."""
    if not _GROUP_ID.fullmatch(group_id):
        raise ValueError("not a Slack user group id")
    return _mrkdwn(f"<!subteam^{group_id}>")


def channel(channel_id: str) -> Mrkdwn:
    """A channel by id, shown as its name and a link; anything that is not a channel's id raises ``ValueError``."""
    if not _CHANNEL_ID.fullmatch(channel_id):
        raise ValueError("not a Slack channel id")
    return _mrkdwn(f"<#{channel_id}>")


def local_time(at: datetime, form: str = "{time_secs}") -> Mrkdwn:
    """A time that Slack shows in the reader's own zone, with UTC as the fallback."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone means something else to every reader")
    if not re.fullmatch(r"[\w {},.:()-]*", form):
        raise ValueError("the form of a time holds its placeholders and plain words only")
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return _mrkdwn(f"<!date^{int(at.timestamp())}^{form}|{fallback}>")


def fence(source: str, content: Any) -> Prompt:
    """Data from outside for a model: one JSON document, labelled untrusted, between delimiters nobody can guess."""
    # Whatever was not redacted before is now: a prompt must not become the way around.
    data = _RULES.tree({"source": source, "trust": "untrusted", "content": content})
    body = legible(json.dumps(data, ensure_ascii=False))
    mark = secrets.token_hex(6)
    # In JSON "<\/" and "</" are the same; written so, nothing inside looks like the end of the fence.
    body = body.replace("</", "<\\/")
    return _prompt(f"<data-{mark}>\n{body}\n</data-{mark}>")


def prompt(template: str, **parts: "Prompt | int") -> Prompt:
    """Fill a fixed template (a literal) with fenced data; raw text is refused."""
    _must_be_ours(template)
    for name, part in parts.items():
        if not isinstance(part, Prompt | int):
            raise TypeError(f"{name} must be fenced before a model reads it")
    return _prompt(template.format(**parts))


def _prompt(text: str) -> Prompt:
    made = seal(Prompt, text)
    assert isinstance(made, Prompt)
    return made
