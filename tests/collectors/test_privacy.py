"""Cards and passwords never reach the store, whatever the frame around them looks like."""

from __future__ import annotations

import json
import string
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collectors.decode.frame import Frame, parse
from collectors.decode.privacy import HIDDEN, Pseudonymiser
from tests.collectors.test_frame import storable
from tests.collectors.test_ocpp import FRAMES

KEY = bytes(range(32))
PRIVATE = Pseudonymiser(KEY)
# A card of letters only or digits only is hidden where it is named, but not wherever it appears.
CARDS = st.text(string.ascii_uppercase + string.digits + "-*:|@{}#~", min_size=6, max_size=20).filter(
    lambda card: any(c.isdigit() for c in card) and not card.isdigit()
)
NAMES = st.sampled_from(
    ["idTag", "parentIdTag", "IDTAG", "id_tag", "rfid", "cardNumber", "emaid", "contractId", "evccId"]
)


def hidden(text: str) -> Frame:
    frame = PRIVATE.frame(parse(text))
    storable(frame)
    return frame


def whole(frame: Frame) -> str:
    return frame.raw + json.dumps(frame.payload, ensure_ascii=False) + (frame.error_description or "")


@given(CARDS, NAMES)
def test_no_card_stays_in_a_well_formed_request(card: str, name: str) -> None:
    payload = {
        "connectorId": 1,
        name: card,
        "list": [{"idTagInfo": {"parentIdTag": card}}],
        "note": f"<{card}>",
    }
    frame = hidden(json.dumps([2, "x", "Authorize", payload]))
    assert card not in whole(frame)
    assert frame.payload[name] == PRIVATE.token(card)
    assert json.loads(frame.raw) == [2, "x", "Authorize", frame.payload]


@given(CARDS)
def test_no_card_stays_in_a_2_x_token_or_its_group(card: str) -> None:
    assume(card not in "ISO14443")  # a card is taken out of every text of its frame
    token = {
        "idToken": card,
        "type": "ISO14443",
        "additionalInfo": [{"additionalIdToken": card, "type": "x"}],
    }
    payload = {"idToken": token, "idTokenInfo": {"status": "Accepted", "groupIdToken": {"idToken": card}}}
    frame = hidden(json.dumps([3, "x", payload]))
    assert card not in whole(frame)
    assert frame.payload["idToken"]["idToken"] == PRIVATE.token(card)
    assert frame.payload["idToken"]["type"] == "ISO14443"


@given(CARDS, NAMES, st.integers(0, 60), st.sampled_from(["[2,'1',", '[2,"1",', "garbage ", '\n[2,"1",']))
def test_no_card_stays_in_a_broken_request(card: str, name: str, cut: int, start: str) -> None:
    text = f'{start}"Authorize",{{"{name}": {json.dumps(card)}, "x" 1}}]'
    text = text[: len(text) - cut]
    if card in text:
        assert card not in whole(hidden(text))


@given(CARDS, NAMES)
def test_no_card_stays_in_json_inside_a_string(card: str, name: str) -> None:
    data = json.dumps({"x": 1, name: card})
    text = json.dumps([2, "x", "DataTransfer", {"vendorId": "V", "data": data}])
    assert card not in whole(hidden(text))
    assert card not in whole(hidden(text[:-1] + ",,"))


@given(CARDS)
def test_no_card_stays_in_a_list_of_cards(card: str) -> None:
    payload = {"listVersion": 1, "localAuthorizationList": [{"idTag": card}, {"idTag": card.lower()}]}
    frame = hidden(json.dumps([2, "x", "SendLocalList", payload]))
    assert card not in whole(frame)
    first, second = frame.payload["localAuthorizationList"]
    assert first == second


@given(CARDS)
def test_no_card_stays_behind_an_escaped_name(card: str) -> None:
    text = f'[2,"1","Authorize",{{"id\\u0054ag":{json.dumps(card)}}}]'
    assert card not in whole(hidden(text))


@given(FRAMES | st.text(max_size=80))
def test_nothing_makes_hiding_raise_and_hiding_twice_is_hiding_once(text: str) -> None:
    once = hidden(text)
    again = PRIVATE.frame(once)
    assert again.raw == once.raw
    assert msgspec.json.encode(again.payload) == msgspec.json.encode(once.payload)


HARMLESS = st.recursive(
    st.integers().filter(lambda n: -(2**63) <= n < 2**63) | st.text("abcxyz 019:.-é"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("uvw"), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["connectorId", "status", "info"]), HARMLESS, max_size=3))
def test_a_frame_without_cards_is_left_exactly_as_it_came(payload: dict[str, Any]) -> None:
    frame = parse(json.dumps([2, "x", "StatusNotification", payload]))
    result = PRIVATE.frame(frame)
    assert result is frame


def test_one_card_is_one_pseudonym_in_every_spelling_and_version() -> None:
    assert PRIVATE.token("04a2b3") == PRIVATE.token(" 04A2B3 ")
    one = hidden('[2,"1","Authorize",{"idTag":"04A2B3"}]').payload["idTag"]
    two = hidden('[2,"1","Authorize",{"idToken":{"idToken":"04a2b3","type":"ISO14443"}}]')
    assert one == two.payload["idToken"]["idToken"]


def test_another_key_gives_other_pseudonyms() -> None:
    assert Pseudonymiser(bytes(32)).token("04A2B3") != PRIVATE.token("04A2B3")


def test_a_card_written_as_a_number_is_hidden() -> None:
    assert hidden('[2,"1","Authorize",{"idTag":12345678}]').payload["idTag"] == PRIVATE.token("12345678")
    assert "12345678" not in hidden('[2,"1","Authorize",{"idTag":12345678,,}]').raw


def test_a_card_that_reads_like_a_word_or_a_reading_changes_nothing_else() -> None:
    start = {"idTag": "Central", "connectorId": 1, "meterStart": 123456, "reason": "Central"}
    frame = hidden(json.dumps([2, "1", "StartTransaction", start]))
    assert frame.payload == start | {"idTag": PRIVATE.token("Central")}
    frame = hidden(json.dumps([2, "1", "StartTransaction", start | {"idTag": "123456"}]))
    assert frame.payload["meterStart"] == 123456
    assert json.loads(frame.raw)[3] == frame.payload


def test_without_a_key_cards_stay_and_passwords_do_not() -> None:
    plain = Pseudonymiser(None)
    frame = parse('[2,"1","Authorize",{"idTag":"04A2B3"}]')
    assert plain.frame(frame) is frame
    assert plain.token("04A2B3") == "04A2B3"
    secret = parse('[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cret"}]')
    assert "s3cret" not in whole(plain.frame(secret))


@pytest.mark.parametrize(
    "text",
    [
        '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cret"}]',
        '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3cret",}]',
        '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"s3cret"}]}]',
        '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"s3cret"}]',
        '[2,"1","SetVariables",{"setVariableData":[{"component":{"name":"SecurityCtrlr"},'
        '"variable":{"name":"BasicAuthPassword"},"attributeValue":"s3cret"}]}]',
        '[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"s3cret","apn":{"apnPassword":"s3cret"}}}]',
        '[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"s3cret","apn":{"apnPassword":"s3cret',
        '[2,"1","GetDiagnostics",{"location":"ftp://user:s3cret@ftp.example.org/logs"}]',
        '[2,"1","GetDiagnostics",{"location":"ftp://user:s3cret@ftp.example.org/logs"',
    ],
)
def test_a_password_is_hidden_and_the_rest_is_kept(text: str) -> None:
    frame = hidden(text)
    assert "s3cret" not in whole(frame)
    assert HIDDEN in frame.raw


def test_the_names_of_secrets_may_be_asked_for() -> None:
    text = '[2,"1","GetConfiguration",{"key":["AuthorizationKey","HeartbeatInterval"]}]'
    assert hidden(text).raw == text


def test_a_description_of_an_error_does_not_give_a_card_away() -> None:
    frame = hidden('[4,"1","InternalError","no idTag=04A2B3C4 in list",{}]')
    assert "04A2B3C4" not in whole(frame)


def test_a_pseudonym_stays_as_it_is() -> None:
    pseudonym = PRIVATE.token("04A2B3")
    assert pseudonym.startswith("tok_")
    assert len(pseudonym) == 20
    assert PRIVATE.token(pseudonym) == pseudonym


def test_an_empty_card_stays_empty() -> None:
    assert hidden('[2,"1","Authorize",{"idTag":""}]').payload == {"idTag": ""}


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_key_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        Pseudonymiser(bytes(length))


SIM = {"iccid": "8932990000000000017", "imsi": "206990000000017"}


@pytest.mark.parametrize(
    "payload",
    [
        {"chargePointVendor": "A", **SIM},
        {"chargingStation": {"modem": SIM}},
        {"configurationKey": [{"key": name.upper(), "readonly": True, "value": SIM[name]} for name in SIM]},
        {
            "reportData": [
                {"variable": {"name": name}, "variableAttribute": [{"type": "Actual", "value": SIM[name]}]}
                for name in SIM
            ]
        },
        {"data": json.dumps(SIM)},
    ],
)
def test_of_a_sim_card_only_country_and_operator_are_kept(payload: dict[str, Any]) -> None:
    text = json.dumps([2, "1", "BootNotification", payload])
    frame = hidden(text)
    for number in SIM.values():
        assert number not in whole(frame)
    assert "8932990xxxxxxxxxxxx" in frame.raw
    assert "20699xxxxxxxxxx" in frame.raw
    assert PRIVATE.frame(frame) == frame
    broken = hidden(text[:-1])
    assert all(number not in whole(broken) for number in SIM.values())
    assert Pseudonymiser(None).frame(parse(text)).raw == text


@pytest.mark.parametrize(
    "name",
    [
        "AuthorizationKey",
        "WifiPassword",
        "wifi_psk",
        "ApiKey",
        "AccessToken",
        "SimPin",
        "ClientSecret",
        "PIN",
    ],
)
def test_a_credential_in_a_configuration_is_hidden_whatever_the_shape(name: str) -> None:
    secret = "s3cr3t-value"
    shapes: list[dict[str, Any]] = [
        {"configurationKey": [{"key": name, "readonly": False, "value": secret}]},
        {"key": name, "value": secret},
        {"getVariableResult": [{"variable": {"name": name}, "attributeValue": secret}]},
        {"reportData": [{"variable": {"name": name}, "variableAttribute": [{"value": secret}]}]},
    ]
    for shape in shapes:
        for text in (json.dumps([3, "1", shape]), json.dumps([3, "1", shape])[:-1]):
            for one in (PRIVATE, Pseudonymiser(None)):
                assert secret not in whole(one.frame(parse(text))), text


def test_a_card_that_a_configuration_key_holds_becomes_a_pseudonym() -> None:
    frame = hidden('[2,"1","ChangeConfiguration",{"key":"FreevendIdTag","value":"04A1B2C3"}]')
    assert frame.payload["value"] == PRIVATE.token("04A1B2C3")


def test_pins_and_keys_of_a_network_profile_are_hidden() -> None:
    profile = {"apn": {"apn": "x", "simPin": 1234}, "vpn": {"server": "v", "user": "u", "key": "k3y-k3y"}}
    frame = hidden(json.dumps([2, "1", "SetNetworkProfile", {"connectionData": profile}]))
    assert "1234" not in frame.raw
    assert "k3y-k3y" not in frame.raw
