"""Reads what stations say: a frame of any OCPP version to observations and findings. No judgement, no I/O."""
