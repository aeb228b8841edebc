"""Where log lines go, and that every one of them passes the redactor."""

import logging
import sys
from typing import Any

import structlog

from bot.config import Settings
from safety.redaction import Redactor


def configure_logging(settings: Settings, redactor: Redactor) -> None:
    """Lines on standard error, every one through the redactor."""

    def redact(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return dict(redactor.tree(event))

    for_machines = settings.log_format == "json"
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
    # The libraries' own loggers repeat whole payloads at lower levels.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_RedactingFilter(redactor))


class _RedactingFilter(logging.Filter):
    """The same redactor for what libraries log."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = str(self._redactor.text(record.getMessage())), None
        if record.exc_info:
            told = logging.Formatter().formatException(record.exc_info)
            record.exc_info, record.exc_text = None, str(self._redactor.text(told))
        return True
