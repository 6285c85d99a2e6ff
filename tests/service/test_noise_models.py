from __future__ import annotations

import asyncio
from pathlib import Path

from ketway.devices import loading
from ketway.service.noise_models import NoiseModels
from ketway.store import changes
from ketway.store.store import Store, first_user


def test_a_stored_model_outlives_a_stricter_check(tmp_path: Path) -> None:
    """Jobs go by it, and one that cannot be read would stop its whole project."""

    async def test() -> None:
        store = Store(tmp_path)
        store.open()
        _, project, _ = store.read(first_user)
        document = b'{"name":"old","qubits":[{"t1":1.0}]}'  # refused today: no gate takes time
        await store.write(lambda c: changes.insert_noise_model(c, project, "old", document))
        catalogue = NoiseModels(store, loading.load()).catalogue(project)
        assert catalogue.noise("old").qubits[0].t1 == 1.0
        store.close()

    asyncio.run(test())
