import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import supervision
from PIL import Image

from finetune.data.check import check_boxes, copies
from finetune.data.read import Format, format_of, given_splits, read_boxes, read_classes
from finetune.data.split import stratified
from finetune.data.write import write_yolo
from finetune.recipes import detect
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


def test_boxes_alone_are_written_as_outlines(boxes: Path, tmp_path: Path) -> None:
    data = read_boxes(_without_outlines(boxes))
    assert any("30 of 30 have no outline" in one.what for one in check_boxes(data, data))
    write_yolo(data, tmp_path / "images", tmp_path / "labels")
    lines = [line for file in (tmp_path / "labels").iterdir() for line in file.read_text().splitlines()]
    assert len(lines) == 15
    category, *corners = map(float, (tmp_path / "labels" / "0.txt").read_text().split())
    assert category == 0
    true = [value for x, y in ((8, 8), (28, 8), (28, 28), (8, 28)) for value in (x / 80, y / 60)]
    assert corners == pytest.approx(true, abs=1e-4)


def _without_outlines(boxes: Path) -> Path:
    path = boxes / "annotations.json"
    data = json.loads(path.read_text())
    for one in data["annotations"]:
        one["segmentation"] = []
    path.write_text(json.dumps(data))
    return boxes


@pytest.mark.parametrize("layout", ["train/images", "images/train"])
def test_the_parts_of_yolo_sets_stay_apart(boxes: Path, tmp_path: Path, layout: str) -> None:
    data, root = read_boxes(boxes), tmp_path / "set"
    for part, paths in (("train", data.image_paths[:8]), ("val", data.image_paths[8:])):
        some = supervision.DetectionDataset(data.classes, paths, {path: data.annotations[path] for path in paths})
        images = root / layout.replace("train", part)
        some.as_yolo(str(images), str(images).replace("images", "labels"))
    (root / "data.yaml").write_text("names: [ball, box]")
    splits = given_splits(root)
    assert splits is not None
    assert [len(read_boxes(part)) for part in splits] == [8, 2]


def test_classes_have_the_same_numbers_in_both_parts(boxes: Path, tmp_path: Path) -> None:
    data, root = read_boxes(boxes), tmp_path / "set"
    for part, paths in (("train", data.image_paths), ("val", data.image_paths[1:2])):
        some = supervision.DetectionDataset(data.classes, paths, {path: data.annotations[path] for path in paths})
        some.as_pascal_voc(str(root / part / "images"), str(root / part / "annotations"))
    [given] = (root / "val" / "annotations").iterdir()
    tree = ElementTree.parse(given)
    tree.getroot().remove(next(one for one in tree.getroot().findall("object") if one.findtext("name") == "ball"))
    tree.write(given)
    assert [read_boxes(root / part).classes for part in ("train", "val")] == [["ball", "box"], ["box"]]
    classes, described = detect.prepare(root, tmp_path / "written", 0.2, 0)
    assert classes == ["ball", "box"]
    [labels] = (described.parent / "labels" / "val").iterdir()
    assert [line.split()[0] for line in labels.read_text().splitlines()] == ["1"]
    given.write_text(given.read_text().replace("<name>box", "<name>bag"))
    with pytest.raises(UserError, match="val has the class bag, which .*train has not"):
        detect.prepare(root, tmp_path / "again", 0.2, 0)


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


def test_small_classes_stand_in_both_parts() -> None:
    labels = {f"{name}{number}": [name] for name in "abcdefgh" for number in range(3)}
    _, val = stratified(labels, 0.2, seed=0)
    assert {labels[path][0] for path in val} == set("abcdefgh")


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


def test_two_images_of_one_name_are_one_error(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{part}/0.png", "width": 9, "height": 9} for n, part in enumerate("ab")]
    for part in "ab":
        (tmp_path / part).mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / part / "0.png")
    things = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0, "segmentation": []}
        for n in range(2)
    ]
    told = {"images": images, "categories": [{"id": 1, "name": "dog"}], "annotations": things}
    (tmp_path / "annotations.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="two images would get the same file"):
        write_yolo(read_boxes(tmp_path), tmp_path / "images", tmp_path / "labels")
