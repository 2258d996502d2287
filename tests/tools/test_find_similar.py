from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from graphs.types import Observation
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.tools.conftest import Call


def paint(folder: Path, **colours: str) -> None:
    for name, colour in colours.items():
        Image.new("RGB", (20, 20), colour).save(folder / f"{name}.png")


def test_images_of_the_run_come_in_order_of_likeness(call: "Call", workspace: Workspace, tmp_path: Path) -> None:
    paint(tmp_path, b="#ff0000", c="#60a030")
    for name in ("b.png", "c.png"):
        workspace.take(tmp_path / name)
    message = call("find_similar", image_id="img-1")
    assert message.content == "most alike first (1 is the same): img-3 1.00, img-2 0.52"
    assert Observation.load(message.artifact).images == ()
    call("detect", image_id="img-1", labels=["dog"])
    assert "img-2" in str(call("find_similar", image_id="img-1", thing="dog-1", count=1).content)


def test_files_of_the_folder_join_the_run(call: "Call", workspace: Workspace, tmp_path: Path) -> None:
    paint(tmp_path, b="#ff0000", c="#60a030", d="#0000ff")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no picture")
    message = call("find_similar", image_id="img-1", folder=True, count=2)
    assert str(message.content).startswith("most alike first (1 is the same): img-2 (c.png) 1.00, img-3 (b.png) 0.")
    refs = Observation.load(message.artifact).images
    assert [(ref.id, Path(ref.path).name, ref.origin) for ref in refs] == [
        ("img-2", "c.png", "file"),
        ("img-3", "b.png", "file"),
    ]
    assert [ref.id for ref in workspace.images] == ["img-1", "img-2", "img-3"]
