"""What a model has to say of an incident, in parts that can be checked one by one: claims, each with its evidence."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import from_json

from safety.redaction import Redacted, Redactor
from tools.evidence import Category

EMPTY = Redactor().text("")
# Words of the vocabulary that say that there is nothing to find the cause of.
NOT_A_CAUSE = frozenset(
    {Category.HEALTHY, Category.NO_ISSUE, Category.RECOVERED, Category.ROLLOUT_IN_PROGRESS, Category.TRANSIENT}
)


# What each class of remedy does, as a verb.
ACTS = {"restart": "restart", "rollback": "roll back", "scale": "scale", "delete-pod": "delete"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Claim(_Part):
    """One sentence and the ids of the evidence that it rests on."""

    text: Redacted
    evidence: tuple[str, ...]


class LikelyCause(_Part):
    """The cause as the model sees it. ``subject`` is ``Kind/namespace/name``; ``confidence`` is 0–1."""

    category: Category
    subject: str
    confidence: float = Field(ge=0, le=1)
    why: Redacted
    evidence: tuple[str, ...]

    @field_validator("category")
    @classmethod
    def _is_a_cause(cls, value: Category) -> Category:
        if value in NOT_A_CAUSE:
            raise ValueError(f"{value} is not the cause of anything")
        return value


class Remedy(_Part):
    """What would help in the model's eyes, on an object of the pack by its handle (O1, O2 …): an opinion."""

    class_: Literal["restart", "rollback", "scale", "delete-pod"] = Field(alias="class")
    handle: str
    reason: Redacted


class Diagnosis(_Part):
    """The answer to a first question. Everything but ``summary`` may be empty."""

    summary: Redacted
    root_cause: LikelyCause | None = None
    claims: tuple[Claim, ...] = ()
    impact: tuple[Claim, ...] = ()
    what_changed: tuple[Claim, ...] = ()
    ruled_out: tuple[Redacted, ...] = ()
    not_checked: tuple[Redacted, ...] = ()
    next_checks: tuple[Redacted, ...] = ()
    remediation: Remedy | None = None
    explanation: Redacted = EMPTY


class NotADiagnosis(ValueError):
    """The reply is in no form that can be read part by part."""


P = TypeVar("P", bound=BaseModel)
_LISTS = {"claims": Claim, "impact": Claim, "what_changed": Claim}
_SINGLE: dict[str, type[BaseModel]] = {"root_cause": LikelyCause, "remediation": Remedy}
_LINES = ("ruled_out", "not_checked", "next_checks")


@cache
def diagnosis_schema() -> Mapping[str, Any]:
    """The form as JSON Schema, closed and without what only explains: it is sent with every first question."""
    made: dict[str, Any] = _bare(Diagnosis.model_json_schema())
    made["$defs"]["Category"]["enum"] = [each.value for each in Category if each not in NOT_A_CAUSE]
    return made


# Bounds are among them: the API does not enforce them, and they are checked here.
_ONLY_EXPLAINS = frozenset({"title", "description", "default", "minimum", "maximum"})


def _bare(value: Any, named: bool = False) -> Any:
    """``named`` says that the keys are names of fields, which stay whatever they are called."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    made = {
        key: _bare(each, key in ("properties", "$defs") and not named)
        for key, each in value.items()
        if named or key not in _ONLY_EXPLAINS
    }
    if not named and made.get("type") == "object":
        made["additionalProperties"] = False
    return made


def read_diagnosis(text: str, redactor: Redactor, *, cut_off: bool = False) -> tuple[Diagnosis, int]:
    """The parts of a reply that keep to the form, redacted, and how many did not. Raises ``NotADiagnosis``.

    Of a reply that was ``cut_off`` what is whole is taken, and that the rest is not counts as no fault.
    """
    told = redactor.tree(_json(text, cut_off))
    if not isinstance(told, Mapping):
        raise NotADiagnosis("not an object")
    summary = told.get("summary")
    if not isinstance(summary, Redacted) or not summary.strip():
        raise NotADiagnosis("no summary")
    faults = 0
    parts: dict[str, Any] = {"summary": summary}
    for name, form in _SINGLE.items():
        parts[name], wrong = _one(form, told.get(name))
        faults += wrong
    for name, form in _LISTS.items():
        read = [_one(form, each) for each in _many(told.get(name))]
        parts[name] = tuple(each for each, _ in read if each is not None)
        faults += sum(wrong for _, wrong in read)
    for name in _LINES:
        lines = _many(told.get(name))
        parts[name] = tuple(each for each in lines if isinstance(each, Redacted) and each.strip())
        faults += len(lines) - len(parts[name])
    explanation = told.get("explanation")
    parts["explanation"] = explanation if isinstance(explanation, Redacted) else EMPTY
    return Diagnosis(**parts), 0 if cut_off else faults


def _json(text: str, cut_off: bool) -> Any:
    """The JSON of the reply; some models put words or a fence around it."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0:
        raise NotADiagnosis("no JSON")
    try:
        return from_json(text[start:], allow_partial=True) if cut_off else json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        raise NotADiagnosis("broken JSON") from None


def _one(form: type[P], value: Any) -> tuple[P | None, int]:
    if value is None:
        return None, 0
    try:
        return form.model_validate(value), 0
    except ValidationError:
        return None, 1


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
