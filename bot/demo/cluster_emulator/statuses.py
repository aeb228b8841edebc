"""What the API server says when it refuses: failures that carry a Status body, one maker per reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.demo.cluster_emulator.objects import Obj
from bot.demo.cluster_emulator.resources import Resource


class ApiFailure(Exception):
    """A refusal; the server answers with its Status body and code."""

    def __init__(self, code: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after: int | None = None
        self.body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            **({"details": details} if details else {}),
            "code": code,
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing wrong with one field."""

    reason: str
    message: str
    field: str

    @classmethod
    def invalid(cls, field: str, value: str, why: str) -> Cause:
        """A value that is not allowed there."""
        return cls("FieldValueInvalid", f"Invalid value: {value}: {why}", field)

    @classmethod
    def required(cls, field: str, why: str = "") -> Cause:
        """A value that has to be there."""
        return cls("FieldValueRequired", f"Required value{': ' + why if why else ''}", field)

    @classmethod
    def forbidden(cls, field: str, why: str) -> Cause:
        """A field that may not be used so."""
        return cls("FieldValueForbidden", f"Forbidden: {why}", field)


def _details(resource: Resource, name: str) -> Obj:
    details: Obj = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = resource.plural
    return details


def not_found(resource: Resource, name: str) -> ApiFailure:
    """404 for one object."""
    return ApiFailure(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> ApiFailure:
    """409 for a create of a name that is taken."""
    return ApiFailure(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> ApiFailure:
    """409 for a write whose precondition no longer holds."""
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiFailure(409, "Conflict", message, _details(resource, name))


def invalid(qualified_kind: str, name: str, causes: Sequence[Cause]) -> ApiFailure:
    """422 with one cause per field."""
    told = [f"{cause.field}: {cause.message}" for cause in causes]
    text = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
    kind, _, group = qualified_kind.partition(".")
    details: Obj = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    return ApiFailure(422, "Invalid", f'{qualified_kind} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> ApiFailure:
    """400."""
    return ApiFailure(400, "BadRequest", message)


def unauthorized() -> ApiFailure:
    """401."""
    return ApiFailure(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiFailure:
    """403 with the subject that the real server names."""
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    details = _details(resource, name)
    if causes:
        details["causes"] = [
            {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
        ]
    return ApiFailure(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def denied(resource: Resource, name: str, why: str) -> ApiFailure:
    """422 of an admission policy: told as forbidden, and yet invalid by its reason and its code."""
    found = forbidden(resource, name, why)
    details = {**_details(resource, name), "causes": [{"message": why}]}
    return ApiFailure(422, "Invalid", str(found.body["message"]), details)


def unsupported_media() -> ApiFailure:
    """415."""
    return ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type")


def method_not_allowed() -> ApiFailure:
    """405."""
    return ApiFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def expired(message: str) -> ApiFailure:
    """410 for versions that are no longer kept."""
    return ApiFailure(410, "Expired", message)


def too_many(message: str, details: Obj | None = None) -> ApiFailure:
    """429."""
    return ApiFailure(429, "TooManyRequests", message, details)


def bad_dry_run(options_kind: str, value: str) -> ApiFailure:
    """422 for a dryRun that is not All."""
    cause = Cause("FieldValueNotSupported", f'Unsupported value: ["{value}"]: supported values: "All"', "dryRun")
    return invalid(f"{options_kind}.meta.k8s.io", "", [cause])
