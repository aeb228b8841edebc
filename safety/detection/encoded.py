"""Base64: what a piece of it says. A secret does not become harmless by being encoded."""

import base64
import binascii
import re

LONG_BLOB = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}={0,2}")
_CUT = re.compile(r"[A-Za-z0-9+/]{8,}")
_SHOWN = re.compile(r"[\x20-\x7e\r\n\t\u00a0-\ud7ff]*")


def decoded_text(blob: str) -> str | None:
    """What a piece of base64 (either alphabet, padded or not) says, if it says anything in plain characters."""
    plain = blob.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if _SHOWN.fullmatch(text) else None


def is_user_and_password(blob: str) -> bool:
    """Whether it is what Basic authentication sends: ``user:password`` in base64."""
    text = decoded_text(blob)
    return text is not None and re.fullmatch(r"[^:\s]{0,128}:\S[\s\S]*", text) is not None
