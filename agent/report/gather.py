"""Many images surveyed one after the other, each kept on disk as it is done, so that a broken-off run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.report.survey import Seen, Surveyor
from agent.report.view import shrunk
from tools import intake
from tools.errors import UserError
from tools.intake import SUFFIXES
from tools.seen import key
from tools.workspace import Workspace


@dataclass(frozen=True)
class Gathered:
    """Images that were surveyed.

    Attributes:
        seen: What the tools saw, in order, as `img-1`, `img-2` …
        pictures: JPEG for pages, by image id.
        unread: Files that were left out, each with the reason.
    """

    seen: tuple[Seen, ...]
    pictures: dict[str, bytes]
    unread: tuple[str, ...]


def expand(paths: Iterable[Path], out: Path) -> list[Path]:
    """The images named: files as they are given, and those in folders and below, by name.

    Args:
        paths: Files, folders, and patterns such as `shots/*.png`.
        out: Folder of the report, which may lie in one of these: what is in it is left out.

    Raises:
        UserError: If a path does not exist, a folder holds no image, or a pattern matches nothing.
    """
    found: list[Path] = []
    report = out.resolve()
    for path in paths:
        if not path.is_dir():
            named = intake.gather([str(path)])
            if missing := next((file for file in named if not file.exists()), None):
                raise UserError(f"no such image: {missing}; check the path")
            found += named
            continue
        files = (file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        inside = sorted(file for file in files if report not in file.resolve().parents)
        if not inside:
            raise UserError(f"no images in {path}; it may hold {', '.join(SUFFIXES)}")
        found += inside
    return list(dict.fromkeys(found))


def gather(paths: Sequence[Path], surveyor: Surveyor, kept: Path, each: Callable[[], None] = lambda: None) -> Gathered:
    """Survey images; what was seen of them before, in the same way, is not looked at again.

    Args:
        paths: The files.
        surveyor: Looks.
        kept: Folder for what was seen; it is made once there is something to keep.
        each: Is called after each image.

    Raises:
        UserError: If none of them can be read, or the folder cannot be written to.
    """
    seen: list[Seen] = []
    pictures: dict[str, bytes] = {}
    unread: list[str] = []
    for path in paths:
        try:
            workspace = surveyor.open(path)
        except UserError as error:
            unread.append(str(error))
        else:
            one, picture = _kept(workspace, surveyor, kept)
            one = one.renamed(f"img-{len(seen) + 1}", path)
            seen.append(one)
            pictures[one.image.id] = picture
        each()
    if not seen:
        raise UserError(unread[0])
    return Gathered(tuple(seen), pictures, tuple(unread))


def _kept(workspace: Workspace, surveyor: Surveyor, kept: Path) -> tuple[Seen, bytes]:
    """What was seen of an image before, else what is seen now, kept for the next time."""
    (image,) = workspace.images
    name = key(image.sha256, *surveyor.signature)[:24]
    seen_path, picture_path = kept / f"{name}.json", kept / f"{name}.jpg"
    before = None
    if seen_path.exists() and picture_path.exists():
        before = Seen.model_validate_json(seen_path.read_bytes())
        if not any(look.error for look in before.looks):
            return before, picture_path.read_bytes()
    seen, picture = surveyor(workspace, before), shrunk(workspace.image(image.id))
    try:
        kept.mkdir(parents=True, exist_ok=True)
        # The record comes last and whole: where it is, the picture is too.
        picture_path.write_bytes(picture)
        unfinished = seen_path.with_suffix(".part")
        unfinished.write_text(seen.model_dump_json(), encoding="utf-8")
        unfinished.replace(seen_path)
    except OSError as error:
        raise UserError(f"cannot write to {kept.parent} ({error.strerror}): choose another --out") from error
    return seen, picture
