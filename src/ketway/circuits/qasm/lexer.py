"""Words of a program text, one at a time.

The lexer stands at an offset and looks at no more than the next word, so that a statement of the
most usual form can be read by one regular expression instead, at the same offset. Nothing here
recurses, and lines are counted only when something is wrong.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from ketway.circuits.qasm.errors import QasmError, shown

Sort: TypeAlias = Literal["name", "number", "string", "hardware", "symbol", "end"]

_BLANK: Final = re.compile(r"[\s\ufeff]*")
_LINE: Final = re.compile(r"[^\r\n]*")
_INDEX: Final = re.compile(r"\s*\[\s*([0-9]{1,9})\s*\]")
_TOKEN: Final = re.compile(
    r"""
    [\s\ufeff]* (?:
      (?P<comment> //|/\* )
    | (?P<name> [^\W\d]\w* )
    | (?P<number> 0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
        | (?: [0-9][0-9_]*\.?[0-9_]* | \.[0-9][0-9_]* ) (?: [eE][+-]?[0-9][0-9_]* )? )
    | (?P<string> "[^"\r\n]*" | '[^'\r\n]*' )
    | (?P<hardware> \$[0-9]+ )
    | (?P<symbol> -> | \+\+ | \*\*=? | <<=? | >>=? | && | \|\| | [-+*/%&|^~<>!=]=
        | [-+*/%&|^~<>!=;,:(){}\[\]@.\#] )
    )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    sort: Sort
    text: str
    at: int
    """Offset of its first character."""


class Lexer:
    """Stands at `at`; `peek` is the next word, `take` steps over it."""

    __slots__ = ("_next", "at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._next: Token | None = None

    def seek(self, at: int) -> None:
        self.at = at
        self._next = None

    def skip(self) -> int:
        """Step over blanks and comments, to the first character of the next word."""
        text = self.text
        blank = _BLANK.match(text, self.at)
        at = blank.end() if blank else self.at
        while text.startswith(("//", "/*"), at):
            if text.startswith("//", at):
                line = _LINE.match(text, at)
                at = line.end() if line else len(text)
            else:
                end = text.find("*/", at + 2)
                if end < 0:
                    raise self.error("This comment never ends: close it with `*/`.", at)
                at = end + 2
            blank = _BLANK.match(text, at)
            at = blank.end() if blank else at
        self.at = at
        return at

    def skip_line(self) -> str:
        """Step over the rest of the line and give it: pragmas and annotations are whole lines."""
        line = _LINE.match(self.text, self.at)
        rest = line.group() if line else ""
        self.seek(self.at + len(rest))
        return rest

    def peek(self) -> Token:
        found = self._next
        if found is None:
            match = _TOKEN.match(self.text, self.at)
            if match is not None and match.lastgroup == "comment":
                self.skip()
                return self._peek_after_comments()
            found = self._next = self._token(match)
        return found

    def _peek_after_comments(self) -> Token:
        """The next word, where the lexer stands behind every comment before it."""
        found = self._next = self._token(_TOKEN.match(self.text, self.at))
        return found

    def _token(self, match: re.Match[str] | None) -> Token:
        if match is not None:
            sort = match.lastgroup
            return Token(sort, match[sort], match.start(sort))  # type: ignore[arg-type,index]
        at = self.skip()
        if at >= len(self.text):
            return Token("end", "", at)
        raise self._stray(at)

    def accept_index(self) -> int | None:
        """Step over `[n]` with a plain number, the most usual index; None if it is another."""
        match = _INDEX.match(self.text, self.at)
        if match is None:
            return None
        self.seek(match.end())
        return int(match[1])

    def take(self) -> Token:
        token = self._next or self.peek()
        self.at = token.at + len(token.text)
        self._next = None
        return token

    def accept(self, text: str) -> bool:
        """Step over this word if it is next."""
        token = self._next or self.peek()
        if token.text != text:
            return False
        self.at = token.at + len(text)
        self._next = None
        return True

    def expect(self, text: str, why: str) -> Token:
        """Step over this word, which must be next; `why` says what it is for."""
        token = self.peek()
        if token.text != text:
            raise self.unexpected(token, f"`{text}` {why}")
        return self.take()

    def expect_name(self, what: str) -> Token:
        token = self.peek()
        if token.sort != "name":
            raise self.unexpected(token, what)
        return self.take()

    def unexpected(self, token: Token, wanted: str) -> QasmError:
        if token.sort == "end":
            return self.error(f"The program ends where {wanted} should stand.", token.at)
        return self.error(f"{shown(token.text)} stands where {wanted} should stand.", token.at)

    def error(self, message: str, at: int) -> QasmError:
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        return QasmError(message, line, column)

    def _stray(self, at: int) -> QasmError:
        if self.text[at] in "\"'":
            return self.error(
                "This string never ends: close it with the same quotation mark, on its line.", at
            )
        return self.error(
            f"The character {shown(self.text[at])} means nothing in OpenQASM here: delete it.", at
        )
