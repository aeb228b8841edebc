"""How a secret that is known by value may be written elsewhere."""

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable


def spellings(known: Iterable[str]) -> set[str]:
    """Raw, URL-encoded, in JSON, in hex, and anywhere inside longer base64; all at least six characters long."""
    return {form for secret in known for form in _spellings(secret)}


def _spellings(secret: str) -> set[str]:
    quoted = urllib.parse.quote(secret, safe="")
    lower_hex = re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    in_json = json.dumps(secret)[1:-1]
    for_html = in_json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    hexed = secret.encode().hex()
    forms = {secret, quoted, lower_hex, urllib.parse.quote_plus(secret), in_json, for_html, hexed, hexed.upper()}
    forms |= {json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms |= {line for line in secret.splitlines() if len(line) >= 20 and not line.startswith("-----")}
    for offset in range(3):
        # Three bytes make four characters: what the neighbours of the secret do not touch is the same in any text.
        raw = b"\0" * offset + secret.encode()
        encoded = base64.b64encode(raw).decode()[(0, 2, 3)[offset] : len(raw) * 8 // 6]
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= 6}
