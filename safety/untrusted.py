"""Marks and defuses text that came from outside: logs, titles, tickets, alerts, and what a model wrote.

Only a fixed template is live. Every part put into one is data: for Slack it is defused (no mention, link or unfurl can
come out of it), for a model it is fenced as JSON with its source and a label.
"""

import json
import re
import secrets
import unicodedata
from datetime import datetime
from typing import Any, final

from safety.redaction import Redacted, seal


@final
class Mrkdwn(Redacted):
    """Slack mrkdwn whose only live markup comes from our own templates. Made by ``mrkdwn``, ``mention`` and the like."""

    __slots__ = ()


@final
class Prompt(Redacted):
    """Text for a model: our own instructions, with everything else fenced as untrusted data. Made by ``prompt``."""

    __slots__ = ()


_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,20}")
_SCHEME = re.compile(r"(?i)\b(https?|ftp|mailto|slack|tel)(:)")
_HOST = re.compile(r"(?i)\b([a-z0-9-]+(?:\.[a-z0-9-]+)*)\.([a-z]{2,18})(?=[/?#:]|\b)")
_AT = re.compile(r"(?i)@(?=channel|here|everyone|[\w])")
# A dotted name is defanged only where a chat client would turn it into a link; these endings name files and objects.
_NOT_HOSTS = frozenset(
    "py js ts go rs java kt rb sh yaml yml json toml xml md txt log conf cfg ini lock sql html css so dll exe class svc local".split()
)


def _defang_host(match: re.Match[str]) -> str:
    if match[2].lower() in _NOT_HOSTS or match[2].isdigit():
        return match[0]
    return f"{match[1]}\u2024{match[2]}"


def defuse(text: Redacted) -> Mrkdwn:
    """Make text from outside safe to show in Slack: plain characters, escaped, with nothing that links or notifies."""
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(each for each in plain if each in "\n\t" or unicodedata.category(each)[0] != "C")
    plain = _SCHEME.sub("\\1\u2236", plain)
    plain = _HOST.sub(_defang_host, plain)
    plain = _AT.sub("@\u200b", plain)
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _mrkdwn(plain)


def _mrkdwn(text: str) -> Mrkdwn:
    made = seal(Mrkdwn, text)
    assert isinstance(made, Mrkdwn)
    return made


def mrkdwn(template: str, **parts: Redacted | int) -> Mrkdwn:
    """Fill a fixed template (a literal: a test of the house checks it). ``Mrkdwn`` parts stay live, others are defused."""
    return _mrkdwn(template.format(**{name: _live(part) for name, part in parts.items()}))


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
    if not all(isinstance(each, Mrkdwn) for each in parts):
        raise TypeError("only mrkdwn can be joined")
    return _mrkdwn(separator.join(parts))


def clipped(text: Mrkdwn, limit: int) -> Mrkdwn:
    """At most ``limit`` characters, never cut inside ``<…>`` or an entity."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    opened, closed = cut.rfind("<"), cut.rfind(">")
    if opened > closed:
        cut = cut[:opened]
    entity = cut.rfind("&")
    if entity >= 0 and ";" not in cut[entity:] and len(cut) - entity < 6:
        cut = cut[:entity]
    return _mrkdwn(cut + "…")


def code_block(text: Redacted, limit: int = 2500) -> Mrkdwn:
    """Text from outside as a code block; backticks inside it cannot close it."""
    inner = clipped(defuse(text), limit).replace("```", "ʼʼʼ")
    return _mrkdwn(f"```{inner}```")


def code(text: Redacted) -> Mrkdwn:
    """A short name from outside in code style."""
    return _mrkdwn("`" + defuse(text).replace("`", "ʼ") + "`")


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


def local_time(at: datetime, form: str = "{time_secs}") -> Mrkdwn:
    """A time that Slack shows in the reader's own zone, with UTC as the fallback."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return _mrkdwn(f"<!date^{int(at.timestamp())}^{form}|{fallback}>")


def fence(source: str, content: Any) -> Prompt:
    """Data from outside for a model: JSON, labelled untrusted, between delimiters that its author cannot guess."""
    mark = secrets.token_hex(6)
    body = json.dumps({"source": source, "trust": "untrusted", "content": content}, ensure_ascii=False, default=str)
    plain = "".join(each for each in body if each in "\n\t" or unicodedata.category(each)[0] != "C")
    return _prompt(f"<data-{mark}>\n{plain}\n</data-{mark}>")


def prompt(template: str, **parts: "Prompt | int") -> Prompt:
    """Fill a fixed template (a literal) with fenced data; raw text is refused."""
    for name, part in parts.items():
        if not isinstance(part, Prompt | int):
            raise TypeError(f"{name} must be fenced before a model reads it")
    return _prompt(template.format(**parts))


def _prompt(text: str) -> Prompt:
    made = seal(Prompt, text)
    assert isinstance(made, Prompt)
    return made
