"""Control flow: `if`, `switch`, `while`, `for`, what leaves loops, and variables that are set.

Conditions become jumps over the gates of a block. A loop goes over numbers that are known, so its
body is expanded once for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ketway.circuits.formulas import Formula, number
from ketway.circuits.qasm.control.values import (
    ComputingError,
    Sort,
    Value,
    binary,
    cast,
    code_of,
    known,
    truth,
)
from ketway.circuits.qpy.computing import compute, of_row, width_of
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.parsed import BitRow, Circuit, Default, Expr, Instruction, Variable

if TYPE_CHECKING:
    from ketway.circuits.qpy.lowering import Lowering, Scope


@dataclass(slots=True)
class Loop:
    """The loop around the instructions at hand."""

    start: int | None
    """The gate that a `while` begins at."""
    ends: list[int] = field(default_factory=list)
    continues: list[int] = field(default_factory=list)


FLOW = frozenset(
    {"IfElseOp", "SwitchCaseOp", "WhileLoopOp", "ForLoopOp", "BreakLoopOp", "ContinueLoopOp",
     "BoxOp", "Store"}
)  # fmt: skip


def lower(
    lowering: Lowering,
    scope: Scope,
    instruction: Instruction,
    qubits: Sequence[int],
    bits: Sequence[int],
) -> bool:
    """One instruction; True if what follows it in its circuit certainly never happens."""
    name = instruction.name
    if name not in FLOW:
        skip = None
        if instruction.condition is not None:
            skip = _skip(lowering, _condition(lowering, scope, instruction))
        if skip != _NEVER:
            lowering.operation(scope, instruction, qubits, bits)
        _land(lowering, skip)
        return False
    if name == "BoxOp":
        return _inside(lowering, scope, instruction.params[:1], 0, qubits, bits, scope.loop)
    if scope.controls or lowering.out.collecting:
        raise lowering.error("control flow cannot be controlled, inverted or repeated.")
    return _Flow(lowering, scope, instruction, qubits, bits).lower()


_NEVER = -2
_ALWAYS = -1


def _skip(lowering: Lowering, condition: Value) -> int:
    """The jump over what follows; or `_ALWAYS` or `_NEVER` if it is known to happen or not."""
    if condition.known is not None:
        return _ALWAYS if condition.known else _NEVER
    _no_scratch(lowering)
    _afford(lowering, condition.code)
    return lowering.out.builder.jump(condition.code)


def _afford(lowering: Lowering, code: Sequence[int]) -> None:
    """A gate with such an expression: a wide register makes a long one each time it is named."""
    lowering.reading.afford(len(code) // 4, lowering.out.where)
    lowering.out.afford()


def _no_scratch(lowering: Lowering) -> None:
    if lowering.out.collecting:
        raise lowering.error("what a condition decides cannot be inverted or repeated.")


def _land(lowering: Lowering, *jumps: int | None) -> None:
    for jump in jumps:
        if jump is not None and jump >= 0:
            lowering.out.builder.land(jump)


def _computed(lowering: Lowering, scope: Scope, expr: Expr) -> Value:
    where = lowering.out.where
    return compute(expr, scope.bits, lowering.place, lowering.reading.afford, where)


def _condition(lowering: Lowering, scope: Scope, instruction: Instruction) -> Value:
    condition = instruction.condition
    if condition is None:
        raise lowering.error("it has no condition.")
    if isinstance(condition, Expr):
        return _truth(lowering, _computed(lowering, scope, condition))
    row, compared = condition
    try:
        return binary("==", of_row(row, scope.bits), known(compared))
    except ComputingError as reason:
        raise lowering.error(str(reason)) from None


def _truth(lowering: Lowering, value: Value) -> Value:
    try:
        return truth(value)
    except ComputingError as reason:
        raise lowering.error(str(reason)) from None


def _inside(
    lowering: Lowering,
    scope: Scope,
    params: Sequence[object],
    index: int,
    qubits: Sequence[int],
    bits: Sequence[int],
    loop: Loop | None,
    values: dict[bytes, Formula] | None = None,
) -> bool:
    """A block of an instruction, on the qubits and bits of the instruction."""
    block = params[index] if index < len(params) else None
    if not isinstance(block, Circuit):
        raise lowering.error("it lacks a block.")
    if block.qubits != len(qubits) or block.bits != len(bits):
        raise lowering.error("its block has other qubits or bits than it acts on.")
    deeper = type(scope)(
        block,
        qubits,
        bits,
        scope.values if values is None else {**scope.values, **values},
        scope.controls,
        scope.depth + 1,
        loop,
    )
    return lowering.block(deeper)


class _Flow:
    """One instruction of control flow."""

    __slots__ = ("bits", "instruction", "lowering", "qubits", "scope")

    def __init__(
        self,
        lowering: Lowering,
        scope: Scope,
        instruction: Instruction,
        qubits: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        self.lowering, self.scope, self.instruction = lowering, scope, instruction
        self.qubits, self.bits = qubits, bits

    def lower(self) -> bool:
        match self.instruction.name:
            case "IfElseOp":
                return self._if()
            case "SwitchCaseOp":
                self._switch()
            case "WhileLoopOp":
                self._while()
            case "ForLoopOp":
                self._for()
            case "Store":
                self._store()
            case _:
                self._leave()
                return True
        return False

    def _block(
        self, index: int, loop: Loop | None, values: dict[bytes, Formula] | None = None
    ) -> bool:
        return _inside(
            self.lowering,
            self.scope,
            self.instruction.params,
            index,
            self.qubits,
            self.bits,
            loop,
            values,
        )

    def _jump(self, target: int = -1) -> int:
        self.lowering.out.afford()
        return self.lowering.out.builder.jump(None, target)

    def _if(self) -> bool:
        skip = _skip(self.lowering, _condition(self.lowering, self.scope, self.instruction))
        params = self.instruction.params
        otherwise = len(params) > 1 and params[1] is not None
        left = skip != _NEVER and self._block(0, self.scope.loop)
        if skip == _ALWAYS:
            return left
        if not otherwise:
            _land(self.lowering, skip)
            return False
        end = self._jump() if skip >= 0 else None
        _land(self.lowering, skip)
        left_too = self._block(1, self.scope.loop)
        _land(self.lowering, end)
        return left_too and (left or skip == _NEVER)

    def _switch(self) -> None:
        params = self.instruction.params
        target, cases = params if len(params) == 2 else (None, None)
        if not isinstance(cases, tuple):
            raise self._wrong("no value and cases")
        value = self._target(target)
        ends: list[int] = []
        for case in cases:
            if not isinstance(case, tuple) or len(case) != 2 or not isinstance(case[0], tuple):
                raise self._wrong("a case without labels and a block")
            skip = _skip(self.lowering, self._matches(value, case[0]))
            if skip == _NEVER:
                continue
            _inside(self.lowering, self.scope, case, 1, self.qubits, self.bits, self.scope.loop)
            if skip == _ALWAYS:
                break
            ends.append(self._jump())
            _land(self.lowering, skip)
        _land(self.lowering, *ends)

    def _target(self, target: object) -> Value:
        if isinstance(target, Expr):
            return _computed(self.lowering, self.scope, target)
        if not isinstance(target, BitRow):
            raise self._wrong("no value to compare")
        try:
            return of_row(target, self.scope.bits)
        except ComputingError as reason:
            raise self.lowering.error(str(reason)) from None

    def _matches(self, value: Value, labels: Sequence[object]) -> Value:
        chosen = known(False)
        for label in labels:
            if isinstance(label, Default):
                return known(True)
            self.lowering.reading.afford(1 + len(chosen.code) // 16, self.lowering.out.where)
            try:
                chosen = binary("||", chosen, binary("==", value, known(self._whole(label))))
            except ComputingError as reason:
                raise self.lowering.error(str(reason)) from None
        return chosen

    def _whole(self, value: object) -> int:
        if isinstance(value, Formula) and value.known and value.constant.is_integer():
            return int(value.constant)
        raise self._wrong("a label that is no whole number")

    def _while(self) -> None:
        start = len(self.lowering.out.builder.kinds)
        loop = Loop(start)
        skip = _skip(self.lowering, _condition(self.lowering, self.scope, self.instruction))
        if skip == _NEVER:
            return
        if not self._block(0, loop):
            self._jump(start)
        _land(self.lowering, skip, *loop.ends)

    def _for(self) -> None:
        params = self.instruction.params
        over, variable, _ = params if len(params) == 3 else (None, None, None)
        if not isinstance(over, (range, tuple)):
            raise self._wrong("no numbers that are known before it runs")
        symbols: set[bytes] = set()
        if isinstance(variable, Formula) and len(variable.linear) == 1:
            symbols = variable.symbols()
        elif variable is not None:
            raise self._wrong("a variable that is no parameter")
        self.lowering.bound |= symbols
        loop = Loop(None)
        for each in over:
            self.lowering.reading.afford(1, self.lowering.out.where)
            value = number(float(each)) if isinstance(each, int) else each
            if not isinstance(value, Formula) or not value.known:
                raise self._wrong("a value that is no number")
            left = self._block(2, loop, dict.fromkeys(symbols, value))
            _land(self.lowering, *loop.continues)
            ended = left and not loop.continues
            loop.continues.clear()
            if ended and loop.ends:
                break
        _land(self.lowering, *loop.ends)

    def _leave(self) -> None:
        loop = self.scope.loop
        if loop is None:
            raise self._wrong("no loop around it")
        if self.instruction.name == "BreakLoopOp":
            loop.ends.append(self._jump())
        elif loop.start is None:
            loop.continues.append(self._jump())
        else:
            self._jump(loop.start)

    def _store(self) -> None:
        params = self.instruction.params
        if len(params) != 2:
            raise self._wrong("no place and value")
        where, value = params
        if not isinstance(where, Expr) or not isinstance(value, Expr):
            raise self._wrong("no place and value")
        lowering = self.lowering
        if where.sort == "variable" and isinstance(where.value, Variable):
            bits = lowering.place(where.value)
        elif where.sort == "bits" and isinstance(where.value, BitRow):
            bits = tuple(self.scope.bits[k] for k in where.value.bits)
        else:
            raise self._wrong("a place that cannot be written")
        computed = _computed(lowering, self.scope, value)
        try:
            width_of(where.type)
            sort: Sort = "bool" if where.type.sort == "bool" else "uint"
            code = code_of(cast(sort, where.type.width, computed))
        except ComputingError as reason:
            raise lowering.error(str(reason)) from None
        if len(bits) > 64 or not bits:
            raise self._wrong("a place that is too wide")
        _afford(lowering, code)
        lowering.out.builder.assign(bits, code)

    def _wrong(self, what: str) -> QpyError:
        return self.lowering.error(f"it has {what}.")
