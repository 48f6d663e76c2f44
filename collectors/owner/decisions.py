"""What a person decided, on its way to judgement: stored first, as every observation.

Decides nothing. Never says "accepted" before it is durable.
"""

from __future__ import annotations

import asyncio

from collectors.commits import LiveIntake
from collectors.remote.commands import StationOutcome
from rules.core.model import Observation


async def recorded(intake: LiveIntake, observation: Observation) -> StationOutcome:
    """Returns once it is stored, or could not be. Runs on the event loop."""
    intake.observed(observation)
    stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(error: BaseException | None = None) -> None:
        # Whoever asked may have gone meanwhile. To raise here would cost stations their replies.
        if stored.done():
            return
        if error is None:
            stored.set_result(None)
        else:
            stored.set_exception(error)

    intake.after_commit(tell, tell)
    intake.touch()
    try:
        await stored
    except Exception as error:
        return StationOutcome("failed", f"it could not be stored: {error}")
    return StationOutcome("accepted", "")
