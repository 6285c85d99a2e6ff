"""What was learned of layers, as `NoiseLearner` and `NoiseLearnerV3` read it.

Their readers are `NoiseLearnerResultDecoder` and `NoiseLearnerV3ResultDecoder` of
qiskit-ibm-runtime; the second goes by the models of ibm_quantum_schemas.noise_learner_v3.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any, Final

import numpy as np

from ketway.dialects.ibm_runtime.typed import array, typed
from ketway.jobs.answers import LearnedAnswer, LearnedLayer

_ASKED: Final = (
    "max_layers_to_learn",
    "shots_per_randomization",
    "num_randomizations",
    "layer_pair_depths",
    "twirling_strategy",
)
_MODULE: Final = "qiskit_ibm_runtime.utils.noise_learner_result"
"""Where the classes were when the format was made; newer clients know what is meant."""
_CLIENT: Final = re.compile(r"qiskit_ibm_runtime-0\.(\d+)\.")
_KNOWS_CLASSES: Final = 30
"""From 0.30 on, a client certainly makes the objects that the text names; before, it wants pairs of
what a layer is and what was learned of it."""
_WITHOUT_RATES_OF_SUCCESS: Final = "v0.1"
"""The version of the schema that has none."""


def learned(answer: LearnedAnswer, backend: str, caller: str = "") -> dict[str, Any]:
    """`caller` is what the client called itself when it submitted."""
    if answer.schema:
        return {
            "schema_version": answer.schema,
            "data": [_sparse(layer, answer) for layer in answer.layers],
        }
    client = _CLIENT.search(caller)
    write = _layer_error
    if answer.plain:
        write = _plain
    elif client is not None and int(client[1]) < _KNOWS_CLASSES:
        write = _pair
    return {
        "data": [write(layer) for layer in answer.layers],
        "metadata": {
            "backend": backend,
            "input_options": {name: answer.options[name] for name in _ASKED},
        },
    }


def _layer_error(layer: LearnedLayer) -> Any:
    circuit = typed("QuantumCircuit", _circuit(layer))
    error = _made("PauliLindbladError", _error(layer))
    return _made("LayerError", {"circuit": circuit, "qubits": layer.qubits, "error": error})


def _pair(layer: LearnedLayer) -> Any:
    circuit = typed("QuantumCircuit", _circuit(layer))
    return [{"circuit": circuit, "qubits": layer.qubits}, _error(layer)]


def _plain(layer: LearnedLayer) -> Any:
    error = {"generators": _labels(layer), "rates": layer.rates}
    return {"circuit": _circuit(layer), "qubits": layer.qubits, "error": error}


def _error(layer: LearnedLayer) -> dict[str, Any]:
    paulis = {
        "__type__": "settings",
        "__module__": "qiskit.quantum_info.operators.symplectic.pauli_list",
        "__class__": "PauliList",
        "__value__": {"data": _labels(layer)},
    }
    return {"generators": paulis, "rates": array(np.array(layer.rates))}


def _circuit(layer: LearnedLayer) -> str:
    return base64.b64encode(zlib.compress(layer.circuit)).decode("ascii")


def _labels(layer: LearnedLayer) -> list[str]:
    return [_label(letters, on, len(layer.qubits)) for letters, on in layer.generators]


def _made(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"__type__": "_json", "__module__": _MODULE, "__class__": name, "__value__": value}


def _label(letters: str, on: tuple[int, ...], width: int) -> str:
    """The last letter is on the first qubit."""
    label = ["I"] * width
    for letter, qubit in zip(letters, on, strict=True):
        label[width - 1 - qubit] = letter
    return "".join(label)


def _sparse(layer: LearnedLayer, answer: LearnedAnswer) -> dict[str, Any]:
    return {
        "generators_sparse": [[[letters, on]] for letters, on in layer.generators],
        "num_qubits": len(layer.qubits),
        "rates": _tensor(layer.rates),
        "rates_std": _tensor(layer.errors),
        "metadata": {
            "learning_protocol": layer.protocol,
            "post_selection": _kept(layer, answer),
        },
    }


def _kept(layer: LearnedLayer, answer: LearnedAnswer) -> dict[str, Any]:
    """No shot was thrown away."""
    rates: dict[Any, Any] = dict.fromkeys(range(len(layer.qubits)), 1.0)
    kept: Any = 1.0
    if layer.protocol == "lindblad":
        kept = dict.fromkeys(answer.options["layer_pair_depths"], 1.0)
        rates = dict.fromkeys(kept, rates)
    if answer.schema == _WITHOUT_RATES_OF_SUCCESS:
        return {"fraction_kept": kept}
    return {"fraction_kept": kept, "success_rates": rates}


def _tensor(numbers: list[float]) -> dict[str, Any]:
    data = np.array(numbers, dtype="<f8").tobytes()
    text = base64.b64encode(data).decode("ascii")
    return {"data": text, "shape": [len(numbers)], "dtype": "f64"}
