import json
from pathlib import Path

import numpy as np
import pytest
import supervision
from PIL import Image

from finetune.data.check import check_boxes, copies
from finetune.data.read import Format, format_of, given_splits, read_boxes, read_classes
from finetune.data.split import stratified
from finetune.data.write import write_yolo
from tools.errors import UserError


@pytest.mark.parametrize("kind", ["yolo", "voc", "labelme"])
def test_a_data_set_reads_the_same_in_each_format(boxes: Path, tmp_path: Path, kind: Format) -> None:
    original = read_boxes(boxes)
    other = tmp_path / kind
    if kind == "yolo":
        original.as_yolo(str(other / "images"), str(other / "labels"), str(other / "data.yaml"))
    elif kind == "voc":
        original.as_pascal_voc(str(other / "images"), str(other / "annotations"))
    else:
        original.as_labelme(str(other / "images"), str(other / "annotations"))
    assert format_of(boxes) == "coco"
    assert format_of(other) == kind
    again = read_boxes(other)
    assert sorted(again.classes) == sorted(original.classes) == ["ball", "box"]
    assert len(again) == len(original) == 10
    assert sum(map(len, again.annotations.values())) == sum(map(len, original.annotations.values())) == 15


def test_a_thing_in_pieces_is_written_as_one(boxes: Path, tmp_path: Path) -> None:
    path = boxes / "annotations.json"
    data = json.loads(path.read_text())
    pieces, without, *_ = data["annotations"]
    pieces["segmentation"] = [[8, 8, 14, 8, 14, 28, 8, 28], [20, 8, 28, 8, 28, 28, 20, 28]]
    without["segmentation"] = []
    path.write_text(json.dumps(data))
    written = tmp_path / "written"
    write_yolo(read_boxes(boxes), written / "images", written / "labels")
    (written / "data.yaml").write_text("names: [ball, box]")
    lines = [file.read_text().splitlines() for file in sorted((written / "labels").iterdir())]
    assert [len(one) for one in lines] == [1, 2] * 5
    again = read_boxes(written)
    for name in ("0.png", "1.png"):
        before = next(found for one, found in read_boxes(boxes).annotations.items() if Path(one).name == name)
        after = next(found for one, found in again.annotations.items() if Path(one).name == name)
        assert np.abs(before.xyxy - after.xyxy).max() <= 1.5
        assert np.array_equal(before.class_id, after.class_id)  # type: ignore[arg-type]


def test_a_folder_a_class_is_read_as_classes_and_refused_as_boxes(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "one.png")
    assert format_of(tmp_path) == "folders"
    assert read_classes(tmp_path).classes == ["cat", "dog"]
    with pytest.raises(UserError, match="no boxes"):
        read_boxes(tmp_path)


def test_a_folder_without_labels_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no labels"):
        format_of(tmp_path)
    with pytest.raises(UserError, match="no folder"):
        format_of(tmp_path / "missing")


def test_broken_labels_are_one_error(boxes: Path) -> None:
    path = boxes / "annotations.json"
    data = json.loads(path.read_text())
    data["annotations"][0]["category_id"] = 77
    path.write_text(json.dumps(data))
    with pytest.raises(UserError, match="cannot be read"):
        read_boxes(boxes)


def test_parts_are_found_by_name(tmp_path: Path) -> None:
    assert given_splits(tmp_path) is None
    for name in ("train", "valid"):
        (tmp_path / name).mkdir()
    assert given_splits(tmp_path) == (tmp_path / "train", tmp_path / "valid")


def test_a_split_holds_its_share_and_each_class_on_both_sides() -> None:
    labels = {f"{i}.png": ["common", *(["rare"] if i % 10 == 0 else [])] for i in range(100)}
    train, val = stratified(labels, 0.2, seed=3)
    assert sorted(train + val) == sorted(labels)
    assert len(val) == 20
    assert sum("rare" in labels[path] for path in val) == 2
    assert (train, val) == stratified(labels, 0.2, seed=3)
    assert val != stratified(labels, 0.2, seed=4)[1]


def test_a_split_never_takes_all_of_a_class_from_training() -> None:
    train, _ = stratified({"a": ["x"], "b": ["x"], "c": ["y"], "d": ["y"]}, 0.5, seed=0)
    assert len(train) == 2


def test_checks_name_what_is_wrong(boxes: Path) -> None:
    data = read_boxes(boxes)
    paths = data.image_paths
    parts = [
        supervision.DetectionDataset(data.classes, part, {path: data.annotations[path] for path in part})
        for part in (paths[:8], paths[8:])
    ]
    Path(paths[8]).write_bytes(Path(paths[0]).read_bytes())
    Path(paths[1]).write_bytes(b"no image")
    parts[0].annotations[paths[2]].xyxy[0] = (70, 50, 300, 200)
    told = [f"{one.where} {one.what}" for one in check_boxes(*parts)]
    assert any("8.png looks the same as 0.png" in one for one in told)
    assert any("1.png cannot be read" in one for one in told)
    assert any("2.png 1 of 1 boxes reach outside" in one for one in told)
    assert any("box has only 4 examples for training" in one for one in told)


def test_different_pictures_are_no_copies(boxes: Path) -> None:
    paths = read_boxes(boxes).image_paths
    assert [one for one in copies(paths[:1], [paths[0]])]
    assert not copies([], paths)
