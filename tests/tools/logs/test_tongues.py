"""Logs in the language of their authors: the words for levels, for what systems answer, and for a missing setting."""

from datetime import UTC, datetime

import pytest

from tools.logs.read import read_log
from tools.logs.reading import Level
from tools.logs.tongues import in_english

NOW = datetime(2026, 11, 2, 8, 12, tzinfo=UTC)
SAID = [
    ("missing_variable", "[FEHLER] Konfiguration unvollständig: Umgebungsvariable LAGER_API fehlt"),
    ("missing_variable", "2026-11-02T08:11:02Z ERREUR la variable d'environnement TARIF_DB n'est pas définie"),
    ("missing_variable", "ERRO: a variável de ambiente FILA_URL não está definida"),
    ("connection_refused", "2026-11-02 08:11:02 FEHLER db.lager.example:5432: Verbindung verweigert"),
    ("connection_refused", "2026-11-02 08:11:02 ERROR base.example:5432: conexión rehusada"),
    ("permission_denied", "ERREUR: open /data/index: permission non accordée"),
    ("authentication_failed", "ERROR: no se pudo iniciar sesión: contraseña incorrecta para el usuario app"),
    ("disk_full", "FEHLER /data/wal: Auf dem Gerät ist kein Speicherplatz mehr verfügbar"),
    ("too_many_connections", "FATAL: tut mir leid, schon zu viele Verbindungen: too many clients already"),
]


@pytest.mark.parametrize(("kind", "line"), SAID)
def test_other_tongues_are_understood_and_quoted_as_they_are(kind: str, line: str) -> None:
    reading = read_log(line, now=NOW)
    shown = {each.kind: each.line for each in reading.standing()}
    assert kind in shown
    assert shown[kind] in line


def test_levels_are_known_in_other_tongues() -> None:
    lines = ["2026-11-02T08:11:02Z AVERTISSEMENT lent", "2026-11-02T08:11:02Z FEHLER kaputt", "[Erreur] ici"]
    levels = [each.level for each in read_log("\n".join(lines), now=NOW).entries]
    assert levels == [Level.WARN, Level.ERROR, Level.ERROR]


def test_a_phrase_inside_a_word_is_no_phrase() -> None:
    assert in_english("manquantes") == "manquantes"
    assert in_english("Wert fehlt.") == "Wert is not set."
