"""What a job has answered, circuit by circuit."""

from __future__ import annotations

import msgspec

from ketway.jobs.debiased import Aggregation, Debiased
from ketway.jobs.encoding import Results
from ketway.jobs.job import Job
from ketway.jobs.results import Result


class Answer(msgspec.Struct, frozen=True):
    """The result of a job: of one circuit, or of a parent's circuits in their order."""

    job: Job
    results: Results
    first: int
    """Where this job's circuit stands among `results`; a parent's begin at 0."""

    def result(self, index: int = 0) -> Result | None:
        return self.results.get(self.first + index)

    def aggregated(self, how: Aggregation, index: int = 0) -> Result | None:
        """As `result`, of a debiased job by another way of bringing its variants together."""
        if not self.job.debias:
            return self.result(index)
        return self.debiased(index).aggregation(how)

    def debiased(self, index: int = 0) -> Debiased:
        return Debiased(self.results, self.first + index, self.job.shots)
