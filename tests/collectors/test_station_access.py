"""Proof of identity at the stations' door: Basic credentials, certificates, limits; over real sockets."""

from __future__ import annotations

import asyncio
import base64
import itertools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from msgspec.structs import replace
from websockets.exceptions import InvalidMessage, InvalidStatus

from collectors.commits import LiveIntake
from collectors.decode.privacy import Pseudonymiser
from collectors.owner.answers import OwnerAnswers
from collectors.owner.checking import door_problems, door_warnings
from collectors.settings.options import OcppSettings
from collectors.stations.access import (
    TRIES_PER_ADDRESS,
    TRIES_PER_STATION,
    WINDOW_S,
    Access,
    Pace,
    password_for,
)
from collectors.stations.listener import Desk, Listener
from collectors.stations.tls import Certificates, server_context
from data.station_secrets import (
    SecretBook,
    SecretError,
    hash_secret,
    load_secrets,
    make_secret,
    set_secret,
)
from data.store import Store
from tests.collectors.owners import owner_of, settings_for
from tests.collectors.tapped import charger, receive

HEARTBEAT = '[2,"1","Heartbeat",{}]'


@asynccontextmanager
async def guarded(
    store: Store, access: Access, tls: ssl.SSLContext | None = None, frames_per_s: int = 0
) -> AsyncIterator[str]:
    """A listener behind `access`; gives its address."""
    numbers = itertools.count(1)
    desk = Desk(
        LiveIntake(store, Pseudonymiser(None)),
        clock=lambda: datetime.now(UTC),
        is_registered=lambda _station: True,
        unknown="accept",
        new_transaction=lambda: next(numbers),
        heartbeat_s=300,
        frames_per_s=frames_per_s,
    )
    listener = Listener(
        desk, host="127.0.0.1", port=0, max_frame_bytes=65536, ping_interval_s=0, access=access, tls=tls
    )
    await listener.start()
    try:
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{listener.port}/"
    finally:
        await listener.stop()


def basic(user: str, password: str | bytes) -> dict[str, str]:
    word = password.encode() if isinstance(password, str) else password
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + word).decode()}


async def status_of(url: str, headers: dict[str, str] | None = None) -> int:
    """101 when let in, else the refusal's status."""
    try:
        async with charger(url, additional_headers=headers or {}) as station:
            await station.send(HEARTBEAT)
            await receive(station)
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


def test_only_the_stations_own_secret_lets_it_in(store: Store) -> None:
    made, chosen = make_secret(), "a secret of a person"
    set_secret(store, "BE-1", hash_secret(made))
    set_secret(store, "BE:2", hash_secret(chosen))
    book = SecretBook(load_secrets(store))

    async def scenario() -> None:
        async with guarded(store, Access(book=book)) as url:
            right = [
                ("BE-1", basic("BE-1", made)),
                ("BE-1", basic("BE-1", made.upper())),
                ("BE-1", basic("BE-1", bytes.fromhex(made))),
                ("BE:2", basic("BE:2", chosen)),
                ("BE:2", basic("BE:2", chosen)),
            ]
            wrong = [
                ("BE-1", {}),
                ("BE-1", basic("BE-1", chosen)),
                ("BE-1", basic("BE:2", made)),
                ("BE-1", {"Authorization": "Basic ???"}),
                ("BE-1", {"Authorization": f"Bearer {made}"}),
                ("BE:2", basic("BE:2", made)),
                ("BE-3", basic("BE-3", made)),
            ]
            assert [await status_of(url + station, headers) for station, headers in right] == [101] * 5
            assert [await status_of(url + station, headers) for station, headers in wrong] == [401] * 7

    asyncio.run(scenario())


def test_a_refusal_asks_for_basic_credentials_and_never_repeats_them(store: Store) -> None:
    async def scenario() -> None:
        async with guarded(store, Access(book=SecretBook({}))) as url:
            with pytest.raises(InvalidStatus) as refused:
                async with charger(url + "BE-1", additional_headers=basic("BE-1", "geheim")):
                    pass
            answer = refused.value.response
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            assert b"geheim" not in bytes(answer.body or b"")

    asyncio.run(scenario())


def test_wrong_tries_are_limited_for_a_while_and_other_stations_are_not_hurt(store: Store) -> None:
    made = make_secret()
    book = SecretBook({"BE-1": hash_secret(made), "BE-2": hash_secret(made)})
    now = [1000.0]

    async def scenario() -> None:
        async with guarded(store, Access(book=book, clock=lambda: now[0])) as url:
            for _ in range(TRIES_PER_STATION):
                assert await status_of(url + "BE-1", basic("BE-1", "wrong")) == 401
            assert await status_of(url + "BE-1", basic("BE-1", made)) == 429
            assert await status_of(url + "BE-2", basic("BE-2", made)) == 101
            now[0] += WINDOW_S + 1
            assert await status_of(url + "BE-1", basic("BE-1", made)) == 101

    asyncio.run(scenario())


def test_a_secret_is_never_stored_in_clear_and_can_be_taken_away(store: Store) -> None:
    made = make_secret()
    set_secret(store, "BE-1", hash_secret(made))
    kept = load_secrets(store)
    assert made not in str(kept)
    book = SecretBook(kept)
    assert book.is_right("BE-1", made.encode())
    set_secret(store, "BE-1", None)
    book.replace(load_secrets(store))
    assert not book.is_right("BE-1", made.encode())


@pytest.mark.parametrize("bad", ["", "short", "x" * 41, "with\x07control-characters"])
def test_a_secret_that_ocpp_does_not_allow_is_refused(bad: str) -> None:
    with pytest.raises(SecretError):
        hash_secret(bad)


def test_a_chosen_secret_is_slow_to_check_once_only() -> None:
    book = SecretBook({"BE-1": hash_secret("a secret of a person")})
    assert book.is_slow("BE-1")
    assert book.is_right("BE-1", b"a secret of a person")
    assert not book.is_slow("BE-1")
    assert book.is_right("BE-1", b"a secret of a person")
    assert not book.is_right("BE-1", b"a secret of another")


def test_the_user_name_must_be_the_station_whatever_colons_it_holds() -> None:
    assert password_for("A:B", [basic("A:B", "p:q")["Authorization"]]) == b"p:q"
    assert password_for("A", [basic("A:B", "p")["Authorization"]]) == b"B:p"
    assert password_for("B", [basic("A", "p")["Authorization"]]) is None
    assert password_for("A", []) is None


class Papers:
    """An authority, the server's certificate, and stations' ones, as files."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        self.server = folder / "server.pem"
        self.renew()

    def renew(self) -> None:
        """A new certificate of the server in the file of the old one."""
        self.authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(self.server)

    def client(self, name: str | None = None, authority: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        if name is not None:
            (authority or self.authority).issue_cert("station.example", common_name=name).configure_cert(
                context
            )
        return context


def test_stations_connect_by_tls_and_not_without(store: Store, tmp_path: Path) -> None:
    papers = Papers(tmp_path)

    async def scenario() -> None:
        tls = server_context(papers.server, None, None)
        async with guarded(store, Access(), tls) as url:
            async with charger(url + "BE-1", ssl=papers.client()) as station:
                await station.send(HEARTBEAT)
                assert str(await receive(station)).startswith('[3,"1"')
            with pytest.raises((InvalidMessage, OSError)):
                async with charger(url.replace("wss", "ws") + "BE-1"):
                    pass

    asyncio.run(scenario())


async def shown(url: str, papers: Papers) -> str:
    """The serial number of the certificate that a station meets now."""
    async with charger(url + "BE-9", ssl=papers.client()) as station:
        return str(station.transport.get_extra_info("ssl_object").getpeercert()["serialNumber"])


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_never(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    papers = Papers(tmp_path)
    certificates = Certificates(papers.server, None, None)

    async def troubled() -> bool:
        return certificates.trouble is not None

    async def scenario() -> None:
        async with guarded(store, Access(), certificates.context) as url:
            watching = asyncio.create_task(certificates.watch(every_s=0.02))
            async with charger(url + "BE-1", ssl=papers.client()) as open_all_along:
                first = await shown(url, papers)
                papers.renew()

                async def renewed() -> bool:
                    return await shown(url, papers) != first

                await comes(renewed)
                second = await shown(url, papers)
                papers.server.write_text("-----BEGIN CERTIFICATE-----\nhalf of it")
                await comes(troubled)
                assert await shown(url, papers) == second
                papers.server.unlink()
                await comes(troubled)
                assert await shown(url, papers) == second
                papers.renew()

                async def well_again() -> bool:
                    return certificates.trouble is None

                await comes(well_again)
                assert await shown(url, papers) not in {first, second}
                await open_all_along.send(HEARTBEAT)
                assert str(await receive(open_all_along)).startswith('[3,"1"')
            watching.cancel()

    asyncio.run(scenario())
    told = [record.getMessage() for record in caplog.records if "former certificate" in record.getMessage()]
    assert told
    assert all(str(papers.server) in line for line in told)


def test_an_owner_watches_its_certificate_and_the_metrics_tell_of_a_refused_renewal(tmp_path: Path) -> None:
    papers = Papers(tmp_path)
    settings = settings_for(tmp_path / "data")
    ocpp = replace(settings.ocpp, tls_certificate=papers.server)

    async def scenario() -> None:
        async with owner_of(replace(settings, ocpp=ocpp)) as owner:
            assert owner.certificates is not None
            answers = OwnerAnswers(owner)
            assert b"laadwacht_tls_renewal_refused 0.0" in await asyncio.to_thread(answers.metrics)
            papers.server.write_text("nothing")

            async def refused() -> bool:
                return b"laadwacht_tls_renewal_refused 1.0" in await asyncio.to_thread(answers.metrics)

            await comes(refused)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Certificates.watch, "__defaults__", (0.05,))
        asyncio.run(scenario())


def test_a_client_certificate_must_come_from_the_authority_and_name_the_station(
    store: Store, tmp_path: Path
) -> None:
    papers = Papers(tmp_path)

    async def scenario() -> None:
        tls = server_context(papers.server, None, papers.ca)
        async with guarded(store, Access(certificates=True), tls) as url:
            async with charger(url + "BE-1", ssl=papers.client("BE-1")) as station:
                await station.send(HEARTBEAT)
                await receive(station)
            with pytest.raises(InvalidStatus) as refused:
                async with charger(url + "BE-2", ssl=papers.client("BE-1")):
                    pass
            assert refused.value.response.status_code == 403
            for stranger in (papers.client(), papers.client("BE-1", trustme.CA())):
                with pytest.raises((InvalidMessage, OSError)):
                    async with charger(url + "BE-1", ssl=stranger):
                        pass

    asyncio.run(scenario())


def test_one_address_holds_so_many_connections_and_no_more(store: Store) -> None:
    async def scenario() -> None:
        access = Access(connections_per_address=2, is_own=lambda _address: False)
        async with guarded(store, access) as url, charger(url + "BE-1"):
            async with charger(url + "BE-2"):
                assert await status_of(url + "BE-3") == 429
            assert await status_of(url + "BE-3") == 101

    asyncio.run(scenario())


def test_an_address_that_tries_many_stations_is_shut_out_as_a_whole(store: Store) -> None:
    made = make_secret()

    async def scenario() -> None:
        access = Access(book=SecretBook({"BE-1": hash_secret(made)}), is_own=lambda _address: False)
        async with guarded(store, access) as url:
            for number in range(TRIES_PER_ADDRESS):
                assert await status_of(f"{url}GUESS-{number}") == 401
            assert await status_of(url + "BE-1", basic("BE-1", made)) == 429

    asyncio.run(scenario())


def test_a_station_that_sends_too_much_is_read_slower_but_all_of_it(store: Store) -> None:
    pace = Pace(10)
    pauses = [pace.pause_s(50.0) for _ in range(110)]
    assert pauses[:100] == pytest.approx([0.0] * 100)
    assert pauses[109] == pytest.approx(1.0)
    assert pace.pause_s(100.0) == 0.0

    async def scenario() -> None:
        async with (
            guarded(store, Access(), frames_per_s=100) as url,
            charger(url + "BE-1") as station,
        ):
            for number in range(1100):
                await station.send(f'[2,"{number}","Heartbeat",{{}}]')
            for number in range(1100):
                assert str(await receive(station)).startswith(f'[3,"{number}"')

    asyncio.run(scenario())


def test_beyond_this_machine_somebody_must_prove_something_or_it_is_said_aloud() -> None:
    assert door_problems(OcppSettings()) == []
    assert "anybody could pose as a station" in door_problems(OcppSettings(host="0.0.0.0"))[0]
    assert door_problems(OcppSettings(host="0.0.0.0", authentication="basic")) == []
    assert door_problems(OcppSettings(host="0.0.0.0", tap="wss://x/{station}")) == []
    partly = OcppSettings(host="0.0.0.0", tap="wss://x/{station}", tap_stations=("OURS=",))
    assert len(door_problems(partly)) == 1
    open_door = OcppSettings(host="0.0.0.0", allow_unauthenticated=True)
    assert door_problems(open_door) == []
    assert "can pose as a station" in door_warnings(open_door)[0]
    assert "in clear" in door_warnings(OcppSettings(host="0.0.0.0", authentication="basic"))[0]


def test_each_mistake_about_certificates_and_taps_is_named(tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("hello")
    papers = Papers(tmp_path)
    told = [
        door_problems(OcppSettings(tls_key=tmp_path / "k.pem")),
        door_problems(OcppSettings(tls_certificate=tmp_path / "gone.pem")),
        door_problems(OcppSettings(tls_certificate=tmp_path / "not.pem")),
        door_problems(OcppSettings(tls_certificate=papers.server, tls_client_ca=tmp_path / "not.pem")),
        door_problems(OcppSettings(tap="https://x/")),
        door_problems(OcppSettings(tap_stations=("BE-1",))),
    ]
    expected = ["ocpp.tls_key", "gone.pem", "not.pem", "ocpp.tls_client_ca", "ocpp.tap:", "ocpp.tap_stations"]
    assert [len(problems) for problems in told] == [1] * len(told)
    assert all(word in problems[0] for word, problems in zip(expected, told, strict=True))
