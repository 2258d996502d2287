"""RDF Turtle: nodes, attributes and relations as IRIs of their own; relations with attributes are reified too."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import networkx as nx

from graphs.formats.plain import FormatError, build, is_clean

if TYPE_CHECKING:
    from rdflib import Graph, Literal, URIRef
    from rdflib.term import Node

ROOT = "urn:scenograph:"
SPACES = {name: f"{ROOT}{name}:" for name in ("node", "kind", "attribute", "relation")}
WHOLE = f"{ROOT}graph"
"""The subject of the attributes of the graph itself."""


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph to a file; values that RDF has no type for are literals of the type rdf:JSON."""
    from rdflib import RDF, BNode, Graph, URIRef

    rdf = Graph()
    for prefix, iri in SPACES.items():
        rdf.bind(prefix, iri)
    _attributes(rdf, URIRef(WHOLE), graph.graph)
    for name, data in graph.nodes(data=True):
        subject = _iri("node", name)
        kind = data.get("kind")
        named = isinstance(kind, str) and kind != ""
        rdf.add((subject, RDF.type, _iri("kind", kind if named else "-")))
        _attributes(rdf, subject, {key: value for key, value in data.items() if not (named and key == "kind")})
    for source, target, key, data in graph.edges(keys=True, data=True):
        triple = _iri("node", source), _iri("relation", key), _iri("node", target)
        rdf.add(triple)
        if data:
            statement = BNode()
            for part, term in zip((RDF.subject, RDF.predicate, RDF.object), triple, strict=True):
                rdf.add((statement, part, term))
            _attributes(rdf, statement, data)
    rdf.serialize(path, format="turtle", encoding="utf-8")


def _iri(space: str, name: str) -> URIRef:
    from rdflib import URIRef

    return URIRef(SPACES[space] + quote(name, safe=""))


def _attributes(rdf: Graph, subject: Node, data: dict[str, Any]) -> None:
    for name, value in data.items():
        rdf.add((subject, _iri("attribute", name), _literal(value)))


def _literal(value: Any) -> Literal:
    from rdflib import RDF, XSD, Literal

    match value:
        case bool() | int():
            return Literal(value)
        case float():  # as a decimal: rdflib writes a double with six digits
            return Literal(format(Decimal(repr(value)), "f"), datatype=XSD.decimal)
        case str() if is_clean(value):
            return Literal(value)
    return Literal(json.dumps(value), datatype=RDF.JSON, normalize=False)


def read(path: Path) -> nx.MultiDiGraph:
    """Read a graph from a file that `write` wrote.

    Raises:
        FormatError: It is no Turtle, or none of ours.
    """
    from rdflib import Graph

    try:
        rdf = Graph().parse(data=path.read_bytes(), format="turtle", publicID=path.absolute().as_uri())
    except OSError:
        raise
    except Exception as error:  # its parser raises what it likes
        raise FormatError(f"{path} is no Turtle: {' '.join(str(error).split())[:200]}") from error
    try:
        return _built(rdf)
    except ValueError as error:
        raise FormatError(f"{path} is no graph of Scenograph: {' '.join(str(error).split())[:200]}") from error


def _built(rdf: Graph) -> nx.MultiDiGraph:
    """The graph in the triples.

    Raises:
        ValueError: It is none of ours, or a value is not of the type that it says.
    """
    from rdflib import RDF, URIRef

    nodes = [
        (_name(subject, "node"), _kind(str(kind)) | _read(rdf, subject))
        for subject, kind in rdf.subject_objects(RDF.type)
        if str(kind).startswith(SPACES["kind"])
    ]
    if not nodes:
        raise FormatError("it holds no nodes of it, and is Turtle of something else")
    told = {
        (rdf.value(one, RDF.subject), rdf.value(one, RDF.predicate), rdf.value(one, RDF.object)): _read(rdf, one)
        for one in set(rdf.subjects(RDF.subject))
    }
    edges = [
        (_name(source, "node"), _name(target, "node"), _name(key, "relation"), told.get((source, key, target), {}))
        for source, key, target in rdf
        if str(key).startswith(SPACES["relation"])
    ]
    return build(nodes, edges, _read(rdf, URIRef(WHOLE)))


def _name(term: Node, space: str) -> str:
    return unquote(str(term).removeprefix(SPACES[space]))


def _kind(iri: str) -> dict[str, Any]:
    name = unquote(iri.removeprefix(SPACES["kind"]))
    return {} if name == "-" else {"kind": name}


def _read(rdf: Graph, subject: Node) -> dict[str, Any]:
    return {
        _name(key, "attribute"): _value(literal)
        for key, literal in rdf.predicate_objects(subject)
        if str(key).startswith(SPACES["attribute"])
    }


def _value(literal: Any) -> Any:
    from rdflib import RDF, XSD

    text, kind = str(literal), getattr(literal, "datatype", None)
    if kind == RDF.JSON:
        return json.loads(text)
    if kind == XSD.boolean:
        return text in ("true", "1")
    if kind == XSD.integer:
        return int(text)
    if kind in (XSD.decimal, XSD.double):
        return float(text)
    return text
