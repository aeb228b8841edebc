"""Uploaded files: the address a file is sent to, what was sent there, and what a message shows of it."""

from dataclasses import dataclass

from aiohttp import web

from bot.demo.slack_emulator.refusals import Refused
from bot.demo.slack_emulator.shapes import Json
from bot.demo.slack_emulator.team import Team


@dataclass(slots=True)
class StoredFile:
    """One file; it has no content until the upload arrived."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""


class Files:
    """All files of the workspace."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._stored: dict[str, StoredFile] = {}

    def expect(self, name: str, length: int) -> StoredFile:
        stored = StoredFile(self._team.new_id("F"), name, length, title=name)
        self._stored[stored.id] = stored
        return stored

    def find(self, file_id: str) -> StoredFile:
        stored = self._stored.get(file_id)
        if stored is None:
            raise Refused("file_not_found")
        return stored

    def describe(self, stored: StoredFile, address: str) -> Json:
        return {
            "id": stored.id,
            "created": int(self._team.now().timestamp()),
            "name": stored.name,
            "title": stored.title,
            "user": self._team.app.user_id,
            "size": stored.length,
            "mode": "hosted",
            "url_private": f"{address}/files/{stored.id}",
            "permalink": f"{address}/files/{stored.id}",
        }

    async def take_upload(self, request: web.Request) -> web.Response:
        """What is sent to an upload address: the bytes themselves, or a form with the file in it."""
        stored = self._stored.get(request.match_info["file"])
        if stored is None or stored.content is not None:
            return web.Response(status=404, text="no upload is expected here")
        if request.content_type == "multipart/form-data":
            parts = [part.file.read() for part in (await request.post()).values() if isinstance(part, web.FileField)]
            content = b"".join(parts)
        else:
            content = await request.read()
        stored.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def give(self, request: web.Request) -> web.Response:
        """The content, always as a download: nothing uploaded is ever run in the page."""
        stored = self._stored.get(request.match_info["file"])
        if stored is None or stored.content is None:
            return web.Response(status=404, text="no such file")
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=stored.content, content_type="application/octet-stream", headers=headers)
