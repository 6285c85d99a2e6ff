"""The options that several commands have."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

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

Circuits: TypeAlias = Annotated[
    str,
    Parameter(
        name="FILE",
        allow_leading_hyphen=True,
        help="An IonQ circuit, input or whole job in JSON, OpenQASM 2 or 3, QPY, or QIR "
        "as LLVM bitcode; - reads standard input.",
    ),
]

Where: TypeAlias = Annotated[
    str | None,
    Parameter(
        name=["--backend", "-b"], help="Where to run; else what the file says, else `simulator`."
    ),
]

Shots: TypeAlias = Annotated[
    int | None, Parameter(name=["--shots", "-n"], help="How many shots to take.")
]

NoiseName: TypeAlias = Annotated[
    str | None,
    Parameter(name="--noise", help="Noise model, one of those that `ketway noise` lists."),
]

DialectName: TypeAlias = Annotated[
    Literal["control", "ionq_v04", "ionq_v03", "ibm_runtime"] | None,
    Parameter(
        name="--dialect",
        help="Only what came through this API; `control` is Ketway's own, which the command line "
        "speaks.",
    ),
]
