"""Circuits of Qiskit's by chance, for `make_corpus.py`."""

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr, types
from qiskit.circuit.random import random_circuit


def any_circuit(seed):
    return random_circuit(3, 4, max_operands=3, seed=seed)


class AnyControl:
    """A circuit with control flow, by chance."""

    def __init__(self, seed, with_variables):
        self.random = np.random.default_rng(seed)
        self.circuit = QuantumCircuit(
            QuantumRegister(3, "q"), ClassicalRegister(2, "c"), ClassicalRegister(2, "d")
        )
        self.bits = self.circuit.clbits
        self.variables = []
        if with_variables:
            self.variables = [
                self.circuit.add_var("n", expr.lift(self.pick(8), types.Uint(3))),
                self.circuit.add_var("f", bool(self.pick(2))),
            ]
        self.statements(4, 3, loop=False)
        self.circuit.measure([0, 1, 2], [0, 2, 3])

    def pick(self, n):
        return int(self.random.integers(n))

    def statements(self, count, depth, loop):
        for _ in range(count):
            self.statement(depth, loop)

    def statement(self, depth, loop):
        c = self.circuit
        kind = self.pick(11 if depth else 5)
        if kind <= 1:
            c.ry(round(self.random.random() * 3, 3), self.pick(3))
        elif kind == 2:
            first = self.pick(3)
            c.cx(first, (first + 1 + self.pick(2)) % 3)
        elif kind == 3:
            c.measure(self.pick(3), self.pick(4))
        elif kind == 4:
            if self.variables:
                c.store(self.variables[0], self.number(2))
                c.store(self.variables[1], self.decision(2))
            else:
                c.reset(self.pick(3))
        elif kind in (5, 6, 7):
            with c.if_test(self.test()) as else_:
                self.statements(1 + self.pick(2), depth - 1, loop)
                if loop and self.pick(3) == 0:
                    c.break_loop() if self.pick(2) else c.continue_loop()
            if self.pick(2):
                with else_:
                    self.statements(1 + self.pick(2), depth - 1, loop)
        elif kind == 8:
            with c.for_loop([range(2), (3, 1), range(1, 4, 2)][self.pick(3)]) as k:
                c.ry(k * 0.3, self.pick(3))
                self.statements(1 + self.pick(2), depth - 1, True)
        elif kind == 9:
            with c.switch(c.cregs[self.pick(2)]) as case:
                with case(0):
                    self.statements(1, depth - 1, loop)
                with case(1, 3):
                    self.statements(1, depth - 1, loop)
                if self.pick(2):
                    with case(case.DEFAULT):
                        self.statements(1, depth - 1, loop)
        else:
            bit = self.pick(4)
            c.measure(self.pick(3), bit)
            with c.while_loop((self.bits[bit], 1)):
                self.statements(1, 0, True)
                c.ry(2.5, 0)
                c.measure(0, bit)

    def test(self):
        if not self.variables and self.pick(2):
            return self.bits[self.pick(4)], self.pick(2)
        if not self.variables:
            return self.circuit.cregs[self.pick(2)], self.pick(4)
        return self.decision(2)

    def number(self, depth):
        c = self.circuit
        kind = self.pick(8 if depth else 3)
        if kind == 0:
            return self.variables[0]
        if kind == 1:
            return expr.lift(self.pick(8), types.Uint(3))
        if kind == 2:
            return expr.cast(c.cregs[self.pick(2)], types.Uint(3))
        if kind == 3:
            return expr.bit_not(expr.cast(self.number(depth - 1), types.Uint(3)))
        name = ["add", "sub", "mul", "bit_and", "bit_or", "bit_xor"][self.pick(6)]
        # A number that is written out has no width in OpenQASM: one side must have one.
        left = expr.bit_and(self.variables[0], self.number(depth - 1))
        return getattr(expr, name)(left, self.number(depth - 1))

    def decision(self, depth):
        kind = self.pick(7 if depth else 3)
        if kind == 0:
            return expr.lift(self.variables[1])
        if kind == 1:
            return expr.lift(self.bits[self.pick(4)])
        if kind == 2:
            return expr.index(self.circuit.cregs[self.pick(2)], self.pick(2))
        if kind == 3:
            return expr.logic_not(self.decision(depth - 1))
        if kind == 4:
            name = ["logic_and", "logic_or", "bit_xor", "bit_and"][self.pick(4)]
            return getattr(expr, name)(self.decision(depth - 1), self.decision(depth - 1))
        name = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"][
            self.pick(6)
        ]
        return getattr(expr, name)(self.variables[0], self.number(depth - 1))
