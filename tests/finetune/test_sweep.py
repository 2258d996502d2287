"""A sweep: what values are drawn from, what is tried and not tried again, and which trial becomes the candidate."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from PIL import Image

from finetune.command import Recipe
from finetune.commands.sweep import command
from finetune.sweep import Setup, Sweep, Train, merit
from tools.catalog import ModelEntry, Source, find
from tools.errors import UserError

pytestmark = pytest.mark.usefixtures("home")


def setup(*over: str, options: tuple[str, ...] = ()) -> Setup:
    return Setup(recipe="classify", data=Path("shapes"), base=None, options=options, share=0.2, over=over)


def entry(at: Path, **metrics: float) -> ModelEntry:
    source = Source(kind="file", location=str(at / "weights"))
    return ModelEntry(name=at.name, task="plan", backend="vllm", sources=(source,), licence="MIT", metrics=metrics)


def trainer(metric: str, of: Callable[[float], float], tried: list[tuple[str, list[str]]]) -> Train:
    """Trains nothing: the metric is a function of the value that was drawn first. Notes what it was asked for."""

    def train(at: Path, given: list[str]) -> ModelEntry:
        tried.append((at.name, given))
        return entry(at, **{f"first_{metric}": 0.5, metric: of(float(yaml.safe_load(given[0].partition("=")[2])))})

    return train


@pytest.mark.parametrize(
    ("text", "drawn_from"),
    [
        ("1e-5..1e-3", FloatDistribution(1e-5, 1e-3, log=True)),
        ("3e-5..3e-4", FloatDistribution(3e-5, 3e-4, log=True)),
        ("0.1..0.5", FloatDistribution(0.1, 0.5)),
        ("0..0.3", FloatDistribution(0, 0.3)),
        ("-1..1.5", FloatDistribution(-1, 1.5)),
        ("2..8", IntDistribution(2, 8)),
        ("adamw_torch,adafactor", CategoricalDistribution(["adamw_torch", "adafactor"])),
        ("0,0.1,1e-3", CategoricalDistribution([0, 0.1, 0.001])),
        ("null,10,true", CategoricalDistribution([None, 10, True])),
    ],
)
def test_a_range_is_of_numbers_or_a_choice(text: str, drawn_from: BaseDistribution) -> None:
    assert setup(f"option={text}").ranges() == {"option": drawn_from}


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ("lr0", "takes NAME=RANGE, not 'lr0'"),
        ("=1..2", "takes NAME=RANGE"),
        ("lr0=1e-3..1e-5", "the lower end of a range comes first"),
        ("lr0=2..2", "the lower end"),
        ("lr0=a..b", "the ends of a range are numbers"),
        ("lr0=1..inf", "the ends of a range are numbers"),
        ("lr0=true..2", "the ends of a range are numbers"),
        ("lr0=1..", "is no single value"),
        ("lr0=0.1", "this is one value, which --set sets"),
        ("lr0=a,,b", "'' is no single value"),
        ("device=[0,1]", r"'\[0' is not YAML"),
        ("epochs=1..2", "epochs is given twice"),
    ],
)
def test_what_is_no_range_is_refused_in_a_line(over: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as refusal:
        setup(over, options=("epochs=3",)).ranges()
    assert "\n" not in str(refusal.value)


def test_a_sweep_goes_on_as_if_it_had_never_ended(tmp_path: Path) -> None:
    folders = [tmp_path / "whole", tmp_path / "parts"]
    tried: list[list[tuple[str, list[str]]]] = [[], []]
    for folder, counts, noted in zip(folders, ([7], [3, 7, 7]), tried, strict=True):
        folder.mkdir()
        for count in counts:
            sweep = Sweep(folder, setup("lr0=1e-4..1e-1", "mixup=0,0.2"))
            list(sweep.run(count, trainer("val_accuracy", lambda value: 1 - abs(value - 0.01), noted)))
    assert tried[0] == tried[1]
    assert [name for name, _ in tried[1]] == [f"trial-{number}" for number in range(7)]
    best = Sweep(folders[1], setup("lr0=1e-4..1e-1", "mixup=0,0.2")).ended()
    assert [one.entry.metrics["val_accuracy"] for one in best] == sorted(
        (one.entry.metrics["val_accuracy"] for one in best), reverse=True
    )


def test_a_trial_that_was_broken_off_goes_on_in_its_folder(tmp_path: Path) -> None:
    tried: list[tuple[str, list[str]]] = []
    train = trainer("val_accuracy", lambda value: value, tried)

    def broken_off(at: Path, given: list[str]) -> ModelEntry:
        if at.name == "trial-1":
            tried.append((at.name, given))
            raise KeyboardInterrupt
        return train(at, given)

    sweep = Sweep(tmp_path, setup("dropout=0.0..0.5"))
    with pytest.raises(KeyboardInterrupt):
        list(sweep.run(3, broken_off))
    assert [one.number for one in sweep.ended()] == [0]
    ended = list(Sweep(tmp_path, setup("dropout=0.0..0.5")).run(3, train))
    assert [one.number for one in ended] == [1, 2]
    assert [name for name, _ in tried] == ["trial-0", "trial-1", "trial-1", "trial-2"]
    assert tried[1] == tried[2]


def test_a_loss_is_minimised(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, setup("lr0=0.0..0.9"))
    list(sweep.run(12, trainer("val_loss", lambda value: value, [])))
    values = [one.values["lr0"] for one in sweep.ended()]
    assert values == sorted(values)
    later = [one.values["lr0"] for one in sweep.ended() if one.number >= 5]  # which TPE chose
    assert sum(later) / len(later) < 0.3
    assert merit(entry(tmp_path, val_loss=math.nan)) < merit(entry(tmp_path, val_loss=9.0))


def test_the_same_values_are_not_trained_twice(tmp_path: Path) -> None:
    tried: list[tuple[str, list[str]]] = []
    sweep = Sweep(tmp_path, setup("layers=1,2"))
    assert len(list(sweep.run(6, trainer("val_accuracy", lambda value: value, tried)))) == 6
    assert sorted(given for _, given in tried) == [["layers=1"], ["layers=2"]]


def test_a_first_trial_that_is_refused_leaves_a_folder_to_begin_in(tmp_path: Path) -> None:
    def refuses(at: Path, given: list[str]) -> ModelEntry:
        raise UserError("this recipe has no option 'lr'")

    with pytest.raises(UserError, match="no option 'lr'"):
        list(Sweep(tmp_path, setup("lr=0.1..0.5")).run(3, refuses))
    sweep = Sweep(tmp_path, setup("lr0=0.1..0.5"))
    list(sweep.run(1, trainer("val_accuracy", lambda value: value, [])))
    with pytest.raises(UserError, match="holds a sweep that differs in options and over: choose another --out"):
        Sweep(tmp_path, setup("lr0=0.1..0.6", options=("epochs=3",)))


def test_a_trial_that_is_refused_later_does_not_hold_the_others_up(tmp_path: Path) -> None:
    tried: list[tuple[str, list[str]]] = []
    good = trainer("val_accuracy", lambda value: value, tried)

    def refusing(at: Path, given: list[str]) -> ModelEntry:
        if at.name == "trial-1":
            raise UserError("freeze is too large")
        return good(at, given)

    sweep = Sweep(tmp_path, setup("lr0=0.0..0.9"))
    with pytest.raises(UserError, match="freeze is too large"):
        list(sweep.run(3, refusing))
    list(Sweep(tmp_path, setup("lr0=0.0..0.9")).run(3, refusing))
    assert [name for name, _ in tried] == ["trial-0", "trial-2", "trial-3"]


def test_importance_is_told_of_enough_trials_over_several_options(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, setup("lr0=0.0..1.0", "dropout=0.0..1.0"))
    train = trainer("val_accuracy", lambda value: value, [])
    list(sweep.run(19, train))
    assert sweep.importance() == {}
    list(sweep.run(20, train))
    told = sweep.importance()
    assert told["lr0"] > told["dropout"]
    assert sum(told.values()) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the trainers' own libraries warn of themselves
def test_the_best_trial_of_a_recipe_is_the_candidate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(16):
        path = tmp_path / "data" / ("red", "blue")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 20 + number).convert("RGB").save(path)
        with Image.open(path) as image:
            image.paste(path.parent.name, (4, 4, 28, 28))
            image.save(path)
    fixed = ["num_train_epochs=1", "image_size=32", "per_device_train_batch_size=4"]
    folder = tmp_path / "colours"

    def told(trials: int) -> tuple[list[str], dict[str, object]]:
        over = ["learning_rate=1e-6..1e-1", "dropout=0,0.1"]
        command(Recipe.CLASSIFY, tmp_path / "data", folder, over, trials, option=fixed, json=True)
        printed = capsys.readouterr()
        return [line for line in printed.err.splitlines() if line.startswith("trial ")], json.loads(printed.out)

    lines, first = told(2)
    assert [line.partition(":")[0] for line in lines] == ["trial 0", "trial 1"]
    lines, last = told(3)
    assert [line.partition(":")[0] for line in lines] == ["trial 2"]  # the others are not repeated
    trials = last["trials"]
    assert isinstance(trials, list)
    assert [one["metrics"]["val_accuracy"] for one in trials] == sorted(
        (one["metrics"]["val_accuracy"] for one in trials), reverse=True
    )
    candidate = find("colours")
    best = folder / f"trial-{trials[0]['trial']}"
    assert candidate.path() == best / f"{best.name}.safetensors"
    assert (candidate.metrics, candidate.status) == (trials[0]["metrics"], "candidate")
    assert (folder / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert first["candidate"] == last["candidate"] == "colours"
