"""The suites `easy-vqa`, `clevr` and `gqa`: public questions about pictures, put to the agent, judged by the answer.

`easy-vqa-tool` puts them to the tool `describe` alone: what the model in use for it knows, whoever plans.

Each reads the layout in which its data set is published, from the folder that `--data` names:

- easy-VQA (the PyPI package's `data` folder): `test/questions.json`, a list of `[question, answer, image]`, and
  `test/images/IMAGE.png`.
- CLEVR v1.0: `questions/CLEVR_val_questions.json` (`questions`: `question`, `answer`, `image_filename`, `program`), and
  `images/val/`.
- GQA: `val_balanced_questions.json` (by id: `imageId`, `question`, `answer`, `types`), `images/IMAGE.jpg`, and, if it
  is there, `val_sceneGraphs.json` in the form of Visual Genome, whose triples the scene graph is then held against.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from agent.calls import Calls
from evals.adapters.files import chosen, folder, read
from evals.metrics.comparators import plain
from evals.metrics.interval import Metric
from evals.metrics.triples import Triple, mean_recall_at, recall_at
from evals.metrics.valid_calls import snapshot
from evals.suites import grading
from evals.suites.bench import Solve, asking, deployed
from evals.suites.options import Options
from evals.suites.report import Report, report_of
from evals.suites.runner import run, unscored
from evals.trial import Question, Reply, Result, Score, Step, Trial
from graphs.taxonomy import normalise
from tools.describe import asked
from tools.errors import UserError
from tools.models import SHARED, Models
from tools.registry import load_tools
from tools.workspace import Workspace

Truths = dict[str, list[Triple]]
"""The triples that are true of a question's picture, by the question's id."""

PREDICATES = {
    "to the left of": "left_of", "to the right of": "right_of", "above": "above", "over": "above", "below": "below",
    "under": "below", "inside": "inside", "in": "inside", "near": "near", "next to": "near", "beside": "near",
}  # fmt: skip
"""Visual Genome's words for the relations that a scene graph of ours holds; others are left out."""
K = 50


class Clevr(BaseModel):
    """A file of CLEVR's questions."""

    class Asked(BaseModel):
        """One of them."""

        question: str
        answer: str
        image_filename: str
        program: list[dict[str, Any]] = []

    questions: list[Asked]


class Gqa(BaseModel):
    """A question of GQA."""

    imageId: str
    question: str
    answer: str
    types: dict[str, str | None] = {}


class Scene(BaseModel):
    """A scene graph of GQA, in the form of Visual Genome."""

    class Thing(BaseModel):
        """An object with what it stands in relation to."""

        name: str
        relations: list[dict[str, str]] = []

    objects: dict[str, Thing]


def easy_vqa(seed: int, count: int, options: Options) -> Report:
    """Ask the first `count` questions of easy-VQA's test set."""
    questions = read_easy(folder(options, "easy-VQA's data"))[:count]
    return _run("easy-vqa", questions, {}, seed, count, options)


def easy_vqa_tool(seed: int, count: int, options: Options) -> Report:
    """Put the first `count` questions of easy-VQA's test set to the tool `describe`, without a planner."""
    questions = _with_pictures(read_easy(folder(options, "easy-VQA's data"))[:count])
    return run_suite("easy-vqa-tool", telling(SHARED), questions, {}, options)


def clevr(seed: int, count: int, options: Options) -> Report:
    """Ask `count` questions of CLEVR's validation set."""
    return _run("clevr", read_clevr(folder(options, "CLEVR v1.0")), {}, seed, count, options)


def gqa(seed: int, count: int, options: Options) -> Report:
    """Ask `count` questions of GQA's balanced validation set."""
    path = folder(options, "GQA")
    return _run("gqa", *read_gqa(path), seed, count, options)


def read_easy(path: Path) -> list[Question]:
    """The questions of easy-VQA's test set."""
    rows = read(path / "test" / "questions.json", TypeAdapter(list[tuple[str, str, int]]))
    images = path / "test" / "images"
    return [_question(f"easy-{n}", row[0], row[1], images / f"{row[2]}.png") for n, row in enumerate(rows)]


def read_clevr(path: Path) -> list[Question]:
    """The questions of CLEVR's validation set, by the last function of their programs."""
    rows = read(path / "questions" / "CLEVR_val_questions.json", TypeAdapter(Clevr)).questions
    kinds = [str(row.program[-1].get("function", "")) if row.program else "" for row in rows]
    images = path / "images" / "val"
    return [
        _question(f"clevr-{n}", row.question, row.answer, images / row.image_filename, kind)
        for n, (row, kind) in enumerate(zip(rows, kinds, strict=True))
    ]


def read_gqa(path: Path) -> tuple[list[Question], Truths]:
    """The questions of GQA's balanced validation set, and the triples of their pictures if they are there."""
    rows = read(path / "val_balanced_questions.json", TypeAdapter(dict[str, Gqa]))
    questions = [
        _question(
            f"gqa-{name}", row.question, row.answer, path / "images" / f"{row.imageId}.jpg", row.types.get("structural")
        )
        for name, row in rows.items()
    ]
    graphs = path / "val_sceneGraphs.json"
    if not graphs.is_file():
        return questions, {}
    scenes = read(graphs, TypeAdapter(dict[str, Scene]))
    true = {name: triples_of(scene) for name, scene in scenes.items()}
    return questions, {f"gqa-{name}": true[row.imageId] for name, row in rows.items() if row.imageId in true}


def triples_of(scene: Scene) -> list[Triple]:
    """The triples of a scene graph whose predicates ours has too."""
    return [
        (normalise(thing.name), PREDICATES[one["name"]], normalise(scene.objects[one["object"]].name))
        for thing in scene.objects.values()
        for one in thing.relations
        if one["name"] in PREDICATES and one["object"] in scene.objects
    ]


def _question(name: str, query: str, answer: str, image: Path, kind: str | None = None) -> Question:
    value = typed(answer)
    sort = kind or ("yes/no" if isinstance(value, bool) else "number" if isinstance(value, int) else "word")
    return Question(id=name, query=query, images=[str(image)], kind=sort, answer=value)


def typed(answer: str) -> bool | int | str:
    """An answer in words as a value: yes and no are booleans, digits numbers."""
    word = answer.strip().casefold()
    if word in ("yes", "no"):
        return word == "yes"
    return int(word) if word.isdecimal() else word


def _run(suite: str, questions: list[Question], truths: Truths, seed: int, count: int, options: Options) -> Report:
    taken = _with_pictures(chosen(questions, seed, count))
    return run_suite(suite, asking(deployed(options.model)), taken, truths, options)


def _with_pictures(questions: list[Question]) -> list[Question]:
    missing = next((path for one in questions for path in one.images if not Path(path).is_file()), None)
    if missing is not None:
        raise UserError(f"no picture {missing}: --data shall hold the pictures in the published layout")
    return questions


def run_suite(
    suite: str,
    solving: AbstractAsyncContextManager[Solve],
    questions: Sequence[Question],
    truths: Truths,
    options: Options,
) -> Report:
    """Put the questions.

    Args:
        suite: Its name.
        solving: Gives what answers.
        questions: Without plans: only the answer is judged.
        truths: Triples to hold scene graphs against; may be empty.
        options: Of the run.
    """
    ran = run(suite, questions, solving, grader(truths), options)
    recall: tuple[str | dict[str, Metric], ...] = ()
    if truths:
        recall = (f"triples_recall_at_{K}", {f"triples_mean_recall_at_{K}": _mean_recall(ran.results, truths)})
    return report_of(
        suite, ran.results, ("answer_accuracy", "valid_calls", *recall, "seconds_per_query"), ran.interrupted
    )


@asynccontextmanager
async def telling(models: Models) -> AsyncIterator[Solve]:
    """Answers with what the tool `describe` says, called as a planner calls it; nothing where it does not answer."""
    tools = load_tools()

    def told(question: Question) -> Trial:
        began = time.perf_counter()
        calls = Calls(Workspace.open(question.images, models), tools)
        arguments = {"image_id": "img-1", "question": question.query}
        said = calls("describe", **arguments)
        [seen] = calls.scene.entities()
        value = seen.attributes.get(asked(question.query))
        seconds = time.perf_counter() - began
        reply = Reply(text=said.text, value=None if value is None else typed(str(value)), evidence=[seen.id])
        step = Step(
            tool="describe", arguments=arguments, call_id=seen.call_id, text=said.text, gives=[seen.id], seconds=seconds
        )
        return Trial(
            question=question, offered=snapshot(tools), steps=[step], reply=reply, scene=calls.scene.to_json(),
            seconds=seconds,
        )  # fmt: skip

    async def tell(question: Question) -> Trial:
        return await asyncio.to_thread(told, question)

    yield tell


def grader(truths: Truths) -> Callable[[Trial], Result]:
    """A grader of answers, and of scene graphs where their truth is known."""

    def grade(trial: Trial) -> Result:
        right = trial.reply is not None and trial.gave_up is None and is_answer(trial.question.answer, trial.reply)
        scores = [Score(name="answer_accuracy", value=float(right)), *grading.calls(trial)]
        if truths:
            scores.append(_recall(trial, truths.get(trial.question.id, [])))
        return Result(trial=trial, scores=[*scores, *grading.seconds(trial)], why=None if right else _owed(trial))

    return grade


def _owed(trial: Trial) -> str:
    if trial.error is not None:
        return "error"
    failed = any(step.error for step in trial.steps)
    return "abstained" if trial.reply is None or trial.reply.value is None else "tool" if failed else "answer"


def _recall(trial: Trial, true: list[Triple]) -> Score:
    name, value = f"triples_recall_at_{K}", recall_at(ranked(trial.scene), true, K)
    return unscored(name) if value is None else Score(name=name, value=value)


def _mean_recall(results: Sequence[Result], truths: Truths) -> Metric:
    """The mean over predicates; of a picture with several questions the first is taken, so that it counts once."""
    first: dict[str, Trial] = {}
    for trial in (one.trial for one in results):
        first.setdefault(trial.question.images[0], trial)
    scenes = [(ranked(trial.scene), truths.get(trial.question.id, [])) for trial in first.values()]
    return Metric(value=mean_recall_at(scenes, K), low=None, high=None, n=sum(bool(true) for _, true in scenes))


def ranked(scene: dict[str, Any]) -> list[Triple]:
    """The triples of a scene as node-link JSON, by labels, the surest first."""
    labels = {node["id"]: node for node in scene.get("nodes", []) if "label" in node}
    edges = [one for one in scene.get("edges", []) if one["source"] in labels and one["target"] in labels]

    def sure(edge: dict[str, Any]) -> float:
        ends = (labels[edge["source"]]["score"], labels[edge["target"]]["score"])
        return float(edge.get("score", 1.0) * ends[0] * ends[1])

    best = sorted(edges, key=sure, reverse=True)
    return [(labels[one["source"]]["label"], one["key"], labels[one["target"]]["label"]) for one in best]


def is_answer(due: object, reply: Reply) -> bool:
    """Whether an answer is the data set's: booleans and numbers by value, words as one word or a list of it."""
    value = reply.value[0] if isinstance(reply.value, list) and len(reply.value) == 1 else reply.value
    if isinstance(value, str) and not isinstance(due, str):
        value = typed(value)
    if isinstance(due, bool) or isinstance(value, bool):
        return due is value
    if isinstance(due, int):
        return value == due
    return isinstance(value, str) and (plain(value) == plain(due) or normalise(value) == normalise(str(due)))
