"""The verbs on noise models: a project has those of the catalogue, and its own.

A model never changes: jobs name theirs, and a job that runs again must run the same way. So a name
is given once, and is free again only when the model is deleted and no job waits for it.
"""

from __future__ import annotations

import asyncio

import msgspec

from ketway.devices.loading import Catalogue
from ketway.devices.noise import NoiseModel, NoiseModelError, read_noise_model
from ketway.service.accounts import Principal
from ketway.service.errors import ConflictError, NotFoundError, RefusedError
from ketway.store import changes, queries
from ketway.store.store import Store

MOST = 1000
"""So many a project may have: they are all read for its first job after a start."""


class NoiseModels:
    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._changing = asyncio.Lock()
        self._catalogues: dict[str, Catalogue] = {}
        """By project. A small job must not wait for a table to be read."""

    def catalogue(self, project_id: str) -> Catalogue:
        """The catalogue as the project sees it, with its own models."""
        found = self._catalogues.get(project_id)
        if found is None:
            documents = self._store.read(lambda c: queries.noise_models_of(c, project_id))
            # Not checked again: it was when it was given, and jobs go by it since.
            models = [msgspec.json.decode(document, type=NoiseModel) for document in documents]
            found = self._catalogues[project_id] = self._catalogue.with_models(models)
        return found

    def own(self, principal: Principal) -> list[NoiseModel]:
        """The project's own models, in the order in which they came."""
        noises = self.catalogue(principal.project_id).noises
        return [entry.model for name, entry in noises.items() if name not in self._catalogue.noises]

    def get(self, principal: Principal, name: str) -> NoiseModel:
        entry = self.catalogue(principal.project_id).noises.get(name)
        if entry is None:
            raise NotFoundError(f"There is no noise model {name[:200]!r}.")
        return entry.model

    async def add(self, principal: Principal, document: bytes) -> tuple[NoiseModel, bool]:
        """Keep the model of a document; False if the project has this very one already."""
        try:
            model = read_noise_model(document)
        except NoiseModelError as error:
            raise RefusedError(str(error).removeprefix(f"{error.field}: "), error.field) from None
        async with self._changing:
            return model, await self._add(principal.project_id, model)

    async def _add(self, project: str, model: NoiseModel) -> bool:
        catalogue = self.catalogue(project)
        there = catalogue.noises.get(model.name)
        if there is not None and there.model == model:
            return False
        if there is not None:
            raise ConflictError(
                f"There is a noise model {model.name!r}, and models do not change: give this one "
                "another name."
            )
        if len(catalogue.noises) - len(self._catalogue.noises) >= MOST:
            raise ConflictError(f"A project has at most {MOST:,} noise models: delete some.")
        document = msgspec.json.encode(model)
        await self._store.write(
            lambda c: changes.insert_noise_model(c, project, model.name, document)
        )
        self._catalogues.pop(project, None)
        return True

    async def remove(self, principal: Principal, name: str) -> None:
        if name in self._catalogue.noises:
            raise ConflictError(f"{name} came with Ketway and cannot be deleted.")
        async with self._changing:
            self.get(principal, name)
            project = principal.project_id
            waiting = await self._store.write(
                lambda c: changes.remove_noise_model(c, project, name)
            )
            if waiting:
                raise ConflictError(
                    f"{len(waiting):,} jobs that have not ended need noise model {name!r}, one of "
                    f"them {waiting[0]}: wait for them, or cancel them."
                )
            self._catalogues.pop(project, None)
