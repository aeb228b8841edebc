"""The rules for signs of settings that are not there or not accepted, in the words of frameworks and servers."""

from tools.logs.reading import SignKind
from tools.logs.rules import rule

_CODE = r"(?-i:[A-Z][A-Z0-9_]{2,80})"
_NAME = r"[A-Za-z][\w.:-]{1,80}"

SETTINGS = (
    rule(
        SignKind.MISSING_VARIABLE,
        "propert|setting|option|flag|argument|configuration value|config value|configuration key|config key",
        rf"(?:propert(?:y|ies)|settings?|options?|flags?|arguments?|config(?:uration)? (?:value|key))\(?s?\)?:? "
        rf"['\"`]?(?P<target>-{{0,2}}{_NAME})['\"`]? (?:is required|is mandatory|is missing|was not (?:set|found|"
        rf"provided)|not (?:set|found|provided|specified|configured)|must be (?:set|provided|specified)|has not been "
        rf"set)|"
        rf"(?:no value for|missing)(?: the)? (?:required|mandatory) (?:flag|option|argument|setting|parameter|"
        rf"config(?:uration)?(?: key| value)?|propert(?:y|ies)) ['\"`]?(?P<target2>-{{0,2}}{_NAME})|"
        rf"(?:requires|without) an? (?:value for )?(?:setting|propert(?:y|ies)) ['\"`]?(?P<target3>{_NAME})",
    ),
    rule(
        SignKind.MISSING_VARIABLE,
        "not present in the environment|declare it as envvar|cannot be blank|can't be blank|cannot be empty|may not be "
        "blank|must not be blank|must not be empty|is blank|missing `|missing env|missing or empty|has not been|hasn't "
        "been|is not configured|not specified|encryption key|(parameter '|no default|empty string|is empty|: required",
        rf"(?P<target>{_CODE}) not found\. Declare it|(?P<target2>{_CODE})['\"`]?:? (?:cannot|can't|may not|must not) "
        rf"be (?:blank|empty|null)|(?P<target3>{_CODE})['\"`]? (?:is missing or empty|is (?:blank|empty|not "
        rf"configured)|(?:has not|hasn't) been (?:set|configured|provided|specified))|"
        rf"missing `(?P<target4>{_NAME})` for|"
        rf"(?:password|credentials?|url|uri|dsn|token|secret|key)(?: option)? (?:is|are|was) not (?:specified|"
        rf"configured)|no application encryption key has been specified|"
        rf"variables? (?:(?:was|were|is|are) )?.{{0,80}}not present in the environment|"
        rf"\(Parameter '(?P<target5>connectionString|uriString|apiKey|clientId|clientSecret|hostName|endpoint)'\)|"
        rf"(?P<target6>{_CODE}): required\b|missing environment variables",
    ),
    rule(
        SignKind.BAD_CONFIG,
        "cron expression|schedule|time zone|timezone|"
        "failed to bind properties|config|settings|invalid command|perhaps misspelled|syntax error on line|no such "
        "field|unknown |undefined |unsupported |unrecogni",
        r"Failed to bind properties under '(?P<target>[\w.\[\]-]{1,120})'|"
        r"(?:invalid|bad|malformed|illegal) (?:cron(?: expression| spec)?|schedule|time ?zone)\b|"
        r"(?:section|key|entry|block) '(?P<target7>[\w.:-]{1,80})' (?:was |is )?(?:not found|missing) (?:in|from) "
        r"(?:the )?config|"
        r"config(?:uration)? file \"?'?(?P<target2>[\w./-]{1,120})'?\"? not found|"
        r"(?:loading|reading|parsing|validating|applying) (?:the )?config(?:uration)?(?: file)? (?:failed|error)|"
        r"(?:config(?:uration)?|settings?)(?: file)? (?:loading |validation |check )?(?:failed|failure)\b|"
        r"Invalid command '(?P<target3>[^']{1,80})', perhaps|"
        r"syntax error on line \d{1,6} of (?P<target4>/[\w./-]{1,160})|no such field: '(?P<target5>\w{1,80})'|"
        r"(?:unknown|undefined|unsupported|unrecogni[sz]ed) (?:variable|keyword|receiver|section|plugin|output plugin|"
        r"input plugin|module|config(?:uration)? (?:key|option)|log ?level|environment|profile|property) \\?"
        r"['\"`](?P<target6>[^'\"`\\]{1,80})",
    ),
    rule(
        SignKind.BAD_CONFIG,
        "must be|should be|expected|out of range|is not valid|not a valid|cannot be parsed|could not parse|malformed",
        rf"(?P<target>{_CODE})\b['\"`]?[^\n]{{0,60}} (?:must|should) be (?:an? )?(?:valid|integer|number|positive|"
        rf"non-?negative|boolean|url|one of|between|greater|less|at least|at most|in )|"
        rf"(?:config(?:uration)?|settings?|flag|option|env(?:ironment)? var(?:iable)?)s?\b[^\n]{{0,80}} (?:must|"
        rf"should) be |"
        rf"(?:value|setting|{_CODE}) \\?['\"`](?P<target2>{_NAME})['\"`] (?:is not valid|is not a valid|cannot be "
        rf"parsed|is out of range|is malformed)|"
        rf"(?:invalid|malformed|bad) (?P<target3>{_CODE})\b",
    ),
)
