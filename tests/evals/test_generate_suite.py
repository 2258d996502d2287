"""The suite `generate`, over pictures that are painted for their prompts and a detector that knows them."""

from collections.abc import Collection

from PIL import Image

from evals.diorama.prompts import Prompted, sample_prompt
from evals.diorama.render import paint
from evals.suites.generate import KINDS, Picture, copies, scored
from tools.detector import Detection

TRAINED = range(100, 130)


class Knows:
    """A detector that knows what is true of the pictures of some prompts."""

    def __init__(self, prompts: Collection[Prompted]) -> None:
        self.truths = {picture(one).tobytes(): one for one in prompts}

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        things = self.truths[image.tobytes()].scene.objects if image.tobytes() in self.truths else ()
        return [Detection(one.category, 0.9, corners(one.box), None) for one in things]


def corners(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    return float(box[0]), float(box[1]), float(box[0] + box[2]), float(box[1] + box[3])


def picture(prompted: Prompted) -> Image.Image:
    return paint(prompted.scene).image


def test_what_shows_its_prompt_counts_and_what_shows_another_does_not() -> None:
    asked = [sample_prompt(seed, KINDS[seed % 3]) for seed in range(24)]
    detector = Knows([*asked, *map(sample_prompt, TRAINED)])
    empty = Image.new("RGB", (96, 96))
    good = [Picture(one, picture(one), picture(one)) for one in asked]
    blank = [Picture(one.prompted, empty, empty) if one.prompted.seed < 6 else one for one in good]
    retried = [Picture(one.prompted, one.image, empty) for one in good]

    metrics, failures = scored(good, detector, TRAINED)
    worse, missing = scored(blank, detector, TRAINED)

    assert failures == []
    assert scored(retried, detector, TRAINED)[0]["relation_first"].value == 0.0
    for kind in KINDS:
        assert (metrics[kind].value, metrics[kind].n) == (1.0, 8)
        assert metrics[f"{kind}_painted"].value == 1.0
        assert (metrics[f"{kind}_chance"].value or 0) < 0.3
        assert (metrics[f"{kind}_nearest"].value or 0) < 1.0
        assert worse[kind].value == 0.75
    assert [one.got for one in missing] == ["nothing"] * 6


def test_a_copy_of_a_training_picture_is_found() -> None:
    fresh = [sample_prompt(seed, "one_object") for seed in range(4)]
    trained = [sample_prompt(seed) for seed in TRAINED]
    stolen = Picture(fresh[0], picture(trained[3]), picture(trained[3]))

    found = copies([stolen, *(Picture(one, picture(one), picture(one)) for one in fresh[1:])], TRAINED)

    assert found["copies"].value == 0.25
    assert (found["nearest_distance_painted"].value or 0) > 3.0
