"""What a driver imports from Ketway. See docs/how-to/add-a-device.md."""

from ketway.execution.driving import (
    Description,
    Driver,
    Measured,
    Status,
    Task,
    TaskCircuit,
    TaskRefusedError,
    UnavailableError,
)

__all__ = [
    "Description",
    "Driver",
    "Measured",
    "Status",
    "Task",
    "TaskCircuit",
    "TaskRefusedError",
    "UnavailableError",
]
