"""What a job does with its circuits: `sampler`, `estimator`, and what else vendors name.

A routine stands between what a dialect understood and the engines: it makes the circuits that have
to be run, has them run by a `Runner`, and makes its answer of what came back.
"""
