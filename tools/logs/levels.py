"""How bad a line says it is: the words and numbers that loggers write for levels."""

from tools.logs.reading import Level

_WORDS = {
    Level.DEBUG: "trace trc debug dbg debu dbug verbose verb fine finer finest d debug1 debug2 debug3 debug4 debug5",
    Level.INFO: "info inf information informational notice note log i normal status system ok hint detail statement "
    "context deprecated hinweis",
    Level.WARN: "warn warning wrn w warnung avertissement aviso avviso advertencia waarschuwing varning",
    Level.ERROR: "error err eror erro severe e fail failure exception fehler erreur errore fout fel błąd ошибка",
    Level.FATAL: "fatal ftl fata critical crit crt panic pan emerg emergency alert f c dpanic crash kritisch critique "
    "crítico critico kritiek",
}
_LEVEL_OF = {word: level for level, words in _WORDS.items() for word in words.split()}
# Bunyan and pino write 10 to 60, syslog's severities are 0 to 7 with the worst first.
_BUNYAN = ((60, Level.FATAL), (50, Level.ERROR), (40, Level.WARN), (30, Level.INFO), (10, Level.DEBUG))
_SYSLOG = (*[Level.FATAL] * 3, Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)


def level_of(word: object) -> Level | None:
    """A level by its name, or by its number as bunyan, pino and syslog count."""
    if isinstance(word, bool):
        return None
    if isinstance(word, int):
        if 0 <= word < len(_SYSLOG):
            return _SYSLOG[word]
        return next((level for least, level in _BUNYAN if word >= least), None)
    return _LEVEL_OF.get(word.strip().lower()) if isinstance(word, str) else None
