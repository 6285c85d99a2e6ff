from __future__ import annotations

import msgspec
import pytest

from ketway.engines import calibration
from ketway.engines.calibration import Calibration, calibrate, decode, encode
from ketway.engines.planner import ENGINES, Machine, pace_name, plan
from ketway.jobs.failures import Code, FailedError


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate()


def test_every_engine_has_a_pace(found: Calibration) -> None:
    assert {name.partition(",")[0] for name in found.paces} == set(ENGINES)
    assert all(pace > 0 for pace in found.paces.values())


def test_it_is_of_this_machine_only(found: Calibration) -> None:
    assert decode(encode(found)) == found
    for other in ({"machine": "another"}, {"engines": {"dense": "0"}}):
        assert decode(encode(msgspec.structs.replace(found, **other))) is None  # type: ignore[arg-type]
    assert decode(b"") is None
    assert decode(b'{"paces": 1}') is None


def test_plans_go_by_the_pace() -> None:
    task = next(calibration._tasks())
    here = Machine(bytes=1 << 30)
    usual = plan(task.batch, 0, True, None, here)
    slow = Machine(bytes=1 << 30, paces={pace_name(usual): 7.0})
    assert plan(task.batch, 0, True, None, slow).seconds == pytest.approx(7 * usual.seconds)
    late = msgspec.structs.replace(slow, seconds=3 * usual.seconds)
    with pytest.raises(FailedError) as refused:
        plan(task.batch, 0, True, None, late)
    assert refused.value.failure.code is Code.SIMULATION_TIMEOUT
