"""What goes well in a log: when the program began to run, when it served, and what it says works again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tools.logs.reading import Entry, Level
from tools.logs.rules import address_in

# So many ordinary entries after something was said to be tried again, and nothing more of it: it went well.
QUIET_AFTER_RETRY = 5
_RUNS = re.compile(
    r"\b(?:listening (?:on|at|for)|now listening|(?:server|service|application|app|worker|consumer|broker|node)(?: "
    r"is| has)? (?:now )?(?:started|ready|running|up)\b|started \S{1,80} in [\d.]{1,12} ?(?:s|ms|seconds)|"
    r"startup complete|ready to accept connections|ready for connections|ready to handle connections|serving (?:on|"
    r"at|traffic|requests|http)|running on http|started server|successfully started|start worker processes|"
    r"waiting for (?:messages|connections|jobs|tasks)|initialization sequence completed|boot completed)|"
    r"^(?:listening|ready|started)\b",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"^(?:starting(?! to)\b|booting worker|initializing (?:server|application)|starting up|=+ ?starting|\S{1,60} "
    r"\d[\w.-]{0,30} starting|\S{1,60} starting(?: up)?$)|:: Spring Boot ::|Server is starting|restarting due to "
    r"changes|"
    r"\bstarting (?:server|service|application|app|gunicorn|worker|up|MySQL|PostgreSQL|nginx|\S{1,60}Application)\b|"
    r"starting PostgreSQL",
    re.IGNORECASE,
)
_WORKS = re.compile(
    r"\b(?:(?:re)?connected|(?:re)?connection (?:re-?)?established|(?:re)?established connection|recovered|succeeded|"
    r"success(?:ful(?:ly)?)?|back online|resumed|is (?:now )?(?:up|reachable|available|healthy)|"
    r"acquired (?:the )?(?:lease|lock)|became leader|(?:re)?opened connection|works again|restored|completed after "
    r"retry|registered with|database is up|ok after)\b",
    re.IGNORECASE,
)
_DOES_NOT = re.compile(
    r"\b(?:not|never|un(?:able|success\w{0,6})|fail\w{0,4}|cannot|could ?n.t|disconnected|lost|error|until|before|"
    r"waiting|is (?:the|your))\b|\?",
    re.IGNORECASE,
)
_SERVED = re.compile(
    r"(?:\"(?:GET|POST|PUT|PATCH|DELETE|HEAD) |\b(?:GET|POST|PUT|PATCH|DELETE) )/(?!\S{0,40}(?:health|ready|live|"
    r"ping|metrics))\S{0,300}.{0,60}?\b[23]\d\d\b|status[\"']?[=:] ?\"?2\d\d\b|StatusCode[=:] ?2\d\d"
)
_FAMILIES = {
    "database": "postgres postgresql mysql mariadb mongo mongodb database db sql 5432 3306 27017 1433 pg jdbc hikari "
    "oracle sqlalchemy psycopg2 datasource",
    "cache": "redis cache memcached valkey 6379 11211 sentinel",
    "queue": "rabbitmq amqp kafka broker nats 5672 9092 4222 pulsar sqs queue bootstrap",
    "search": "elasticsearch opensearch elastic 9200",
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words.split()}
_WORD = re.compile(r"[a-z0-9]{2,40}")


def families(text: str) -> frozenset[str]:
    """What sorts of dependency a line is about: database, cache, queue, search."""
    return frozenset(_FAMILY_OF[each] for each in _WORD.findall(text[:2_000].lower()) if each in _FAMILY_OF)


@dataclass(frozen=True, slots=True)
class _Success:
    number: int
    target: str | None
    families: frozenset[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """``run_began``: the entry with which the last run began; ``ran``: where it last said that it runs, or -1."""

    run_began: int
    ran: int
    served: tuple[int, ...]
    successes: tuple[_Success, ...]
    ordinary: tuple[int, ...]

    def works_again(self, last: int, target: str | None, kinds: frozenset[str], retried: bool) -> bool:
        """Whether what went wrong last in entry ``last`` was said to work, or ordinary life went on, after it."""
        if self.ran > last or any(each.number > last and _same(each, target, kinds) for each in self.successes):
            return True
        return retried and sum(each > last for each in self.ordinary) >= QUIET_AFTER_RETRY

    def served_between(self, first: int, last: int) -> bool:
        """Whether a request was answered well, or the program said that it runs, between two entries."""
        return any(first < each < last for each in (*self.served, self.ran, *(each.number for each in self.successes)))


def progress_of(entries: Sequence[Entry]) -> Progress:
    """What went well in these entries."""
    quiet = [each for each in entries if each.level < Level.WARN]
    heads = {each.number: each.message[:400] for each in quiet}
    ran = [number for number, said in heads.items() if _RUNS.search(said) and not _DOES_NOT.search(said)]
    began = [number for number, said in heads.items() if _BEGINS.search(said)]
    successes = [
        _Success(number, address_in(said), families(said))
        for number, said in heads.items()
        if _WORKS.search(said) and not _DOES_NOT.search(said)
    ]
    return Progress(
        run_began=_last_run(began, ran),
        ran=max(ran, default=-1),
        served=tuple(number for number, said in heads.items() if _SERVED.search(said)),
        successes=tuple(successes),
        ordinary=tuple(heads),
    )


def _last_run(began: Sequence[int], ran: Sequence[int]) -> int:
    """Where the last run began: the first of the starting lines after the run before it had run."""
    if not began:
        return 0
    earlier = [each for each in ran if each < began[-1]]
    first = max(earlier, default=-1)
    return next((each for each in began if each > first), 0) if earlier else 0


def _same(success: _Success, target: str | None, kinds: frozenset[str]) -> bool:
    """Whether a success can be about the same thing: it names the same, or nothing that speaks against it."""
    if target and success.target:
        return target.rpartition(":")[0] == success.target.rpartition(":")[0] or target == success.target
    kinds = kinds | families(target or "")
    return not (success.families and kinds) or bool(success.families & kinds)
