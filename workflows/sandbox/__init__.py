"""Runs what tenants write (templates, CEL). Whatever could grow or loop runs in a child process with limits of its own.

Neither engine bounds memory: a 100-character template makes minijinja allocate until the process is aborted, and 5,000
chained operators overflow its stack. So: harmless forms here, everything else in the child; it may die, a worker may not.
"""

from workflows.sandbox.pool import ask_child
from workflows.sandbox.refusal import Refused
from workflows.sandbox.values import named_values

__all__ = ["Refused", "ask_child", "named_values"]
