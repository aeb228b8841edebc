"""Block Kit blocks as lines of text."""

from collections.abc import Callable

from bot.demo.slack_emulator.shapes import Json

Readable = Callable[[str], str]

TASK_MARKS = {"pending": "[ ]", "in_progress": "[~]", "complete": "[x]", "error": "[!]"}


def block_lines(block: Json, readable: Readable) -> list[str]:
    """What one block shows; a block of an unknown kind is named, not dropped."""
    writer = _WRITERS.get(str(block.get("type")))
    if writer is None:
        return [f"({block.get('type')} block)"]
    return [part for line in writer(block, readable) for part in (line.splitlines() or [""])]


def _text(value: object, readable: Readable) -> str:
    if isinstance(value, dict):
        return readable(str(value.get("text") or ""))
    return readable(str(value or ""))


def element_text(element: Json, readable: Readable) -> str:
    match element.get("type"):
        case "button" | "workflow_button":
            return f"[ {_text(element.get('text'), readable)} ]"
        case "image":
            return f"(image: {element.get('alt_text', '')})"
        case "overflow":
            return "[ ... ]"
        case "feedback_buttons":
            parts = (element.get("positive_button") or {}, element.get("negative_button") or {})
            return " ".join(f"[ {_text(part.get('text'), readable)} ]" for part in parts)
        case "mrkdwn" | "plain_text":
            return _text(element, readable)
        case kind:
            return f"[ {_text(element.get('placeholder'), readable) or kind} v ]"


def _section(block: Json, readable: Readable) -> list[str]:
    lines = [_text(block["text"], readable)] if block.get("text") else []
    lines += [_text(field, readable).replace("\n", " ") for field in block.get("fields") or []]
    if block.get("accessory"):
        lines.append(element_text(block["accessory"], readable))
    return lines


def _header(block: Json, readable: Readable) -> list[str]:
    return [f"# {_text(block.get('text'), readable)}"]


def _context(block: Json, readable: Readable) -> list[str]:
    return [" · ".join(element_text(e, readable) for e in block.get("elements") or [])]


def _actions(block: Json, readable: Readable) -> list[str]:
    return [" ".join(element_text(e, readable) for e in block.get("elements") or [])]


def _divider(block: Json, readable: Readable) -> list[str]:
    return ["-" * 30]


def _verbatim(block: Json, readable: Readable) -> list[str]:
    return [str(block.get("text") or "")]


def _alert(block: Json, readable: Readable) -> list[str]:
    return [f"({block.get('level', 'default')}) {_text(block.get('text'), readable)}"]


def _image(block: Json, readable: Readable) -> list[str]:
    return [f"(image: {block.get('alt_text', '')})"]


def _input(block: Json, readable: Readable) -> list[str]:
    return [f"{_text(block.get('label'), readable)}: ____"]


def _task(task: Json, readable: Readable) -> list[str]:
    lines = [f"{TASK_MARKS.get(str(task.get('status')), '[ ]')} {task.get('title', '')}"]
    for part in ("details", "output"):
        content = task.get(part)
        shown = (
            _rich_text(content, readable) if isinstance(content, dict) else [readable(str(content))] if content else []
        )
        lines += [f"    {line}" for line in shown]
    return lines


def _plan(block: Json, readable: Readable) -> list[str]:
    return [_text(block.get("title"), readable)] + [
        f"  {line}" for task in block.get("tasks") or [] for line in _task(task, readable)
    ]


def _table(block: Json, readable: Readable) -> list[str]:
    rows = [[_cell(cell, readable) for cell in row] for row in block.get("rows") or []]
    columns = max((len(row) for row in rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    return ["  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows]


def _cell(cell: Json, readable: Readable) -> str:
    if cell.get("type") == "rich_text":
        return " ".join(_rich_text(cell, readable))
    return str(cell.get("text", cell.get("value", "")))


def _card(block: Json, readable: Readable) -> list[str]:
    lines = [_text(block[part], readable) for part in ("title", "subtitle", "body") if block.get(part)]
    return lines + (_actions({"elements": block["actions"]}, readable) if block.get("actions") else [])


def _container(block: Json, readable: Readable) -> list[str]:
    lines = [_text(block[part], readable) for part in ("title", "subtitle") if block.get(part)]
    for child in [*(block.get("child_blocks") or []), *(block.get("elements") or [])]:
        lines += [f"  {line}" for line in block_lines(child, readable)]
    return lines


def _rich_text(block: Json, readable: Readable) -> list[str]:
    lines: list[str] = []
    for element in block.get("elements") or []:
        match element.get("type"):
            case "rich_text_list":
                mark = "1." if element.get("style") == "ordered" else "-"
                lines += [f"{mark} {_runs(item, readable)}" for item in element.get("elements") or []]
            case "rich_text_quote":
                lines += [f"> {line}" for line in _runs(element, readable).splitlines()]
            case _:
                lines += _runs(element, readable).splitlines()
    return lines


def _runs(element: Json, readable: Readable) -> str:
    return "".join(_run(run, readable) for run in element.get("elements") or [])


def _run(run: Json, readable: Readable) -> str:
    match run.get("type"):
        case "text":
            return str(run.get("text", ""))
        case "user":
            return readable(f"<@{run.get('user_id')}>")
        case "channel":
            return readable(f"<#{run.get('channel_id')}>")
        case "usergroup":
            return readable(f"<!subteam^{run.get('usergroup_id')}>")
        case "link":
            return f"{run['text']} ({run.get('url')})" if run.get("text") else str(run.get("url", ""))
        case "emoji":
            return f":{run.get('name')}:"
        case "broadcast":
            return f"@{run.get('range')}"
        case _:
            return str(run.get("text", run.get("fallback", "")))


_WRITERS: dict[str, Callable[[Json, Readable], list[str]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "divider": _divider,
    "markdown": _verbatim,
    "alert": _alert,
    "image": _image,
    "input": _input,
    "task_card": _task,
    "plan": _plan,
    "table": _table,
    "card": _card,
    "carousel": _container,
    "container": _container,
    "rich_text": _rich_text,
}
