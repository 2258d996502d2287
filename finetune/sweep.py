"""A sweep: trials of a recipe with values that Optuna draws, kept in a folder so that it goes on. The verb prints."""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import yaml
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from finetune.recipes.options import read_value
from graphs.types import Frozen
from tools.catalog import ModelEntry
from tools.errors import UserError

Train = Callable[[Path, list[str]], ModelEntry]
"""Trains in a folder with `name=value` as drawn; goes on where an earlier run in it broke off."""

STARTUP = 5
"""Trials drawn at random before TPE chooses: Optuna's own 10 would leave a sweep of 10 to chance."""

SEED = 33_220
"""Of the first trial, the next of the second: the first seed from which on five trials fall into all fifths of a range,
for each of the first three ranges."""

TOP, FEWEST = 0.25, 20
"""Importance is that of reaching the best quarter, in which Optuna's documentation wants five trials at least."""

DATABASE, STUDY = "sweep.db", "sweep"


class Setup(Frozen):
    """What all trials of a sweep share: with another one they could not be compared.

    Attributes:
        recipe: Its name.
        data: Folder of the labelled data.
        base: Name of the model that each trial starts from.
        options: `name=value` that is the same in each trial.
        share: Of the data, to validate on.
        over: `name=range`, as `ranges` reads it.
    """

    recipe: str
    data: Path
    base: str | None
    options: tuple[str, ...]
    share: float
    over: tuple[str, ...]

    def ranges(self) -> dict[str, BaseDistribution]:
        """What values are drawn from, by the option's name.

        Raises:
            UserError: If `over` has no range for a name, or one for an option that is set.
        """
        found: dict[str, BaseDistribution] = {}
        fixed = {one.partition("=")[0] for one in self.options}
        for one in self.over:
            name, equals, text = one.partition("=")
            if not name or not equals:
                raise UserError(f"--over takes NAME=RANGE, not {one!r}")
            if name in fixed or name in found:
                raise UserError(f"{name} is given twice: once by --over, and again by --set or --over")
            found[name] = _between(one, text) if ".." in text and "," not in text else _among(one, text)
        return found


def _between(one: str, text: str) -> BaseDistribution:
    low, high = (_number(one, end) for end in text.split("..", 1))
    if low >= high:
        raise UserError(f"--over {one}: the lower end of a range comes first")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high)
    return FloatDistribution(low, high, log=low > 0 and round(high / low, 6) >= 10)


def _number(one: str, text: str) -> int | float:
    value = _read(one, text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"--over {one}: the ends of a range are numbers, as in 1e-5..1e-3 or 2..8")
    return value


def _among(one: str, text: str) -> BaseDistribution:
    choices = list(dict.fromkeys(_read(one, part) for part in text.split(",")))
    if len(choices) < 2:
        raise UserError(f"--over {one}: this is one value, which --set sets; give a range (2..8) or choices (a,b)")
    return CategoricalDistribution(choices)


def _read(one: str, text: str) -> str | int | float | bool | None:
    """A single value of a range; `one` is the whole of it, for the error."""
    try:
        value = read_value(text)
    except yaml.YAMLError as error:
        raise UserError(f"--over {one}: {text!r} is not YAML") from error
    if not text.strip() or not isinstance(value, str | int | float | None):
        raise UserError(f"--over {one}: {text!r} is no single value")
    return value


def objective(entry: ModelEntry) -> str:
    """Name of the metric that a sweep goes by: the first of the recipe's own on the validation part."""
    return [name for name in entry.metrics if name.startswith("val_")][0]


def merit(entry: ModelEntry) -> float:
    """The objective as Optuna maximises it: a loss is turned round, and one that is no number is the worst."""
    name = objective(entry)
    value = -entry.metrics[name] if name.endswith("loss") else entry.metrics[name]
    return -math.inf if math.isnan(value) else value


class Trial(NamedTuple):
    """One that ended.

    Attributes:
        number: From 0 in the order of their drawing; its folder is `trial-NUMBER`.
        values: What was drawn, by the option's name.
        entry: What came of it.
    """

    number: int
    values: dict[str, Any]
    entry: ModelEntry


class Sweep:
    """The sweep of a folder, begun or gone on with; Optuna's study in `sweep.db` there holds what was tried."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        """Open the folder's sweep, or begin it.

        Args:
            folder: Where the trials lie; it must exist.
            setup: What they share.

        Raises:
            UserError: If the folder holds a sweep with another setup, or the ranges cannot be read.
        """
        self.folder = folder
        self._ranges = setup.ranges()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._storage = f"sqlite:///{folder / DATABASE}"
        self._study = optuna.create_study(
            storage=self._storage, study_name=STUDY, direction="maximize", load_if_exists=True
        )
        wanted = setup.model_dump(mode="json")
        begun = self._study.user_attrs.get("setup", wanted)
        if differ := [name for name in wanted if begun[name] != wanted[name]]:
            raise UserError(f"{folder} holds a sweep that differs in {' and '.join(differ)}: choose another --out")
        self._study.set_user_attr("setup", wanted)

    def run(self, count: int, train: Train) -> Iterator[Trial]:
        """Try until so many trials have ended; those that ended earlier count, one that was broken off goes on.

        Yields:
            Each trial that ended now.

        Raises:
            UserError: If training refuses; a sweep in which nothing ended yet is forgotten, so that it can be mended,
                any other leaves this trial out when it goes on.
        """
        while len(self.ended()) < count:
            broken_off = self._broken_off()
            number, values = broken_off or self._drawn()
            # Training is seeded: the same values again would tell nothing new.
            same = next((one.entry for one in self.ended() if one.values == values), None)
            try:
                entry = same or train(self.folder / f"trial-{number}", _written(values))
            except UserError:
                if self.ended():  # the next call goes on with others
                    self._study.tell(number, state=TrialState.FAIL)
                elif not broken_off:
                    optuna.delete_study(study_name=STUDY, storage=self._storage)
                raise
            gc.collect()  # what a Trainer held of the GPU's memory is in cycles
            self._end(number, entry)
            yield Trial(number, values, entry)

    def _broken_off(self) -> tuple[int, dict[str, Any]] | None:
        for one in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if one.params.keys() == self._ranges.keys():  # else it was broken off as it was drawn
                return one.number, one.params
        return None

    def _drawn(self) -> tuple[int, dict[str, Any]]:
        # A seed a trial: with one for all, a sweep that goes on would begin again with what it drew first.
        seed = SEED + len(self._study.get_trials(deepcopy=False))
        self._study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        trial = self._study.ask(fixed_distributions=self._ranges)
        return trial.number, trial.params

    def _end(self, number: int, entry: ModelEntry) -> None:
        self._study.set_user_attr(f"entry-{number}", entry.model_dump(mode="json"))
        self._study.tell(number, merit(entry))

    def ended(self) -> list[Trial]:
        """All trials that ended, best first."""
        found = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        entries = self._study.user_attrs
        trials = [Trial(one.number, one.params, ModelEntry(**entries[f"entry-{one.number}"])) for one in found]
        return sorted(trials, key=lambda one: merit(one.entry), reverse=True)

    def importance(self) -> dict[str, float]:
        """How much each parameter decides over being among the best, in shares of 1; empty for too few trials."""
        if len(self._ranges) < 2 or len(self.ended()) < FEWEST:
            return {}
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=TOP)
        return optuna.importance.get_param_importances(self._study, evaluator=evaluator)

    def draw(self) -> Path:
        """Plot what was reached over each parameter; gives the picture's path."""
        from matplotlib.figure import Figure

        trials = self.ended()
        reached = objective(trials[0].entry)
        figure = Figure(figsize=(1 + 3 * len(self._ranges), 3), layout="constrained")
        panels = figure.subplots(1, len(self._ranges), sharey=True, squeeze=False)[0]
        for axes, (name, drawn_from) in zip(panels, self._ranges.items(), strict=True):
            values = [one.values[name] for one in trials]
            among = isinstance(drawn_from, CategoricalDistribution)
            axes.scatter(
                [str(one) for one in values] if among else values, [one.entry.metrics[reached] for one in trials]
            )
            axes.set_xlabel(name)
            if getattr(drawn_from, "log", False):
                axes.set_xscale("log")
        panels[0].set_ylabel(reached)
        path = self.folder / "sweep.png"
        figure.savefig(path, dpi=120)
        return path


def _written(values: Mapping[str, Any]) -> list[str]:
    """As `--set` takes them: JSON is YAML."""
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]
