"""What a routine answered, for a person: counts of each PUB and register, values with errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ketway.cli.histogram import draw
from ketway.cli.terminal import clean, emit, line, plural, speaks_unicode, width

POINTS_SHOWN = 20
"""Histograms or values of all PUBs together; `--json` has them all."""
ERRORS = ("stds", "ensemble_standard_error")
"""Arrays beside `evs` that say how far off it may be; the first is shown with it."""


def show_answer(result: dict[str, Any]) -> None:
    if "layers" in result:
        _layers(result["layers"])
        return
    if "pubs" not in result:
        emit(result.get("answer"))
        return
    left = POINTS_SHOWN
    hidden = 0
    for pub in result["pubs"]:
        shape = pub["shape"]
        sweep = f", {_times(shape)} points" if shape else ""
        line((f"PUB {pub['index']}{sweep}", "bold"))
        for name, register in pub["registers"].items():
            shown = register["counts"][: max(0, left)]
            hidden += len(register["counts"]) - len(shown)
            left -= len(shown)
            for place, counts in zip(_places(shape), shown, strict=False):
                _histogram(name, place, counts)
        if "outcomes" in pub and left > 0:
            _bars(pub["outcomes"], None)
        left -= "outcomes" in pub
        rows = list(_values(pub["values"]))
        hidden += max(0, len(rows) - max(0, left))
        for place, text in rows[: max(0, left)]:
            line(f"  {place}{text}")
        left -= len(rows)
        _others(pub["values"])
    if hidden:
        line((f"and {plural(hidden, 'more point')}: --json has them all", "dim"))


def _histogram(register: str, place: str, counts: dict[str, int]) -> None:
    shots = sum(counts.values())
    line(f"  {clean(register)}{place}, {plural(shots, 'shot')}")
    _bars({bits: count / shots for bits, count in counts.items()} if shots else {}, counts)


def _bars(outcomes: dict[str, float], counts: dict[str, int] | None) -> None:
    unicode = speaks_unicode(sys.stdout)
    for pieces in draw(outcomes, counts, columns=width(), unicode=unicode):
        line(*pieces)


def _layers(layers: list[dict[str, Any]]) -> None:
    """The largest rates of each layer."""
    for layer in layers:
        qubits = ", ".join(map(str, layer["qubits"]))
        line((f"Layer {layer['index']}, {clean(layer['protocol'])}, qubits {qubits}", "bold"))
        rates = sorted(layer["rates"].items(), key=lambda pair: -pair[1])
        for generator, rate in rates[:POINTS_SHOWN]:
            line(f"  {clean(generator):<12}{rate:.3g}")
        if len(rates) > POINTS_SHOWN:
            rest = plural(len(rates) - POINTS_SHOWN, "smaller rate")
            line((f"  and {rest}: --json has them all", "dim"))


def _values(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Expectation values, each with its error."""
    if "evs" not in values:
        return
    errors = [error for _, error in _flat(values.get(ERRORS[0], []))]
    sign = "±" if speaks_unicode(sys.stdout) else "+/-"
    for index, (place, value) in enumerate(_flat(values["evs"])):
        error = f" {sign} {errors[index]:.2g}" if index < len(errors) else ""
        yield place and f"{place} ", f"{value:+.6g}{error}"


def _others(values: dict[str, Any]) -> None:
    """What else there is: extrapolations, values at each noise factor, levels of a measurement."""
    shown = {"evs", *ERRORS} if "evs" in values else set()
    for name, value in values.items():
        if name not in shown:
            shape = _shape(value)
            text = f"{_times(shape)} numbers" if shape else str(value)
            line((f"  {clean(name)}: {text}", "dim"))


def _flat(value: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(inner, (*place, index))
    else:
        yield _written(place), value


def _places(shape: list[int]) -> Iterator[str]:
    """Where each point stands in the sweep, in C order."""
    count = 1
    for size in shape:
        count *= size
    for index in range(count):
        place: list[int] = []
        rest = index
        for size in reversed(shape):
            rest, here = divmod(rest, size)
            place.insert(0, here)
        yield _written(tuple(place))


def _written(place: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""


def _shape(value: Any) -> list[int]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _times(shape: list[int]) -> str:
    return "x".join(map(str, shape))
