"""The policy is pure: what is taken follows from what was put in, and from nothing else."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ketway.scheduling.policy import (
    BUNDLE_JOBS,
    BUNDLE_SECONDS,
    LEAST_SECONDS,
    PATIENCE,
    SMALL_BYTES,
    SMALL_SECONDS,
    Queue,
    Waiting,
)

PLENTY = 1 << 40


def job(
    name: str,
    user: str = "a",
    seconds: float = 1.0,
    size: int = 1,
    alone: bool = False,
    reading: bool = False,
) -> Waiting:
    return Waiting(
        job_id=name, user=user, bytes=size, seconds=seconds, alone=alone, reading=reading
    )


def filled(*jobs: Waiting) -> Queue:
    queue = Queue()
    for one in jobs:
        queue.push(one)
    return queue


def drained(queue: Queue, free: int = PLENTY) -> list[list[str]]:
    bundles = []
    while bundle := queue.take(free):
        bundles.append([one.job_id for one in bundle])
    return bundles


def test_a_users_jobs_go_in_their_order() -> None:
    queue = filled(*(job(str(i)) for i in range(10)))
    assert drained(queue) == [[str(i)] for i in range(10)]
    assert len(queue) == 0


def test_a_user_with_one_job_does_not_wait_behind_a_thousand_of_another() -> None:
    queue = filled(*(job(f"many{i}", "many") for i in range(1000)))
    queue.take(PLENTY)
    queue.push(job("one", "one"))
    assert "one" in [queue.take(PLENTY)[0].job_id for _ in range(2)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 5.0)), min_size=30, max_size=120))
def test_shares_never_differ_by_more_than_one_job(given_: list[tuple[str, float]]) -> None:
    """While all have jobs waiting, no user's started seconds run ahead by more than a job."""
    longest = max(seconds for _, seconds in given_)
    queue = filled(*(job(str(i), user, seconds) for i, (user, seconds) in enumerate(given_)))
    left = Counter(user for user, _ in given_)
    used: Counter[str] = Counter()
    users = set(left)
    while all(left[user] for user in users):
        (taken,) = queue.take(PLENTY)
        left[taken.user] -= 1
        used[taken.user] += taken.seconds  # type: ignore[assignment]
        if all(left[user] for user in users):
            shares = [used[user] for user in users]
            assert max(shares) - min(shares) <= longest + 1e-9


def test_who_was_away_saved_up_no_right_to_block_others() -> None:
    queue = filled(*(job(f"a{i}", "a") for i in range(50)))
    for _ in range(40):
        queue.take(PLENTY)
    for i in range(50):
        queue.push(job(f"b{i}", "b"))
    order = [queue.take(PLENTY)[0].user for _ in range(20)]
    assert 9 <= order.count("a") <= 11


def test_who_took_much_waits_also_after_the_queue_was_empty() -> None:
    queue = filled(job("long", "a", seconds=100.0), job("b0", "b", seconds=1.0))
    assert drained(queue) == [["long"], ["b0"]]
    for i in range(5):
        queue.push(job(f"b{i + 1}", "b"))
        queue.push(job(f"a{i}", "a"))
    assert [queue.take(PLENTY)[0].user for _ in range(5)] == ["b"] * 5


def test_what_does_not_fit_lets_others_pass_but_not_for_ever() -> None:
    queue = filled(job("big", "a", size=100))
    for i in range(3 * PATIENCE):
        queue.push(job(f"small{i}", f"user{i}", size=1))
    passed = 0
    while bundle := queue.take(50):
        assert bundle[0].job_id != "big"
        passed += 1
    assert passed == PATIENCE
    assert queue.take(100)[0].job_id == "big"
    assert queue.take(50) != []


def test_only_jobs_that_went_ahead_count_as_passing() -> None:
    queue = filled(job("big", "a", size=100))
    for _ in range(10 * PATIENCE):
        assert queue.take(50) == []
    queue.push(job("small", "b"))
    assert queue.take(50)[0].job_id == "small"


def test_a_user_whose_head_does_not_fit_does_not_pass_themself() -> None:
    queue = filled(job("big", size=100), job("small"))
    assert queue.take(50) == []
    assert drained(queue) == [["big"], ["small"]]


# -- bundles --------------------------------------------------------------------------------------


def small(name: str, user: str = "a", **more: object) -> Waiting:
    return job(name, user, seconds=0.0001, **more)  # type: ignore[arg-type]


def test_small_jobs_share_a_process_up_to_a_number() -> None:
    queue = filled(*(small(str(i)) for i in range(BUNDLE_JOBS + 3)))
    assert [len(bundle) for bundle in drained(queue)] == [BUNDLE_JOBS, 3]


def test_small_jobs_share_a_process_up_to_a_time() -> None:
    each = SMALL_SECONDS
    queue = filled(*(job(str(i), seconds=each) for i in range(20)))
    for bundle in drained(queue):
        assert len(bundle) * each <= BUNDLE_SECONDS + each


def test_users_share_a_bundle_fairly() -> None:
    queue = filled(
        *(small(f"a{i}") for i in range(200)), *(small(f"b{i}", "b") for i in range(200))
    )
    for _ in range(4):
        users = Counter(one.user for one in queue.take(PLENTY))
        assert abs(users["a"] - users["b"]) <= 2


def test_a_bundle_fits_into_what_is_free() -> None:
    queue = filled(*(small(str(i), size=10) for i in range(9)))
    assert [len(bundle) for bundle in drained(queue, free=40)] == [4, 4, 1]


def test_large_jobs_and_those_that_died_go_alone() -> None:
    queue = filled(
        small("0"), job("long", seconds=SMALL_SECONDS * 2), small("1"), small("died", alone=True),
        small("2"), job("wide", seconds=0.0, size=SMALL_BYTES + 1), small("3"),
    )  # fmt: skip
    assert drained(queue) == [["0"], ["long"], ["1"], ["died"], ["2"], ["wide"], ["3"]]


def test_reading_and_running_do_not_share_a_process() -> None:
    queue = filled(small("r0", reading=True), small("r1", reading=True), small("run"))
    assert drained(queue) == [["r0", "r1"], ["run"]]


# -- the rest -------------------------------------------------------------------------------------


def test_what_comes_back_goes_ahead_of_its_users_others() -> None:
    queue = filled(job("0"), job("1"), job("2"))
    (taken,) = queue.take(PLENTY)
    queue.push(taken, first=True)
    assert drained(queue) == [["0"], ["1"], ["2"]]


def test_what_is_discarded_is_not_taken() -> None:
    queue = filled(job("0"), job("1"), job("2"))
    assert queue.discard("1") is not None
    assert queue.discard("1") is None
    assert "1" not in queue
    assert drained(queue) == [["0"], ["2"]]


def test_how_many_are_ahead_counts_a_fair_part_of_others() -> None:
    queue = filled(*(job(f"a{i}") for i in range(5)), *(job(f"b{i}", "b") for i in range(2)))
    assert queue.ahead_of("a0") == 1
    assert queue.ahead_of("a4") == 4 + 2
    assert queue.ahead_of("b1") == 1 + 2


@given(st.data())
def test_every_job_is_taken_exactly_once(data: st.DataObject) -> None:
    queue = Queue()
    put: list[str] = []
    taken: list[str] = []
    for number in range(data.draw(st.integers(1, 60))):
        one = job(
            str(number),
            data.draw(st.sampled_from("abc")),
            data.draw(st.sampled_from([0.0, LEAST_SECONDS, 0.01, 3.0])),
            data.draw(st.integers(0, 20)),
            alone=data.draw(st.booleans()),
            reading=data.draw(st.booleans()),
        )
        queue.push(one)
        put.append(one.job_id)
        if data.draw(st.booleans()):
            free = data.draw(st.integers(0, 20))
            bundle = queue.take(free)
            assert sum(w.bytes for w in bundle) <= free
            taken += [w.job_id for w in bundle]
    for bundle_ids in drained(queue):
        taken += bundle_ids
    assert sorted(taken) == sorted(put)


def away(name: str, device: str = "far", most: int = 2, user: str = "a") -> Waiting:
    return Waiting(job_id=name, user=user, bytes=0, seconds=0.0, device=device, away=most)


def test_a_device_elsewhere_takes_so_many_at_once() -> None:
    queue = filled(*(away(str(i)) for i in range(4)), job("here"))
    taken = [queue.take(PLENTY)[0] for _ in range(3)]
    assert [one.job_id for one in taken] == ["0", "1", "here"]
    assert queue.take(PLENTY) == []
    queue.ended(taken[0])
    assert [one.job_id for one in queue.take(PLENTY)] == ["2"]


def test_without_a_slot_only_what_runs_elsewhere_starts() -> None:
    queue = filled(job("here"), away("there"), job("other", "b"), away("far", user="b"))
    assert {queue.take_away()[0].job_id for _ in range(2)} == {"there", "far"}
    assert queue.take_away() == []
    assert {queue.take(PLENTY)[0].job_id for _ in range(2)} == {"here", "other"}


def test_devices_elsewhere_do_not_wait_for_each_other() -> None:
    queue = filled(*(away(f"a{i}", "one", most=1) for i in range(3)), away("b", "two", most=1))
    assert [queue.take_away()[0].job_id for _ in range(2)] == ["a0", "b"]
    assert queue.take_away() == []


def test_what_is_put_aside_is_counted_no_more() -> None:
    queue = filled(away("there"))
    queue.discard("there")
    assert queue.take_away() == []
    assert len(queue) == 0


def test_what_runs_elsewhere_shares_no_process() -> None:
    queue = filled(job("small", seconds=0.001), job("smaller", seconds=0.001), away("there"))
    assert drained(queue) == [["small", "smaller"], ["there"]]
