"""Words beyond the 48 categories: what stands above them and what else they are called. Facts only."""

from __future__ import annotations

_CHAINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "animal/mammal",
        (
            "bear", "zebra", "giraffe", "lion", "tiger", "wolf", "fox", "deer", "goat", "camel", "kangaroo", "squirrel",
            "hedgehog", "donkey", "hamster", "rat", "seal", "whale", "dolphin", "panda", "raccoon",
        ),
    ),
    ("animal/bird", ("eagle", "parrot", "swan", "goose", "chicken", "pigeon", "sparrow", "ostrich", "turkey")),
    ("animal/reptile", ("lizard", "crocodile")),
    ("animal/insect", ("spider", "ant", "fly", "ladybird", "dragonfly", "beetle")),
    ("animal", ("bird", "frog", "shark", "crab", "snail", "octopus", "mammal", "reptile", "insect")),
    ("vehicle", ("helicopter", "tractor", "tram", "van", "scooter", "submarine", "ambulance", "tank")),
    ("plant", ("potted plant", "grass", "bush")),
    ("food/fruit", ("orange", "strawberry", "grape", "lemon", "pineapple", "mango", "peach", "watermelon")),
    ("food/vegetable", ("broccoli", "tomato", "potato", "cucumber", "cabbage", "onion", "mushroom")),
    ("food", ("sandwich", "hot dog", "donut", "cheese", "egg", "salad", "hamburger", "fruit", "vegetable")),
    ("furniture/table", ("dining table", "desk", "coffee table")),
    ("furniture", ("bench", "table", "cabinet", "shelf", "wardrobe", "stool")),
    ("building", ("castle", "tower", "church", "skyscraper", "barn", "tent")),
    ("toy/ball", ("sports ball",)),
    ("toy", ("teddy bear", "frisbee", "doll", "balloon")),
    ("instrument", ("piano", "violin", "drum", "trumpet", "flute", "saxophone")),
    ("kitchenware/glass", ("wine glass",)),
    ("kitchenware", ("bottle", "cup", "fork", "knife", "spoon", "bowl", "plate", "glass", "kettle")),
    ("appliance", ("microwave", "oven", "toaster", "refrigerator", "hair drier", "washing machine")),
    ("electronics/computer", ("laptop",)),
    ("electronics/phone", ("cell phone",)),
    ("electronics", ("tv", "computer mouse", "remote", "keyboard", "camera", "computer", "phone")),
    ("bag", ("backpack", "handbag", "suitcase")),
    ("sports equipment/racket", ("tennis racket",)),
    (
        "sports equipment",
        ("ski", "snowboard", "baseball bat", "baseball glove", "skateboard", "surfboard", "racket"),
    ),
    ("light", ("traffic light", "lamp")),
    ("sign", ("stop sign",)),
)  # fmt: skip

HYPERNYMS: dict[str, tuple[str, ...]] = {
    label: tuple(reversed(chain.split("/"))) for chain, labels in _CHAINS for label in labels
}
"""Words above each label, nearest first."""

SYNONYMS: dict[str, str] = {
    "puppy": "dog", "kitten": "cat", "pony": "horse", "bull": "cow", "calf": "cow", "lamb": "sheep", "boy": "person",
    "girl": "person", "child": "person", "children": "person", "kid": "person", "lady": "person", "guy": "person",
    "player": "person", "rider": "person", "baby": "person", "someone": "person", "passenger": "person", "taxi": "car",
    "cab": "car", "coach": "bus", "pickup": "truck", "cycle": "bicycle", "jet": "airplane", "aircraft": "airplane",
    "ferry": "boat", "canoe": "boat", "yacht": "boat", "television": "tv", "television set": "tv", "monitor": "tv",
    "screen": "tv", "notebook computer": "laptop", "mobile phone": "cell phone", "smartphone": "cell phone",
    "remote control": "remote", "fridge": "refrigerator", "mug": "cup", "teacup": "cup", "knive": "knife",
    "blade": "knife", "doughnut": "donut", "hotdog": "hot dog", "burger": "hamburger", "toddler": "person",
    "purse": "handbag", "rucksack": "backpack", "luggage": "suitcase", "stuffed animal": "teddy bear",
    "soft toy": "teddy bear", "plush toy": "teddy bear", "settee": "couch", "armchair": "chair", "seat": "chair",
    "blossom": "flower", "houseplant": "potted plant", "stoplight": "traffic light", "racquet": "racket",
    "hairdryer": "hair drier", "hair dryer": "hair drier", "bookcase": "shelf", "parasol": "umbrella", "necktie": "tie",
    "basin": "sink", "flying disc": "frisbee", "benche": "bench", "sandwiche": "sandwich", "toothbrushe": "toothbrush",
    "wine glasse": "wine glass", "glasse": "glass", "tomatoe": "tomato", "potatoe": "potato", "wolve": "wolf",
}  # fmt: skip
"""Other words for a label, singular, and the plurals whose singular is not made by leaving out an s."""
