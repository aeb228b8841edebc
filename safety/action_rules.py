"""When each kind of action may be taken: one frozen model for each, as the policy file spells them.

The defaults are the careful ones. A bound that a file may not lower is a bound of the type.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from safety.actions import ActionKind


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    environments: tuple[str, ...] = Field(min_length=1)


class RestartRule(_Rule):
    """When a workload may be restarted: enough of its pods are ready, and they are replaced a few at a time."""

    min_ready_replicas: int = Field(2, ge=2)
    not_during_rollout: bool = True


class RollbackRule(_Rule):
    """When a workload may be rolled back."""

    not_during_rollout: bool = True


class ScaleRule(_Rule):
    """How far a deployment may be scaled: one step, its ends, and the sum of all steps within a day."""

    max_step: int = Field(2, ge=1, le=2)
    min: int = Field(1, ge=1)
    max: int = Field(20, ge=1, le=1000)
    max_drift_24h: int = Field(4, ge=1, le=10)
    forbid_if_hpa: bool = True

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not be above max")
        return self


class DeleteFailedPodRule(_Rule):
    """Which dead pods may be removed."""

    phases: tuple[Literal["Failed"], ...] = Field(("Failed",), min_length=1)


class EvictRule(_Rule):
    """Which running pods may be replaced; those of a stateful set only where the file says so."""

    require_controller_owner: Literal[True] = True
    respect_pdb: Literal[True] = True
    stateful_set_pods: bool = False


AnyRule = RestartRule | RollbackRule | ScaleRule | DeleteFailedPodRule | EvictRule


class ActionRules(BaseModel):
    """One rule per kind of action; a kind without a rule is not allowed anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    restart_deployment: RestartRule | None = None
    rollback_deployment: RollbackRule | None = None
    scale_deployment: ScaleRule | None = Field(None, exclude_if=lambda rule: rule is None)
    delete_failed_pod: DeleteFailedPodRule | None = Field(None, exclude_if=lambda rule: rule is None)
    evict_pod: EvictRule | None = Field(None, exclude_if=lambda rule: rule is None)
    restart_stateful_set: RestartRule | None = Field(None, exclude_if=lambda rule: rule is None)
    restart_daemon_set: RestartRule | None = Field(None, exclude_if=lambda rule: rule is None)
    rollback_stateful_set: RollbackRule | None = Field(None, exclude_if=lambda rule: rule is None)
    rollback_daemon_set: RollbackRule | None = Field(None, exclude_if=lambda rule: rule is None)

    def of(self, kind: ActionKind) -> AnyRule | None:
        """The rule for a kind of action; ``None`` means that it is not allowed."""
        found: AnyRule | None = getattr(self, kind)
        return found

    def written(self) -> dict[str, AnyRule]:
        """Those that the file has, by kind."""
        return {kind: rule for kind in type(self).model_fields if (rule := getattr(self, kind)) is not None}
