"""What a picture file says about how it came to be: an XMP packet with IPTC's terms, and our own record.

The terms are those that C2PA manifests use; the file is not signed: it tells an honest reader, and proves nothing.
"""

from __future__ import annotations

import io
from xml.sax.saxutils import quoteattr

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from graphs.types import Made, Origin

KEY = "scenograph"
XMP = "XML:com.adobe.xmp"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def stamp(made: Made) -> PngInfo:
    """The metadata of a PNG."""
    info = PngInfo()
    info.add_itxt(KEY, made.model_dump_json(exclude_none=True))
    info.add_itxt(XMP, _packet(made))
    return info


def read(data: bytes) -> Made | None:
    """What the bytes of a picture file say of how it was made; none if they say nothing.

    The file may come from anywhere: what does not fit is taken for nothing.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return Made.model_validate_json(str(image.info.get(KEY, "")))
    except Exception:  # Pillow raises at least seven unrelated types on malformed files, pydantic one on other text.
        return None


def origin(made: Made | None) -> Origin:
    """Where the image of a file comes from, by what the file says of it."""
    if made is None:
        return "file"
    return "generated" if made.kind == "trainedAlgorithmicMedia" else "edited"


def _packet(made: Made) -> str:
    """XMP with `Iptc4xmpExt:DigitalSourceType` and the fields of IPTC 2025.1 for models and prompts."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(SOURCE_TYPES + made.kind)}"
        f" Iptc4xmpExt:AISystemUsed={quoteattr(made.model)}"
        f" Iptc4xmpExt:AIPromptInformation={quoteattr(made.prompt)}"
        ' xmp:CreatorTool="scenograph"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
