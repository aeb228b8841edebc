"""How the emulator says no: the error code Slack would give, with whatever Slack adds to it."""

from bot.demo.slack_emulator.shapes import Json


class Refused(Exception):
    """A Web API call is answered with `ok: false` and this code."""

    def __init__(self, error: str, messages: list[str] | None = None, **extra: str) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages or []
        self.extra = extra

    def as_body(self) -> Json:
        body: Json = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            body["errors"] = [message.removeprefix("[ERROR] ") for message in self.messages]
            body["response_metadata"] = {"messages": self.messages}
        return body
