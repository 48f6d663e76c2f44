"""One station: what is the matter in one sentence, connectors, faults, sessions, messages. All roles, each
in scope.

Hidden from the menu; `?station=` names it. What is not yours is "not found", as what does not exist.
"""

from __future__ import annotations

from html import escape

import polars as pl
import streamlit as st

from pages import _html as h
from pages import _names, _plain_words
from pages._actions import restart, say_done
from pages._data import ask, ask_long, days_ago, minute, now, steady
from pages._oddities import findings
from pages._properties import properties
from pages._session import require
from pages._silences import banner, over_station, shortcut
from pages._station import connector_tone, sentence, station_facts
from pages._ui import link_card, not_found, route_link, section, show, title
from pages._uptime import bars, legend, share_of

DAYS = 90
MESSAGES = 100

user, words = require("helpdesk", "installer", "customer")
asked = st.query_params.get("station", "")
found = ask(user, "stations", station=asked) if asked else None
if found is None or found.is_empty():
    not_found(words)
row = found.row(0, named=True)
say_done()
expert = user.role != "customer"

place = " · ".join(part for part in (row["site"], row["address"]) if part)
st.set_page_config(page_title=f"{asked} · Laadwacht")
title(asked, place)
show(sentence(words, row, now()))
banner(user, words, over_station(user, asked))
left, right = st.columns([1.55, 1], gap="medium")
with left:
    uptime = ask_long(
        user, "uptime", since=steady(DAYS), until=steady(), station=asked, levels=["total", "day"]
    )
    with st.container(key="panel-uptime"):
        total = share_of(uptime.filter(pl.col("level") == "total"))
        show(
            f'<div class="lw-figure"><b>{escape(words.percent(total))}</b><span>'
            f"{escape(words('uptime.title'))}, "
            f"{escape(words('uptime.days', n=DAYS))}</span></div>"
            + bars(words, uptime.filter(pl.col("level") == "day"), DAYS)
            + legend(words)
        )
    section(words("station.episodes"))
    episodes = ask(user, "station_episodes", station=asked, since=days_ago(DAYS))
    if episodes.is_empty():
        show(f'<p class="lw-hint">{escape(words("station.episodes.none"))}</p>')
    for episode in episodes.head(8).iter_rows(named=True):
        name = _names.fault(words, episode["fault"]) if expert else _plain_words.name(words, episode)
        closed = episode["closed_at"]
        lasted = words.span(((closed or now()) - episode["pending_at"]).total_seconds())
        grave = expert or _plain_words.out_of_use(episode)
        tone, mark = ("green", "✓") if closed else ("red", "✕") if grave else ("grey", "○")
        side = h.side_badge(episode["side"], words.of("side", episode["side"])) if expert else "<span></span>"
        html = (
            f'<div class="lw-row">'
            f"{h.badge(words.of('state', episode['state']), tone, mark)}"
            f"<div><b>{escape(name)}</b><span>{escape(words.when(episode['pending_at']))}</span></div>"
            f"{side}"
            f"<em>{escape(words.of('owner', episode['holder']))}</em><time>{escape(lasted)}</time></div>"
        )
        link_card(f"ep-{episode['incident_id']}", html, "fault", name, id=episode["incident_id"])
    section(words("station.sessions"))
    sessions = ask(user, "sessions", since=days_ago(DAYS), until=minute(), station=asked, limit=8, offset=0)
    if sessions.is_empty():
        show(f'<p class="lw-hint">{escape(words("station.sessions.none"))}</p>')
    else:
        head = [words(f"col.{name}") for name in ("start", "connector", "duration", "energy")]
        lines = [
            [
                escape(words.when(item["started_at"])),
                str(item["connector"] or "?"),
                escape(words.span(item["duration_s"]) if item["ended_at"] else words("sessions.busy")),
                escape(words.kwh(item["energy_wh"])),
            ]
            for item in sessions.iter_rows(named=True)
        ]
        show(h.table(head, lines, numeric=(2, 3)))
with right:
    with st.container(key="panel-connectors"):
        show(f'<h4 class="lw-h4">{escape(words("station.connectors"))}</h4>')
        connectors = ask(user, "station_connectors", station=asked)
        if connectors.is_empty():
            show(f'<p class="lw-hint">{escape(words("station.connectors.none"))}</p>')
        for item in connectors.iter_rows(named=True):
            number = item["connector"]
            name = words("detail.connector", n=number) if number else words("detail.station")
            code = item["error_code"] if expert and item["error_code"] not in (None, "NoError") else None
            status, tone = words.of("status", item["status"]), connector_tone(item["status"])
            if row["condition"] == "offline":  # what it said last is not what it is now
                status, tone = words("status.last", status=status), "grey"
            show(
                f'<div class="lw-card-top"><span>'
                f"{escape(name.capitalize())}{f' · {escape(code)}' if code else ''}</span>"
                f"{h.badge(status, tone)}</div>"
            )
        if user.role == "helpdesk":
            restart(user, words, asked, bool(row["connected"]))
            if not row["connected"]:
                show(f'<p class="lw-hint">{escape(words("act.reset.offline"))}</p>')
        shortcut(user, words, station=asked, site=None, fault=None)
    with st.container(key="panel-facts"):
        show(
            f'<h4 class="lw-h4">{escape(words("station.facts"))}</h4>'
            f"{station_facts(words, row, now(), expert)}"
        )
        if not row["registered"]:
            show(f'<p class="lw-hint">{escape(words("station.unregistered"))}</p>')
        show(f'<div class="lw-buttons">{route_link(words, row["latitude"], row["longitude"])}</div>')

if expert:
    odd = ask(user, "station_findings", station=asked, since=days_ago(30))
    if odd.height:
        with st.expander(words.count("station.findings", odd.height), key="findings"):
            show(findings(words, odd))
    told = ask(user, "station_properties", station=asked)
    if told.height:
        with st.expander(words("station.properties"), key="properties"):
            show(properties(words, told))
    with st.expander(words("station.messages"), key="messages", on_change="rerun") as opened:
        if opened.open:
            frames = ask(user, "station_messages", station=asked, limit=MESSAGES)
            head = [words(f"col.{name}") for name in ("when", "direction", "action", "content")]
            lines = [
                [
                    f'<span class="lw-nowrap">{escape(words.exact(frame["received_at"]))}</span>',
                    f'<span class="lw-nowrap">{escape(words.of("direction", frame["direction"]))}</span>',
                    escape(frame["action"] or ""),
                    f"<code>{escape(frame['raw'][:400])}</code>",
                ]
                for frame in frames.iter_rows(named=True)
            ]
            none = f'<p class="lw-hint">{escape(words("station.messages.none"))}</p>'
            show(h.table(head, lines) if lines else none)
