from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw, ImageFont

from graphs.types import Observation
from tools.catalog import active
from tools.errors import ToolError
from tools.reader import Reader, _pieces

if TYPE_CHECKING:
    from tests.tools.conftest import Call, Lines


def test_lines_become_things_with_their_text(call: "Call") -> None:
    message = call("read_text", image_id="img-1")
    observation = Observation.load(message.artifact)
    assert message.content == "'EXIT' at 2,3,12,8; 'no. 7' at 2,10,12,15"
    assert [(one.label, one.attributes["text"], one.model) for one in observation.entities] == [
        ("text", "EXIT", "fake-lines"),
        ("text", "no. 7", "fake-lines"),
    ]
    assert [search.label for search in observation.searches] == ["text"]


def test_a_part_is_read_in_its_own_place_and_is_no_search_of_the_image(call: "Call", lines: "Lines") -> None:
    observation = Observation.load(call("read_text", image_id="img-1", box=[40, 20, 60, 40]).artifact)
    assert lines.asked == [(24, 24)]
    assert observation.entities[0].box.xyxy == (40, 21, 50, 26)
    assert observation.searches == ()


def test_no_text_is_told_and_searched_for(call: "Call", lines: "Lines") -> None:
    lines.lines = []
    message = call("read_text", image_id="img-1")
    assert message.content == "no text found"
    assert len(Observation.load(message.artifact).searches) == 1


def test_much_text_is_told_in_short(call: "Call", lines: "Lines") -> None:
    lines.lines = lines.lines * 30
    message = call("read_text", image_id="img-1")
    assert str(message.content).endswith("; and 20 lines more")
    assert len(Observation.load(message.artifact).entities) == 60


def test_the_real_reader_reads_a_word_where_it_stands() -> None:
    image = Image.new("RGB", (320, 120), "white")
    ImageDraw.Draw(image).text((60, 40), "MARKET", fill="black", font=ImageFont.load_default(36))
    [line] = Reader(active("read"))(image)
    assert line.text == "MARKET"
    x1, y1, x2, y2 = line.box
    assert 50 <= x1 <= 70
    assert 30 <= y1 < y2 <= 95
    assert line.score > 0.8


def test_the_words_of_a_strip_are_read_where_they_stand() -> None:
    image, font = Image.new("RGB", (4200, 33), "white"), ImageFont.load_default(20)
    places = [10, 850, 1690, 2530, 3370]
    for place in places:
        ImageDraw.Draw(image).text((place, 4), "EXIT", fill="black", font=font)
    lines = Reader(active("read"))(image)
    assert [line.text for line in lines] == ["EXIT"] * 5
    corners = [line.box for line in lines]
    assert [box[0] for box in corners] == pytest.approx(places, abs=10)
    assert all(0 <= y1 < y2 <= 33 and 40 <= x2 - x1 <= 60 for x1, y1, x2, y2 in corners)


def test_a_strip_is_cut_between_words_or_lines() -> None:
    image = Image.new("RGB", (2000, 20), "white")
    draw = ImageDraw.Draw(image)
    for start in range(4, 2000, 60):  # words of five letters of 8 pixels, 2 apart, and 12 between words
        for letter in range(5):
            draw.rectangle((start + 10 * letter, 4, start + 10 * letter + 7, 15), fill="black")
    pieces = _pieces(image)
    assert len(pieces) > 4
    assert (pieces[0][0], pieces[-1][2]) == (0, 2000)
    assert [one[1::2] for one in pieces] == [(0, 20)] * len(pieces)
    assert [one[0] for one in pieces[1:]] == [one[2] for one in pieces[:-1]]
    assert all((cut - 4) % 60 >= 48 for _, _, cut, _ in pieces[:-1])
    rows = Image.new("L", (20, 1000), "white")
    for start in range(0, 1000, 11):  # lines of 10 pixels, 1 apart
        ImageDraw.Draw(rows).rectangle((4, start, 15, start + 9), fill="black")
    assert [cut % 11 for _, _, _, cut in _pieces(rows)[:-1]] == [10, 10]
    assert _pieces(Image.new("RGB", (400, 20))) == [(0, 0, 400, 20)]


def test_a_strip_that_is_far_too_long_is_refused_with_what_to_do() -> None:
    with pytest.raises(ToolError, match=r"5000 x 1 pixels is too long to read; give a box of at most 320 of its 5000"):
        Reader(active("read"))(Image.new("RGB", (5000, 1), "white"))
