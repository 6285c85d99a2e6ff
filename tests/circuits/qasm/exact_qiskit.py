"""The exact distribution of a Qiskit circuit with control flow, for `make_corpus.py`.

Every branch is followed with Qiskit's own state vectors. Expressions are evaluated here, on whole
numbers of the widths that Qiskit gives them. Run where Qiskit is; the tests do not.
"""

import operator

import numpy as np
from qiskit.circuit import CASE_DEFAULT, Clbit, ControlFlowOp, Parameter
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Statevector

BREAK, CONTINUE, NEXT = "break", "continue", "next"
NOTHING = {"barrier", "delay", "id"}
ARITHMETIC = {
    "ADD": operator.add,
    "SUB": operator.sub,
    "MUL": operator.mul,
    "DIV": lambda a, b: a // b if b else 0,
    "BIT_AND": operator.and_,
    "BIT_OR": operator.or_,
    "BIT_XOR": operator.xor,
    "SHIFT_LEFT": operator.lshift,
    "SHIFT_RIGHT": operator.rshift,
}
DECIDING = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "LESS": operator.lt,
    "LESS_EQUAL": operator.le,
    "GREATER": operator.gt,
    "GREATER_EQUAL": operator.ge,
    "LOGIC_AND": lambda a, b: bool(a) and bool(b),
    "LOGIC_OR": lambda a, b: bool(a) or bool(b),
}


class Branch:
    """A state, the values of bits and variables, and how likely it is."""

    def __init__(self, state, bits, variables, chance):
        self.state, self.bits, self.variables, self.chance = state, bits, variables, chance

    def value(self, node):
        if isinstance(node, Clbit):
            return self.bits[node]
        if not isinstance(node, expr.Expr):
            return sum(self.bits[bit] << k for k, bit in enumerate(node))
        if isinstance(node, expr.Var):
            return self.variables[node] if node.standalone else self.value(node.var)
        if isinstance(node, expr.Value):
            return int(node.value)
        if isinstance(node, expr.Cast):
            inner = self.value(node.operand)
            return int(bool(inner)) if node.type.kind.__name__ == "Bool" else self.cut(node, inner)
        if isinstance(node, expr.Unary):
            inner = self.value(node.operand)
            if node.op.name == "NEGATE":
                return self.cut(node, -inner)
            if node.op.name == "LOGIC_NOT" or node.type.kind.__name__ == "Bool":
                return int(not inner)
            return self.cut(node, ~inner)
        if isinstance(node, expr.Index):
            return self.value(node.target) >> self.value(node.index) & 1
        left, right = self.value(node.left), self.value(node.right)
        if node.op.name in DECIDING:
            return int(DECIDING[node.op.name](left, right))
        return self.cut(node, ARITHMETIC[node.op.name](left, right))

    @staticmethod
    def cut(node, value):
        return value & ((1 << getattr(node.type, "width", 1)) - 1)

    def condition(self, given):
        if isinstance(given, expr.Expr):
            return self.value(given)
        place, wanted = given
        return self.value(place) == int(wanted)


def distribution(circuit):
    """The chance of every value of all bits, bit k of a number being bit k of the circuit."""
    start = Branch(
        Statevector.from_int(0, 2**circuit.num_qubits),
        dict.fromkeys(circuit.clbits, 0),
        {},
        1.0,
    )
    found = {}
    qubits = {bit: k for k, bit in enumerate(circuit.qubits)}
    for branch, _ in block(circuit, qubits, {b: b for b in circuit.clbits}, [start]):
        number = sum(branch.bits[bit] << k for k, bit in enumerate(circuit.clbits))
        found[number] = found.get(number, 0.0) + branch.chance
    return {f"{number:b}": round(p, 12) for number, p in sorted(found.items()) if p > 1e-12}


def block(circuit, qubits, bits, branches):
    """Pairs of a branch at the end of a block, and how it left it."""
    for branch in branches:
        branch.variables |= {
            variable: 0
            for variable in circuit.iter_declared_vars()
            if variable not in branch.variables
        }
    going, left = branches, []
    for step in circuit.data:
        after = []
        own = [qubits[q] for q in step.qubits]
        places = [bits[c] for c in step.clbits]
        for branch in going:
            for ended, how in one(step, own, places, branch):
                (after if how == NEXT else left).append((ended, how))
        going = [branch for branch, _ in after]
    return [(branch, NEXT) for branch in going] + left


def one(step, own, places, branch):
    name, operation = step.operation.name, step.operation
    if name in NOTHING:
        return [(branch, NEXT)]
    if name in ("break_loop", "continue_loop"):
        return [(branch, BREAK if name == "break_loop" else CONTINUE)]
    if name in ("measure", "reset"):
        return list(observed(branch, own[0], places[0] if places else None))
    if name == "store":
        branch.variables |= (
            {operation.lvalue: branch.value(operation.rvalue)}
            if getattr(operation.lvalue, "standalone", False)
            else {}
        )
        if not getattr(operation.lvalue, "standalone", False):
            branch.bits[operation.lvalue.var] = branch.value(operation.rvalue)
        return [(branch, NEXT)]
    if not isinstance(operation, ControlFlowOp):
        branch.state = branch.state.evolve(operation, own)
        return [(branch, NEXT)]
    return flow(operation, own, places, branch)


def inner(body, own, places, branches):
    return block(
        body,
        dict(zip(body.qubits, own, strict=True)),
        dict(zip(body.clbits, places, strict=True)),
        branches,
    )


def flow(operation, own, places, branch):
    if operation.name == "box":
        return inner(operation.blocks[0], own, places, [branch])
    if operation.name == "if_else":
        chosen = operation.blocks[0 if branch.condition(operation.condition) else 1 :][:1]
        return inner(chosen[0], own, places, [branch]) if chosen else [(branch, NEXT)]
    if operation.name == "switch_case":
        value = branch.value(operation.target)
        for labels, body in operation.cases_specifier():
            if any(label is CASE_DEFAULT or int(label) == value for label in labels):
                return inner(body, own, places, [branch])
        return [(branch, NEXT)]
    if operation.name == "while_loop":
        done, going = [], [branch]
        while going:
            now = going.pop()
            if now.chance < 1e-14 or not now.condition(operation.condition):
                done.append(now)
                continue
            for ended, how in inner(operation.blocks[0], own, places, [now]):
                (done if how == BREAK else going).append(ended)
        return [(ended, NEXT) for ended in done]
    values, parameter, body = operation.params
    done, going = [], [branch]
    for value in values:
        round_ = body
        if isinstance(parameter, Parameter) and parameter in body.parameters:
            round_ = body.assign_parameters({parameter: value})
        ends = inner(round_, own, places, going) if going else []
        done += [ended for ended, how in ends if how == BREAK]
        going = [ended for ended, how in ends if how != BREAK]
    return [(ended, NEXT) for ended in done + going]


def observed(branch, qubit, place):
    """Both results of a measurement; a reset forgets its own."""
    probabilities = branch.state.probabilities([qubit])
    for result in (0, 1):
        chance = float(probabilities[result])
        if chance < 1e-13:
            continue
        projector = np.zeros((2, 2))
        projector[0 if place is None else result, result] = 1 / np.sqrt(chance)
        from qiskit.quantum_info import Operator

        state = branch.state.evolve(Operator(projector), [qubit])
        bits = dict(branch.bits)
        if place is not None:
            bits[place] = result
        yield Branch(state, bits, dict(branch.variables), branch.chance * chance), NEXT
