from evals.diorama.scene import sample_scene
from evals.diorama.world import make_diorama
from evals.suites.detector import Look
from evals.suites.graph import judge, metrics, occlusions
from tools import masks
from tools.detector import Detection


def sees(seed: int, *, wrong: bool = False) -> Look:
    """A detector that sees what is true, or calls everything a clock."""
    truth = make_diorama(seed).truth
    found = [
        Detection("clock" if wrong else one.category, 0.9, one.box.xyxy, masks.decode(one.mask))
        for one in truth.objects
    ]
    return lambda image, labels: found


def test_who_sees_all_reaches_all() -> None:
    judged = [judge(seed, sees(seed)) for seed in (7, 8)]
    figures = {name: metric.value for name, metric in metrics(judged).items()}
    assert figures["relation_f1"] == figures["triplet_recall_at_20"] == figures["triplet_recall"] == 1.0


def test_a_wrong_label_makes_a_triplet_wrong() -> None:
    judged = judge(7, sees(7, wrong=True))
    assert (judged.best, judged.all_found) == (0, 0)
    assert judged.geometry[0] == judged.true > 0


def test_what_is_hidden_names_who_hides_it() -> None:
    for seed in range(40, 60):
        truth = make_diorama(seed).truth
        for front, _, back in occlusions(sample_scene(seed), truth):
            ids = [one.id for one in truth.objects]
            assert ids.index(front) > ids.index(back)
            assert truth.objects[ids.index(back)].occlusion > 0
