"""What a person may ask of the owner process about an incident or a station, as buttons.

Writes only through the command door; the owner decides whether it is allowed. Never touches data itself.
"""

from __future__ import annotations

import streamlit as st

from data.commands import Acknowledge, Command, CommandClient, Comment, HandOver, Overrule, Reset
from data.errors import OwnerDown
from pages import _owner
from pages._data import forget
from pages._incident import Row
from pages._session import User
from pages._snooze import snooze
from pages._texts import Words
from pages._ui import plain
from rules.core.model import Owner, Side


def send(user: User, words: Words, command: Command, what: str) -> bool:
    """Carry out, and say so at the next run. False when it was refused or the owner is silent."""
    try:
        outcome = CommandClient(_owner.base_url(), _owner.token_file()).send(command, user.email)
    except OwnerDown as problem:
        st.toast(words("act.refused", why=plain(str(problem))), icon=":material/error:")
        return False
    if outcome.outcome != "accepted":
        st.toast(words("act.refused", why=plain(outcome.detail or outcome.outcome)), icon=":material/error:")
        return False
    st.session_state["said"] = words("act.done", what=what)
    forget()
    return True


def say_done() -> None:
    """The word about the last act, once."""
    said = st.session_state.pop("said", None)
    if said:
        st.toast(said, icon=":material/check_circle:")


def acknowledge(user: User, words: Words, row: Row, label: str) -> bool:
    """The primary button; it is absent once somebody took the incident."""
    if row["acknowledged_at"] or row["state"] == "resolved":
        return False
    pressed = st.button(
        label,
        type="primary",
        key=f"ack-{row['incident_id']}",
        width="stretch",
        shortcut="p" if user.role == "helpdesk" else None,
    )
    return pressed and send(user, words, Acknowledge(incident_id=row["incident_id"]), label)


def decide(user: User, words: Words, row: Row) -> bool:
    """Hand over, overrule, comment, restart. True when something was done."""
    done = False
    with st.container(horizontal=True, key="decide"):
        if user.role == "helpdesk" and row["state"] != "resolved":
            done |= _hand_over(user, words, row)
            done |= _overrule(user, words, row)
            done |= snooze(words, row, lambda command, what: send(user, words, command, what))
        done |= _comment(user, words, row)
        if row["station"] and user.role == "helpdesk":
            restart(user, words, row["station"], bool(row["connected"]))
    return done


def _why(words: Words, key: str) -> str:
    return st.text_area(words("act.why"), key=key, height=80).strip()


def _hand_over(user: User, words: Words, row: Row) -> bool:
    parties = {"operator": words("owner.operator")}
    for role in ("installer", "customer"):
        if row[f"{role}_of_record"]:
            parties[f"{role}:{row[f'{role}_of_record']}"] = words.pair(
                words(f"owner.{role}"), row[f"{role}_of_record"]
            )
    with st.popover(words("act.handover"), key=f"pop-hand-{row['incident_id']}"):
        to = st.selectbox(
            words("act.to"), list(parties), format_func=parties.__getitem__, key=f"to-{row['incident_id']}"
        )
        why = _why(words, f"hand-why-{row['incident_id']}")
        if st.button(words("act.send"), key=f"hand-{row['incident_id']}", type="primary"):
            if why:
                return send(
                    user,
                    words,
                    HandOver(incident_id=row["incident_id"], to=to, why=why),
                    words("act.handover"),
                )
            st.warning(words("act.needwhy"))
    return False


def _overrule(user: User, words: Words, row: Row) -> bool:
    sides, owners = [side.value for side in Side], [owner.value for owner in Owner]
    key = row["incident_id"]
    with st.popover(words("act.overrule"), key=f"pop-over-{key}"):
        side = st.segmented_control(
            words("act.side"),
            sides,
            format_func=lambda s: words.of("side", s),
            default=row["side"],
            required=True,
            key=f"side-{key}",
        )
        owner = st.segmented_control(
            words("act.owner"),
            owners,
            format_func=lambda o: words.of("owner", o),
            default=row["owner"],
            required=True,
            key=f"owner-{key}",
        )
        why = _why(words, f"over-why-{key}")
        if st.button(words("act.send"), key=f"over-{key}", type="primary"):
            if why:
                command = Overrule(incident_id=key, side=Side(side), owner=Owner(owner), why=why)
                return send(user, words, command, words("act.overrule"))
            st.warning(words("act.needwhy"))
    return False


def _comment(user: User, words: Words, row: Row) -> bool:
    key = row["incident_id"]
    with st.popover(words("act.comment"), key=f"pop-say-{key}"):
        text = st.text_area(words("act.text"), key=f"text-{key}", height=90).strip()
        if st.button(words("act.send"), key=f"say-{key}", type="primary") and text:
            return send(user, words, Comment(incident_id=key, text=text), words("act.comment"))
    return False


def restart(user: User, words: Words, station: str, connected: bool) -> None:
    """A soft reset, after typing the station's name; disabled with its reason while it is not connected."""
    reason = None if connected else words("act.reset.offline")
    if st.button(words("act.reset"), key=f"reset-{station}", disabled=not connected, help=reason):
        _confirm_restart(user, words, station)


@st.dialog(" ", width="small")
def _confirm_restart(user: User, words: Words, station: str) -> None:
    st.subheader(words("act.reset.title", station=plain(station)))
    st.write(words("act.reset.note"))
    typed = st.text_input(words("act.reset.type"), placeholder=station, key="reset-typed")
    why = st.text_input(words("act.why"), key="reset-why")
    ready = typed.strip() == station and bool(why.strip())
    if st.button(words("act.reset.button"), type="primary", disabled=not ready, key="reset-now"):
        # The dialogue said that a running session stops, so that is confirmed.
        command = Reset(station=station, kind="soft", why=why.strip(), confirmed=True)
        send(user, words, command, words("act.reset"))
        st.rerun()
