"""The line that sets a value: in files as people write them, in diffs, and not where it cannot be told."""

import pytest

from tools.settings import Setting, line_that_sets, set_in_diff

LIMIT = Setting("memory limit", "96Mi", ("memory",), ("limits",))
TAG = Setting("image tag", "v2.1", ("tag", "image", "newTag"))
PORT = Setting("port of the liveness probe", "8086", ("port",), ("livenessProbe", "liveness"))
VARIABLE = Setting("env POOL_SIZE", "400", ("POOL_SIZE",))


@pytest.mark.parametrize(
    ("text", "setting", "line"),
    [
        ("resources:\n  requests:\n    memory: 96Mi\n  limits:\n    memory: 96Mi\n", LIMIT, 5),
        ('resources:\n  limits: \n    cpu: 1\n    memory: "96Mi" # was 256Mi\n', LIMIT, 4),
        ('{\n "limits": {\n  "memory": "96Mi"\n }\n}', LIMIT, 3),
        ('resource "x" {\n  limits = {\n    memory = "96Mi"\n  }\n}', LIMIT, 3),
        ("spec:\n  containers:\n    - name: a\n      image: registry.example/shop/a:v2.1\n", TAG, 4),
        ("image:\n  repository: x\n  tag: v2.1\nother: v2.10\n", TAG, 3),
        ("images:\n- name: a\n  newTag: v2.1\n", TAG, 3),
        ("livenessProbe:\n  httpGet:\n    port: 8086\nreadinessProbe:\n  httpGet:\n    port: 8086\n", PORT, 3),
        ('env:\n  - name: POOL_SIZE\n    value: "400"\n  - name: OTHER\n    value: "400"\n', VARIABLE, 3),
        ("resources: {requests: {memory: 10Mi}, limits: {memory: 96Mi, cpu: 1}}\n", LIMIT, 1),
        ("POOL_SIZE=400\nPOOL=400\n", VARIABLE, 1),
        ("export POOL_SIZE=400\n", VARIABLE, 1),
        ("ENV POOL_SIZE=400\n", VARIABLE, 1),
    ],
)
def test_a_value_is_found_where_it_is_set(text: str, setting: Setting, line: int) -> None:
    found = line_that_sets(text, setting)
    assert found is not None
    assert found[0] == line
    assert found[1] == text.splitlines()[line - 1].strip()


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("# memory: 96Mi\n", LIMIT),
        ("resources:\n  requests:\n    memory: 96Mi\n", LIMIT),
        ("limits:\n  memory: 196Mi\n", LIMIT),
        ("note: use 96Mi of memory\n", LIMIT),
        ("a:\n  limits:\n    memory: 96Mi\nb:\n  limits:\n    memory: 96Mi\n", LIMIT),
        ("tag: v2.1.3\n", TAG),
        ("tag: v12.1\n", TAG),
        ("env:\n  - name: OTHER\n    value: 400\n", VARIABLE),
        ("", LIMIT),
    ],
    ids=["comment", "request", "other value", "prose", "twice", "longer", "other start", "other name", "empty"],
)
def test_what_does_not_set_it_or_might_be_one_of_two_is_not_named(text: str, setting: Setting) -> None:
    assert line_that_sets(text, setting) is None


def test_in_a_diff_only_what_it_adds_counts_and_the_line_is_that_of_the_new_file() -> None:
    diff = (
        "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-a\n+memory: 96Mi is little\n"
        "--- a/charts/a/values.yaml\n+++ b/charts/a/values.yaml\n@@ -10,4 +12,4 @@ resources:\n"
        "   limits:\n-    memory: 256Mi\n+    memory: 96Mi\n     cpu: 1\n"
    )
    assert set_in_diff(diff, LIMIT) == ("charts/a/values.yaml", 13, "memory: 96Mi")
    assert set_in_diff(diff.replace("+    memory", "     memory"), LIMIT) is None


def test_a_generated_file_of_many_lines_is_not_searched_to_its_end() -> None:
    assert line_that_sets("x: 1\n" * 6_000 + "limits:\n  memory: 96Mi\n", LIMIT) is None


def test_a_piece_of_a_diff_without_headers_belongs_to_the_only_file_of_its_change() -> None:
    piece = "   limits:\n-      memory: 256Mi\n+      memory: 96Mi"
    assert set_in_diff(piece, LIMIT, ["charts/a/values.yaml"]) == ("charts/a/values.yaml", None, "memory: 96Mi")
    assert set_in_diff(piece, LIMIT, ["a.yaml", "b.yaml"]) is None
    assert set_in_diff(piece, LIMIT) is None
