import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from tools import memory
from tools.catalog import ModelEntry, Source, active, entries, find, own, own_path
from tools.catalog.adding import describe
from tools.catalog.changes import choose, choose_all, keep, pulled_path, remove
from tools.catalog.profiles import PROFILES, members, use
from tools.errors import UserError
from tools.models import Models

pytestmark = pytest.mark.usefixtures("home")


def entry(name: str, weights: Path, task: str = "segment", memory: int = 0) -> ModelEntry:
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"weights")
    source = Source(kind="file", location=str(weights))
    return ModelEntry(name=name, task=task, backend="fake", sources=(source,), licence="MIT", memory=memory)


def test_a_choice_holds_until_another_and_at_once(tmp_path: Path) -> None:
    models = Models(lambda known: known.name)
    assert models.get("segment") == "diorama-yolo26n-seg"
    keep(entry("mine", tmp_path / "mine.pt"))
    assert active("segment").name == "diorama-yolo26n-seg"
    choose("mine")
    assert (active("segment").name, models.get("segment")) == ("mine", "mine")
    assert active("detect").name == "mine"  # what segments detects too
    choose("diorama-yolo26n-seg")
    assert own().chosen == {}
    assert models.get("segment") == "diorama-yolo26n-seg"


ADD = """
import sys
from tools.catalog import ModelEntry, Source
from tools.catalog.changes import keep
for number in range(25):
    name = f"{sys.argv[1]}-{number}"
    source = Source(kind="file", location=name)
    keep(ModelEntry(name=name, task="segment", backend="fake", sources=(source,), licence="MIT"))
"""


def test_processes_that_change_the_catalog_at_once_lose_nothing_of_each_others(home: Path) -> None:
    adding = [subprocess.Popen([sys.executable, "-c", ADD, name]) for name in ("a", "b", "c")]
    assert [one.wait() for one in adding] == [0, 0, 0]
    assert len(own().entries) == 75
    assert {path.name for path in home.iterdir()} <= {"models.json", "models.lock"}


def test_who_changes_the_catalog_waits_for_the_lock(tmp_path: Path, home: Path) -> None:
    keep(entry("mine", tmp_path / "mine.pt"))
    for change in (
        lambda: keep(entry("other", tmp_path / "other.pt")),
        lambda: choose("mine"),
        lambda: choose_all({}),
        lambda: remove("mine"),
    ):
        before = own()
        with ThreadPoolExecutor() as pool:
            with filelock.FileLock(home / "models.lock"):
                changing = pool.submit(change)
                with pytest.raises(TimeoutError):
                    changing.result(0.2)
                assert own() == before
            changing.result(10)
        assert own() != before


def test_a_folder_that_cannot_be_written_to_gets_one_line(tmp_path: Path, home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(UserError, match="cannot write .*; set SCENOGRAPH_HOME to another folder"):
        choose_all({})


def test_a_detector_without_masks_is_for_detect_alone(tmp_path: Path) -> None:
    keep(entry("boxes", tmp_path / "boxes.pt", task="detect"))
    choose("boxes")
    assert (active("detect").name, active("segment").name) == ("boxes", "diorama-yolo26n-seg")


def test_removing_deletes_what_was_pulled_and_nothing_else(tmp_path: Path) -> None:
    keep(entry("mine", tmp_path / "mine.pt"))
    keep(entry("theirs", pulled_path("theirs") / "w.pt"))
    choose("mine")
    assert remove("mine") == 0
    assert remove("theirs") == len(b"weights")
    assert (tmp_path / "mine.pt").exists()
    assert not pulled_path("theirs").exists()
    assert (own().entries, own().chosen) == ((), {})
    with pytest.raises(UserError, match="part of scenograph"):
        remove("yolo26n-seg")


def test_no_name_leads_out_of_the_folder_for_weights(tmp_path: Path, home: Path) -> None:
    for name in ("../..", "/tmp", "a/b", "", ".", ".."):
        with pytest.raises(UserError, match="cannot name a model"):
            keep(entry(name, tmp_path / "mine.pt"))
    keep(entry("mine", tmp_path / "mine.pt"))
    own_path().write_text(own_path().read_text().replace('"mine"', '"../.."'))  # by hand
    (home / "weights").mkdir()
    assert remove("../..") == 0
    assert (tmp_path / "mine.pt").exists()
    assert own().entries == ()


def test_what_is_not_here_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `scenograph models pull yolo26s-seg`"):
        choose("yolo26s-seg")
    with pytest.raises(UserError, match="models pull"):
        use("photo")
    with pytest.raises(UserError, match="no model 'yolo26z-seg' in the catalog; did you mean yolo26"):
        find("yolo26z-seg")
    keep(entry("mine", tmp_path / "mine.pt"))
    (tmp_path / "mine.pt").unlink()
    with pytest.raises(UserError, match="weights are gone"):
        choose("mine")
    own_path().write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        active("segment")


def test_profiles_name_models_of_the_catalog_one_a_task(tmp_path: Path) -> None:
    for profile in PROFILES:
        tasks = [one.task for one in members(profile)]
        assert len(set(tasks)) == len(tasks)
    keep(entry("yolo26s-seg", pulled_path("yolo26s-seg") / "w.pt"))
    assert "yolo26s-seg" in {one.name for one in use("auto")}
    assert active("segment").name == "yolo26s-seg"
    use("embedded")
    assert active("segment").name == "diorama-yolo26n-seg"


def test_large_models_say_what_a_user_needs_to_know() -> None:
    for large in entries():
        assert large.licence
        assert large.size > 0 or large.backend == "grabcut"  # which has no weights
        if large.sources[0].kind == "hub":
            assert large.memory > 0
            assert large.backend != "vllm" or any(flag.startswith("--tool-call-parser=") for flag in large.flags)


def folder(path: Path, **config: object) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    (path / "model.safetensors").write_bytes(b"12345678")
    return path


def test_a_folder_says_itself_what_it_is(tmp_path: Path) -> None:
    path = folder(tmp_path / "vit", architectures=["ViTForImageClassification"], id2label={"1": "cat", "0": "dog"})
    known = describe(path)
    assert (known.name, known.task, known.backend, known.classes) == (
        "vit",
        "recognise",
        "transformers",
        ("dog", "cat"),
    )
    assert known.path() == path
    assert describe(folder(tmp_path / "q", architectures=["Qwen3VLForConditionalGeneration"]), "big").task == "plan"
    pipeline = active("generate").path()
    known = describe(pipeline, "mine")
    assert (known.task, known.backend, known.path()) == ("generate", "diffusers", pipeline)


def onnx(path: Path, **metadata: str) -> Path:
    """A model that gives what it is given, in the bytes of protobuf: writing ONNX takes a package of its own."""

    def field(number: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return bytes([number << 3 | 2, len(content)]) + content

    def value(name: bytes) -> bytes:
        return field(1, name) + field(2, field(1, b"\x08\x01", field(2, field(1, b"\x08\x01"))))

    node = field(1, field(1, b"x"), field(2, b"y"), field(4, b"Identity"))
    graph = field(7, node, field(2, b"g"), field(11, value(b"x")), field(12, value(b"y")))
    told = b"".join(field(14, field(1, key.encode()), field(2, text.encode())) for key, text in metadata.items())
    path.write_bytes(b"\x08\x08" + graph + field(8, b"\x10\x0d") + told)
    return path


@pytest.mark.parametrize("names", ["{0: 'dog', 1: 'cat'}", "['dog', 'cat']"])
def test_classes_may_be_numbered_or_listed(tmp_path: Path, names: str) -> None:
    known = describe(onnx(tmp_path / "a.onnx", names=names, imgsz="[64, 64]", task="detect"))
    assert (known.classes, known.image_size) == (("dog", "cat"), 64)


def test_what_cannot_be_added_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no model")
    (tmp_path / "a.onnx").write_bytes(b"no model")
    pickled = folder(tmp_path / "p", architectures=["ViTForImageClassification"])
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    coded = tmp_path / "coded"
    coded.mkdir()
    (coded / "model_index.json").write_text("{}")
    (coded / "pipeline.py").write_text("")
    for path, reason in [
        (tmp_path / "none", "no such file"),
        (tmp_path / "a.txt", "no model that can be added"),
        (tmp_path / "a.onnx", "cannot be read as ONNX"),
        (onnx(tmp_path / "b.onnx", names="5", task="detect"), "cannot be read as ONNX"),
        (tmp_path, "needs a config.json"),
        (pickled, "may carry code"),
        (coded, "pipeline.py could run code"),
        (folder(tmp_path / "bert", architectures=["BertModel"]), "BertModel, for which there is no tool"),
    ]:
        with pytest.raises(UserError, match=reason) as caught:
            describe(path)
        assert "\n" not in str(caught.value)


def test_the_least_recently_used_model_leaves_when_memory_is_short(tmp_path: Path) -> None:
    loaded: list[str] = []

    def load(known: ModelEntry) -> str:
        loaded.append(known.name)
        return known.name

    models = Models(load, limit=100)
    for number, task in enumerate(("segment", "classify", "embed")):
        keep(entry(f"m{number}", tmp_path / f"{number}.pt", task=task, memory=40))
        choose(f"m{number}")
    for task in ("segment", "classify", "segment", "embed", "segment", "classify"):
        models.get(task)
    assert loaded == ["m0", "m1", "m2", "m1"]


def test_shares_of_a_gpu_are_set_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_TOOLS_MEMORY", "6GB")
    assert memory.settings().tools_memory == 6 * 10**9
    monkeypatch.setenv("SCENOGRAPH_PLANNER_GPU", "0.9")
    with pytest.raises(UserError, match="share of a GPU exceed 1"):
        memory.settings()
    monkeypatch.setenv("SCENOGRAPH_PLANNER_GPU", "much")
    with pytest.raises(UserError, match="SCENOGRAPH_PLANNER_GPU: "):
        memory.settings()
