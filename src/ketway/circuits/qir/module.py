"""A module of LLVM: its tables, and of its functions only the entry point's calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ketway.circuits.qir.bitstream import Block, Record, Stream
from ketway.circuits.qir.body import Body, read_body
from ketway.circuits.qir.codes import ALL_OF_THE_FUNCTION, Blocks, Top
from ketway.circuits.qir.errors import QirError, shown
from ketway.circuits.qir.limits import Limits
from ketway.circuits.qir.values import Function, Other, Values, Variable

_ENTRY_POINTS: Final = ("entry_point", "EntryPoint")
"""pyqir wrote the second until 0.7, and CUDA-Q until 0.4."""
_QUBITS: Final = ("required_num_qubits", "num_required_qubits", "requiredQubits")
"""Of QIR's profiles today; of pyqir 0.8 and 0.9; and of pyqir 0.7 and CUDA-Q."""

_GROUP, _LIST = 3, 2
"""Records of attributes: what one group says, and which groups a list has."""
_TEXT, _PAIR = 3, 4
"""Attributes that are text, and text that has a value."""
_KINDS: Final = {0: 1, 1: 2, 5: 1, 6: 2}
"""How many numbers follow the kind of the others."""
_NAMED_VALUE, _NAMED_FUNCTION = 1, 3


class _Attribute(NamedTuple):
    name: str
    value: str


@dataclass(slots=True)
class Module:
    values: Values
    version: int = 0
    functions: list[Function] = field(default_factory=list)
    groups: dict[int, list[_Attribute]] = field(default_factory=dict)
    lists: list[dict[str, str]] = field(default_factory=list)
    entry: Function | None = None
    body: Body | None = None

    def attributes(self, function: Function) -> dict[str, str]:
        place = function.attributes - 1
        return self.lists[place] if 0 <= place < len(self.lists) else {}

    @property
    def qubits(self) -> int | None:
        """How many the entry point says that it needs."""
        assert self.entry is not None, "read_module has found one"
        attributes = self.attributes(self.entry)
        given = next((attributes[name] for name in _QUBITS if name in attributes), None)
        if given is None:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise QirError(f"the entry point says that it needs {shown(given)} qubits.")
        return int(given)


def read_module(stream: Stream, limits: Limits) -> Module:
    """The one module of a file."""
    module: Module | None = None
    strings = b""
    for block in stream.top():
        if block.id == Blocks.MODULE:
            if module is not None:
                raise QirError("The file has several modules, and one is run: link them first.")
            module = _read(stream, block, limits)
        elif block.id == Blocks.STRINGS:
            for entry in stream.entries(block):
                if isinstance(entry, Record) and entry.blob:
                    strings = entry.blob
    if module is None:
        raise QirError("The file has no module: it ends too early, or is no QIR.")
    for function in module.functions:
        if function.place is not None:
            start, size = function.place
            function.name = strings[start : start + size].decode("utf-8", "replace")
    if module.entry is None or module.body is None:
        raise QirError(
            "The program has no entry point: give one function the attribute `entry_point`, and "
            "a body."
        )
    return module


def _read(stream: Stream, block: Block, limits: Limits) -> Module:
    module = Module(Values(limits))
    bodies = 0
    for entry in stream.entries(block):
        if isinstance(entry, Record):
            _read_record(module, entry)
            continue
        match entry.id:
            case Blocks.ATTRIBUTE_GROUPS:
                _read_groups(module, stream, entry)
            case Blocks.ATTRIBUTES:
                _read_lists(module, stream, entry)
            case Blocks.TYPES:
                module.values.read_types(stream, entry)
            case Blocks.CONSTANTS:
                module.values.read_constants(stream, entry)
            case Blocks.NAMES:
                _read_names(module, stream, entry)
            case Blocks.FUNCTION:
                # Bodies follow each other as the functions that have one do.
                defined = [function for function in module.functions if not function.declared]
                module.entry = module.entry or _entry_point(module, defined)
                if bodies < len(defined) and defined[bodies] is module.entry:
                    module.body = read_body(stream, entry, module.values)
                bodies += 1
    return module


def _entry_point(module: Module, defined: list[Function]) -> Function:
    marked = [
        function
        for function in defined
        if any(name in module.attributes(function) for name in _ENTRY_POINTS)
    ]
    found = marked or defined
    if len(found) != 1:
        raise QirError(
            f"The program has {len(found)} functions that may be its entry point: give one alone "
            "the attribute `entry_point`."
        )
    return found[0]


def _read_record(module: Module, record: Record) -> None:
    code, operands = record.code, record.operands
    if code == Top.VERSION:
        module.version = operands[0] if operands else 0
        if module.version not in (1, 2):
            raise QirError(
                f"The file is bitcode of version {module.version}, and 1 and 2 are read: write it "
                "with LLVM 3.3 or newer."
            )
    elif code in (Top.ALIAS, Top.ALIAS_OLD, Top.IFUNC):
        module.values.all.append(Other())
    elif code in (Top.FUNCTION, Top.VARIABLE):
        place = None
        if module.version == 2:
            place, operands = (
                (operands[0], operands[1]) if len(operands) > 1 else None,
                operands[2:],
            )
        if len(operands) < 5:
            raise QirError("a function or variable is declared too shortly: write the file again.")
        if code == Top.VARIABLE:
            module.values.all.append(Variable(operands[2] - 1))
            return
        function = Function(operands[0], bool(operands[2]), operands[4], place=place)
        module.functions.append(function)
        module.values.all.append(function)


def _read_names(module: Module, stream: Stream, block: Block) -> None:
    """Names of functions, where older files have them."""
    for entry in stream.entries(block):
        if not isinstance(entry, Record) or entry.code not in (_NAMED_VALUE, _NAMED_FUNCTION):
            continue
        first = 1 if entry.code == _NAMED_VALUE else 2
        number = entry.operands[0] if entry.operands else -1
        found = module.values.all[number] if 0 <= number < len(module.values.all) else None
        if isinstance(found, Function) and found.place is None:
            found.name = _text(entry.operands[first:])


def _read_groups(module: Module, stream: Stream, block: Block) -> None:
    for entry in stream.entries(block):
        if isinstance(entry, Record) and entry.code == _GROUP and len(entry.operands) >= 2:
            number, place, *given = entry.operands
            if place == ALL_OF_THE_FUNCTION:
                module.groups[number] = _attributes(given)


def _read_lists(module: Module, stream: Stream, block: Block) -> None:
    for entry in stream.entries(block):
        if isinstance(entry, Record):
            groups = entry.operands if entry.code == _LIST else []
            named = [a for number in groups for a in module.groups.get(number, ())]
            stream.afford(len(named))
            module.lists.append({attribute.name: attribute.value for attribute in named})


def _attributes(given: list[int]) -> list[_Attribute]:
    """Those that are text; they end where a kind stands that is not known here."""
    found = []
    at = 0
    while at < len(given):
        kind = given[at]
        at += 1
        if kind in (_TEXT, _PAIR):
            name, at = _ended(given, at)
            value, at = _ended(given, at) if kind == _PAIR else ("", at)
            found.append(_Attribute(name, value))
        elif kind in _KINDS:
            at += _KINDS[kind]
        else:
            break
    return found


def _ended(given: list[int], at: int) -> tuple[str, int]:
    """Text until a zero, and where it goes on after it."""
    try:
        end = given.index(0, at)
    except ValueError:
        end = len(given)
    return _text(given[at:end]), end + 1


def _text(codes: list[int]) -> str:
    return bytes(code & 0xFF for code in codes).decode("utf-8", "replace")
