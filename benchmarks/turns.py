"""A simulator's side of `benchmarks.peers`: it says its name, then runs once a line that it gets.

What is timed is one call, from the library's own circuit objects to numbers in Python; imports, the
building of circuits and a warm-up come before.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.tasks import TASKS, Task


class Ready(NamedTuple):
    """What a library made of a task."""

    name: str
    run: Callable[[], Any]
    """Gives the first probabilities of the last circuit, or how many shots there were."""
    share: float = 1.0
    """The part of the task that is run, where all of it takes too long."""


def take_turns(prepare: Callable[[Task, argparse.Namespace], Ready]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("--precision", choices=("double", "single"), default="double")
    parser.add_argument("--parallel", action="store_true", help="circuits side by side")
    parser.add_argument("--engine", help="of Ketway's, this one, whatever the planner would take")
    given = parser.parse_args()
    ready = prepare(TASKS[given.task], given)
    say({"name": ready.name, "share": ready.share})
    turns(ready)


def turns(ready: Ready) -> None:
    for _ in sys.stdin:
        begun = time.perf_counter()
        answer = ready.run()
        say({"seconds": (time.perf_counter() - begun) / ready.share, "answer": answer})


def say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
