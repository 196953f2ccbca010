"""Runs what tenants write (templates, CEL). Whatever could grow or loop runs in a child process with limits of its own.

Neither engine bounds memory: a 100-character template makes minijinja allocate until the process is aborted, and 5,000
chained operators overflow its stack. So: harmless forms here, everything else in the child; it may die, a worker may not.
"""

from nexod.kernel.sandbox.formulas import complaint, holds, value_of
from nexod.kernel.sandbox.pool import ask_child, looking
from nexod.kernel.sandbox.refusal import Refused
from nexod.kernel.sandbox.values import named_values

__all__ = ["Refused", "ask_child", "complaint", "holds", "looking", "named_values", "value_of"]
