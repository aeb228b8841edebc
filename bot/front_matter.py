"""Files that people write: settings in YAML between lines of dashes, and text below. Faults name file and line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.config import BadSetting

_DASHES = "---"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """One file: its settings, in which line of the file each key stands, and the text below them."""

    path: Path
    settings: Mapping[str, Any]
    lines: Mapping[str, int]
    body: str

    def fault(self, key: str, what: str) -> BadSetting:
        """What is wrong with a setting, for whoever wrote it."""
        return BadSetting(f"{self.path}:{self.lines.get(key, 1)}: {key}: {what}")

    def only(self, known: frozenset[str]) -> None:
        """Raises ``BadSetting`` for the first key that is not among the known ones."""
        for key in self.settings:
            if key not in known:
                raise self.fault(key, f"is not known here; there are {', '.join(sorted(known))}")


def read_front_matter(path: Path) -> FrontMatter:
    """A file in its two parts. Raises ``BadSetting`` that names the line where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from None
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != _DASHES:
        raise BadSetting(f"{path}:1: the first line has to be {_DASHES}, and the settings follow")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _DASHES), None)
    if end is None:
        raise BadSetting(f"{path}:{len(lines)}: a line {_DASHES} has to end the settings")
    head = "\n".join(lines[1:end])
    try:
        node = yaml.compose(head, Loader=yaml.SafeLoader)
        settings = yaml.safe_load(head)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "broken"
        raise BadSetting(f"{path}:{mark.line + 2 if mark else 1}: not YAML: {problem}") from None
    if not isinstance(node, yaml.MappingNode):
        raise BadSetting(f"{path}:2: the settings have to be `name: value` lines")
    where = {str(key.value): key.start_mark.line + 2 for key, _ in node.value}
    return FrontMatter(path, settings, where, "\n".join(lines[end + 1 :]).strip())
