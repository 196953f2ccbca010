"""The hammer: fifty tenants at once over every way in, with faults, and a judge that counts what one sees of another.

``python -m tests.hammer [requests]`` starts stores, servers and workers of its own; ``make hammer N=...`` calls it.
"""
