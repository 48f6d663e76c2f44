"""Sign-in: who gets in, who must wait, how long it lasts, and what is never kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from data.people import (
    TRIES_PER_ADDRESS,
    TRIES_PER_USER_AND_ADDRESS,
    PeopleError,
    SignIn,
    TooManyTries,
    WrongCredentials,
    add_user,
    disable_user,
    find_user,
    set_password,
)
from data.store import Store
from tests.data.rows import NOON, after

EMAIL = "An.Peeters@example.be"
PASSWORD = "laadpaal kapot"
HERE = "192.0.2.7"


@pytest.fixture
def sign_in(store: Store) -> SignIn:
    add_user(store, email=EMAIL, password=PASSWORD, name="An", role="installer", party="Volt", now=NOON)
    return SignIn(store)


def test_the_right_password_lets_in_whatever_the_case_of_the_address(sign_in: SignIn) -> None:
    user = sign_in.verify(" AN.peeters@EXAMPLE.be ", PASSWORD, HERE, NOON)
    assert (user.email, user.role, user.party, user.language) == (
        "an.peeters@example.be",
        "installer",
        "Volt",
        "nl",
    )


@pytest.mark.parametrize("password", ["", "x", PASSWORD.upper(), PASSWORD + " ", "x" * 100_000])
def test_a_wrong_password_and_an_unknown_user_are_told_the_same(sign_in: SignIn, password: str) -> None:
    told = set()
    for email in (EMAIL, "nobody@example.be", "", "' OR 1=1 --"):
        with pytest.raises(WrongCredentials) as error:
            sign_in.verify(email, password, HERE, NOON)
        told.add(str(error.value))
    assert len(told) == 1


def test_a_user_tried_too_often_from_one_address_must_wait_there_only(sign_in: SignIn) -> None:
    for _ in range(TRIES_PER_USER_AND_ADDRESS):
        with pytest.raises(WrongCredentials):
            sign_in.verify(EMAIL, "wrong", HERE, NOON)
    with pytest.raises(TooManyTries) as wait:
        sign_in.verify(EMAIL, PASSWORD, HERE, after(60))
    assert wait.value.retry_after_s == 14 * 60
    assert sign_in.verify(EMAIL, PASSWORD, "198.51.100.9", after(60))
    assert sign_in.verify(EMAIL, PASSWORD, HERE, after(15 * 60))


def test_many_tries_at_once_get_no_more_than_one_after_the_other(sign_in: SignIn) -> None:
    def attempt(_number: int) -> type[Exception]:
        with pytest.raises(PeopleError) as refused:
            sign_in.verify(EMAIL, "wrong", HERE, NOON)
        return refused.type

    with ThreadPoolExecutor(12) as pool:
        refusals = list(pool.map(attempt, range(12)))
    assert refusals.count(WrongCredentials) == TRIES_PER_USER_AND_ADDRESS


def test_tries_that_succeed_do_not_count_against_the_address(sign_in: SignIn) -> None:
    for second in range(TRIES_PER_ADDRESS + 1):
        assert sign_in.verify(EMAIL, PASSWORD, HERE, after(second))


def test_one_address_cannot_try_many_users(sign_in: SignIn) -> None:
    for number in range(TRIES_PER_ADDRESS):
        with pytest.raises(WrongCredentials):
            sign_in.verify(f"user{number}@example.be", "wrong", HERE, NOON)
    with pytest.raises(TooManyTries):
        sign_in.verify(EMAIL, PASSWORD, HERE, NOON)


def test_a_session_ends_after_twelve_hours_however_busy(sign_in: SignIn) -> None:
    session = sign_in.open_session(EMAIL, NOON)
    assert session.expires_at == after(12 * 3600)
    for hour in range(12):
        assert sign_in.session(session.token, after(hour * 3600))
    assert sign_in.session(session.token, after(12 * 3600)) is None


def test_a_session_ends_after_eight_idle_hours(sign_in: SignIn) -> None:
    session = sign_in.open_session(EMAIL, NOON)
    assert sign_in.session(session.token, NOON + timedelta(hours=7, minutes=59))
    fresh = sign_in.open_session(EMAIL, NOON)
    assert sign_in.session(fresh.token, NOON + timedelta(hours=8)) is None


def test_a_closed_session_and_a_made_up_one_are_nobody(sign_in: SignIn) -> None:
    session = sign_in.open_session(EMAIL, NOON)
    sign_in.close_session(session.token)
    assert sign_in.session(session.token, NOON) is None
    assert sign_in.session("", NOON) is None
    assert sign_in.session("\udcff", NOON) is None


def test_disabling_a_user_or_changing_the_password_ends_the_sessions(store: Store, sign_in: SignIn) -> None:
    session = sign_in.open_session(EMAIL, NOON)
    set_password(store, EMAIL, "another good one")
    assert sign_in.session(session.token, NOON) is None
    assert sign_in.verify(EMAIL, "another good one", HERE, NOON)
    session = sign_in.open_session(EMAIL, NOON)
    disable_user(store, EMAIL)
    assert sign_in.session(session.token, NOON) is None
    assert find_user(store, EMAIL) is None
    with pytest.raises(WrongCredentials):
        sign_in.verify(EMAIL, "another good one", HERE, NOON)
    set_password(store, EMAIL, "let in once more")
    assert sign_in.verify(EMAIL, "let in once more", HERE, NOON)


def test_neither_password_nor_session_token_is_kept_in_clear(store: Store, sign_in: SignIn) -> None:
    token = sign_in.open_session(EMAIL, NOON).token
    everything = str(
        store.sql("SELECT * FROM app_user").rows() + store.sql("SELECT * FROM web_session").rows()
    )
    assert PASSWORD not in everything
    assert token not in everything
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in everything


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"email": EMAIL.lower()}, "exists already"),
        ({"email": "no address"}, "not an e-mail address"),
        ({"role": "admin"}, "role 'admin'"),
        ({"party": None}, "need the party"),
        ({"role": "helpdesk"}, "need the party"),
        ({"language": "de"}, "language 'de'"),
        ({"password": "short"}, "8 to 1024 characters"),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(
    store: Store, sign_in: SignIn, change: dict[str, str], why: str
) -> None:
    fields = {
        "email": "b@example.be",
        "password": PASSWORD,
        "name": "B",
        "role": "installer",
        "party": "Volt",
    }
    with pytest.raises(PeopleError, match=why):
        add_user(store, **(fields | change))
    assert len(store.sql("SELECT * FROM app_user")) == 1
    assert sign_in.verify(EMAIL, PASSWORD, HERE, NOON)


def test_changing_somebody_who_does_not_exist_is_an_error(store: Store) -> None:
    with pytest.raises(PeopleError, match="no user"):
        set_password(store, "nobody@example.be", PASSWORD)
    with pytest.raises(PeopleError, match="no user"):
        disable_user(store, "nobody@example.be")
