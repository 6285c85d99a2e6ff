"""What an operator's program imports from Ketway. See docs/how-to/custom-programs.md."""

from ketway.routines.custom import program
from ketway.routines.custom_backend import Backend, Circuit, Values, counts

__all__ = ["Backend", "Circuit", "Values", "counts", "program"]
