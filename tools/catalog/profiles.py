"""Sets of models for one kind of work or machine, and which of them are here. Single models are chosen in `changes`."""

from __future__ import annotations

from tools.catalog import ModelEntry, entries, find
from tools.catalog.changes import choose_all

PROFILES: dict[str, tuple[str, ...]] = {
    "embedded": (),
    "photo": ("yolo26s-seg", "sam2.1-hiera-tiny", "siglip-base-patch16-224"),
    "gpu": ("yolo26m-seg", "sam2.1-hiera-base-plus", "siglip-base-patch16-224", "qwen3-vl-8b-instruct"),
}
"""The models of each profile, from small to large; for tasks that it does not name the embedded ones stay."""

AUTO = "auto"
"""The profile that takes the best models that are here."""


def members(profile: str) -> list[ModelEntry]:
    """The models of a profile."""
    return [find(name) for name in PROFILES[profile]]


def use(profile: str) -> list[ModelEntry]:
    """Use a profile's models from now on, and the embedded ones for all other tasks; earlier choices are forgotten.

    Args:
        profile: One of `PROFILES`, or `AUTO`, which takes for each task what the largest profile has that is here; what
            is made for a GPU only where there is one.

    Returns:
        The models in use, one a task, in the order of the catalog.

    Raises:
        UserError: If one of the profile is not on this machine.
    """
    if profile == AUTO:
        fit = [name for name in PROFILES if name != "gpu" or _has_gpu()]
        chosen = {one.task: one.name for name in fit for one in members(name) if one.here()}
    else:
        for one in members(profile):
            one.path()  # says what to do about one that is not here
        chosen = {one.task: one.name for one in members(profile)}
    choose_all(chosen)
    shipped = {one.task: one.name for one in entries() if one.status == "active"}
    names = set({**shipped, **chosen}.values())
    return [one for one in entries() if one.name in names]


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
