"""The numbers at which Slack starts to refuse, in one place so that a test can lower them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters unless said otherwise.

    Assumptions about the real Slack: `block_text` is reported by users and not documented; `update_text`
    is counted in bytes after escaping, as others found out; the cap on `metadata` is a guess.
    `rate_limits` switches on how often each method may be called (see `rates`). `trigger_seconds` is how long
    a trigger lives by the emulator's clock: where that one runs fast, the app still needs its real milliseconds.
    """

    post_text: int = 40_000
    update_text: int = 4_000
    blocks: int = 50
    view_blocks: int = 100
    block_text: int = 13_200
    markdown: int = 12_000
    section: int = 3_000
    field: int = 2_000
    fields: int = 10
    header: int = 150
    button_text: int = 75
    button_value: int = 2_000
    identifier: int = 255
    actions: int = 25
    context: int = 10
    table_rows: int = 100
    table_cells: int = 20
    url: int = 3_000
    view_title: int = 24
    view_bytes: int = 250_000
    private_metadata: int = 3_000
    metadata: int = 8_000
    status_title: int = 200
    loading_messages: int = 10
    prompts: int = 4
    attachments: int = 100
    push_depth: int = 3
    trigger_seconds: float = 3.0
    rate_limits: bool = False


DEFAULT_LIMITS = Limits()
