"""The numbers of LLVM's bitcode that are read here. LLVM keeps them the same for ever."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Blocks(IntEnum):
    MODULE = 8
    ATTRIBUTES = 9
    ATTRIBUTE_GROUPS = 10
    CONSTANTS = 11
    FUNCTION = 12
    NAMES = 14
    TYPES = 17
    STRINGS = 23


class Top(IntEnum):
    """Records of a module."""

    VERSION = 1
    VARIABLE = 7
    FUNCTION = 8
    ALIAS_OLD = 9
    ALIAS = 14
    IFUNC = 15


class Types(IntEnum):
    COUNT = 1
    VOID = 2
    FLOAT = 3
    DOUBLE = 4
    INTEGER = 7
    POINTER = 8
    STRUCT_NAME = 19
    FUNCTION = 21


class Constants(IntEnum):
    SET_TYPE = 1
    NULL = 2
    INTEGER = 4
    FLOAT = 6
    STRING = 8
    CSTRING = 9
    CAST = 11
    GEP_OLD = 12
    GEP_INBOUNDS = 20
    GEP_INDEX = 24
    GEP = 32


class Instructions(IntEnum):
    BLOCKS = 1
    RETURN = 10
    BRANCH = 11
    UNREACHABLE = 15
    PLACE_AGAIN = 33
    CALL = 34
    PLACE = 35


NAMES: Final = {
    2: "arithmetic", 3: "a cast", 4: "getelementptr", 5: "select", 6: "extractelement",
    7: "insertelement", 9: "a comparison", 12: "switch", 16: "phi", 19: "alloca",
    20: "load", 26: "extractvalue", 27: "insertvalue", 28: "a comparison", 29: "select",
    31: "an indirect branch", 43: "getelementptr", 44: "store", 56: "arithmetic", 57: "callbr",
}  # fmt: skip
"""What instructions that are refused are called in messages."""

ALL_OF_THE_FUNCTION: Final = 0xFFFFFFFF
"""What an attribute stands at when it is the function's own, not a parameter's."""
