"""What a question in a thread is after, told from its words. The first pattern that fits wins."""

import re
import unicodedata
from enum import StrEnum


class Intent(StrEnum):
    """What somebody wants to know or have done."""

    RESTART = "restart"
    OUTCOME = "outcome"
    IMPOSSIBLE = "impossible"
    ROLLBACK = "rollback"
    EVIDENCE = "evidence"
    EXPLAIN = "explain"
    LAST_DEPLOYMENT = "last deployment"
    WHO = "who"
    CRASH = "crash"
    LOGS = "logs"
    EVENTS = "events"
    CHANGES = "changes"
    NEXT = "next"
    DOUBT = "doubt"
    PODS = "pods"
    NODES = "nodes"
    DEPLOYMENTS = "deployments"
    CAUSE = "cause"
    HELP = "help"
    THANKS = "thanks"
    HELLO = "hello"
    UNKNOWN = "unknown"


_POLITE = (
    r"(?:(?:please|pls|ok(?:ay)?|yes|yep|sure|then|now|so|hey|hi|well|and|just|ask claude|claude|bot|can you|could you"
    r"|would you|will you|can we|go ahead and|let'?s|let us|i want (?:you )?to|i'?d like (?:you )?to"
    r"|we (?:need|want|have) to|you (?:should|can|may)|do an?|do|try (?:to|an?)|perform an?|trigger an?|start an?"
    r"|make an?|propose (?:to|an?))[\s,!.:-]+)*"
)
_RESTART = r"(?:(?:rolling |rollout )?restart(?! loop| count)|bounce|reboot|recycle|redeploy|re-deploy)\b"
_ROLLBACK = (
    r"(?:roll(?:ing)?[\s-]?back|roll (?:\S+ ){1,3}back|revert|undo|back out"
    r"|(?:go|switch|return) (?:\S+ )?(?:back )?to (?:the )?(?:previous|last|older|earlier|revision|version|release))\b"
)
_SHIPPED = r"(?:deploy(?:ed|ment|ments|s)?|releas(?:ed?|es)|roll(?:ed)?[\s-]?outs?|shipped|revisions?|versions?|image)"

_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.OUTCOME,
        r"(?:did|has|have|does) (?:it|that|this|the (?:change|fix|restart|roll ?back)) .{0,12}"
        r"(?:work|help|run|ran|go through|gone through|succeed|fix)|\bwas (?:it|that|this) (?:approved|run|done|denied)"
        r"|what came of|what (?:was|has been|did you) (?:done|run|do)\b|who (?:approved|denied|ran|decided)\b",
    ),
    (Intent.EVIDENCE, r"\be\d+\b|\bevidence\b|\bproofs?\b|\bprove\b|how do you know|why do you (?:think|say|believe)"),
    (
        Intent.EXPLAIN,
        r"\bexplain|beginner|junior|newbie|newcomer|\beli5\b|(?:simple|plain|easy|layman'?s?) (?:words|terms|english)"
        r"|what (?:does|do|did) .{1,60}\bmeans?\b|meaning of|i do(?:n'?t| not) (?:understand|get)"
        r"|new to (?:this|kubernetes|k8s)"
        r"|what is an? \w|what'?s an? \w|teach me",
    ),
    (Intent.WHO, r"\bwho\b|\bwhose\b|\bauthor|which (?:commit|pr\b|pull request|person|team|change)"),
    (Intent.DEPLOYMENTS, r"(?:which|list|all|all the|show|other) deployments\b|^deployments\b"),
    (
        Intent.LAST_DEPLOYMENT,
        rf"(?:last|latest|recent|newest|previous|current) {_SHIPPED}|(?:what|when|which) .{{0,40}}\b{_SHIPPED}\b"
        rf"|{_SHIPPED} history|history of .{{0,40}}{_SHIPPED}|\brollout\b",
    ),
    (Intent.LOGS, r"\blogs?\b|\blogged\b|stack ?trace|trace ?back|std(?:out|err)\b|\boutput of\b|console output"),
    (Intent.EVENTS, r"\bevents?\b"),
    (Intent.CRASH, r"\bwhy\b.{0,80}\b(?:crash|restart|die|dying|dead|kill|exit|terminat|go down|went down|stop)"),
    (
        Intent.CHANGES,
        r"\bchang|\bdiffer|\bdiff\b|what(?:'s| is| was) new|new since|happened before|\bmodified\b|recently",
    ),
    (
        Intent.NEXT,
        r"what (?:should|can|do|must|could|shall|now|next|to do)|how (?:do|can|could|to|should|would|might) .{0,40}"
        r"(?:fix|solve|mitigat|repair|resolve|recover|prevent)|next step|recommend|remed|suggest|\bfix\b|solution"
        r"|should (?:i|we|you)|roll ?back|revert|\brestart\b(?! loop)|work ?around|\bmitigat",
    ),
    (
        Intent.DOUBT,
        r"rul(?:e|ed|es|ing) out|not check|unchecked|(?:did|could)(?:n'?t| not) (?:you )?check|did you check|blind spot"
        r"|how sure|are you sure|certain|confiden|anything else|what else|other (?:cause|reason|possib)",
    ),
    (Intent.NODES, r"\bnodes\b|\bnode (?:status|state|list)\b"),
    (
        Intent.PODS,
        r"\bpods?\b|\breplicas?\b|\bstatus\b|\bhealth|\bstate\b|(?:is|are) (?:it|they|things|everything) .{0,20}"
        r"(?:ok|okay|fine|fixed|better|up|down|back|broken|failing|running|working)"
        r"|which .{0,30}(?:fail|unhealthy|broken|down)",
    ),
    (
        Intent.CAUSE,
        r"\bwhy\b|\bcause|\breason\b|\bwrong\b|going on|happening|what happened|the (?:problem|issue|matter|culprit)"
        r"|summar|tl;? ?dr|overview|recap|in short|broken|\bfail",
    ),
    (Intent.HELP, r"\bhelp\b|what can (?:you|i ask)|can you do|commands?\b|how do(?:es)? (?:you|this|it) work|^\?+$"),
    (
        Intent.THANKS,
        r"\bthank|\bthx\b|\bty\b|cheers|\bgreat\b|\bnice\b|perfect|awesome|good (?:job|bot|work)|well done|got it",
    ),
    (Intent.HELLO, r"^(?:hi|hello|hey|howdy|yo|moin|good (?:morning|afternoon|evening|day))\b"),
)
_COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _PATTERNS)
_DO_RESTART = re.compile(_POLITE + _RESTART)
_DO_ROLLBACK = re.compile(_POLITE + _ROLLBACK)
_DO_OTHER = re.compile(
    _POLITE + r"(?:delete|scale|drain|cordon|uncordon|kill|exec|remove|patch|edit|apply|resize|evict|taint)\b(?!ed)"
)
# A wish that is doubted or taken back in the same breath is none.
_CHOICE = re.compile(
    r"\bor\b|\bdon'?t\b|\bdo not\b|\bno,? wait\b|\bnever ?mind\b|\bhelp\?|\bsafe\b|what (?:happens|would)|\bfailed\b"
)
_REVISION = re.compile(r"\b(?:revision|rev|version|release)\.?\s*(?:no\.?|number|#)?\s*(\d{1,6})\b")


def plain(question: str) -> str:
    """The question in lower case, with plain quotes and single spaces."""
    text = unicodedata.normalize("NFKC", question).lower().translate({0x2019: "'", 0x2018: "'", ord("`"): " "})
    return " ".join(text.split())


def recognise(question: str) -> Intent:
    """What the question is after. A change is meant only when it is asked for outright: no doubt, choice or denial."""
    text = plain(question)
    if not _CHOICE.search(text):
        if _DO_ROLLBACK.match(text):
            return Intent.ROLLBACK
        if _DO_RESTART.match(text):
            return Intent.RESTART
    if _DO_OTHER.match(text):
        return Intent.IMPOSSIBLE
    return next((intent for intent, pattern in _COMPILED if pattern.search(text)), Intent.UNKNOWN)


def revision_named(question: str) -> int | None:
    """The revision a question names, as in ``revision 3``."""
    found = _REVISION.search(plain(question))
    return int(found[1]) if found and int(found[1]) > 0 else None
