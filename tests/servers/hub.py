"""An HTTP server that answers as the Hugging Face hub does when a model is downloaded: its files, from a folder.

Paths, headers and error codes are those that the hub's client reads (`HF_ENDPOINT`): a model's description with its
revision and files, the tree of a revision, and each file with its hash.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from servers.base import Handler, LocalServer

GATED = "google/embeddinggemma-300m"
"""A model whose terms nobody has accepted."""


@dataclass(frozen=True)
class HubFile:
    """A file of a model on the hub."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def size(self) -> int:
        return self.path.stat().st_size


class HubServer(LocalServer):
    """Serves one model on a free port of 127.0.0.1 while it is open; use it with `with`.

    `requests` are the paths that were asked for, `downloaded` the files that were sent.

    Args:
        name: The model's name.
        folder: Its files.
        revision: The commit that they are of, 40 hexadecimal digits.
    """

    def __init__(self, name: str, folder: Path, revision: str) -> None:
        super().__init__(_Handler)
        self.name, self.revision = name, revision
        self.files = {
            path.relative_to(folder).as_posix(): HubFile(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }
        self.downloaded: list[str] = []
        self.requests: list[str] = []


class _Handler(Handler):
    @property
    def hub(self) -> HubServer:
        return cast(HubServer, self.server.owner)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        hub.requests.append(path)
        about, resolve = f"/api/models/{hub.name}", f"/{hub.name}/resolve/"
        if path.startswith(f"/api/models/{GATED}"):
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
        elif path in {about, f"{about}/revision/main", f"{about}/revision/{hub.revision}"}:
            siblings = [{"rfilename": name} for name in hub.files]
            self.send_json({"id": hub.name, "sha": hub.revision, "siblings": siblings})
        elif path.startswith(f"{about}/tree/"):
            self.send_json([self._entry(name, file) for name, file in hub.files.items()])
        elif path.startswith(resolve):
            self._send_file(path.removeprefix(resolve).partition("/")[2], with_body)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")

    def _entry(self, name: str, file: HubFile) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": file.size, "oid": file.sha256[:40]}

    def _send_file(self, name: str, with_body: bool) -> None:
        file = self.hub.files.get(name)
        if file is None:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        self._head(HTTPStatus.OK, file.size, {"ETag": f'"{file.sha256}"', "X-Repo-Commit": self.hub.revision})
        if with_body:
            self.hub.downloaded.append(name)
            self.wfile.write(file.path.read_bytes())

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self._head(status, 0, {"X-Error-Code": code})

    def _head(self, status: HTTPStatus, length: int, headers: dict[str, str]) -> None:
        self.head(status, {**headers, "Content-Length": str(length)})
