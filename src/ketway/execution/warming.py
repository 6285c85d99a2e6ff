"""What every process of an attempt would do first, done once in the process that they are forked
from: importing this does it. Nothing here runs a circuit, or keeps anything of one."""

from __future__ import annotations

import contextlib

import msgspec

from ketway.circuits.qasm import read_qasm
from ketway.devices.loading import load
from ketway.engines import core
from ketway.jobs.packing import decoder
from ketway.routines.options import EstimatorOptions, SamplerOptions
from ketway.routines.registry import find

for _text in ('OPENQASM 3.0; include "stdgates.inc";', 'OPENQASM 2.0; include "qelib1.inc";'):
    read_qasm(f"{_text} qreg q[1];")  # the gates of these files are read when they are first named
load()
for _name in ("sampler", "estimator", "executor"):
    decoder(find(_name).inputs)
for _options in (SamplerOptions, EstimatorOptions):
    msgspec.convert({}, _options)
with contextlib.suppress(ImportError):  # which each job says that would need it
    core.library()
