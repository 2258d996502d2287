"""When two values of an argument mean the same, by the type of the argument. Which arguments there are is not known."""

from __future__ import annotations

import ast
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from graphs.types import Mask

Type = Literal["number", "box", "mask", "image", "expression", "name", "text"]

TOLERANCE = 1e-6
IOU = 0.5
TEXT_F1 = 0.5

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_BUILTINS: dict[str, Callable[..., Any]] = {"round": round, "abs": abs, "min": min, "max": max}
_LARGEST_POWER = 64
_GROWING, _LARGEST_GROWING = frozenset({"comb", "factorial", "perm", "prod"}), 170  # 171! is past a float


def same(kind: Type, one: Any, other: Any, *, hashes: Mapping[str, str] | None = None) -> bool:
    """Whether two values mean the same.

    Args:
        kind: Numbers agree within 1e-6 relative; boxes (`[x1, y1, x2, y2]`, or a string of it) and masks at an IoU of
            0.5 (PASCAL VOC, Everingham 2010); images by the hash of their content; expressions by what they evaluate
            to; names (enums, labels) after normalisation; free text at a token F1 of 0.5 (SQuAD, arXiv 1606.05250).
        one: A value, as plain JSON data.
        other: Another.
        hashes: The hash of each image's content by its id; an id that it lacks stands for itself.
    """
    match kind:
        case "number":
            return _close(number(one), number(other))
        case "box":
            boxes = box(one), box(other)
            return None not in boxes and box_iou(*boxes) >= IOU  # type: ignore[arg-type]
        case "mask":
            return mask_iou(Mask.model_validate(one), Mask.model_validate(other)) >= IOU
        case "image":
            known = hashes or {}
            return bool(known.get(str(one), one) == known.get(str(other), other))
        case "expression":
            return _close(evaluate(str(one)), evaluate(str(other))) or plain(one) == plain(other)
        case "name":
            return plain(one) == plain(other)
        case "text":
            return token_f1(str(one), str(other)) >= TEXT_F1


def plain(value: Any) -> str:
    """A string without case, quotes, commas and the like, or doubled blanks; signs of arithmetic stay."""
    text = unicodedata.normalize("NFKC", str(value)).casefold().replace("**", "^")
    return " ".join(re.sub(r"[^\w\s.%+\-*^/=<>]", " ", text).split()).strip(" .")


def number(value: Any) -> float | None:
    """A number, or a string that is one: signs, percent, currency and thousands separators are read."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    match = re.fullmatch(
        r"\s*[$€£]?\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*%?\s*", str(value)
    )
    try:
        return float(match[1].replace(",", "")) if match else None
    except ValueError:
        return None


def box(value: Any) -> tuple[float, float, float, float] | None:
    """Four corners `x1, y1, x2, y2` from a list, an object, or a string such as `(1, 2, 3, 4)`."""
    if isinstance(value, Mapping):
        value = [value.get(name) for name in ("x1", "y1", "x2", "y2")]
    parts = re.findall(r"[-+]?\d+(?:\.\d+)?", value) if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or len(parts) != 4:
        return None
    corners = [number(part) for part in parts]
    if None in corners:
        return None
    x1, y1, x2, y2 = (float(corner or 0.0) for corner in corners)
    return x1, y1, x2, y2


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = sum((each[2] - each[0]) * (each[3] - each[1]) for each in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0


def mask_iou(one: Mask, other: Mask) -> float:
    """Intersection over union of two masks, 0 to 1; of masks of different sizes 0."""
    if one.size != other.size:
        return 0.0
    from pycocotools import mask as coco

    first, second = ({"size": list(each.size), "counts": each.counts.encode("ascii")} for each in (one, other))
    return float(coco.iou([first], [second], [0])[0][0])


def evaluate(expression: str) -> float | None:
    """The value of an arithmetic expression, functions and constants of `math` among it; none if it is no such thing.

    It is read as a syntax tree of which only arithmetic is known: nothing is executed.
    """
    try:
        return float(_value(ast.parse(expression.strip().replace("^", "**"), mode="eval").body))
    except (SyntaxError, ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RecursionError, MemoryError):
        return None


def _value(node: ast.AST) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, exponent = _value(left), _value(right)
            if abs(exponent) > _LARGEST_POWER:
                raise ValueError("a power that large is no argument of a test")
            return float(base) ** exponent  # whole numbers would grow without end
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=function, args=arguments, keywords=[]):
            name = _name(function)
            called: Callable[..., Any] = _BUILTINS.get(name) or getattr(math, name)
            values = [_value(one) for one in arguments]
            if name in _GROWING and any(abs(one) > _LARGEST_GROWING for one in values):
                raise ValueError("a number that large is no argument of a test")
            return called(*values)
        case ast.Name() | ast.Attribute():
            return getattr(math, _name(node))
    raise ValueError("no arithmetic")


def _name(node: ast.AST) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id="math"), attr=name) | ast.Name(id=name):
            if name.startswith("_"):
                raise ValueError("no name of math")
            return name
    raise ValueError("no name of math")


def token_f1(one: str, other: str) -> float:
    """F1 of the multisets of words (SQuAD, arXiv 1606.05250), 0 to 1."""
    from collections import Counter

    words = [Counter(plain(text).split()) for text in (one, other)]
    total = sum(each.total() for each in words)
    return 2 * (words[0] & words[1]).total() / total if total else 1.0


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
