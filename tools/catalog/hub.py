"""Weights from a model hub: what they weigh, fetched with resumption, checked against what the hub says of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.catalog import ModelEntry, Source, checksum, sealed
from tools.catalog.changes import keep, pulled_path
from tools.errors import UserError

KINDS = (".safetensors", ".json", ".txt", ".jinja", ".model")
"""Files that a folder of transformers is made of; weights that may carry code are not among them."""

SPARE = 2**28
"""Bytes of the disk to leave free."""


@dataclass(frozen=True)
class Offer:
    """What a hub has of a model.

    Attributes:
        entry: Of the catalog.
        commit: Which state of the repository.
        files: Path in the repository, bytes and SHA-256; the last where the hub knows it.
    """

    entry: ModelEntry
    commit: str
    files: tuple[tuple[str, int, str | None], ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self.files)


def offer(entry: ModelEntry) -> Offer:
    """Ask the hub what there is to download.

    Raises:
        UserError: If the model is on no hub, no hub can be reached, or it lacks the files.
    """
    source = entry.sources[0]
    if source.kind != "hub":
        raise UserError(f"model {entry.name} is on no hub: its weights are at {entry.path()}")
    repository, file = _parts(source)
    from huggingface_hub import HfApi

    with _told(repository):
        info = HfApi().model_info(repository, revision=source.revision, files_metadata=True)
    files = tuple(
        (one.rfilename, one.size or 0, one.lfs.sha256 if one.lfs else None)
        for one in info.siblings or ()
        if (one.rfilename == file if file else _belongs(one.rfilename, entry.backend))
    )
    if not files or not info.sha:
        raise UserError(f"{repository} on the hub has no {file or 'weights in safetensors'}; choose another model")
    return Offer(entry, info.sha, files)


def _belongs(file: str, backend: str) -> bool:
    """Whether a file is part of a folder of transformers, or of one of diffusers, which has a folder for each part.

    Beside a pipeline lie the same weights in one file, or rounded: these are left out.
    """
    if backend == "diffusers":
        return file == "model_index.json" or ("/" in file and ".fp16." not in file and file.endswith(KINDS))
    return file.endswith(KINDS) and "/" not in file


def pull(offered: Offer) -> ModelEntry:
    """Download the files, with a bar for each; what an earlier attempt got is not fetched again.

    Returns:
        The entry as the user's file now holds it, with the place, size and checksum of what came.

    Raises:
        UserError: If the disk is too small, the hub is lost, or a file is not what the hub or the catalog says.
    """
    entry = offered.entry
    folder = pulled_path(entry.name)
    folder.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(folder).free) < offered.size + SPARE:
        raise UserError(
            f"{folder} has {free / 1e9:.1f} GB free, {entry.name} needs {offered.size / 1e9:.1f}; make room"
        )
    repository, file = _parts(entry.sources[0])
    from huggingface_hub import hf_hub_download

    for path, _, expected in offered.files:
        with _told(repository):
            got = Path(hf_hub_download(repository, path, revision=offered.commit, local_dir=folder))
        if expected is not None and checksum(got) != expected:
            got.unlink()
            raise UserError(f"{path} of {repository} came damaged (sha256 differs); pull again")
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    weights = folder / file if file else folder
    if file and entry.sha256 and checksum(weights) != entry.sha256:
        weights.unlink()
        raise UserError(f"{path} of {repository} is not what the catalog lists (sha256 differs); it was deleted")
    source = entry.sources[0].model_copy(update={"revision": offered.commit})
    here = Source(kind="file", location=str(weights.resolve()))
    pulled = sealed(entry.model_copy(update={"sources": (here, source)}))
    keep(pulled)
    return pulled


def _parts(source: Source) -> tuple[str, str]:
    """The repository, and the file in it or an empty string."""
    owner, name, *file = source.location.split("/")
    return f"{owner}/{name}", "/".join(file)


@contextmanager
def _told(repository: str) -> Iterator[None]:
    """Turn what the hub's client raises into a line for the person."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise UserError(f"{repository} asks for consent: accept its terms on the hub, then set HF_TOKEN") from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.RemoteEntryNotFoundError) as error:
        raise UserError(f"the hub has no {repository} as the catalog names it; choose another model") from error
    # Its client's own HTTPError is of httpx or of a successor of it, by its release; a lost hub is an OSError too.
    except (errors.HTTPError, OSError) as error:
        raise UserError(
            f"no model hub can be reached ({_first_line(error)}); try again with a network, or give a path: "
            "`scenograph models add PATH`"
        ) from error


def _first_line(error: Any) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
