"""Every setting, read from the environment (and ``.env``) once. Data only: nothing here builds or connects anything."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from safety.policy import Mode, Policy

SLACK_API = "https://slack.com/api/"


class BadSetting(Exception):
    """A setting or the policy file cannot be used; the message says which one and what to write instead."""


class Settings(BaseSettings):
    """The settings, one field each; the environment variable has the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    slack_bot_token: SecretStr | None = Field(None, description="Bot token of the Slack app (OAuth & Permissions).")
    slack_app_token: SecretStr | None = Field(None, description="App-level token with `connections:write`.")
    slack_api_url: str = Field(SLACK_API, description="The one switch between Slack and the emulator.")
    slack_sockets: int = Field(2, ge=1, le=10, description="Socket Mode connections held open at once.")
    anthropic_api_key: SecretStr | None = Field(None, description="Key for Claude; without one the rules answer alone.")
    anthropic_base_url: str | None = Field(None, description="Another address for the Messages API (a gateway).")
    orchestrator_model: str = Field("claude-sonnet-5-5", description="The model that writes the analysis.")
    kubeconfig: str | None = Field(None, description="Kubeconfig file; default: in-cluster, then `~/.kube/config`.")
    kube_context: str | None = Field(None, description="Context in the kubeconfig; default: the current one.")
    kube_writer_context: str | None = Field(
        None, description="Context for changes, so that all reading can be left to an account that may only read."
    )
    cluster_name: str | None = Field(
        None, description="The cluster's name for people; default: its name in the kubeconfig."
    )
    default_namespace: str | None = Field(None, description="Looked at when a question names no namespace.")
    database_url: str = Field("sqlite:///var/ask-claude.db", description="Where threads, proposals and audit live.")
    audit_checkpoints: Path | None = Field(
        None, description="File of the audit log's signed checkpoints; default: beside the database. Better elsewhere."
    )
    audit_key_file: Path | None = Field(
        None, description="Key that signs them, made at the first start; default: beside the database."
    )
    summary_channel: str | None = Field(
        None, description="Channel id that gets a summary of the changes and the audit log's head once a day."
    )
    summary_hour: int = Field(7, ge=0, le=23, description="After which hour (UTC) it is said.")
    policy_file: Path = Field(Path("policy.yaml"), description="What may be changed; no file means nothing may.")
    runbooks: Path = Field(Path("runbooks"), description="Folder of runbooks, a Markdown file for each kind.")
    remediation_mode: Mode = Field(
        "approve",
        description="`off` builds no executor; `approve`: people approve what is allowed; `auto`: the policy may too.",
    )
    auto_remediation_enabled: bool = Field(
        False, description="Without it `auto` is `approve`: every change needs a person. It forbids nothing else."
    )
    alert_channels: Annotated[dict[str, tuple[str, ...]], NoDecode] = Field(
        default_factory=dict,
        description="Channels whose alerts open threads: `C0123=Alertmanager` (several with `,`; monitors with `|`).",
    )
    github_token: SecretStr | None = Field(
        None, description="Token that may read the repositories below; without one GitHub is not asked."
    )
    github_url: str = Field("https://api.github.com", description="GitHub's API; another for GitHub Enterprise.")
    github_repositories: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Repositories whose changes are read: `org/a,org/b`; `org/*`: those of org that workloads name."
    )
    github_environment: str | None = Field(
        None, description="The deployment environment on GitHub that is this cluster; default: any counts."
    )
    service_map: Path | None = Field(None, description="YAML file that maps services to repositories and paths.")
    jira_url: str | None = Field(None, description="Address of Jira; without one Jira is not asked.")
    jira_user: str | None = Field(None, description="E-mail for Jira Cloud; without one the token is a personal one.")
    jira_token: SecretStr | None = Field(None, description="API token or personal access token for Jira.")
    jira_projects: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Projects whose tickets are read: `OPS,SHOP`; default: all the token may see."
    )
    thread_idle_minutes: float = Field(
        30, gt=0, description="After so long without a word a thread restarts from its summary."
    )
    verify_seconds: float = Field(120, gt=0, description="How long a change may take to show its effect.")
    parallel_threads: int = Field(8, ge=1, le=64, description="Threads worked on at the same time.")
    triage_restarts: int = Field(
        5, ge=0, description="A pod that restarted so often, or less, is let be unless it fails now."
    )
    triage_pod_age_minutes: float = Field(5, ge=0, description="A pod younger than this may still be starting.")
    triage_crashes: int = Field(
        3, ge=0, description="A container that crashed so often, or less, is let be while it runs."
    )
    triage_image_pull_seconds: float = Field(
        60, ge=0, description="So long an image may take to be pulled, retries and all."
    )
    triage_pending_minutes: float = Field(2, ge=0, description="So long a pod may wait for a node.")
    triage_scaling_up_minutes: float = Field(
        10, ge=0, description="So long it may wait while the autoscaler adds a node."
    )
    triage_not_ready_minutes: float = Field(
        2, ge=0, description="So long a pod or a node may be not ready, as during a rollout."
    )
    triage_recent_minutes: float = Field(30, ge=0, description="Restarts and events longer ago than this are history.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["json", "text"] = Field("text", description="One JSON object a line, or lines for people.")

    @field_validator("alert_channels", mode="before")
    @classmethod
    def _channels(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        channels: dict[str, tuple[str, ...]] = {}
        for part in filter(None, (each.strip() for each in value.split(","))):
            channel, equals, monitors = part.partition("=")
            named = tuple(filter(None, (each.strip() for each in monitors.split("|"))))
            if not equals or not channel.strip() or not named:
                raise ValueError(f"{part!r} is not CHANNEL=Monitor, for example C0123ABCD=Alertmanager")
            channels[channel.strip()] = channels.get(channel.strip(), ()) + named
        return channels

    @field_validator("github_repositories", "jira_projects", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return tuple(filter(None, (each.strip() for each in value.split(",")))) if isinstance(value, str) else value

    @field_validator("github_repositories")
    @classmethod
    def _repositories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(r"[\w.-]+/(?:[\w.-]+|\*)", each):
                raise ValueError(f"{each!r} is not owner/name, for example acme/shop, nor owner/*")
        return value

    @field_validator("jira_projects")
    @classmethod
    def _projects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", each):
                raise ValueError(f"{each!r} is not the key of a project, for example OPS")
        return value

    @property
    def mode_switch(self) -> Mode:
        """The mode that the operator allows at most; ``auto`` takes both settings."""
        mode = self.remediation_mode
        return "approve" if mode == "auto" and not self.auto_remediation_enabled else mode

    def secrets(self) -> list[str]:
        """The values that must never leave this process."""
        held = (
            *(self.slack_bot_token, self.slack_app_token, self.anthropic_api_key),
            *(self.github_token, self.jira_token),
        )
        return [each.get_secret_value() for each in held if each is not None]


def read_settings(**overrides: Any) -> Settings:
    """The settings from the environment; ``BadSetting`` names the variable and the fault."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise BadSetting(_faults(error, str.upper)) from None


def read_policy(path: Path) -> Policy:
    """The policy from its file. A missing file allows nothing; a broken one raises ``BadSetting``."""
    if not path.exists():
        return Policy.nothing_allowed()
    try:
        text = path.read_text(encoding="utf-8")
        return Policy.model_validate(yaml.safe_load(text) or {})
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        told = (f"{path}{_line_of(text, each['loc'])}: {_fault(each, str)}" for each in error.errors())
        raise BadSetting("; ".join(told)) from None


def _line_of(text: str, place: Sequence[int | str]) -> str:
    """Where in the file a part stands, or the nearest one around it that does."""
    node, line = yaml.compose(text, yaml.SafeLoader), ""
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step],) * 2
        else:
            break
        if found is None:
            break
        line, node = f", line {found[0].start_mark.line + 1}", found[1]
    return line


def _faults(error: ValidationError, name: Any) -> str:
    return "; ".join(_fault(each, name) for each in error.errors())


def _fault(fault: ErrorDetails, name: Callable[[str], str]) -> str:
    return f"{name('.'.join(map(str, fault['loc'])))}: {fault['msg']}"
