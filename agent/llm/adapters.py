"""Planners that are LoRA adapters over another one, and how they get into a server that runs: vLLM's runtime API."""

from __future__ import annotations

import json

import httpx

from agent.processes import Running
from tools.catalog import ModelEntry, find, verified
from tools.errors import UserError

CONFIG = "adapter_config.json"
RANKS = (16, 32, 64, 128, 256, 320, 512)
"""Of those that vLLM makes room for; a smaller adapter fits too."""

LOAD_SECONDS = 60.0


def is_adapter(entry: ModelEntry) -> bool:
    """Whether a planner is an adapter; the embedded one is put together with its own, and so is whole."""
    return entry.sources[0].kind == "file" and (entry.path() / CONFIG).is_file()


def whole(entry: ModelEntry) -> ModelEntry:
    """The planner whose weights are served: that on which an adapter stands, or the entry itself.

    Raises:
        UserError: If the catalog does not have it.
    """
    return find(entry.base) if is_adapter(entry) else entry


def rank(entry: ModelEntry) -> int:
    """The least of vLLM's ranks into which a planner's adapter fits; the first, where it has none.

    Raises:
        UserError: If its configuration is damaged, or the rank is larger than any.
    """
    if not is_adapter(entry):
        return RANKS[0]
    try:
        own = int(json.loads((entry.path() / CONFIG).read_text(encoding="utf-8"))["r"])
        return next(one for one in RANKS if one >= own)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{entry.name}: {entry.path() / CONFIG} names no rank; vLLM serves LoRA adapters only"
        ) from error
    except StopIteration as error:
        raise UserError(f"{entry.name} has rank {own}, vLLM serves up to {RANKS[-1]}; train a smaller one") from error


def put(state: Running, entry: ModelEntry) -> str:
    """Load an adapter into the running server, unless it is there; requests of others go on meanwhile.

    Those before it stay, for runs that have begun with them; of what vLLM has no room for it keeps the path.

    Returns:
        The name of the model in requests: a new one for new weights, so that no cached prefix is of the old.

    Raises:
        UserError: If the weights are not those of the catalog, or vLLM cannot serve them.
    """
    name = f"{entry.name}-{entry.sha256[:12]}"
    try:
        with state.client(LOAD_SECONDS) as client:
            if name in {model["id"] for model in client.get("/v1/models").raise_for_status().json()["data"]}:
                return name
            # In place: of two that come at once, the second changes nothing.
            wanted = {"lora_name": name, "lora_path": str(verified(entry)), "load_inplace": True}
            client.post("/v1/load_lora_adapter", json=wanted).raise_for_status()
    except httpx.HTTPStatusError as error:
        said = " ".join(error.response.text.split())[:300]
        raise UserError(f"the model server cannot take {entry.name} ({said}); choose another planner") from error
    except httpx.HTTPError as error:
        raise UserError(f"the model server does not answer ({error}); look at `scenograph llm logs`") from error
    return name
