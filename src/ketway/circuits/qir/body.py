"""The entry point's body: calls, one after the other, with what each is given."""

from __future__ import annotations

from typing import Final, NamedTuple

from ketway.circuits.qir.bitstream import Block, Stream
from ketway.circuits.qir.codes import NAMES, Blocks, Instructions
from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.values import Function, Other, Type, Values
from ketway.jobs.failures import Code

_EXPLICIT_TYPE: Final = 1 << 15
_FAST_MATH: Final = 1 << 17
"""Bits of a call's second number: the function's type follows, flags for its arithmetic do."""

_BASE_PROFILE: Final = (
    "only QIR's base profile is read, in which every call and every angle is written out. Compile "
    "the program for that profile."
)


class Call(NamedTuple):
    function: Function
    arguments: tuple[int, ...]
    """Numbers of values."""


class Body(NamedTuple):
    calls: list[Call]
    """In the order in which they are made."""


def read_body(stream: Stream, block: Block, values: Values) -> Body:
    """Reads the calls. The function's constants are added to the values."""
    parts: list[tuple[list[Call], int]] = []
    """Stretches of calls, and the part that each goes on with; -1 where it ends."""
    calls: list[Call] = []
    ended = True
    count = 0
    for entry in stream.entries(block):
        if isinstance(entry, Block):
            if entry.id == Blocks.CONSTANTS:
                values.read_constants(stream, entry)
            continue
        code, operands = entry.code, entry.operands
        if code == Instructions.CALL:
            count += 1
            if count > values.limits.instructions:
                raise QirError(
                    f"The program has more than {values.limits.instructions:,} instructions: "
                    "split it."
                )
            call, returns = _call(operands, values)
            calls.append(call)
            ended = False
            if returns:
                values.all.append(Other())
        elif code == Instructions.BRANCH:
            if len(operands) != 1:
                raise _refused("a branch decides by a value")
            parts.append((calls, operands[0]))
            calls, ended = [], True
        elif code in (Instructions.RETURN, Instructions.UNREACHABLE):
            parts.append((calls, -1))
            calls, ended = [], True
        elif code not in (Instructions.BLOCKS, Instructions.PLACE, Instructions.PLACE_AGAIN):
            raise _refused(f"there is {NAMES.get(code, f'an instruction of LLVM ({code})')}")
    if not ended:
        raise QirError("The entry point does not end with a return: write the file again.")
    return Body(_in_order(parts))


def _in_order(parts: list[tuple[list[Call], int]]) -> list[Call]:
    """The calls as they are made, from the first part on."""
    made: list[Call] = []
    seen = set()
    at = 0
    while at >= 0:
        if at >= len(parts):
            raise QirError("The entry point branches to where nothing stands.")
        if at in seen:
            raise _refused("a branch goes back, so that there is a loop")
        seen.add(at)
        calls, at = parts[at]
        made.extend(calls)
    return made


def _call(operands: list[int], values: Values) -> tuple[Call, bool]:
    """A call, and whether it gives a value. Values are named by how far they stand before it."""
    at = 2 if len(operands) > 1 and operands[1] & _FAST_MATH else 1
    try:
        flags = operands[1]
        type_: Type | None = None
        if flags & _EXPLICIT_TYPE:
            at += 1
            type_ = values.function_type(operands[at])
        at += 1
        here = len(values.all)
        number = here - operands[at]
    except IndexError:
        raise QirError("a call is too short: write the file again.") from None
    function = values.all[number] if 0 <= number < here else None
    if not isinstance(function, Function):
        raise _refused("a function is called by a pointer")
    if type_ is None:
        type_ = values.function_type(function.type)
    arguments = operands[at + 1 :]
    if len(arguments) != len(type_.operands) - 2:
        raise QirError("a call has other arguments than its function takes: write the file again.")
    return Call(function, tuple([here - given for given in arguments])), values.returns(type_)


def _refused(what: str) -> QirError:
    return QirError(f"{what}, and {_BASE_PROFILE}", "The entry point", Code.UNSUPPORTED_GATE)
