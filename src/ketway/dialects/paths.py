"""Finds what a path leads to, in a time that does not grow with the number of paths.

A pattern is segments between slashes; `{name}` stands for any one segment that is not empty. Where
both a name and a word fit, the word wins: `/jobs/estimate` is no job's id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Node(Generic[T]):
    """Where the paths that begin alike go on."""

    words: dict[str, _Node[T]] = field(default_factory=dict)
    any: _Node[T] | None = None
    end: tuple[tuple[str, ...], T] | None = None
    """For a pattern that ends here: the names of its parameters, and what it leads to."""


class Paths(Generic[T]):
    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, pattern: str, leads_to: T) -> None:
        node, names = self._root, []
        for segment in pattern.split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.words.setdefault(segment, _Node())
        assert node.end is None, f"{pattern} is there already"
        node.end = tuple(names), leads_to

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """What the path leads to, and its parameters."""
        found = _find(self._root, path.split("/"), 0, [])
        if found is None:
            return None
        (names, leads_to), values = found
        return leads_to, dict(zip(names, values, strict=True))


def _find(
    node: _Node[T], segments: list[str], at: int, values: list[str]
) -> tuple[tuple[tuple[str, ...], T], list[str]] | None:
    if at == len(segments):
        return None if node.end is None else (node.end, values)
    segment = segments[at]
    if (word := node.words.get(segment)) is not None:
        found = _find(word, segments, at + 1, values)
        if found is not None:
            return found
    if node.any is not None and segment:
        return _find(node.any, segments, at + 1, [*values, segment])
    return None
