"""The annotated picture: boxes, masks and ids of entities over their image, those cited in colour; no files here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from graphs.types import Entity
from tools import masks

if TYPE_CHECKING:
    import supervision as sv

CITED = "#D6006C"
OTHER = "#8A8F98"
MASK_OPACITY = 0.2
"""So faint that the colour of what lies below can still be told; the outline says where it ends."""


def annotate(image: Image.Image, entities: Sequence[Entity], cited: Collection[str]) -> Image.Image:
    """Draw entities over their image.

    Args:
        image: RGB; it is not changed.
        entities: Those in this image.
        cited: Ids that get a thick box, their mask and their name; the others get a thin grey box.

    Returns:
        A new RGB image of the same size.
    """
    drawn = _boxes(image.copy(), [entity for entity in entities if entity.id not in cited], OTHER, 1)
    return _emphasised(drawn, [entity for entity in entities if entity.id in cited])


def _boxes(image: Image.Image, entities: Sequence[Entity], colour: str, thickness: int) -> Image.Image:
    import supervision as sv

    if not entities:
        return image
    return sv.BoxAnnotator(sv.Color.from_hex(colour), thickness).annotate(image, _detections(entities))


def _emphasised(image: Image.Image, entities: Sequence[Entity]) -> Image.Image:
    import supervision as sv

    if not entities:
        return image
    colour = sv.Color.from_hex(CITED)
    if outlined := [entity for entity in entities if entity.mask is not None]:
        image = sv.MaskAnnotator(colour, MASK_OPACITY).annotate(image, _detections(outlined))
        image = sv.PolygonAnnotator(colour, thickness=1).annotate(image, _detections(outlined))
    image = _boxes(image, entities, CITED, sv.calculate_optimal_line_thickness(image.size) + 1)
    labels = sv.LabelAnnotator(
        colour,
        text_scale=max(0.35, sv.calculate_optimal_text_scale(image.size)),
        text_padding=3,
        smart_position=True,
    )
    return labels.annotate(image, _detections(entities), labels=[entity.id for entity in entities])


def _detections(entities: Sequence[Entity]) -> sv.Detections:
    import supervision as sv

    pixels = [masks.decode(entity.mask) for entity in entities if entity.mask is not None]
    return sv.Detections(
        xyxy=np.array([entity.box.xyxy for entity in entities]),
        mask=np.stack(pixels) if len(pixels) == len(entities) else None,
        class_id=np.zeros(len(entities), dtype=int),
    )
