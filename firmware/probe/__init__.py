"""Programs that run inside guests: one folder a probe, with its sources and the format of its report.

A folder is found by its `PROBE`; nothing else has to name it.
"""
