"""F14: whatever hostile text goes into every message the bot can say, no link, mention or secret comes out alive."""

import base64
import itertools
import json
import random
import re
from collections.abc import Iterator, Sequence

from bot.adapters.slack_blocks import compose
from bot.adapters.slack_details import pages
from bot.messages import Findings, Message
from prove._vendor_tokens import planted
from prove.figure import Figure, Proof, Share, Split
from safety.redaction import Redacted, Redactor
from tests.bot.adapters.test_slack_blocks import OURS, every_message, texts

_TAGS = "".join(chr(0xE0000 + ord(each)) for each in "@channel")
PIECES = (
    *("<@U0EVIL>", "<@U0BOB|bob>", "<!channel>", "<!here|x>", "<!everyone>", "<!subteam^S0EVIL>", "<#C0SECRET>", "<#C0SECRET|x>"),
    *("<https://evil.example|login>", "<mailto:a@evil.example|x>", "<!date^1^{time}^https://evil.example|x>", "<slack://user?id=U1>"),
    *("https://evil.example/?q=", "HTTPS://EVIL.EXAMPLE", "http:\\\\/\\\\/evil.example", "//evil.example/x", "www.evil.example", "evil.example/a?b"),
    *("mailto:a@evil.example", "tel:+1", "javascript:alert(1)", "data:text/html,x", "file:///etc", "ftp://evil.example", "hxxps://", "xn--80ak6aa92e.com"),
    *("[click](https://evil.example)", "![x](https://evil.example/p.png)", "[ref]: https://evil.example", "<a href='https://evil.example'>x</a>"),
    *("@channel", "@here", "@everyone", "@bob", "＠channel", "＜！channel＞", "＜https：//evil．example＞", "ｈｔｔｐｓ://evil.example", "evil。example", "evil．com"),
    *("&lt;!channel&gt;", "&amp;lt;!here&amp;gt;", "&#60;!channel&#62;", "\\u003c!channel\\u003e", "<", ">", "|", "&", "`", "``", "```", "｀｀｀", "*", "_", "~"),
    *("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u2069", "\ufe0f", "\u3164", "\U000e0100", _TAGS, "\u0000", "\r", "\n", "\t"),
    *("<!chan\u200bnel>", "@ch\u200bannel", "htt\u00adps://evil.example", "evil\u200b.example", "h\u202ettps://evil.example", "<\u2060!here>"),
    *("{text}", "{0}", "{x.__class__}", "%s", "$(id)", "${x}", "<data-1>", "</data-1>", "word", " ", "  ", "a.b.c", "10.0.0.1:80", "web.default.svc"),
)  # fmt: skip
_SCHEMES = re.compile(r"(?i)\b(?:https?|ftp|mailto|tel|javascript|data|slack|file):(?=\S)|:(?:\\?/){2}")
_SHOUTS = re.compile(r"@(?:channel|here|everyone)\b|<[!@#]")
_HOST = re.compile(r"(?i)(?<![\w.-])(?:[\w-]+\.)+(?:example|com|org|net|io|dev|zip|de|uk)(?![\w.-])")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def live_in(shown: str) -> list[str]:
    """What Slack would make a link or a mention of, once our own mentions and times are taken out."""
    rest = OURS.sub("", shown)
    found = [] if "<" not in rest and ">" not in rest else ["an angle bracket"]
    prose = _CODE.sub("", rest)
    found += [match[0] for pattern in (_SCHEMES, _SHOUTS, _HOST) for match in pattern.finditer(prose)]
    return found + (["a code block left open"] if shown.count("```") % 2 else [])


def _hostile(chance: random.Random, secrets: list[str]) -> str:
    pieces = [chance.choice(PIECES) for _ in range(chance.randint(1, 24))]
    pieces.insert(chance.randrange(len(pieces) + 1), f" {chance.choice(secrets)} ")
    return "".join(pieces)


def _shown(message: Message, with_pages: bool) -> Iterator[str]:
    made = compose(message)
    yield str(made.text)
    yield from texts(json.loads(json.dumps(made.blocks)))
    if isinstance(message, Findings) and with_pages:
        for page in pages(message.report):
            yield from texts([block.to_dict() for block in page])


def part(seed: int, cases: int, share: Share) -> tuple[int, list[str]]:
    """Messages rendered by what renders them for Slack, each full of hostile text and a secret; how many, and what of
    them is wrong. Each text goes into every message there is."""
    chance = random.Random(seed)
    canary = "canary-" + "".join(chance.choice("abcdefghkmnp23456789") for _ in range(20))
    redactor = Redactor([canary])
    vendors = [each.secret for each in planted(chance, 120) if each.line == each.secret and len(each.secret) > 20]
    secrets = [canary, base64.b64encode(f"x{canary}".encode()).decode(), *vendors]
    each_text = sum(1 for _ in every_message(redactor.text("word")))
    rendered, failures = 0, list[str]()
    for number in share.of_cases(-(-cases // each_text)):
        raw = _hostile(random.Random(f"{seed}:{number}"), secrets)
        text: Redacted = redactor.text(raw)
        findings = itertools.count(number)
        for message in every_message(text):
            rendered += 1
            # The details of a text's findings differ in their head alone: they are drawn of one of the four.
            with_pages = isinstance(message, Findings) and next(findings) % 4 == 0
            for each in _shown(message, with_pages):
                failures += [f"{type(message).__name__}: {live} from {raw!r}" for live in live_in(each)[:1]]
                failures += [f"{type(message).__name__} shows a secret" for one in secrets if one in each]
        if len(failures) >= 20:
            break
    return rendered, failures


def whole(_cases: int, parts: Sequence[tuple[int, list[str]]]) -> Figure:
    """All of them, at least as many as were wanted."""
    rendered, failures = sum(each for each, _ in parts), [why for _, wrong in parts for why in wrong]
    seen = (
        f"{rendered:,} messages, {len(PIECES)} kinds of hostile pieces, {len(failures)} live links, mentions or secrets"
    )
    return Figure(rendered, seen, tuple(failures))


SPLIT = Split(10_000, part, whole)
PROOF = Proof(
    id="F14",
    claim="nothing hostile comes out alive",
    cases=(400, 8000, 100000),
    run=SPLIT.run,
    split=SPLIT,
    not_covered="How Slack itself renders a message: the rules by which it links are those it publishes.",
)
