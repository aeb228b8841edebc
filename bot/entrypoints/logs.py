"""Where log lines go, and that every one of them passes the redactor."""

import logging
import sys
from typing import Any

import structlog

from bot.config import Settings
from safety.redaction import Redactor
from safety.untrusted import legible
from safety.withheld import WITHHELD


def configure_logging(settings: Settings, redactor: Redactor) -> None:
    """Lines on standard error, every one through the redactor."""
    for_machines = settings.log_format == "json"

    def redact(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        told = redactor.tree(event)
        return dict(told) if for_machines else {name: _told(name, each) for name, each in told.items()}

    renderer: Any = structlog.processors.JSONRenderer() if for_machines else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    WITHHELD.listener = lambda rule: structlog.get_logger().error("redaction_withheld", rule=rule)
    # The libraries' own loggers repeat whole payloads at lower levels.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_RedactingFilter(redactor))


def _told(name: str, value: Any) -> Any:
    """For people: without what a terminal obeys. Line breaks in other values are escaped where they are written."""
    if not isinstance(value, str):
        return value
    return _one_line(value) if name == "event" else legible(value)


def _one_line(text: str) -> str:
    """A line break could make one record look like two."""
    return legible(text.replace("\r\n", "\n").replace("\n", "\\n").replace("\r", "\\r"))


class _RedactingFilter(logging.Filter):
    """The same redactor for what libraries log."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _one_line(self._redactor.text(record.getMessage())), None
        if record.exc_info:
            told = logging.Formatter().formatException(record.exc_info)
            record.exc_info, record.exc_text = None, legible(self._redactor.text(told))
        return True
