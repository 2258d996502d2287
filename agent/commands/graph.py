"""The verb `graph`: a collection of scene graphs on the command line. How it is kept is `graphs.store`'s."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.put import is_there
from agent.commands.show import print_json
from tools.errors import UserError

if TYPE_CHECKING:
    import networkx as nx

    from graphs.formats import Format
    from graphs.store.collection import Collection
    from graphs.store.cypher import Table as Answer

command = typer.Typer(help="Collect scene graphs; ask, draw, export and import them.", add_completion=False)

Store = Annotated[
    str | None,
    typer.Option(envvar="SCENOGRAPH_STORE", help="File of the collection, or a postgresql:// URL; by default yours."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Form = Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="By default told from the file's name.")]
CELL = 80


@command.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Folders that `ask` or `look --out` wrote, or graph.json files.")
    ],
    store: Store = None,
    json: Json = False,
) -> None:
    """Add runs and graphs to the collection; what is there already stays, what changed is replaced.

    A run is kept once its line is printed, whatever happens to the rest; what cannot be read is named and left out.
    """
    from agent import collecting

    outcomes: dict[str, str] = {}
    left_out: list[str] = []
    with _collection(store) as collection:
        for path in _found(paths, left_out):
            try:
                name, graph = collecting.load(path)
            except UserError as error:
                left_out.append(str(error))
                continue
            name = _free(collection, name, graph)
            outcomes[name] = collection.add(name, graph)
            if not json:
                typer.echo(f"{name}: {outcomes[name]}, {len(graph)} nodes, {graph.number_of_edges()} edges")
    if json:
        print_json(outcomes)
    if left_out:
        for reason in left_out[:-1]:
            typer.echo(f"scenograph: {reason}", err=True)
        raise UserError(left_out[-1])


def _free(collection: Collection, name: str, graph: nx.MultiDiGraph) -> str:
    """The name, or the next one that no scene of other images has: folders of one name may hold different ones."""
    taken, ours = set(collection.names()), _images(graph)
    for one in itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2))):
        theirs = _images(collection.graph(one)) if one in taken else set()
        if not ours or not theirs or ours & theirs:
            return one
    raise AssertionError("names do not end")


def _images(graph: nx.MultiDiGraph) -> set[str]:
    return {data["sha256"] for _, data in graph.nodes(data=True) if data.get("kind") == "image" and "sha256" in data}


def _found(paths: list[Path], left_out: list[str]) -> Iterator[Path]:
    """The runs and graphs at paths; why there is none at one is noted."""
    from agent import collecting

    for path in paths:
        try:
            yield from collecting.find(path)
        except UserError as error:
            left_out.append(str(error))


@command.command()
def query(
    cypher: Annotated[str, typer.Argument(metavar="CYPHER", help="Such as MATCH (d:Entity) RETURN d, in quotes.")],
    store: Store = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="The longest that it may take.")] = 10.0,
    memory: Annotated[int, typer.Option(min=64, help="MiB that it may take.")] = 512,
    rows: Annotated[int, typer.Option(min=1, help="The most rows to print.")] = 1000,
    json: Json = False,
) -> None:
    """Ask the collection in openCypher, read-only.

    Nodes are Run, Image and Entity (with category, score, box, colour, hypernyms); relations go by their names:
    MATCH (d:Entity {category: 'dog'})-[:left_of]->(b) RETURN d, b
    """
    from graphs.store.cypher import Cypher, Limits

    limits = Limits(seconds=seconds, memory=memory * 2**20, rows=rows)
    with _collection(store) as collection, Cypher(collection, _engine_file(collection), limits) as asked:
        answer = asked.query(cypher)
    if json:
        print_json(answer.model_dump())
    else:
        _print_table(answer)


@command.command()
def stats(store: Store = None, json: Json = False) -> None:
    """Say what the collection holds: scenes, nodes, categories and relations."""
    with _collection(store) as collection:
        counted = collection.stats()
    if json:
        print_json(counted.model_dump())
        return
    typer.echo(f"scenes: {counted.scenes}")
    for what, counts in (
        ("nodes", counted.nodes),
        ("categories", counted.categories),
        ("relations", counted.relations),
    ):
        typer.echo(f"{what}: {', '.join(f'{name} {count}' for name, count in counts.items()) or 'none'}")


@command.command("list")
def list_scenes(store: Store = None, json: Json = False) -> None:
    """List the names of the scenes in the collection."""
    with _collection(store) as collection:
        names = collection.names()
    if json:
        print_json(names)
    else:
        for name in names:
            typer.echo(name)
        if not names:
            typer.echo("no scenes yet: `scenograph graph add FOLDER` adds what `ask` and `look --out` wrote", err=True)


@command.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a folder for neo4j and yolo.")],
    form: Form = None,
    scene: Annotated[list[str] | None, typer.Option(help="Only this one; give it again for more.")] = None,
    store: Store = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
    json: Json = False,
) -> None:
    """Write the collection, or some scenes of it, to a file of another format.

    FORMAT is node-link, graphml, cytoscape, turtle, neo4j, coco, yolo, visual-genome or gqa.
    """
    chosen = _format(out, form)
    if not force and is_there(out):
        raise UserError(f"{out} is there already: name another file, or give --force to replace it")
    with _collection(store) as collection:
        graph = collection.graph(scene[0]) if scene and len(scene) == 1 else collection.whole(scene)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            chosen.write(graph, out)
        except OSError as error:
            raise UserError(f"cannot write to {out} ({error.strerror}): choose another file") from error
    _say(json, {"file": str(out), "format": chosen.name, "nodes": len(graph), "edges": graph.number_of_edges()})


@command.command("import")
def bring(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What to read; a folder for neo4j and yolo.")],
    form: Form = None,
    name: Annotated[str | None, typer.Option(help="Of the scene; by default that of the file.")] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Read a file of another format into the collection; what `export` wrote of many scenes becomes them again."""
    from graphs.store.collection import split

    chosen = _format(source, form)
    if not is_there(source):
        raise UserError(f"no such file: {source}")
    if source.is_dir() == bool(chosen.suffix):
        raise UserError(f"{source}: {chosen.name} is read from a {'file' if chosen.suffix else 'folder'}")
    with _collection(store) as collection:
        try:
            parts = split(chosen.read(source))
        except OSError as error:
            raise UserError(f"cannot read {source} ({error.strerror})") from error
        if not any(map(len, parts.values())):
            raise UserError(f"{source} holds no scene")
        named = {part or name or source.stem: graph for part, graph in parts.items()}
        outcomes = dict(zip(named, collection.add_all(named.items()), strict=True))
    _say(json, outcomes)


@command.command()
def draw(
    scene: Annotated[str, typer.Argument(metavar="SCENE", help="Name of a scene, or a run's folder or graph.json.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path(),
    store: Store = None,
    json: Json = False,
) -> None:
    """Draw a scene: its graph as SVG, and its images with boxes, masks and names."""
    from agent import collecting
    from graphs import drawing

    if is_there(Path(scene)):
        name, graph = collecting.load(next(collecting.find(Path(scene))))
    else:
        with _collection(store) as collection:
            name, graph = scene, collection.graph(scene)
    stem = name.replace("/", "-")
    try:
        files = {f"{stem}.svg": drawing.svg(graph).encode()} | _marked(stem, graph)
        out.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (out / file).write_bytes(content)
    except ValueError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    _say(json, {"files": [str(out / file) for file in files]})


def _marked(stem: str, graph: nx.MultiDiGraph) -> dict[str, bytes]:
    """The images that are on this disk, as PNG with all that is in them marked, by the names of their files."""
    import io

    from pydantic import ValidationError

    from agent.overlay import annotate
    from graphs.formats import pictures
    from graphs.types import Entity
    from tools import intake
    from tools.errors import misfit

    found = {}
    for picture in pictures.of(graph):
        path = Path(picture.data.get("path") or "")
        if not path.is_file():
            continue
        fields = Entity.model_fields.keys()
        try:
            things = [
                Entity(id=name, **{key: value for key, value in data.items() if key in fields})
                for name, data in picture.things.items()
            ]
        except ValidationError as error:
            raise UserError(f"a thing in {picture.name} cannot be drawn: {misfit(error.errors()[0])}") from error
        marked = annotate(intake.decode(intake.read(path), str(path)), things, picture.things.keys())
        marked.save(content := io.BytesIO(), "PNG")
        found[f"{stem}-{picture.name}.png"] = content.getvalue()
    return found


def _format(path: Path, name: str | None) -> Format:
    from graphs.formats import FORMATS, guess

    chosen = name or guess(path)
    if chosen not in FORMATS:
        what = f"no such format: {chosen}" if chosen else f"the format of {path} cannot be told from its name"
        raise UserError(f"{what}; give --format, one of {', '.join(FORMATS)}")
    return FORMATS[chosen]


def _say(json: bool, told: Mapping[str, Any]) -> None:
    if json:
        print_json(told)
        return
    for key, value in told.items():
        for one in value if isinstance(value, list) else [value]:
            typer.echo(f"{key}: {one}")


@contextmanager
def _collection(store: str | None) -> Iterator[Collection]:
    """The collection, open; what is wrong with it or with a query is told as one line."""
    from agent.processes import home
    from graphs.formats.plain import FormatError
    from graphs.store.collection import Collection
    from graphs.store.errors import StoreError

    try:
        collection = Collection.open(store or home() / "graphs.sqlite")
        try:
            yield collection
        finally:
            collection.close()
    except (FormatError, StoreError) as error:
        raise UserError(str(error)) from error


def _engine_file(collection: Collection) -> Path:
    """Where the graph engine's copy of a collection lies: of each its own, and it may be removed at any time."""
    import hashlib

    from agent.processes import home

    url = collection.engine.url
    named = str(Path(url.database or "").absolute()) if url.get_backend_name() == "sqlite" else url.render_as_string()
    return home() / "cypher" / f"{hashlib.sha256(named.encode()).hexdigest()[:16]}.lbug"


def _print_table(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    table = Table(*(Column(Text(column)) for column in answer.columns))
    for row in answer.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)
    console.print(f"{len(answer.rows)} rows{', and there are more: raise --rows' if answer.more else ''}")


def _cell(value: Any) -> str:
    """A value as a person reads it: a node by its id, a relation by its name, a path by both."""
    match value:
        case {"nodes": [first, *others], "relations": relations}:
            steps = [f" {one['predicate']} {_cell(node)}" for one, node in zip(relations, others, strict=True)]
            return _cell(first) + "".join(steps)
        case {"kind": _, "id": name, **columns}:
            category = columns.get("category")
            return f"{name} ({category})" if category else str(name)
        case {"predicate": predicate, **_columns}:
            return str(predicate)
        case float():
            return f"{value:.4g}"
        case None:
            return ""
        case str() | int() | bool():
            return str(value)
    import orjson

    return orjson.dumps(value).decode()[:CELL]
