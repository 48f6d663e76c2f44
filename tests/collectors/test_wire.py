"""The short cut for plain frames: never another result than the library's own parser."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SERVER, Protocol, State
from websockets.server import ServerProtocol

from collectors.stations.wire import between_messages, text_frame, whole_texts

LIMIT = 70_000


def masked(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=True)


def parsed(data: bytes) -> tuple[list[bytes], Protocol]:
    """What the library makes of it."""
    protocol = Protocol(SERVER, state=State.OPEN, max_size=LIMIT)
    protocol.receive_data(data)
    return [bytes(event.data) for event in protocol.events_received()], protocol


@given(st.lists(st.binary(max_size=300), max_size=4), st.binary(max_size=8))
def test_what_is_taken_at_once_is_what_the_library_would_have_read(texts: list[bytes], rest: bytes) -> None:
    data = b"".join(map(masked, texts)) + rest
    taken = whole_texts(data, LIMIT)
    if taken is not None:
        assert (taken, True) == (parsed(data)[0], between_messages(parsed(data)[1]))
    if not rest:
        assert taken == texts


@given(st.binary(min_size=1, max_size=40))
def test_no_bytes_are_taken_that_the_library_refuses(data: bytes) -> None:
    taken = whole_texts(data, LIMIT)
    if taken is not None:
        events, protocol = parsed(data)
        assert protocol.parser_exc is None
        assert taken == events


def test_large_cut_and_other_frames_are_left_to_the_library() -> None:
    assert whole_texts(masked(b"x" * 65_535), LIMIT) == [b"x" * 65_535]
    assert whole_texts(masked(b"x" * 65_536), LIMIT) is None
    assert whole_texts(masked(b"x" * 500), 499) is None
    whole = masked(b"abc")
    assert all(whole_texts(whole[:cut], LIMIT) is None for cut in range(1, len(whole)))
    assert whole_texts(Frame(Opcode.PING, b"").serialize(mask=True), LIMIT) is None
    assert whole_texts(Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True), LIMIT) is None
    assert whole_texts(Frame(Opcode.TEXT, b"unmasked").serialize(mask=False), LIMIT) is None
    assert whole_texts(struct.pack("!BBQ", 0x81, 0xFF, 1) + b"mask" + b"x", LIMIT) is None


def test_half_a_frame_or_message_is_no_place_to_take_over() -> None:
    whole = masked(b"abc")
    for cut in range(1, len(whole)):
        assert not between_messages(parsed(whole[:cut])[1])
    assert between_messages(parsed(whole)[1])
    assert not between_messages(parsed(Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True))[1])


def test_after_a_servers_handshake_the_short_cut_is_open() -> None:
    protocol = ServerProtocol(max_size=LIMIT)
    protocol.receive_data(
        b"GET /S-1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    protocol.receive_data(masked(b"abc"))
    assert between_messages(protocol)
    protocol.receive_data(masked(b"abc")[:-1])
    assert not between_messages(protocol)


def test_a_sent_text_is_the_librarys_frame() -> None:
    for size in (0, 1, 125, 126, 65_535, 65_536):
        assert text_frame(b"x" * size) == Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)
