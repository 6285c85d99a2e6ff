"""How long a backend's queue is, as v0.3 shows it: in milliseconds, as the later versions do."""

from __future__ import annotations

import pytest

from ketway.devices.loading import load
from ketway.dialects.ionq_v03.devices import backend_object
from ketway.dialects.ionq_v03.wire import BackendsQuery
from ketway.dialects.ionq_v04 import devices as v04
from ketway.service.backends import Backend


@pytest.mark.parametrize("micros", [0, 1_500, 90_000_000])
def test_the_queue_is_the_same_in_both_versions(micros: int) -> None:
    backend = Backend(load().device("qpu.aria-1"), 3, 1, micros)
    at = 1_795_000_000_000_000
    shown = backend_object(backend, at, BackendsQuery())
    assert shown.average_queue_time == micros // 1000
    assert shown.average_queue_time == v04.backend_object(backend, at).average_queue_time
