"""What Slack refuses in blocks, attachments and views, in the words of its `response_metadata.messages`."""

import json
from collections.abc import Iterator

from bot.demo.slack_emulator.composing import interactive_elements
from bot.demo.slack_emulator.limits import Limits
from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json

BLOCK_TYPES = frozenset(
    {
        "actions",
        "alert",
        "card",
        "carousel",
        "container",
        "context",
        "context_actions",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    }
)
TASK_STATUSES = frozenset({"pending", "in_progress", "complete", "error"})
ALERT_LEVELS = frozenset({"default", "info", "warning", "error", "success"})
BUTTON_STYLES = frozenset({"primary", "danger"})

Problem = str


def check_message_blocks(blocks: list[Json], limits: Limits, error: str = "invalid_blocks") -> None:
    """Refuse a message's blocks if Slack would."""
    problems = list(block_problems(blocks, limits, limits.blocks))
    if problems:
        raise Refused(error, [f"[ERROR] {problem}" for problem in problems])
    if sum(len(text) for text in _texts(blocks)) > limits.block_text:
        raise Refused("msg_blocks_too_long")


def check_attachments(attachments: list[Json], limits: Limits) -> None:
    if len(attachments) > limits.attachments:
        raise Refused("too_many_attachments")
    for attachment in attachments:
        check_message_blocks(list(attachment.get("blocks") or []), limits, "invalid_attachments")


def check_view(view: Json, limits: Limits) -> None:
    problems = list(block_problems(list(view.get("blocks") or []), limits, limits.view_blocks))
    if view.get("type") not in {"modal", "home"}:
        problems.append("must be modal or home [json-pointer:/view/type]")
    for part in ("title", "submit", "close"):
        text = view.get(part)
        if text is None:
            continue
        problems += _text_problems(text, limits.view_title, f"/view/{part}", kinds=("plain_text",))
    if view.get("type") == "modal" and view.get("title") is None:
        problems.append("missing required field: title [json-pointer:/view]")
    if len(str(view.get("private_metadata") or "")) > limits.private_metadata:
        problems.append(
            f"must be less than {limits.private_metadata + 1} characters [json-pointer:/view/private_metadata]"
        )
    if problems:
        raise Refused("invalid_arguments", [f"[ERROR] {problem}" for problem in problems])
    if len(json.dumps(view)) > limits.view_bytes:
        raise Refused("view_too_large")


def block_problems(blocks: list[Json], limits: Limits, most: int) -> Iterator[Problem]:
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:/blocks]"
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        where = f"/blocks/{index}"
        kind = block.get("type")
        if kind not in BLOCK_TYPES:
            yield f"unsupported type: {kind} [json-pointer:{where}/type]"
            continue
        yield from _id_problems(block, seen, limits, where)
        yield from _kind_problems(block, limits, where)
        for element in interactive_elements(block):
            yield from _element_problems(element, limits, where)
    if sum(len(str(b.get("text") or "")) for b in blocks if b.get("type") == "markdown") > limits.markdown:
        yield f"markdown text must be less than {limits.markdown + 1} characters in total [json-pointer:/blocks]"


def _id_problems(block: Json, seen: set[str], limits: Limits, where: str) -> Iterator[Problem]:
    block_id = block.get("block_id")
    if block_id is not None:
        if len(str(block_id)) > limits.identifier:
            yield f"must be less than {limits.identifier + 1} characters [json-pointer:{where}/block_id]"
        if block_id in seen:
            yield f"`block_id` {block_id} already exists for another block [json-pointer:{where}/block_id]"
        seen.add(str(block_id))
    actions = [str(element["action_id"]) for element in interactive_elements(block) if "action_id" in element]
    for action_id in sorted({name for name in actions if actions.count(name) > 1}):
        yield f'`action_id` "{action_id}" already exists for this block [json-pointer:{where}/elements]'


def _kind_problems(block: Json, limits: Limits, where: str) -> Iterator[Problem]:
    match block["type"]:
        case "section":
            yield from _section_problems(block, limits, where)
        case "header":
            yield from _text_problems(block.get("text"), limits.header, f"{where}/text", kinds=("plain_text",))
        case "context":
            yield from _count_problems(block.get("elements"), limits.context, f"{where}/elements")
        case "actions" | "context_actions":
            yield from _count_problems(block.get("elements"), limits.actions, f"{where}/elements")
        case "table":
            yield from _table_problems(block, limits, where)
        case "plan":
            yield from _plan_problems(block, limits, where)
        case "task_card":
            yield from _task_problems(block, where)
        case _:
            yield from _other_problems(block, limits, where)


def _other_problems(block: Json, limits: Limits, where: str) -> Iterator[Problem]:
    match block["type"]:
        case "alert" if block.get("level", "default") not in ALERT_LEVELS:
            yield f"must be a valid enum value [json-pointer:{where}/level]"
        case "image" if not block.get("alt_text"):
            yield f"missing required field: alt_text [json-pointer:{where}]"
        case "image" if not (block.get("image_url") or block.get("slack_file")):
            yield f"missing required field: image_url [json-pointer:{where}]"
        case "input" if not block.get("label") or not block.get("element"):
            yield f"missing required field: label or element [json-pointer:{where}]"
        case "markdown" if not block.get("text"):
            yield f"missing required field: text [json-pointer:{where}]"
        case "markdown" if len(str(block["text"])) > limits.markdown:
            yield f"must be less than {limits.markdown + 1} characters [json-pointer:{where}/text]"


def _section_problems(block: Json, limits: Limits, where: str) -> Iterator[Problem]:
    if block.get("text") is None and not block.get("fields"):
        yield f"missing required field: text or fields [json-pointer:{where}]"
    if block.get("text") is not None:
        yield from _text_problems(block["text"], limits.section, f"{where}/text")
    fields = block.get("fields") or []
    if len(fields) > limits.fields:
        yield f"no more than {limits.fields} items allowed [json-pointer:{where}/fields]"
    for index, text in enumerate(fields):
        yield from _text_problems(text, limits.field, f"{where}/fields/{index}")


def _table_problems(block: Json, limits: Limits, where: str) -> Iterator[Problem]:
    rows = block.get("rows") or []
    yield from _count_problems(rows, limits.table_rows, f"{where}/rows")
    for index, row in enumerate(rows):
        if not isinstance(row, list):
            yield f"must be an array [json-pointer:{where}/rows/{index}]"
        elif len(row) > limits.table_cells:
            yield f"no more than {limits.table_cells} items allowed [json-pointer:{where}/rows/{index}]"


def _plan_problems(block: Json, limits: Limits, where: str) -> Iterator[Problem]:
    title = block.get("title")
    if not title:
        yield f"missing required field: title [json-pointer:{where}]"
    elif len(str(title)) > limits.header:
        yield f"must be less than {limits.header + 1} characters [json-pointer:{where}/title]"
    for index, task in enumerate(block.get("tasks") or []):
        yield from _task_problems(task, f"{where}/tasks/{index}")


def _task_problems(task: Json, where: str) -> Iterator[Problem]:
    for name in ("task_id", "title"):
        if not task.get(name):
            yield f"missing required field: {name} [json-pointer:{where}]"
    if task.get("status", "pending") not in TASK_STATUSES:
        yield f"must be a valid enum value [json-pointer:{where}/status]"


def _element_problems(element: Json, limits: Limits, where: str) -> Iterator[Problem]:
    if len(str(element.get("action_id", ""))) > limits.identifier:
        yield f"must be less than {limits.identifier + 1} characters [json-pointer:{where}/elements/action_id]"
    if element.get("type") != "button":
        return
    yield from _text_problems(element.get("text"), limits.button_text, f"{where}/elements/text", kinds=("plain_text",))
    if len(str(element.get("value", ""))) > limits.button_value:
        yield f"must be less than {limits.button_value + 1} characters [json-pointer:{where}/elements/value]"
    if len(str(element.get("url", ""))) > limits.url:
        yield f"must be less than {limits.url + 1} characters [json-pointer:{where}/elements/url]"
    if element.get("style", "primary") not in BUTTON_STYLES:
        yield f"must be a valid enum value [json-pointer:{where}/elements/style]"
    if element.get("confirm") is not None:
        yield from _confirm_problems(element["confirm"], f"{where}/elements/confirm")


def _confirm_problems(confirm: Json, where: str) -> Iterator[Problem]:
    for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text_problems(confirm.get(part), most, f"{where}/{part}")


def _count_problems(items: object, most: int, where: str) -> Iterator[Problem]:
    if not isinstance(items, list) or not items:
        yield f"must provide at least 1 item [json-pointer:{where}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{where}]"


def _text_problems(
    text: object, most: int, where: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> Iterator[Problem]:
    if not isinstance(text, dict):
        yield f"must be an object [json-pointer:{where}]"
        return
    if text.get("type") not in kinds:
        yield f"must be one of {', '.join(kinds)} [json-pointer:{where}/type]"
    content = text.get("text")
    if not isinstance(content, str) or not content:
        yield f"must be more than 0 characters [json-pointer:{where}/text]"
    elif len(content) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{where}/text]"


def _texts(value: object) -> Iterator[str]:
    """Every string under a `text` key, however deep: what Slack seems to add up."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
