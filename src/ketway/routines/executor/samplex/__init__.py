"""IBM's samplex, read and sampled without its library: see `docs/decisions/`.

A samplex comes with a template, a circuit whose angles are open. It is a small program that draws
virtual gates (twirls, injected noise, changes of basis), multiplies them and moves them past the
gates of the template, and writes what they end as: the template's angles for each randomization,
and what a reader of the outcomes has to undo.
"""

from ketway.routines.executor.samplex.interface import Inputs
from ketway.routines.executor.samplex.lindblad import LindbladMap
from ketway.routines.executor.samplex.reading import read_samplex
from ketway.routines.executor.samplex.samplex import Samplex

__all__ = ["Inputs", "LindbladMap", "Samplex", "read_samplex"]
