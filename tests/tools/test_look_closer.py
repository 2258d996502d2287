from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphs.types import Observation
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.tools.conftest import Call, SeenBefore


def test_a_thing_is_cut_out_with_its_surroundings_and_enlarged(call: "Call", workspace: Workspace) -> None:
    call("detect", image_id="img-1", labels=["dog"])
    message = call("look_closer", image_id="img-1", thing="dog-1")
    [ref] = Observation.load(message.artifact).images
    assert (ref.id, ref.origin, ref.parent, ref.width, ref.height) == ("img-2", "crop", "img-1", 640, 640)
    assert message.content == "img-2 (640x640) shows 2,7,28,33 of img-1, 24.6 times as large"
    assert workspace.images[-1] == ref
    pixels = np.asarray(workspace.image("img-2"))
    assert pixels[320, 320].tolist() == [210, 47, 39]
    assert pixels[5, 5].tolist() == [92, 158, 49]


def test_a_box_is_cut_out_as_it_is_and_a_large_one_is_not_shrunk(call: "Call", workspace: Workspace) -> None:
    call("look_closer", image_id="img-1", box=[60, 10, 170, 20])
    assert workspace.image("img-2").size == (640, 160)
    assert np.asarray(workspace.image("img-2"))[80, 20].tolist() == [30, 80, 160]


def test_the_new_image_can_be_looked_at(call: "Call", detector: "SeenBefore") -> None:
    call("look_closer", image_id="img-1", box=[0, 0, 50, 50])
    detector.detections = detector.detections[:1]
    message = call("detect", image_id="img-2", labels=["dog"])
    assert (message.content, message.status) == ("dog 1", "success")
    assert str(call("look_closer", image_id="img-2", box=[0, 0, 90, 90]).content).startswith("img-3 (640x640)")


def test_a_run_that_goes_on_finds_the_images_that_its_tools_made(
    workspace: Workspace, tmp_path: Path, call: "Call"
) -> None:
    [made] = Observation.load(call("look_closer", image_id="img-1", box=[0, 0, 50, 50]).artifact).images
    again = Workspace.open([tmp_path / "a.png"])
    again.restore([*again.images, made])
    assert [ref.id for ref in again.images] == ["img-1", "img-2"]
    assert again.image("img-2").tobytes() == workspace.image("img-2").tobytes()


def test_images_that_tools_make_go_with_the_workspace_or_stay_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    kept = Workspace(folder=tmp_path / "run")
    passing = Workspace()
    from PIL import Image

    for workspace in (kept, passing):
        assert workspace.add(Image.new("RGB", (4, 4)), "generated").id == "img-1"
    assert (tmp_path / "run" / "img-1.png").exists()
    path = Path(passing.images[0].path)
    assert path.exists()
    del passing, workspace
    assert not path.parent.exists()
