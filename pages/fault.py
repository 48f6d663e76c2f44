"""One incident, the target of every message's link: all roles, each within its scope, phone first.

Hidden from the menu; `?id=` names the incident. What is not yours is "not found", as what does not exist.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from pages import _incident as view
from pages import _names, _plain_words
from pages._actions import acknowledge, decide, say_done
from pages._feedback import feedback
from pages._html import facts, make_and_model
from pages._on_site import on_site
from pages._session import require
from pages._silences import banner, over_incident, shortcut
from pages._told import told
from pages._ui import not_found, route_link, show

user, words = require("helpdesk", "installer", "customer")
asked = st.query_params.get("id", "")
row = view.one(user, asked) if asked else None
if row is None:
    not_found(words)
say_done()
place = row["station"] or row["place"]
expert = user.role != "customer"
name = _names.fault(words, row["fault"]) if expert else _plain_words.name(words, row)
st.set_page_config(page_title=" · ".join(part for part in (name, place, "Laadwacht") if part))

if user.role == "customer":
    view.plain(user, words, row)
    banner(user, words, over_incident(user, row))
    if row["station"]:
        st.page_link("station.py", label=words("fault.station"), query_params={"station": row["station"]})
    st.stop()

left, right = st.columns([1.35, 1], gap="medium")
with left, st.container(key="detail"):
    view.head(words, row)
    banner(user, words, over_incident(user, row))
    if user.role == "installer":
        acted = on_site(user, words, row)
    else:
        acted = acknowledge(user, words, row, words("act.take"))
    if acted:
        st.rerun()
    view.why(words, row)
    view.aid(words, row)
    if decide(user, words, row):
        st.rerun()
    if feedback(user, words, row):
        st.rerun()
    view.proof(user, words, row)
with right, st.container(key="panel-where"):
    show(f'<h4 class="lw-h4">{escape(words("fault.where"))}</h4>')
    make = make_and_model(row["make"], row["model"])
    pairs = [
        ("station.title", row["station"]),
        ("col.site", row["place"]),
        ("fault.address", row["address"]),
        ("fault.make", make),
        ("fault.firmware", row["firmware"]),
        ("fault.installer", row["installer_of_record"]),
        ("fault.customer", row["customer_of_record"]),
    ]
    show(facts((words(key), str(value)) for key, value in pairs if value))
    show(f'<div class="lw-buttons">{route_link(words, row["latitude"], row["longitude"])}</div>')
    if row["station"]:
        st.page_link("station.py", label=words("fault.station"), query_params={"station": row["station"]})
    shortcut(user, words, station=row["station"], site=row["place"], fault=row["fault"])
    view.handling(words, row)
    told(user, words, row)
    view.history(user, words, row)
