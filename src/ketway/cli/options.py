"""The options that every command has."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from cyclopts import Parameter

Url: TypeAlias = Annotated[
    str,
    Parameter(
        name="--url", env_var="KETWAY_URL", help="The Ketway to talk to.", group="Common options"
    ),
]

Json: TypeAlias = Annotated[
    bool,
    Parameter(
        name="--json",
        negative="",
        show_default=False,
        help="Print JSON for programs instead of text for people.",
        group="Common options",
    ),
]
