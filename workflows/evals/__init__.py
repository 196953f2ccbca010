"""Judging by cases: what is recorded of a run, replayed offline, and scored."""
