from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from agent import cli
from evals import runs
from evals.compare import compare, fallen
from evals.diorama.world import ask_about
from evals.metrics.interval import Metric
from evals.metrics.valid_calls import snapshot
from evals.page import page
from evals.rescore import rescore
from evals.suites import grading
from evals.suites.report import Report, report_of
from evals.trial import Question, Reply, Result, Score, Step, Trial
from tools.errors import UserError
from tools.registry import load_tools


def result(number: int, right: bool, folder: Path, seconds: float = 1.0) -> Result:
    picture = folder / "pictures" / f"{number}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(picture)
    question = Question(id=f"q-{number}", query="How many <dogs>?", images=[str(picture)], kind="count", answer=2)
    step = Step(tool="detect", arguments={"labels": ["dog"]}, text="dog 2")
    trial = Trial(question=question, steps=[step], reply=Reply(text="Two.", value=2 if right else 3), seconds=seconds)
    scores = [Score(name="answer_accuracy", value=float(right)), Score(name="seconds_per_query", value=seconds)]
    return Result(trial=trial, scores=scores, why=None if right else "reasoning")


def made(folder: Path, wrong: int, seconds: float = 1.0, box_map50: float = 0.8) -> Report:
    """A run of 40 cases of which the first are wrong, kept in a folder."""
    results = [result(number, number >= wrong, folder, seconds) for number in range(40)]
    maps = {"box_map50": Metric(value=box_map50, low=box_map50 - 0.05, high=box_map50 + 0.05, n=40)}
    report = report_of("diorama", results, ("answer_accuracy", maps, "seconds_per_query"), False)
    folder.mkdir(parents=True, exist_ok=True)
    runs.save(report, folder)
    return report


def scenograph(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["eval", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))
    return tmp_path / "evals"


def test_a_run_is_read_back_with_the_pictures_of_what_failed(home: Path) -> None:
    report = made(home / "diorama-1", wrong=3)
    kept = runs.load("diorama-1")
    assert kept.report == report
    assert sorted(path.name for path in (kept.folder / "pictures").iterdir()) == ["0.png", "1.png", "2.png"]
    assert runs.load(str(home / "diorama-1")).report == runs.load("dior").report == report
    made(home / "diorama-2", wrong=0)
    with pytest.raises(UserError, match="2 runs begin with 'dior'"):
        runs.load("dior")
    with pytest.raises(UserError, match="no run 'bfcl'"):
        runs.load("bfcl")
    (home / "diorama-2" / runs.RESULTS).write_text("{}\n")
    with pytest.raises(UserError, match="no run of evals that can be read"):
        runs.load("diorama-2")


def test_what_fell_by_more_than_its_interval_is_told(tmp_path: Path) -> None:
    before, same, worse = made(tmp_path / "a", wrong=4), made(tmp_path / "b", wrong=5), made(tmp_path / "c", wrong=16)
    assert fallen(compare(before, same), []) == {}
    assert list(fallen(compare(before, worse), [])) == ["answer_accuracy"]
    assert fallen(compare(worse, before), []) == {}
    slow = made(tmp_path / "d", wrong=4, seconds=9.0, box_map50=0.7)
    assert list(fallen(compare(before, slow), [])) == ["box_map50"]
    assert list(fallen(compare(before, slow), ["seconds_per_query"])) == ["seconds_per_query"]
    flips = compare(before, same).flips
    assert [(one.id, one.before, one.after) for one in flips] == [("q-4", "right", "reasoning")]


def test_runs_without_a_case_in_common_are_not_compared(tmp_path: Path) -> None:
    before = made(tmp_path / "a", wrong=1)
    other = before.model_copy(update={"results": []})
    question = Question(id="another", query="?")
    other.results = [Result(trial=Trial(question=question), scores=[], why="error")]
    with pytest.raises(UserError, match="share no case"):
        compare(before, other)
    with pytest.raises(UserError, match="one run is of diorama, the other of bfcl"):
        compare(before, before.model_copy(update={"suite": "bfcl"}))


def test_a_gate_compares_something(tmp_path: Path) -> None:
    before, after = made(tmp_path / "a", wrong=4, box_map50=0.9), made(tmp_path / "b", wrong=4, box_map50=0.9)
    with pytest.raises(UserError, match="no metric 'box_map5' in both runs; there is: .*box_map50"):
        fallen(compare(before, after), ["box_map5"])
    after.metrics["box_map50"] = Metric(value=None, low=None, high=None, n=0)
    assert fallen(compare(before, after), []) == {"box_map50": "0.900 to nothing that could be measured"}


def test_commands_list_show_compare_and_gate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("list") == 0
    assert "no runs yet" in capsys.readouterr().out
    made(home / "diorama-1", wrong=2)
    made(home / "diorama-2", wrong=20)
    assert scenograph("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["run"] for one in listed] == ["diorama-1", "diorama-2"]
    assert listed[0]["metrics"]["answer_accuracy"]["value"] == pytest.approx(0.95)
    assert scenograph("show", "diorama-1", "--case", "q-1") == 0
    shown = capsys.readouterr().out
    for part in ("How many <dogs>?", 'detect(labels=["dog"])', "dog 2", "answered 3: Two.", "owed to reasoning"):
        assert part in shown
    assert scenograph("compare", "diorama-1", "diorama-2") == 0
    compared = capsys.readouterr().out
    assert "cases that changed" in compared
    assert "q-19" in compared
    assert scenograph("gate", "diorama-2", "--against", "diorama-1") == 1
    assert capsys.readouterr().out.startswith("answer_accuracy fell: 0.950 to 0.500")
    assert scenograph("gate", "diorama-1", "--against", "diorama-2") == 0
    assert capsys.readouterr().out == "no metric fell\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "nothing"), "no run 'nothing'"),
        (("show", "diorama-1", "--case", "q-99"), "no case 'q-99'"),
        (("report", "diorama-1", "--out", "missing/page.html"), "cannot write"),
        (("gate", "diorama-1"), "--against"),
        (("bfcl", "--count", "1"), "give --data"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], told: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(home / "diorama-1", wrong=1)
    assert scenograph(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert told in printed.err


def test_the_page_needs_nothing_else(home: Path) -> None:
    before, after = made(home / "diorama-1", wrong=2), made(home / "diorama-2", wrong=6)
    html = page(after, before)
    assert html.count("data:image/png;base64,") == 6
    assert html.count("<svg") == 3
    assert "How many &lt;dogs&gt;?" in html
    assert "cases that changed" in html
    assert 'src="http' not in html
    assert "<link" not in html


def test_a_thousand_recorded_trials_are_graded_anew_in_seconds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = [Question.model_validate(ask_about(seed).case.model_dump()) for seed in range(2200, 2210)]
    tools = snapshot(load_tools())
    trials = [grading.gold(question, question.accepted_plans[0], tools) for question in questions]
    numbered = [
        trial.model_copy(update={"question": trial.question.model_copy(update={"id": f"{trial.question.id}#{n}"})})
        for n in range(100)
        for trial in trials
    ]
    old = [Result(trial=trial, scores=[Score(name="tool_f1", value=0.0)], why="routing") for trial in numbered]
    folder = home / "diorama-1"
    folder.mkdir(parents=True)
    runs.save(report_of("diorama", old, ("tool_f1", "answer_accuracy"), False), folder)
    assert scenograph("score", "diorama-1", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["metrics"]["answer_accuracy"] == {"value": 1, "low": 1, "high": 1, "n": 1000}
    assert re.fullmatch(r"graded 1000 trials in ([\d.]+) s", printed.err.splitlines()[-1])
    assert rescore(runs.load("diorama-1").report).report.failures == []


def test_runs_without_trials_are_not_graded_anew(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "detector-1"
    folder.mkdir(parents=True)
    runs.save(Report(suite="detector", metrics={}), folder)
    assert scenograph("score", "detector-1") == 2
    assert "keeps no trials" in capsys.readouterr().err


def test_tries_at_one_question_are_no_questions_of_their_own(tmp_path: Path) -> None:
    once = [result(number, number % 3 == 0, tmp_path) for number in range(40)]
    tenfold = [_renamed(one, f"{one.trial.question.id}#{n}") for one in once for n in range(10)]
    reports = [report_of("diorama", results, ["answer_accuracy"], False) for results in (once, tenfold)]
    one, ten = (report.metrics["answer_accuracy"] for report in reports)
    assert (ten.value, ten.low, ten.high) == (one.value, one.low, one.high)
    assert (one.n, ten.n) == (40, 400)


def _renamed(one: Result, name: str) -> Result:
    question = one.trial.question.model_copy(update={"id": name})
    return one.model_copy(update={"trial": one.trial.model_copy(update={"question": question})})


def test_reasons_in_a_models_words_are_drawn_short_and_as_they_are(tmp_path: Path) -> None:
    results = [result(number, False, tmp_path) for number in range(40)]
    results = [one.model_copy(update={"why": f"{n}: '$\\frac' is none of ['$x']"}) for n, one in enumerate(results)]
    html = page(report_of("diorama", results, ["answer_accuracy"], False))
    assert "others" in html
    assert html.count("\\frac") < 60  # fifteen bars, and the worst cases
