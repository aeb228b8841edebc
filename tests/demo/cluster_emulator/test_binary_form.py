"""The binary form: what is read, what is refused, and that damage is never more than a bad request."""

from __future__ import annotations

import pytest

from bot.demo.cluster_emulator.api.protobuf import MAGIC, read_protobuf
from bot.demo.cluster_emulator.statuses import ApiFailure


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    return _number(number << 3 | 2) + _number(len(value)) + value


def _number(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _sent(version: str, kind: str, raw: bytes) -> bytes:
    meta = _field(1, version.encode()) + _field(2, kind.encode())
    return MAGIC + _field(1, meta) + _field(2, raw)


def _settings() -> bytes:
    meta = _field(1, b"made") + _field(11, _field(1, b"app") + _field(2, b"web")) + _field(8, b"")
    return _sent("v1", "ConfigMap", _field(1, meta) + _field(2, _field(1, b"a") + _field(2, b"b")))


def test_an_object_is_read_with_its_maps():
    assert read_protobuf(_settings()) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "made", "labels": {"app": "web"}},
        "data": {"a": "b"},
    }


def test_numbers_lists_and_amounts_are_read():
    amounts = _field(1, _field(1, b"cpu") + _field(2, _field(1, b"100m")))
    container = _field(1, b"c") + _field(3, b"sh") + _field(3, b"-c") + _field(8, amounts)
    surge = _field(2, _field(1, _field(1, 1) + _field(3, b"25%")) + _field(2, _field(1, 0) + _field(2, 2)))
    spec = _field(1, 2) + _field(3, _field(2, _field(2, container))) + _field(4, surge)
    read = read_protobuf(_sent("apps/v1", "Deployment", _field(2, spec)))["spec"]
    assert read["replicas"] == 2
    assert read["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": 2}
    held = read["template"]["spec"]["containers"][0]
    assert held == {"name": "c", "command": ["sh", "-c"], "resources": {"limits": {"cpu": "100m"}}}


def test_a_kind_whose_fields_are_not_known_is_415():
    with pytest.raises(ApiFailure) as told:
        read_protobuf(_sent("networking.k8s.io/v1", "Ingress", b""))
    assert told.value.code == 415


def test_damage_is_a_bad_request():
    whole = _settings()
    for body in (b"", b"{}", *(whole[:size] for size in range(4, len(whole))), whole + b"\x0f"):
        try:
            read_protobuf(body)
        except ApiFailure as failure:
            assert failure.code in (400, 415)  # noqa: PT017


async def test_a_body_of_an_unknown_form_is_415(emulator, raw):
    headers = {"Authorization": f"Bearer {emulator.token('admin')}", "Content-Type": "application/cbor"}
    url = f"{emulator.url}/api/v1/namespaces/proteus-dev/configmaps"
    async with raw.session.post(url, data=b"x", headers=headers) as answer:
        assert answer.status == 415
