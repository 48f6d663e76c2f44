"""Cards refused at a station that is known to be good.

The station did its part when it asked; a refusal is the back end's word, so the operator's. One stranger's
card is a weak sign, and none once another is accepted: a refusal counts when the card or the station was
accepted before, when it happens again, or when the back end itself had named the card.
"""

from __future__ import annotations

from datetime import timedelta

from rules.core.detect import card_trail, remote_start
from rules.core.detect.context import Context, keep_recent, proof
from rules.core.model import Authorised
from rules.core.signals import Clear, Raise, Signal, place_key
from rules.core.state import StationState

RULE = "auth.refused"
RULE_BURST = "auth.burst"
CARD = "auth.card_refused"
CONTRACT = "auth.contract_refused"
CONCURRENT = "auth.concurrent_session"
BURST = "auth.many_cards_refused"
ACCEPTED = "accepted"
BY_OUTCOME = {"blocked": CONTRACT, "expired": CONTRACT, "concurrenttx": CONCURRENT, "nocredit": CONTRACT}
WINDOW_S = 3600.0
KNOWN_GOOD_S = 7 * 86_400.0
BURST_CARDS = 5
KEEP_TOKENS = 100_000
KEEP_REFUSED = 200
BURST_WINDOW_S = 1800.0
KEEP_STRANGERS = 20


def detect(obs: Authorised, station: StationState, ctx: Context) -> list[Signal]:
    token = (obs.token or "")[:64]
    if obs.outcome.casefold() == ACCEPTED:
        return _accepted(obs, token, station, ctx)
    station.refused[token] = keep_recent(station.refused.get(token, []), obs.at, WINDOW_S)
    since = obs.at - timedelta(seconds=BURST_WINDOW_S)
    if len(station.refused) > KEEP_REFUSED:
        station.refused = {t: times for t, times in station.refused.items() if times[-1] > since}
    cards = [t for t, times in station.refused.items() if t and times[-1] > since]
    signals: list[Signal] = []
    if len(cards) >= BURST_CARDS and (station.accepted_at is None or station.accepted_at < since):
        signals.append(
            Raise(
                fault=BURST,
                rule=RULE_BURST,
                station=obs.station,
                evidence=(proof(obs, "cards_refused", cards=len(cards), outcome=obs.outcome),),
            )
        )
    again = len(station.refused[token])
    known_card = token in ctx.state.accepted_tokens
    good_since = obs.at - timedelta(seconds=KNOWN_GOOD_S)
    known_station = (
        station.accepted_at is not None
        and station.accepted_at > good_since
        and station.accepted_token != token
    )
    fault = BY_OUTCOME.get(obs.outcome.casefold(), CARD)
    own = remote_start.own_card(obs, token, station)
    if own:
        return [*signals, *own, *card_trail.failed(obs, token, "refused", ctx)]
    if not (known_card or known_station or again >= 2):
        station.strangers = [*station.strangers, token][-KEEP_STRANGERS:]
        signals.append(
            Raise(
                fault=fault,
                rule=RULE,
                station=obs.station,
                weak=True,
                evidence=(proof(obs, "refused_once", outcome=obs.outcome, token=token),),
            )
        )
        return [*signals, *card_trail.failed(obs, token, "refused", ctx)]
    station.strangers.clear()  # from now on it is more than that
    sure = ctx.catalog.fault(fault).confidence - (0.0 if known_card or known_station else 0.2)
    signals.append(
        Raise(
            fault=fault,
            rule=RULE,
            station=obs.station,
            suffix=(token or None) if known_card else None,
            confidence=sure,
            evidence=(
                proof(
                    obs,
                    "refused_known_card"
                    if known_card
                    else "refused_good_station"
                    if known_station
                    else "refused_again",
                    outcome=obs.outcome,
                    token=token,
                    times=again,
                ),
            ),
        )
    )
    keys = tuple(
        place_key(obs.station, None, None, f, token if known_card else None)
        for f in (CARD, CONTRACT, CONCURRENT)
    )
    return [*signals, *card_trail.failed(obs, token, "refused", ctx, keys)]


def _accepted(obs: Authorised, token: str, station: StationState, ctx: Context) -> list[Signal]:
    station.accepted_at = obs.at
    station.accepted_token = token
    if token:
        known = ctx.state.accepted_tokens
        known.pop(token, None)
        known[token] = obs.at
        if len(known) > KEEP_TOKENS:
            del known[next(iter(known))]  # the one not accepted for longest
    signals: list[Signal] = card_trail.worked(obs, token, "refused", ctx)
    if station.strangers and token:  # the answer to a stop may name no card
        station.strangers.clear()
        signals += [
            Clear(key=place_key(obs.station, None, None, fault), evidence=proof(obs, "accepted", token=token))
            for fault in (CARD, CONTRACT, CONCURRENT)
        ]
    if station.refused:
        signals.append(Clear(key=place_key(obs.station, None, None, BURST), evidence=proof(obs, "accepted")))
        if station.refused.pop(token, None) is not None:
            signals += [
                Clear(
                    key=place_key(obs.station, None, None, fault, suffix),
                    evidence=proof(obs, "accepted", token=token),
                )
                for fault in (CARD, CONTRACT, CONCURRENT)
                for suffix in (None, token or None)
            ]
    return signals
