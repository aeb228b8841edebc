"""What clients, drivers and pools of many languages say when they do not get what they depend on."""

from datetime import UTC, datetime

import pytest

from safety.redaction import Redactor
from tools.logs.read import read_log

NOW = datetime(2026, 11, 2, 8, 12, tzinfo=UTC)
SAID = [
    (
        "connection_timeout",
        'Get "http://stock.shop.svc:8080/v1": net/http: request canceled while waiting for connection',
    ),
    ("connection_timeout", 'Post "https://stock.shop.svc:8443/v1": net/http: TLS handshake timeout'),
    ("connection_timeout", "httpx.ConnectError: All connection attempts failed"),
    ("connection_refused", "ClientConnectorError: Cannot connect to host stock:80 ssl:default [Connect call failed"),
    ("connection_timeout", "kafka.errors.NoBrokersAvailable: NoBrokersAvailable"),
    ("connection_timeout", "Net::OpenTimeout: execution expired"),
    ("connection_timeout", "Could not establish TCP connection to any of the configured hosts"),
    ("connection_timeout", "{:error, %HTTPoison.Error{reason: :connect_timeout}}"),
    ("connection_timeout", "upstream connect error or disconnect/reset before headers. reset reason: overflow"),
    ("connection_timeout", "the stock service did not answer"),
    ("slow", "The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing."),
    ("too_many_connections", "connection not available and request was dropped from queue after 2000ms"),
    ("too_many_connections", "could not obtain a connection from the pool within 5.000 seconds"),
    ("too_many_connections", "TimeoutError: ResourceRequest timed out"),
    ("too_many_connections", "failed to acquire connection from pool within 5s, 20/20 in use"),
    ("authentication_failed", "LDAP: error code 49 - 80090308: LdapErr: DSID-0C0903A9"),
    ("authentication_failed", "The AWS Access Key Id you provided does not exist in our records."),
    ("protocol_mismatch", "SSLException: Unsupported or unrecognized SSL message"),
    ("protocol_mismatch", "rpc error: code = Unavailable desc = error reading server preface: http2: frame too large"),
    ("protocol_mismatch", "Cannot determine the frame size or a corrupted frame was received."),
    ("certificate_expired", "invalid peer certificate: Expired"),
    ("certificate_expired", "The remote certificate is invalid: NotTimeValid"),
    ("read_only", "ERROR:  cannot execute nextval() in a read-only transaction"),
    ("read_only", "ORA-16000: database or pluggable database open for read-only access"),
    ("read_only", 'Failed to update database "crm" because the database is read-only.'),
    ("read_only", "write rejected: node-2 is in standby"),
    ("read_only", "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk"),
    ("permission_denied", "System.UnauthorizedAccessException: Access to the path '/data/x' is denied."),
    ("permission_denied", "file_put_contents(/data/x): Failed to open stream: Permission denied"),
    ("permission_denied", "java.nio.file.AccessDeniedException: /data/index"),
    ("address_in_use", "could not bind socket 0.0.0.0:8080, another process is listening"),
]


@pytest.mark.parametrize(("kind", "line"), SAID)
def test_a_client_s_words_are_known(kind: str, line: str) -> None:
    reading = read_log(Redactor().text(f"2026-11-02T08:11:02Z ERROR {line}"), now=NOW)
    assert kind in {each.kind for each in reading.standing()}


def test_what_answers_with_another_protocol_is_not_called_unavailable() -> None:
    line = "ERROR rpc error: code = Unavailable desc = error reading server preface: http2: frame too large"
    assert [each.kind for each in read_log(line, now=NOW).standing()] == ["protocol_mismatch"]


@pytest.mark.parametrize("line", ["unreachable code eliminated", "pool: 3/20 in use", "connect_timeout=5s idle=30s"])
def test_words_that_only_look_like_them_say_nothing(line: str) -> None:
    assert read_log(f"2026-11-02T08:11:02Z INFO {line}", now=NOW).standing() == ()
