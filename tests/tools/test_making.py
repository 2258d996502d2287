"""The tools that make and change images, over a generator and a detector that do what a test says."""

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from PIL import Image

from graphs.types import Made, Observation
from tools import policy, provenance
from tools.catalog import ModelEntry
from tools.detector import Detection
from tools.errors import ToolError, UserError
from tools.generator import Withheld
from tools.models import Models
from tools.registry import load_tools
from tools.workspace import Workspace

COLOURS = {"dog": (210, 47, 39), "cat": (30, 80, 160), "tree": (92, 158, 49)}
GREEN = (200, 220, 180)
Call = Callable[..., ToolMessage]

pytestmark = pytest.mark.usefixtures("home")


class SeesColours:
    """A detector that takes each block of a colour for a thing."""

    name = "colours"

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        pixels = np.asarray(image)
        found = []
        for label, colour in COLOURS.items():
            mask = (pixels == colour).all(axis=2)
            if (labels is None or label in labels) and mask.sum() > 20:
                rows, columns = np.nonzero(mask)
                box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                found.append(Detection(label, 0.9, tuple(map(float, box)), mask))  # type: ignore[arg-type]
        return found


class Paints:
    """A generator that paints a dog where the seed is odd, and a cat right of it where the prompt names one."""

    name = "painter"
    side = 96
    restyles = False

    def __init__(self, fills: bool) -> None:
        self.fills = fills

    def __call__(self, prompt: str, size: tuple[int, int], seeds: Sequence[int], step: Any = None) -> list[Image.Image]:
        step(1, 1)
        images = []
        for seed in seeds:
            image = Image.new("RGB", size, GREEN)
            if seed % 2:
                image.paste(COLOURS["dog"], (4, 10, 24, 30))
            if "cat" in prompt:
                image.paste(COLOURS["cat"], (60, 10, 80, 30))
            images.append(image)
        return images

    def fill(self, image: Image.Image, mask: Image.Image, prompt: str, seed: int, step: Any = None) -> Image.Image:
        return Image.new("RGB", image.size, COLOURS["cat"] if "cat" in prompt else GREEN)


class Fakes(Models):
    """Both, behind the place where models come from."""

    def __init__(self, fills: bool) -> None:
        super().__init__()
        self.made = {"segment": SeesColours(), "detect": SeesColours(), "generate": Paints(fills)}

    def entry(self, task: str) -> ModelEntry:
        fields = {"name": task, "task": task, "backend": "none", "licence": "MIT", "classes": tuple(COLOURS)}
        return ModelEntry.model_validate(fields | {"sources": [{"kind": "file", "location": "none"}]})

    def get(self, task: str) -> Any:
        return self.made[task]


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Workspace:
    """A dog left of a tree on light green, in 200 x 100 pixels."""
    image = Image.new("RGB", (200, 100), GREEN)
    image.paste(COLOURS["dog"], (20, 40, 50, 70))
    image.paste(COLOURS["tree"], (120, 30, 160, 80))
    image.save(tmp_path / "a.png")
    return Workspace.open([tmp_path / "a.png"], Fakes(getattr(request, "param", False)), tmp_path / "made")


@pytest.fixture
def call(workspace: Workspace) -> Call:
    node = ToolNode(load_tools(), handle_tool_errors=(ToolError,))
    graph: Any = StateGraph(MessagesState, context_schema=Workspace)
    compiled = graph.add_node("tools", node).add_edge(START, "tools").add_edge("tools", END).compile()
    messages: list[AnyMessage] = []

    def run(name: str, **arguments: object) -> ToolMessage:
        call_id = f"call-{len(messages)}"
        asked = {"name": name, "args": arguments, "id": call_id, "type": "tool_call"}
        messages.append(AIMessage("", tool_calls=[asked]))
        answered = compiled.invoke({"messages": messages}, context=workspace)["messages"][-1]
        assert isinstance(answered, ToolMessage)
        messages.append(answered)
        return answered

    return run


def audit(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "audit.jsonl").read_text().splitlines()]


def test_what_came_out_is_told_and_the_image_is_one_of_the_run(call: Call, workspace: Workspace, home: Path) -> None:
    told = call("generate", prompt="a dog left of a cat", seed=1)

    assert told.content == "img-2 (96x96, seed 1): there: dog, cat, dog left_of cat"
    observation = Observation.load(told.artifact)
    assert [(one.label, one.image_id) for one in observation.entities] == [("dog", "img-2"), ("cat", "img-2")]
    (ref,) = observation.images
    assert (ref.origin, ref.parent, ref.made) == (
        "generated",
        None,
        Made(kind="trainedAlgorithmicMedia", tool="generate", prompt="a dog left of a cat", model="painter", seed=1),
    )
    assert workspace.image("img-2").getpixel((5, 11)) == COLOURS["dog"]
    (line,) = audit(home)
    assert (line["outcome"], line["seeds"], line["images"]) == ("made", [1], [ref.sha256])


def test_the_best_is_kept_and_another_seed_is_tried(call: Call) -> None:
    assert str(call("generate", prompt="a dog", seed=2, best_of=2).content) == "img-2 (96x96, seed 3): there: dog"
    assert str(call("generate", prompt="a dog", seed=2).content) == "img-3 (96x96, seed 3): there: dog"


def test_what_did_not_come_out_is_said(call: Call) -> None:
    told = str(call("generate", prompt="a dog above a tree", seed=1, width=64, height=48).content)

    assert "img-2 (64x48, seed 1): there: dog; not found: tree, dog above tree" in told
    assert "did not come out" in told


def test_the_policy_refuses_and_leaves_a_line(call: Call, workspace: Workspace, home: Path) -> None:
    told = call("generate", prompt="a fake passport")

    assert told.status == "error"
    assert "refused by the policy on images (forged documents)" in str(told.content)
    assert [ref.id for ref in workspace.images] == ["img-1"]
    assert [line["outcome"] for line in audit(home)] == ["refused: forged documents"]


def test_another_policy_and_none(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "policy.json"
    own.write_text('[{"name": "dogs", "all_of": [["dogs?"]]}]')
    monkeypatch.setenv("SCENOGRAPH_POLICY", str(own))
    assert "(dogs)" in str(call("generate", prompt="two dogs").content)
    own.write_text('[{"name": "cats", "all_of": [["cats?"]]}]')
    assert "(cats)" in str(call("generate", prompt="two cats").content)
    monkeypatch.setenv("SCENOGRAPH_POLICY", "off")
    assert call("generate", prompt="a dog with a fake passport", seed=1).status == "success"


def test_nothing_is_enlarged_beyond_what_can_be_read(call: Call, workspace: Workspace) -> None:
    workspace.add(Image.new("RGB", (1020, 1000)), "crop")
    told = call("edit", image_id="img-2", instruction="enlarge by 8x")
    assert told.status == "error"
    assert "8160 x 8000 pixels are more than 50 megapixels" in str(told.content)


@pytest.mark.parametrize(
    "prompt",
    [
        "a fake id  card", "a fake\nid\tcard", "a fake_id_card", "a f\u200bake id card", "a fake\u200bid\u2060card",
        "a ｆａｋｅ ｉｄ ｃａｒｄ", "a fake\u00a0id\u00a0card",
    ],
)  # fmt: skip
def test_the_policy_sees_through_how_a_text_is_written(home: Path, prompt: str) -> None:
    with pytest.raises(ToolError, match="forged documents"):
        policy.screen("generate", prompt, "m")


def test_the_policy_lets_pass_what_is_not_meant(home: Path) -> None:
    policy.screen("generate", "a snake_id, a card\u200d and a ｄｏｇ", "m")


@pytest.mark.parametrize("expression", ["(", "a{99999999999999999999}", "[z-a]"])
def test_a_policy_with_a_bad_expression_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str
) -> None:
    own = tmp_path / "policy.json"
    own.write_text(json.dumps([{"name": "dogs", "all_of": [["dogs?", expression]]}]))
    monkeypatch.setenv("SCENOGRAPH_POLICY", str(own))
    with pytest.raises(UserError, match="holds no policy .*is no regular expression") as caught:
        policy.screen("generate", "a dog", "m")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("workspace", [False, True], indirect=True)
def test_a_removal_leaves_nothing_and_touches_nothing_else(call: Call, workspace: Workspace) -> None:
    told = call("edit", image_id="img-1", instruction="Remove the dog.")

    assert "gone: no detector finds it there" in str(told.content)
    assert "outside of it 0.00 of 255 changed" in str(told.content)
    (ref,) = Observation.load(told.artifact).images
    assert (ref.origin, ref.parent) == ("edited", "img-1")
    before, after = (np.asarray(workspace.image(name), dtype=int) for name in ("img-1", "img-2"))
    assert (before[:, 70:] == after[:, 70:]).all()
    assert np.abs(after[45:65, 25:45] - GREEN).max() < 12


def test_something_is_put_beside_something(call: Call, workspace: Workspace) -> None:
    told = call("edit", image_id="img-1", instruction="put a cat left of the tree")

    assert "there: cat" in str(told.content)
    cats = SeesColours()(workspace.image("img-2"), {"cat"})
    assert cats[0].box[2] <= 120


@pytest.mark.parametrize(
    ("instruction", "origin", "size"),
    [
        ("crop to the dog", "crop", (34, 34)),
        ("blur the dog", "edited", (200, 100)),
        ("annotate everything", "edited", (200, 100)),
        ("recolour the dog blue", "edited", (200, 100)),
        ("enlarge by 3x", "edited", (600, 300)),
        ("replace the background with a beach", "edited", (200, 100)),
    ],
)
def test_an_edit_makes_a_new_image(
    call: Call, workspace: Workspace, instruction: str, origin: str, size: tuple[int, int]
) -> None:
    before = workspace.image("img-1").copy()
    told = call("edit", image_id="img-1", instruction=instruction, seed=1)

    assert told.status == "success", told.content
    ref = workspace.images[-1]
    assert (ref.origin, (ref.width, ref.height), ref.parent) == (origin, size, "img-1")
    assert workspace.image("img-1") == before
    assert workspace.image(ref.id) != before


def test_a_region_is_a_thing_of_the_graph(call: Call) -> None:
    call("segment", image_id="img-1", labels=[])

    assert "gone" in str(call("edit", image_id="img-1", instruction="remove it", region="tree-1").content)
    assert "no thing 'owl-1'" in str(call("edit", image_id="img-1", instruction="remove it", region="owl-1").content)


@pytest.mark.parametrize(
    ("instruction", "reason"),
    [
        ("do something nice", "cannot read"),
        ("remove the cat", "no cat found in img-1"),
        ("as a watercolour", "knows no styles"),
        ("crop", "say what to crop to"),
        ("enlarge by 40x", "cannot enlarge 40 times"),
        ("enlarge by 9x", "at most 8192 pixels a side"),
    ],
)
def test_an_edit_that_cannot_be_done_says_why(call: Call, instruction: str, reason: str) -> None:
    told = call("edit", image_id="img-1", instruction=instruction)

    assert told.status == "error"
    assert reason in str(told.content)


def test_a_file_says_how_it_was_made_and_is_known_again(call: Call, workspace: Workspace, tmp_path: Path) -> None:
    call("generate", prompt='a dog & a "cat" <here>', seed=1)
    path = workspace.images[-1].path
    with Image.open(path) as image:
        packet = image.info["XML:com.adobe.xmp"]
        assert image.getxmp()["xmpmeta"]["RDF"]["Description"]["DigitalSourceType"].endswith("trainedAlgorithmicMedia")

    assert 'a dog &amp; a "cat" &lt;here&gt;' in packet
    (again,) = Workspace.open([path]).images
    assert again.origin == "generated"
    assert again.made is not None
    assert again.made.prompt == 'a dog & a "cat" <here>'
    assert provenance.read(b"no picture") is None


def test_what_a_models_own_checker_holds_back_is_told_and_written_down(
    call: Call, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withhold(*_: object) -> Image.Image:
        raise Withheld(1)

    monkeypatch.setattr(Paints, "fill", withhold)
    told = call("edit", image_id="img-1", instruction="put a cat left of the tree")

    assert told.status == "error"
    assert "the model's own safety checker" in str(told.content)
    assert [line["outcome"] for line in audit(home)] == ["refused: the model's own safety checker"]


def test_a_picture_that_was_made_is_looked_at_once(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Image.Image] = []
    see = SeesColours.__call__

    def counted(self: SeesColours, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        looks.append(image)
        return see(self, image, labels)

    monkeypatch.setattr(SeesColours, "__call__", counted)
    call("generate", prompt="a dog", seed=1)

    assert len(looks) == 1
