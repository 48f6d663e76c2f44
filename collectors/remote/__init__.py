"""Commands out to stations: what can be asked, who may ask it, and what came of it."""
