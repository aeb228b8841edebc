"""Keys of vendors that have no mark of their own: known by the vendor's name before them and by their exact form."""

import re
from collections.abc import Iterator

from safety.detection.rule import Rule, Span, is_mixed, looks_random

_HEX32, _HEX40, _HEX64 = r"[0-9a-f]{32}", r"[0-9a-f]{40}", r"[0-9a-f]{64}"
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_FORMS = {
    "adobe": _HEX32, "airtable": r"key[A-Za-z0-9]{14}", "algolia": _HEX32, "alchemy": r"[A-Za-z0-9_-]{32}", "amplitude": _HEX32,
    "appdynamics": _UUID, "artifactory": r"[A-Za-z0-9]{64,73}", "asana": r"\d{16}|[A-Za-z0-9]{32}", "assemblyai": _HEX32, "auth0": r"[A-Za-z0-9_-]{64}",
    "bitbucket": r"[A-Za-z0-9]{32}|[A-Za-z0-9_=-]{64}|[A-Za-z0-9]{18,20}", "bittrex": _HEX32, "bitly": _HEX40, "binance": r"[A-Za-z0-9]{64}", "box": r"[A-Za-z0-9]{32}",
    "braze": _UUID, "browserstack": r"[A-Za-z0-9]{20}", "bugsnag": _HEX32, "checkout": r"sk_[a-z0-9_-]{36,}", "circleci": _HEX40, "clearbit": rf"sk_{_HEX32}",
    "cloudflare": r"[A-Za-z0-9_-]{40}|[0-9a-f]{37}", "cloudinary": r"[A-Za-z0-9_-]{27}", "codecov": rf"{_UUID}|[A-Za-z0-9]{{32}}", "cohere": r"[A-Za-z0-9]{40}",
    "coinbase": r"[A-Za-z0-9_-]{64}", "confluent": r"[A-Za-z0-9]{16}|[A-Za-z0-9+/]{64}", "consul": _UUID, "contentful": r"[A-Za-z0-9_=-]{43}",
    "datadog": rf"[0-9a-z]{{40}}|{_HEX32}", "deepl": rf"{_UUID}(?::fx)?", "deepgram": _HEX40, "discord": r"[0-9a-f]{64}|[A-Za-z0-9_-]{32}", "docusign": _UUID, "droneci": r"[A-Za-z0-9]{32}", "drone": r"[A-Za-z0-9]{32}",
    "dropbox": r"[a-z0-9]{15}", "elevenlabs": _HEX32, "etsy": r"[a-z0-9]{24}", "fastly": r"[A-Za-z0-9_=-]{32}", "finicity": r"[a-f0-9]{32}|[A-Za-z0-9]{20}",
    "finnhub": r"[a-z0-9]{20}", "flickr": _HEX32, "freshdesk": r"[A-Za-z0-9]{20}", "freshbooks": r"[A-Za-z0-9]{64}", "gitter": r"[A-Za-z0-9_-]{40}", "giphy": r"[A-Za-z0-9]{32}",
    "heroku": _UUID, "hetzner": r"[A-Za-z0-9]{64}", "hcloud": r"[A-Za-z0-9]{64}", "honeybadger": r"[A-Za-z0-9]{20,}", "honeycomb": r"[A-Za-z0-9]{22,32}", "hubspot": _UUID, "instana": r"[A-Za-z0-9_-]{22}",
    "intercom": r"[A-Za-z0-9=_-]{60}", "ipstack": _HEX32, "jira": r"[A-Za-z0-9]{24}", "klaviyo": r"pk_[0-9a-f]{34}", "kraken": r"[A-Za-z0-9/=_+-]{80,90}", "kucoin": rf"{_UUID}|[0-9a-f]{{24}}", "launchdarkly": r"[A-Za-z0-9=_-]{40}",
    "linear": _HEX32, "linkedin": r"[A-Za-z0-9]{14,16}", "linode": _HEX64, "logdna": _HEX32, "loggly": _UUID, "logzio": r"[A-Za-z]{32}", "mailgun": r"[a-f0-9]{32}", "mapbox": r"pk\.[A-Za-z0-9]{60}\.[A-Za-z0-9]{22}", "mattermost": r"[a-z0-9]{26}",
    "messagebird": rf"[A-Za-z0-9]{{25}}|{_UUID}", "mistral": r"[A-Za-z0-9]{32}", "mixpanel": _HEX32, "mux": r"[A-Za-z0-9/+]{75}", "netlify": r"[A-Za-z0-9=_-]{40,46}", "newrelic": r"[A-Za-z0-9]{64}|[0-9a-f]{40}", "nomad": _UUID, "nytimes": r"[A-Za-z0-9=_-]{32}", "okta": r"[A-Za-z0-9=_-]{42}",
    "openweather": _HEX32, "opsgenie": _UUID, "pagerduty": r"[0-9a-f]{32}|[A-Za-z0-9_+-]{20}", "paypal": r"[A-Za-z0-9_-]{80}", "pendo": _UUID, "plaid": r"[0-9a-f]{30}|[a-z0-9]{24}", "plivo": r"[A-Za-z0-9]{40}", "postmark": _UUID,
    "pusher": r"[0-9a-f]{20}", "rapidapi": r"[A-Za-z0-9_-]{50}", "rollbar": _HEX32, "rapid7": _UUID, "sauce": _UUID, "saucelabs": _UUID, "scaleway": _UUID, "segment": r"[A-Za-z0-9]{32}", "sendbird": rf"{_HEX40}|{_UUID}", "sentry": rf"{_HEX64}|{_HEX32}",
    "shodan": r"[A-Za-z0-9]{32}", "signalfx": r"[A-Za-z0-9_-]{22}", "sidekiq": r"[a-f0-9]{8}:[a-f0-9]{8}", "snyk": _UUID, "sonar": _HEX40, "splunk": _UUID, "spotify": _HEX32, "squarespace": _UUID, "statuspage": rf"{_UUID}|{_HEX64}", "strava": _HEX40, "sumologic": r"[A-Za-z0-9]{64}|su[A-Za-z0-9]{12}",
    "travis": r"[A-Za-z0-9]{22}", "trello": rf"{_HEX32}|{_HEX64}|ATTA[0-9a-zA-Z]{{72}}", "twilio": _HEX32, "twitch": r"[a-z0-9]{30}", "twitter": r"[A-Za-z0-9]{25,50}", "vercel": r"[A-Za-z0-9]{24}", "vonage": r"[0-9a-f]{8}|[A-Za-z0-9]{16}", "vultr": r"[A-Z0-9]{36}", "wandb": _HEX40, "weatherapi": r"[0-9a-f]{31}",
    "yandex": r"[A-Za-z0-9_.-]{32,}", "zendesk": r"[a-z0-9]{40}", "zoho": r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}", "zoom": r"[A-Za-z0-9]{32}",
}  # fmt: skip
# Between the name and the key: more words of the name, and what separates it from its value.
_GAP = re.compile(r"(?P<name>[\w.-]{0,40})[\"'\]\\)]{0,4}[ \t]{0,4}(?::=|=>|[:=,>]|[ ]is)[ \t]{0,4}[\"'\\`(]{0,4}")
_GAP_WORDS = re.compile(
    r"(?P<name>[ ](?:[a-z]{2,12}[ ]){0,3}(?:key|token|secret|password|license|access)[\"']?[ ]?[:=]?[ ]?[\"']?)", re.I
)
_HARMLESS = re.compile(
    r"(?i)(?:trace|span|id|hash|sha|digest|checksum|commit|version|uid|uuid|url|host|endpoint|region|site|org|team|"
    r"project|release|rev|image|event|request|req|account|user|name)[\d]{0,2}\Z"
)


def _keyed(vendor: str, form: str) -> Rule:
    pattern = re.compile(rf"(?P<value>{form})(?![\w-])")
    kind = "PAGERDUTY" if "key" in vendor else vendor.upper()

    def find(line: str, _start: int, end: int) -> Iterator[Span]:
        gap = _GAP.match(line, end) or _GAP_WORDS.match(line, end)
        if gap is None or (_HARMLESS.search(gap["name"]) and "client_id" not in gap["name"].lower()):
            return
        match = pattern.match(line, gap.end())
        if match is not None and looks_random(match["value"], 4) and is_mixed(match["value"]):
            yield Span(match.start("value"), match.end("value"), kind, 3)

    return Rule(kind, (vendor,), find)


_FORMS |= dict.fromkeys(("routing_key", "integration_key", "service_key", "routingkey"), _HEX32)

VENDORS: tuple[Rule, ...] = tuple(_keyed(vendor, form) for vendor, form in _FORMS.items())
