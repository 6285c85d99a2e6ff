"""Jobs for the store's tests: rows as `service` would make them, without circuits."""

from __future__ import annotations

import msgspec

from ketway.jobs.ids import new_ids, now
from ketway.jobs.job import Job, PlanPart, State
from ketway.store.changes import Payload
from ketway.store.store import Store, first_user

PLAN = [PlanPart("dense", "", 100, 0.001, "double", 1)]


def family(
    store: Store, *, children: int = 0, state: State = State.READY, backend: str = "simulator"
) -> list[Job]:
    user, project, _ = store.read(first_user)
    ids = new_ids(1 + children)
    at = now()
    job = Job(
        id=ids[0],
        project_id=project,
        user_id=user,
        dialect="test",
        format="test",
        backend=backend,
        state=state,
        circuits=children or 1,
        children=children,
        plan=PLAN if state is State.READY else None,
        submitted_at=at,
        ready_at=at if state is State.READY else None,
    )
    return [
        job,
        *(
            msgspec.structs.replace(
                job, id=ids[1 + i], parent_id=job.id, position=i, children=0, circuits=1, plan=None
            )
            for i in range(children)
        ),
    ]


def payload(store: Store, data: bytes = b"program") -> Payload:
    return store.pack("program", data)
