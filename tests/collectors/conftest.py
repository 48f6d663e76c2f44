"""Property tests of this room run without a time limit for each example: machines differ, results do not."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("laadwacht", deadline=None)
settings.load_profile("laadwacht")
