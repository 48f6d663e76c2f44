"""A conversation between station and back end that contradicts itself: software, wherever the mistake is.

Decides from one exchange: a message of the back end that is not what its schema demands, a session ended for
want of a right that was given, a number that stations take for none, a message promised and not sent.
"""

from __future__ import annotations

from rules.core.detect.context import proof
from rules.core.model import AnswerIncomplete, BackEndMalformed, PromiseBroken, SessionAccepted, SessionEnded
from rules.core.signals import Raise, Signal
from rules.core.state import StationState

RULE_ANSWER = "dialogue.answer_incomplete"
RULE_FORM = "dialogue.form"
RULE_RIGHT = "dialogue.right_taken_back"
RULE_NUMBER = "dialogue.transaction_number"
RULE_PROMISE = "dialogue.promise_broken"
INCOMPLETE = "backend.incomplete_answers"
MALFORMED = "backend.malformed"
RIGHT = "backend.session_deauthorised"
NUMBER = "backend.transaction_number"
PROMISE = "protocol.trigger_ignored"
GIVEN_S = 600.0  # a right given longer ago may have been withdrawn meanwhile
NO_NUMBERS = ("0", "-1")


def incomplete(obs: AnswerIncomplete) -> list[Signal]:
    missing = ", ".join(obs.missing)
    evidence = proof(obs, "answer_incomplete", action=obs.action, missing=missing)
    return [
        Raise(
            fault=INCOMPLETE, rule=RULE_ANSWER, station=obs.station, suffix=obs.action, evidence=(evidence,)
        )
    ]


def malformed(obs: BackEndMalformed) -> list[Signal]:
    """A message of the back end that a station which follows the rules cannot read."""
    says = "malformed_answer" if obs.answer else "malformed_command"
    evidence = proof(obs, says, action=obs.action, problems=", ".join(obs.problems))
    return [
        Raise(fault=MALFORMED, rule=RULE_FORM, station=obs.station, suffix=obs.action, evidence=(evidence,))
    ]


def promise_broken(obs: PromiseBroken) -> list[Signal]:
    evidence = proof(obs, "promise_broken", about=obs.about, waited_s=round(obs.waited_s))
    return [
        Raise(fault=PROMISE, rule=RULE_PROMISE, station=obs.station, suffix=obs.about, evidence=(evidence,))
    ]


def numbered(obs: SessionAccepted) -> list[Signal]:
    """0 and -1 are numbers by the schema, and what stations use for a transaction they do not know."""
    if obs.ref not in NO_NUMBERS or (obs.outcome or "").casefold() != "accepted":
        return []
    evidence = proof(obs, "transaction_number", number=obs.ref)
    return [Raise(fault=NUMBER, rule=RULE_NUMBER, station=obs.station, evidence=(evidence,))]


def ended(obs: SessionEnded, station: StationState) -> list[Signal]:
    """Ended as DeAuthorized though the last word on cards at this station was Accepted, minutes ago."""
    if (obs.reason or "").casefold() != "deauthorized" or station.accepted_at is None:
        return []
    given = (obs.at - station.accepted_at).total_seconds()
    refused = max((times[-1] for times in station.refused.values() if times), default=None)
    if not 0 <= given <= GIVEN_S or (refused is not None and refused >= station.accepted_at):
        return []
    evidence = proof(obs, "right_taken_back", seconds=round(given))
    return [Raise(fault=RIGHT, rule=RULE_RIGHT, station=obs.station, evidence=(evidence,))]
