"""The real recognisers, with the weights that are shipped."""

import numpy as np
import pytest
from PIL import Image

from evals.diorama.world import make_diorama
from tools import exported
from tools.catalog import ModelEntry, Source, active, entries, packaged
from tools.errors import UserError
from tools.recogniser import HeadRecogniser, ImageNetRecogniser, square


def test_things_of_unseen_dioramas_are_named() -> None:
    recogniser = HeadRecogniser(active("recognise"))
    true, crops = [], []
    for seed in (4100, 4101, 4102):
        image, truth = make_diorama(seed)
        true += [thing.category for thing in truth.objects]
        crops += [square(image, thing.box.xyxy) for thing in truth.objects]
    shares = recogniser(crops)
    named = [recogniser.classes[place] for place in shares.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(true, named, strict=True)]) >= 0.9
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-3)
    vectors = recogniser.embed(crops[:2])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)


def test_photographs_are_named() -> None:
    entry = next(one for one in entries() if one.name == "imagenet-efficientnet-lite0")
    recogniser = ImageNetRecogniser(entry)
    photo = packaged(Source(kind="package", location="ultralytics/assets/bus.jpg"))
    shares = recogniser([Image.open(photo).convert("RGB").crop((0, 220, 810, 760))])[0]
    likeliest = [recogniser.classes[place] for place in np.argsort(-shares)[:5]]
    assert any("bus" in name or "streetcar" in name for name in likeliest), likeliest
    with pytest.raises(UserError, match="is not what the catalog lists"):
        ImageNetRecogniser(entry.model_copy(update={"sha256": "0" * 64}))


def test_a_package_that_is_missing_is_named() -> None:
    for location in ("no_such_package/a.pth", "timm/no/such/file.pth"):
        with pytest.raises(UserError, match=f"{location} is missing"):
            packaged(Source(kind="package", location=location))


def test_the_catalog_entries_name_their_classes_or_leave_it_to_the_package() -> None:
    kinds: dict[str, ModelEntry] = {one.name: one for one in entries() if one.task == "recognise"}
    assert len(kinds["diorama-recogniser"].classes) == 48
    assert kinds["imagenet-efficientnet-lite0"].classes == ()


@pytest.mark.usefixtures("home")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_openvino_recognises_what_torch_does() -> None:
    entry = active("recognise")
    recogniser = HeadRecogniser(entry)
    crops = [make_diorama(seed).image.crop((0, 0, 200, 160)) for seed in range(3)]
    by_torch = recogniser(crops)
    recogniser.hasten()
    assert exported.ready(entry)
    for again in (recogniser, HeadRecogniser(entry)):
        assert np.abs(again(crops) - by_torch).max() < 1e-3
        assert np.abs(again(crops[:1]) - by_torch[:1]).max() < 1e-3


@pytest.mark.usefixtures("home")
def test_where_openvino_cannot_be_used_torch_recognises() -> None:
    entry = active("recognise")
    by_torch = HeadRecogniser(entry)([make_diorama(1).image])
    exported.path(entry).mkdir(parents=True)
    (exported.path(entry) / "model.xml").write_text("<net")
    assert np.abs(HeadRecogniser(entry)([make_diorama(1).image]) - by_torch).max() < 1e-6


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height // 20, width // 20, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("box", "around"), [((20, 30, 60, 50), (18, 18, 62, 62)), ((-30, 200, 890, 300), (-76, -256, 936, 756))]
)
def test_an_ordinary_crop_keeps_its_pixels(box: tuple[int, ...], around: tuple[int, int, int, int]) -> None:
    image = noise(1000, 400)
    assert square(image, box) == image.crop(around)


@pytest.mark.parametrize("box", [(200, 100, 1900, 300), (-400, 0, 1700, 400), (0, -900, 300, 900)])
def test_a_large_crop_is_what_it_was_but_smaller(box: tuple[int, ...]) -> None:
    image = noise(2000, 400)
    reach = 0.55 * max(box[2] - box[0], box[3] - box[1])
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    whole = image.crop((round(x - reach), round(y - reach), round(x + reach), round(y + reach)))
    small = square(image, box)
    assert small.size == (1024, 1024)
    off = np.abs(np.asarray(small, dtype=float) - np.asarray(whole.resize(small.size, Image.Resampling.BICUBIC)))
    assert off.mean() < 1


def test_the_crop_around_a_panorama_is_no_bomb() -> None:
    crop = square(Image.new("RGB", (14_000, 1000), "white"), (0, 0, 14_000, 1000))
    assert crop.size == (1024, 1024)
    assert [crop.getpixel(at) for at in ((512, 512), (512, 400), (20, 512))] == [(255,) * 3, (0,) * 3, (0,) * 3]


def test_a_large_crop_beside_the_image_is_black() -> None:
    crop = square(Image.new("RGB", (50, 50), "white"), (0, 0, 2000, 2000), shift=(4000, 0))
    assert crop.getextrema() == ((0, 0),) * 3
