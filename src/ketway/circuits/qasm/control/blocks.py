"""Blocks of a program: `if`, `else`, `while`, `for`, `switch`, and what ends them early.

Blocks that are open stand on a stack of our own, so nothing recurses however deep they are nested.
Conditions become jumps over the gates of a block. A loop over values that are known is read once
for each of them; what can be told to happen never leaves no gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import Kind
from ketway.circuits.qasm.arithmetic import FUNCTIONS
from ketway.circuits.qasm.control.expressions import read_value, read_width
from ketway.circuits.qasm.control.values import (
    ComputingError,
    Value,
    binary,
    code_of,
    known,
    of_bits,
    truth,
)
from ketway.circuits.qasm.errors import shown
from ketway.circuits.qasm.expressions import Scope, read_integer
from ketway.circuits.qasm.gates.expansion import Expansion
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.registers import Mark as NameMark
from ketway.circuits.qasm.registers import Registers
from ketway.circuits.qasm.words import reserved

Sort: TypeAlias = Literal["block", "if", "else", "while", "for", "switch", "case"]

_ROUND_WORK: Final = 30
_CHARACTER_WORK: Final = 6
_COMPUTED_WORK: Final = 300
_WORD_WORK: Final = 3
_COMPUTED: Final = (Kind.JUMP, Kind.ASSIGN)
"""What a round of a loop costs, each character that it reads once more, each value that it computes
and each word of its code: a line that loops is not to keep a server busy for longer than a large
program does."""


@dataclass(slots=True)
class _Mark:
    """How far the circuit was when something began that may turn out never to happen."""

    gates: int
    operands: int
    params: int
    letters: int
    expressions: int
    words: int
    phase: float
    phases: int


@dataclass(slots=True)
class _Block:
    sort: Sort
    at: int
    """Where it starts in the text."""
    single: bool
    """It is one statement without braces."""
    names: NameMark
    unused: _Mark | None = None
    """It never happens: forget its gates when it ends."""
    skip: int | None = None
    """The jump over it."""
    ends: list[int] = field(default_factory=list)
    """Jumps to what follows it."""
    settled: bool = False
    """It is known to happen: what is else in its place never does."""
    start: int = 0
    """The first gate of a loop."""
    rounds: _Rounds | None = None
    value: Value | None = None
    """What a `switch` compares."""
    preview: bool = False
    """A case after whose block `break;` stands."""


@dataclass(slots=True)
class _Rounds:
    """The rounds of a loop over known values."""

    name: Token
    values: Iterator[int]
    text: int
    """Where its body starts."""
    inner: NameMark
    gates: int
    words: int
    """How many gates and words of expressions rounds have paid for."""
    continues: list[int] = field(default_factory=list)
    over: _Mark | None = None
    """Where it is certain that the round at hand is over: what follows never happens."""
    last: bool = False
    """It is certain that no round follows."""


class Blocks:
    """The blocks that are open, and the statements that open and end them."""

    def __init__(
        self,
        lexer: Lexer,
        builder: Builder,
        expansion: Expansion,
        registers: Registers,
        scope: Scope,
        afford: Callable[[int, int, int], None],
        forget: Callable[[], None],
    ) -> None:
        self.lexer, self.builder, self.expansion = lexer, builder, expansion
        self.registers, self.scope = registers, scope
        self.afford = afford
        """Told how many gates and steps of work something costs, and where."""
        self.forget = forget
        """Called when a constant changes."""
        self.open: list[_Block] = []
        self.stops: list[int] = []
        """Jumps to the end of the program."""
        self.opened = False

    # -- where the reader stands --------------------------------------------------------------

    @property
    def single(self) -> bool:
        """Only one statement is wanted next."""
        return bool(self.open) and (self.open[-1].single or self.wants_case)

    @property
    def wants_case(self) -> bool:
        """Only cases of a `switch`, or its end, may stand here."""
        return bool(self.open) and self.open[-1].sort == "switch"

    def after_statement(self) -> None:
        """End the blocks that were one statement."""
        if self.opened:
            self.opened = False
            return
        while self.open and self.open[-1].single and self._close():
            pass
        self.opened = False

    def finish(self) -> None:
        """At the end of the program."""
        if self.open:
            block = self.open[-1]
            raise self.lexer.error(
                "This block never ends: close it with `}`."
                if not block.single
                else "The program ends where a statement should stand.",
                block.at,
            )
        for jump in self.stops:
            self.builder.land(jump)

    def close(self) -> None:
        """`}`"""
        token = self.lexer.peek()
        if not self.open or self.open[-1].single:
            raise self.lexer.error("`}` closes nothing here: delete it.", token.at)
        self.lexer.take()
        self.opened = not self._close()

    def _close(self) -> bool:
        """The topmost block has been read; False if another takes its place."""
        block = self.open[-1]
        if block.unused is not None:
            self._forget_gates(block.unused)
        if block.rounds is not None and block.rounds.over is not None:
            self._forget_gates(block.rounds.over)
            block.rounds.over = None
        self.open.pop()
        self._leave(block.names if block.rounds is None else block.rounds.inner)
        match block.sort:
            case "if":
                return self._after_if(block)
            case "while":
                if block.unused is None:
                    self._jump(block.at, target=block.start)
                self._land(block)
            case "for":
                return self._after_round(block)
            case "case":
                if block.preview:
                    self.lexer.expect("break", "after a case whose labels end with `:`")
                    self.lexer.expect(";", "after `break`")
                self.opened = True
                return False
            case "switch":
                if block.skip is not None:
                    self.builder.land(block.skip)
                self._land(block)
            case _:
                self._land(block)
        return True

    def _after_if(self, block: _Block) -> bool:
        if self.lexer.peek().text != "else":
            self._land(block)
            return True
        at = self.lexer.take().at
        after = self._push("else", at, unused=block.settled)
        if block.skip is not None:
            after.ends.append(self._jump(at))
            self.builder.land(block.skip)
        self._enter(after)
        return False

    def _leave(self, names: NameMark) -> None:
        if self.registers.leave(names):
            self.forget()

    def _land(self, block: _Block) -> None:
        for jump in block.ends if block.skip is None else (*block.ends, block.skip):
            self.builder.land(jump)

    def _push(self, sort: Sort, at: int, unused: bool = False) -> _Block:
        if len(self.open) >= self.scope.limits.nesting:
            raise self.lexer.error(
                f"Blocks are nested deeper than {self.scope.limits.nesting:,}: write fewer inside "
                "each other.",
                at,
            )
        block = _Block(sort, at, False, self.registers.mark())
        if unused:
            block.unused = self._mark()
        self.open.append(block)
        return block

    def _enter(self, block: _Block) -> None:
        """Read what stands between a head and its body."""
        block.single = self.scope.version == 2 or not self.lexer.accept("{")
        self.opened = True

    def _jump(self, at: int, code: list[int] | None = None, target: int = -1) -> int:
        self.afford(1, 0, at)
        return self.builder.jump(code, target)

    # -- what happens never ---------------------------------------------------------------------

    def _mark(self) -> _Mark:
        b = self.builder
        return _Mark(
            len(b.kinds),
            len(b.operands),
            len(b.params),
            len(b.letters),
            len(b.expression_ends),
            len(b.expressions),
            self.expansion.phase,
            len(self.expansion.phases),
        )

    def _forget_gates(self, mark: _Mark) -> None:
        b = self.builder
        for gates in (b.kinds, b.controls, b.operand_ends, b.param_ends):
            del gates[mark.gates :]
        del b.operands[mark.operands :]
        del b.params[mark.params :]
        del b.letters[mark.letters :]
        del b.expression_ends[mark.expressions :]
        del b.expressions[mark.words :]
        self.expansion.forget(mark.params, mark.phase, mark.phases)
        for block in self.open:
            lists = [block.ends] + ([block.rounds.continues] if block.rounds else [])
            for jumps in lists:
                jumps[:] = [jump for jump in jumps if jump < mark.gates]
        self.stops[:] = [jump for jump in self.stops if jump < mark.gates]

    # -- statements -----------------------------------------------------------------------------

    def _condition(self, after: str) -> Value:
        """`( … )`, known or as code of 0 or 1."""
        self.lexer.expect("(", after)
        value, at = read_value(self.lexer, self.scope, self.registers)
        self.lexer.expect(")", "after the condition")
        try:
            return truth(value)
        except ComputingError as reason:
            raise self.lexer.error(str(reason), at) from None

    def read_if(self) -> None:
        at = self.lexer.take().at
        if self.scope.version == 2:
            condition = self._old_condition()
        else:
            condition = self._condition("and a condition after `if`")
        block = self._push("if", at, unused=condition.known is False)
        block.settled = condition.known is True
        if condition.known is None:
            block.skip = self._jump(at, condition.code)
        self._enter(block)

    def _old_condition(self) -> Value:
        """OpenQASM 2 compares a whole register with a number, and no more."""
        self.lexer.expect("(", "and a condition after `if`")
        selection, at = self.registers.read(self.lexer, self.scope, "bits")
        self.lexer.expect("==", "and a number: OpenQASM 2 has no other condition")
        number, number_at = read_integer(self.lexer, self.scope, "What a register is compared with")
        self.lexer.expect(")", "after the condition")
        if number < 0:
            raise self.lexer.error(f"A register is never {number}.", number_at)
        try:
            return binary("==", of_bits(selection.indices, "uint"), known(number))
        except ComputingError as reason:
            raise self.lexer.error(str(reason), at) from None

    def read_while(self) -> None:
        at = self.lexer.take().at
        start = len(self.builder.kinds)
        condition = self._condition("and a condition after `while`")
        block = self._push("while", at, unused=condition.known is False)
        block.start = start
        if condition.known is None:
            block.skip = self._jump(at, condition.code)
        self._enter(block)

    def read_for(self) -> None:
        at = self.lexer.take().at
        sort = self.lexer.expect_name("the type of the loop's variable")
        if sort.text not in ("int", "uint"):
            raise self.lexer.error(
                f"A loop's variable cannot be {shown(sort.text)} here: write `for uint i in …`.",
                sort.at,
            )
        read_width(self.lexer, self.scope, sort.text)
        name = self.lexer.expect_name("the name of the loop's variable")
        if reserved(name.text, 3) or name.text in FUNCTIONS:
            raise self.lexer.error(
                f"{shown(name.text)} is a word of OpenQASM: choose another name.", name.at
            )
        self.lexer.expect("in", "after the variable of a loop")
        values = self._values()
        first = next(values, None)
        block = self._push("for", at, unused=first is None)
        self.registers.claim(self.lexer, name, "the variable of a loop")
        self._enter(block)
        mark = self.registers.mark()
        made = (len(self.builder.kinds), len(self.builder.expressions))
        block.rounds = _Rounds(name, values, self.lexer.at, mark, *made)
        self._bind(name, 0 if first is None else first)

    def _values(self) -> Iterator[int]:
        lexer = self.lexer
        if lexer.accept("{"):
            found: list[int] = []
            while not lexer.accept("}"):
                found.append(read_integer(lexer, self.scope, "A value of a loop")[0])
                if not lexer.accept(",") and lexer.peek().text != "}":
                    raise lexer.unexpected(lexer.peek(), "`,` or `}`")
            return iter(found)
        token = lexer.peek()
        if token.text != "[":
            raise lexer.error(
                "A loop goes over numbers that are known before the program runs: write "
                "`in [0:3]` or `in {0, 3, 5}`.",
                token.at,
            )
        lexer.take()
        parts = [read_integer(lexer, self.scope, "The end of a range")[0]]
        while lexer.accept(":"):
            parts.append(read_integer(lexer, self.scope, "The end of a range")[0])
        lexer.expect("]", "after a range")
        if not 2 <= len(parts) <= 3 or (len(parts) == 3 and parts[1] == 0):
            raise lexer.error("A range is `[first:last]` or `[first:step:last]`.", token.at)
        step = parts[1] if len(parts) == 3 else 1
        return iter(range(parts[0], parts[-1] + (1 if step > 0 else -1), step))

    def _bind(self, name: Token, value: int) -> None:
        self.registers.constants[name.text] = value
        self.forget()

    def _after_round(self, block: _Block) -> bool:
        rounds = block.rounds
        assert rounds is not None
        again = self.lexer.at - rounds.text
        kinds = self.builder.kinds
        computed = sum(kind in _COMPUTED for kind in kinds[rounds.gates :])
        words = len(self.builder.expressions)
        work = _ROUND_WORK + _CHARACTER_WORK * again + _COMPUTED_WORK * computed
        self.afford(0, work + _WORD_WORK * (words - rounds.words), block.at)
        for around in (rounds, *[b.rounds for b in self.open if b.rounds is not None]):
            around.gates, around.words = len(kinds), words
        for jump in rounds.continues:
            self.builder.land(jump)
        rounds.continues.clear()
        value = None if rounds.last else next(rounds.values, None)
        if value is None:
            self._leave(block.names)
            self._land(block)
            return True
        self.open.append(block)
        self._bind(rounds.name, value)
        self.lexer.seek(rounds.text)
        return False

    def read_switch(self) -> None:
        at = self.lexer.take().at
        self.lexer.expect("(", "and a value after `switch`")
        value, value_at = read_value(self.lexer, self.scope, self.registers)
        self.lexer.expect(")", "after the value of `switch`")
        if value.known is None:
            try:
                code_of(value)
            except ComputingError as reason:
                raise self.lexer.error(str(reason), value_at) from None
        self.lexer.expect("{", "and the cases of `switch`")
        self._push("switch", at).value = value
        self.opened = True

    def read_case(self) -> None:
        """`case 1, 2 {` or `default {`; or as Qiskit's preview of it had it, `case 1: case 2: {`
        and `break;` after the block."""
        token = self.lexer.peek()
        switch = self.open[-1] if self.open else None
        if switch is None or switch.sort != "switch" or switch.value is None:
            raise self.lexer.error(f"`{token.text}` stands outside a `switch`.", token.at)
        chosen, preview = self._labels(switch.value)
        if switch.skip is not None:
            switch.ends.append(self._jump(token.at))
            self.builder.land(switch.skip)
            switch.skip = None
        block = self._push("case", token.at, unused=switch.settled or chosen.known is False)
        block.preview = preview
        if chosen.known is None and not switch.settled:
            switch.skip = self._jump(token.at, chosen.code)
        switch.settled = switch.settled or chosen.known is True
        self.lexer.expect("{", "and the statements of a case")
        self.opened = True

    def _labels(self, value: Value) -> tuple[Value, bool]:
        """Whether a case is chosen, and whether its labels end with `:`."""
        chosen, preview = known(False), False
        while True:
            token = self.lexer.take()
            if token.text == "default":
                chosen = known(True)
            while token.text == "case":
                label, at = read_integer(self.lexer, self.scope, "A case")
                try:
                    chosen = binary("||", chosen, binary("==", value, known(label)))
                except ComputingError as reason:
                    raise self.lexer.error(str(reason), at) from None
                if not self.lexer.accept(","):
                    break
            if not self.lexer.accept(":"):
                return chosen, preview
            preview = True
            if self.lexer.peek().text not in ("case", "default"):
                return chosen, preview

    def read_block(self) -> None:
        at = self.lexer.take().at
        self._push("block", at)
        self.opened = True

    def read_break(self) -> None:
        token = self.lexer.take()
        self.lexer.expect(";", f"after `{token.text}`")
        loops = [block for block in self.open if block.sort in ("while", "for")]
        if not loops:
            raise self.lexer.error(f"`{token.text}` stands outside a loop.", token.at)
        loop = loops[-1]
        if loop.rounds is not None and self._certain(loop):
            loop.rounds.over = loop.rounds.over or self._mark()
            loop.rounds.last = loop.rounds.last or token.text == "break"
        elif token.text == "break":
            loop.ends.append(self._jump(token.at))
        elif loop.rounds is not None:
            loop.rounds.continues.append(self._jump(token.at))
        else:
            self._jump(token.at, target=loop.start)

    def _certain(self, loop: _Block) -> bool:
        """Whether what stands here happens in every round, whatever the bits are."""
        rounds = loop.rounds
        if rounds is None or rounds.continues or loop.ends:
            return False
        inner = self.open[self.open.index(loop) + 1 :]
        return not any(b.unused is not None or b.skip is not None or b.ends for b in inner)

    def read_end(self) -> None:
        """`end;` in a block: go on where the program ends."""
        token = self.lexer.take()
        self.lexer.expect(";", "after `end`")
        self.stops.append(self._jump(token.at))
