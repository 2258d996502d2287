from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from graphs.types import Observation
from tools.catalog import active
from tools.reader import Reader

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
