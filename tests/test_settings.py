from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from ketway.settings import Settings, default_data


def test_the_command_line_goes_before_the_environment_before_the_default() -> None:
    environ = {"KETWAY_PORT": "1234", "KETWAY_WORKERS": "7"}
    found = Settings.load({"port": 99, "workers": None}, environ)
    assert (found.port, found.workers, found.host) == (99, 7, "127.0.0.1")
    assert Settings.load({"port": 0}, environ).port == 0


@pytest.mark.parametrize("field", msgspec.structs.fields(Settings), ids=lambda f: f.name)
def test_every_setting_can_be_set_from_the_environment(field: msgspec.structs.FieldInfo) -> None:
    written, value = {
        Path: ("/some/where", Path("/some/where")),
        str: ("text", "text"),
        int: ("123", 123),
        float: ("1.5", 1.5),
        bool: ("true", True),
        "instant": ("real", "real"),
    }[get_args(field.type)[0] if get_args(field.type) else field.type]
    found = Settings.load({}, {f"KETWAY_{field.name.upper()}": written})
    assert getattr(found, field.name) == value


@pytest.mark.parametrize(("name", "value"), [
    ("KETWAY_PORT", "http"), ("KETWAY_WORKERS", "1.5"), ("KETWAY_FORCE_SPAWN", "maybe"),
    ("KETWAY_LEASE_SECONDS", ""), ("KETWAY_MEMORY", "8 GiB"),
])  # fmt: skip
def test_a_value_that_means_nothing_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        Settings.load({}, {name: value})


@pytest.mark.parametrize("name", [
    "KETWAY_PORT", "KETWAY_WORKERS", "KETWAY_MEMORY", "KETWAY_MAX_LOSSES", "KETWAY_MAX_BODY",
    "KETWAY_MAX_SECONDS", "KETWAY_LEASE_SECONDS",
])  # fmt: skip
def test_a_number_below_what_can_work_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.load({}, {name: "-1"})


def test_a_home_folder_is_understood() -> None:
    assert Settings.load({}, {"KETWAY_DATA": "~/k"}).data == Path.home() / "k"


def test_the_data_folder_follows_the_desktops_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert default_data() == Path("/elsewhere/ketway")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_data() == Path.home() / ".local" / "share" / "ketway"


def test_defaults_fit_this_machine() -> None:
    found = Settings.load({}, {})
    assert 1 <= found.workers <= (os.cpu_count() or 1)
    assert found.memory > 0
