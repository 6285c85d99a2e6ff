"""IBM's programs: their parameters, as `qiskit-ibm-runtime` writes them, and what they compute."""
