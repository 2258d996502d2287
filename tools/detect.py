"""The tool that finds things in an image by label."""

from __future__ import annotations

from langgraph.prebuilt import ToolRuntime

from graphs.types import Observation
from tools.looking import look
from tools.vision_tool import ImageId, Labels, vision_tool
from tools.workspace import Workspace


@vision_tool(seconds=60, task="detect")
def detect(image_id: ImageId, labels: Labels, runtime: ToolRuntime[Workspace]) -> Observation:
    """Find things in an image.

    Args:
        image_id: Which image to look at.
        labels: Categories or wider words such as animal; empty for everything.
        runtime: Of the call; hidden from the model.
    """
    return look("detect", image_id, labels, runtime, outlines=False)
