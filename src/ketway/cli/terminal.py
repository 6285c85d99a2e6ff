"""What is written to the terminal, and how: plain text, coloured only for a person who looks.

Text that came from a server or a file is cleaned first, so that a job's name cannot move the
cursor or change the title of somebody's terminal.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO, TypeAlias

Piece: TypeAlias = "str | tuple[str, str]"
"""Text, or text and its style."""

STATE_STYLES = {
    "submitted": "yellow",
    "ready": "yellow",
    "started": "cyan",
    "completed": "green",
    "failed": "red",
    "canceled": "magenta",
    "open": "yellow",
    "active": "cyan",
    "inactive": "yellow",
    "closed": "green",
}


def interactive(stream: TextIO) -> bool:
    """Whether a person looks at this stream in a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(stream: TextIO) -> bool:
    return interactive(stream) and not os.environ.get("NO_COLOR")


def width() -> int:
    """Columns to use; a line longer than 100 is hard to read even where it fits."""
    return min(100, max(20, shutil.get_terminal_size((80, 24)).columns))


def speaks_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def clean(text: object) -> str:
    """The text without control characters; newlines stay."""
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape").decode()
        for character in str(text)
    )


def line(*pieces: Piece, stream: TextIO | None = None) -> None:
    """Write one line."""
    out = stream or sys.stdout
    pairs = [(piece, "") if isinstance(piece, str) else piece for piece in pieces]
    if coloured(out):
        from rich.console import Console
        from rich.text import Text

        text = Text.assemble(*pairs)
        Console(file=out, highlight=False).print(text, soft_wrap=True)
    else:
        out.write("".join(text for text, _ in pairs) + "\n")
        out.flush()


def note(*pieces: Piece) -> None:
    """Something for the person that is not the command's answer: goes to standard error."""
    line(*pieces, stream=sys.stderr)


def emit(value: Any, *, one_line: bool = False) -> None:
    """Write JSON, indented for a person, on one line for a program."""
    indent = 2 if interactive(sys.stdout) and not one_line else None
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")
    sys.stdout.flush()


def table(headers: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
    """Columns aligned to the left, as wide as their widest cell."""
    body = [[(cell, "") if isinstance(cell, str) else cell for cell in row] for row in rows]
    head = [(header, "bold") for header in headers]
    widths = [max(len(row[column][0]) for row in [head, *body]) for column in range(len(headers))]
    for row in [head, *body]:
        last = len(row) - 1
        line(
            *(
                (text if column == last else text.ljust(widths[column]) + "  ", style)
                for column, (text, style) in enumerate(row)
            )
        )


def state(value: object) -> Piece:
    return clean(value), STATE_STYLES.get(str(value), "")


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: float) -> str:
    """Bytes for a person."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def seconds(value: float) -> str:
    """A duration for a person."""
    if 0 < value < 1:
        return f"{value * 1000:.3g} ms" if value * 1000 < 999.5 else "1 s"
    if value < 120:
        return f"{value:.1f} s" if value % 1 else f"{value:.0f} s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


def moment(text: object) -> datetime | None:
    """A time as the control dialect writes it."""
    if not isinstance(text, str):
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def age(text: object) -> str:
    """How long ago that was; clocks that disagree give 0, never a negative age."""
    then = moment(text)
    if then is None:
        return "-"
    elapsed = max(0.0, (datetime.now(UTC) - then).total_seconds())
    for limit, unit, letter in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if elapsed < limit:
            return f"{int(elapsed // unit)} {letter}"
    return plural(int(elapsed // 86400), "day")
