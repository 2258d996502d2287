"""SAM 2 with a small model that has learnt nothing, in the form in which real ones are stored."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphs.types import Box
from tools.catalog import Source, active
from tools.catalog.adding import describe
from tools.errors import UserError
from tools.models import load
from tools.outliner import GrabCut, Outline, Sam2Outliner


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import Sam2Config, Sam2ImageProcessor, Sam2Model, Sam2Processor

    side = 128
    backbone = {
        "model_type": "sam2_hiera_det_model", "hidden_size": 16, "image_size": [side, side],
        "blocks_per_stage": [1, 2, 2, 1], "embed_dim_per_stage": [16, 32, 64, 128],
        "num_attention_heads_per_stage": [1, 1, 2, 2], "global_attention_blocks": [4], "num_attention_heads": 1,
    }  # fmt: skip
    sizes = [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2]
    torch.manual_seed(0)
    config = Sam2Config(
        vision_config={
            "backbone_config": backbone, "backbone_channel_list": [128, 64, 32, 16], "backbone_feature_sizes": sizes,
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": side},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("small-sam")
    Sam2Model(config).save_pretrained(path)
    size = {"height": side, "width": side}
    processor = Sam2ImageProcessor(size=size, mask_size={"height": side // 4, "width": side // 4})
    Sam2Processor(processor, target_size=side).save_pretrained(path)
    return path


@pytest.mark.parametrize(("box", "point"), [(Box(x1=5, y1=5, x2=40, y2=30), None), (None, (20, 10))])
def test_sam_outlines_in_the_pixels_of_the_image(folder: Path, box: Box | None, point: tuple[int, int] | None) -> None:
    entry = describe(folder, "small-sam")
    assert (entry.task, entry.backend) == ("outline", "sam2")
    outliner = load(entry)
    assert isinstance(outliner, Sam2Outliner)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    found: Outline = outliner(Image.fromarray(noise), box, point)
    assert found.mask.shape == (48, 64)
    assert found.mask.dtype == np.bool_
    assert 0 <= found.score <= 1


def test_a_folder_that_holds_none_is_refused(tmp_path: Path, folder: Path) -> None:
    entry = describe(folder, "small-sam")
    broken = entry.model_copy(update={"sources": (Source(kind="file", location=str(tmp_path)),), "sha256": ""})
    with pytest.raises(UserError, match="small-sam"):
        Sam2Outliner(broken)


def test_without_a_choice_grabcut_outlines() -> None:
    assert isinstance(load(active("outline")), GrabCut)
