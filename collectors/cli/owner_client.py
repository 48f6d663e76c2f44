"""How a command reaches the store: the file itself when nobody has it open, the owner's HTTP door otherwise.

Decides which of the two. Never waits for a lock, never shows the token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from collectors.cli.complaint import Complaint
from collectors.settings.options import Settings
from data.errors import StoreError, StoreLocked
from data.store import Store

if TYPE_CHECKING:
    import httpx


def open_store(settings: Settings) -> Store | None:
    """The store, opened by this process, or None when an owner process has it open.

    Creates the data directory when absent. Raises Complaint for a store that cannot be used at all.
    """
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Complaint(f"data directory {settings.data_dir}: cannot be made: {error.strerror}") from error
    try:
        return Store.open(settings.database)
    except StoreLocked:
        return None
    except StoreError as error:
        raise Complaint(str(error)) from error


class OwnerClient:
    """Requests to the owner process of this data directory, with its token."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def post(
        self,
        path: str,
        *,
        json: object = None,
        content: Iterable[bytes] | None = None,
        timeout_s: float = 30.0,
    ) -> Any:
        """The JSON answer. Raises Complaint when the owner cannot be reached or refuses."""
        import httpx  # half of what the commands that need no owner process would wait for

        url = self._settings.http_url + path
        try:
            token = self._settings.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Complaint(f"{self._settings.token_file}: cannot be read: {error.strerror}") from error
        try:
            answer = httpx.post(
                url,
                json=json,
                content=content,
                headers={"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(timeout_s, connect=3.0),
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise Complaint(
                f"{self._settings.database} is in use by another process, and no owner process answers at "
                f"{self._settings.http_url}; stop that process, or give the owner's --http-port"
            ) from error
        if answer.status_code >= 400:
            raise Complaint(f"the owner process at {self._settings.http_url} refused: {_reason(answer)}")
        return answer.json()


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    return str(body.get("error", body)) if isinstance(body, dict) else f"HTTP {answer.status_code}"
