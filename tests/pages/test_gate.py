"""The door of the dashboard over real HTTP: gated, hardened, compressed, calm when the owner process is
down.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pages._form import MOST_BYTES
from pages._gate import StaticGzip, local_path
from tests.pages.conftest import EMAIL, PASSWORD, Place, dashboard, free_ports

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def url(bare: Place) -> Iterator[str]:
    with dashboard(bare) as address:
        yield address


@pytest.fixture
def visitor(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=HTML) as client:
        yield client


def csrf_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found.group(1)


def sign_in(visitor: httpx.Client, target: str = "/", password: str = PASSWORD) -> httpx.Response:
    form = visitor.get("/login", params={"next": target})
    body = {
        "csrf": csrf_in(form),
        "next": target,
        "lang": "nl",
        "email": EMAIL["helpdesk"],
        "password": password,
    }
    return visitor.post("/login", data=body)


@pytest.mark.parametrize(
    "path", ["/", "/triage", "/fault?id=abc", "/_stcore/host-config", "/media/x.csv", "/nowhere"]
)
def test_without_a_session_a_visitor_is_sent_to_sign_in(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_without_a_session_what_is_no_page_is_refused(url: str) -> None:
    assert httpx.get(f"{url}/media/x.csv", headers={"Accept": "*/*"}).status_code == 401


def test_without_a_session_the_websocket_handshake_is_refused(url: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(url.replace("http", "ws") + "/_stcore/stream"):
        pass
    assert refused.value.response.status_code == 403


def test_an_invented_session_cookie_opens_nothing(url: str) -> None:
    answer = httpx.get(f"{url}/", headers={**HTML, "Cookie": "laadwacht_session=invented"})
    assert answer.status_code == 303


def test_sign_in_leads_back_to_the_deep_link_with_a_cookie_no_script_can_read(visitor: httpx.Client) -> None:
    answer = sign_in(visitor, "/fault?id=abc")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/fault?id=abc"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("laadwacht_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visitor.get("/triage").status_code == 200


def test_a_wrong_password_is_refused_without_telling_who_exists(visitor: httpx.Client) -> None:
    answer = sign_in(visitor, password="not-this-one")
    assert answer.status_code == 401
    assert "E-mailadres of wachtwoord klopt niet." in answer.text
    assert "laadwacht_session" not in visitor.cookies


def test_a_form_without_the_double_submitted_token_is_refused(visitor: httpx.Client) -> None:
    body = {"csrf": "guess", "next": "/", "email": EMAIL["helpdesk"], "password": PASSWORD}
    assert visitor.post("/login", data=body).status_code == 403


@pytest.mark.parametrize("path", ["/login", "/unsubscribe", "/m/no-such-link"])
def test_a_form_too_large_to_be_one_is_refused(visitor: httpx.Client, path: str) -> None:
    assert visitor.post(path, data={"email": "a" * MOST_BYTES}).status_code == 413


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "", "x"]
)
def test_next_is_a_local_path_or_nothing(target: str) -> None:
    assert local_path(target) == "/"


def test_sign_out_is_post_only_and_ends_the_session_everywhere(visitor: httpx.Client, url: str) -> None:
    sign_in(visitor)
    session = visitor.cookies["laadwacht_session"]
    visitor.get("/logout")
    assert visitor.get("/triage").status_code == 200
    assert visitor.post("/logout", data={"csrf": "guess"}).status_code == 403
    assert visitor.post("/logout", data={"csrf": visitor.cookies["laadwacht_csrf"]}).status_code == 303
    answer = httpx.get(f"{url}/", headers={**HTML, "Cookie": f"laadwacht_session={session}"})
    assert answer.headers["location"] == "/login"


def test_the_sign_in_page_speaks_the_language_of_the_browser_and_of_the_link(visitor: httpx.Client) -> None:
    assert "Se connecter" in visitor.get("/login", headers={"Accept-Language": "fr-BE"}).text
    assert "Sign in" in visitor.get("/login?lang=en").text


def test_what_a_visitor_sends_is_escaped_on_the_sign_in_page(visitor: httpx.Client) -> None:
    assert "<script>" not in visitor.get("/login", params={"next": '/"><script>alert(1)</script>'}).text


def test_no_other_site_may_frame_a_page(visitor: httpx.Client) -> None:
    headers = visitor.get("/login").headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_bundle_is_compressed_and_the_same_after_unpacking(visitor: httpx.Client) -> None:
    sign_in(visitor)
    found = re.search(r'src="\.?(/static/js/[^"]+\.js)"', visitor.get("/").text)
    assert found
    plain = visitor.get(found.group(1), headers={"Accept-Encoding": "identity"})
    with visitor.stream("GET", found.group(1), headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < len(plain.content) / 2
    assert gzip.decompress(packed) == plain.content


def test_a_visitor_who_leaves_while_the_bundle_loads_leaves_no_half_file_for_the_next() -> None:
    script = b"export {o};" * 5000

    async def bundle(scope: Scope, receive: Receive, send: Send) -> None:
        async def slowly() -> AsyncIterator[bytes]:
            for start in range(0, len(script), 1000):
                await asyncio.sleep(0)
                yield script[start : start + 1000]

        await StreamingResponse(slowly(), media_type="text/javascript")(scope, receive, send)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def nobody(message: Message) -> None:
        assert message

    async def visit() -> bytes:
        app = StaticGzip(bundle)
        path = "/static/js/index.js"
        headers = [(b"accept-encoding", b"gzip")]
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "asgi": {}}
        await app(scope, gone, nobody)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house") as next_one:
            return (await next_one.get(path)).content

    assert asyncio.run(visit()) == script


def test_a_roles_first_page_answers_at_its_own_path_too(visitor: httpx.Client) -> None:
    sign_in(visitor)
    assert visitor.get("/overview").headers["location"] == "/"


def test_nobody_but_the_pages_can_drive_the_app_over_http(visitor: httpx.Client) -> None:
    sign_in(visitor)
    config = (Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text()
    assert "enableAgentApi = false" in config
    assert "gatherUsageStats = false" in config


def test_without_its_owner_process_the_dashboard_says_so_calmly(bare: Place, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    env = {**bare.env, "LAADWACHT_HTTP_URL": f"http://127.0.0.1:{nobody}"}
    with dashboard(bare._replace(directory=tmp_path, env=env)) as url:
        answer = httpx.get(f"{url}/triage", headers={**HTML, "Cookie": "laadwacht_session=x"})
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert answer.status_code == 503
    for said in ("De bewakingsdienst antwoordt niet", "Le service de surveillance", "The watch service"):
        assert said in answer.text
