"""What is done to a circuit before an engine runs it: less work for the same answer."""

from ketway.engines.prepass.merging import merging_cost
from ketway.engines.prepass.preparing import Prepared, prepare

__all__ = ["Prepared", "merging_cost", "prepare"]
