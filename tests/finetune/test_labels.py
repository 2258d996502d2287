import json
from pathlib import Path

import pytest

from evals.diorama.world import make_diorama
from finetune import labels
from finetune.data.read import read_boxes
from graphs.scene import fold
from graphs.types import Entity, ImageRef, Observation
from tools.errors import UserError

SCORES = (0.95, 0.52, 0.9, 0.3)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run over a diorama in which four things were seen, with scores of our choosing."""
    made = make_diorama(4_100)
    path = tmp_path / "scene.png"
    made.image.save(path)
    ref = ImageRef(id="img-1", sha256="ab" * 32, width=made.image.width, height=made.image.height, path=str(path))
    seen = tuple(
        Entity(
            id=f"c/{number}", label=thing.category, image_id="img-1", box=thing.box, mask=thing.mask, score=score,
            model="m", call_id="call-1", tool="segment",
        )
        for number, (thing, score) in enumerate(zip(made.truth.objects, SCORES, strict=False))
    )  # fmt: skip
    folder = tmp_path / "run"
    folder.mkdir()
    scene = fold([Observation(text="", entities=seen)], [ref])
    (folder / "graph.json").write_text(json.dumps(scene.to_json()))
    return folder


def test_what_was_doubted_most_comes_first(run: Path) -> None:
    found = labels.gather([run])
    assert [round(one.entity.score, 2) for one in found] == [0.52, 0.3, 0.9, 0.95]
    assert found == labels.gather([run.parent, run])  # the same label is not gathered twice


def test_text_and_the_picture_as_a_whole_are_no_things(run: Path) -> None:
    scene = json.loads((run / "graph.json").read_text().replace(labels.gather([run])[0].entity.label, "text"))
    (run / "graph.json").write_text(json.dumps(scene))
    assert [round(one.entity.score, 2) for one in labels.gather([run])] == [0.3, 0.9, 0.95]


def test_a_review_decides_and_the_rest_goes_by_score(run: Path) -> None:
    first, second, third, _ = found = labels.gather([run])
    review = {
        first.key: labels.Decision(key=first.key, verdict="accept"),
        second.key: labels.Decision(key=second.key, verdict="fix", label="Teapot "),
        third.key: labels.Decision(key=third.key, verdict="reject"),
    }
    kept = labels.decided(found, review, 0.8)
    assert [one.entity.label for one in kept[:2]] == [first.entity.label, "teapot"]
    assert third.key not in {one.key for one in kept}
    assert len(kept) == 3


def test_the_data_set_can_be_trained_on(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    found = labels.gather([run])
    classes = labels.write_coco(labels.decided(found, {}, 0.8), [one.image for one in found], out)
    data = read_boxes(out)
    assert data.classes == classes
    [annotation] = data.annotations.values()
    assert len(annotation) == 2
    assert annotation.mask is not None


def test_the_page_holds_each_label_and_escapes_what_it_shows(run: Path) -> None:
    found = labels.gather([run])
    bad = found[0].entity.model_copy(update={"label": "<script>"})
    page = labels.review_page([found[0]._replace(entity=bad), *found[1:]], ["<b>"])
    assert page.count("data-key=") == len(SCORES)
    assert "<script>alert" not in page
    assert '"<script>"' not in page
    assert "&lt;script&gt;" in page


def test_the_verb_writes_all_and_errors_are_one_line(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no graph.json is at .*none"):
        labels.gather([run, tmp_path / "none"])
    (tmp_path / "odd" / "graph.json").mkdir(parents=True)
    with pytest.raises(UserError, match="cannot read .*graph.json"):
        labels.gather([tmp_path / "odd"])
    assert labels.gather([run / "graph.json"]) == labels.gather([run])
    review = tmp_path / "review.json"
    review.write_text('[{"key": "x", "verdict": "maybe"}]')
    with pytest.raises(UserError, match="review.json"):
        labels.read_review(review)
