"""The page on devices is what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from ketway.devices.device import Fidelity, Timing
from ketway.devices.drift import Drift
from ketway.devices.loading import load
from ketway.devices.reference import DRIFT, FIDELITY, TIMING, page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "devices.md"
WORDS = {"source", "date", "derived"}


def test_the_reference_page_is_what_the_catalogue_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run script/device-reference"


def test_it_explains_every_figure_of_every_device() -> None:
    for kind, names in ((Fidelity, FIDELITY), (Timing, TIMING), (Drift, DRIFT)):
        assert set(names) == set(kind.__struct_fields__) - WORDS
    text = page()
    for device in load().devices.values():
        assert device.name in text
    for device in load().of("ionq"):
        section = text.split(f"## {device.name}\n")[1].split("\n## ")[0]
        for part in (device.fidelity, device.timing, device.drift):
            if part is not None:
                assert part.source.split()[0] in section
                figures = [getattr(part, name) for name in part.__struct_fields__]
                assert all(repr(f) in section for f in figures if isinstance(f, float) and f > 1e-4)
