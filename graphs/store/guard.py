"""Which Cypher may be asked: one statement that only reads the graph. The limits of the process are `sandbox`'s."""

from __future__ import annotations

import re

from graphs.store.errors import StoreError

STARTS = ("MATCH", "OPTIONAL", "RETURN", "UNWIND", "WITH")

# The engine's read-only mode refuses what changes the graph, yet lets files be read and written, extensions be loaded
# and its settings (the time limit among them) be changed.
REFUSED = frozenset(
    "ALTER ANALYZE ATTACH BEGIN CALL CHECKPOINT COMMENT COMMIT COPY CREATE DELETE DETACH DROP EXPLAIN EXPORT EXTENSION "
    "FORCE IMPORT INSTALL LOAD MERGE PROFILE PROJECT REMOVE ROLLBACK SET TRANSACTION UNINSTALL UPDATE USE".split()
)

KEYWORD_RELATIONS = ("in", "on")
"""Relations of ours that are words of Cypher: it takes them in backticks only, which we add."""

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<quoted>`[^`]*`)|(?P<comment>//|/\*)|(?P<open>['"`])"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<semicolon>;)|(?P<other>.)""",
    re.DOTALL,
)


def checked(query: str) -> str:
    """The query as the engine takes it, if it is one statement that only reads the graph.

    Words in quotes and names in backticks are free. That a query which passes cannot reach a file does not rest on
    this: it is there for a clear answer, and the process that runs the query can open none.

    Raises:
        StoreError: It is refused; the line says for which word.
    """
    tokens = [(str(found.lastgroup), found.group()) for found in _TOKEN.finditer(query.strip().removesuffix(";"))]
    for kind, text in tokens:
        _allow(kind, text)
    first = tokens[0] if tokens else ("", "")
    if first[0] != "word" or first[1].upper() not in STARTS:
        raise StoreError(f"a query begins with one of {', '.join(STARTS)}")
    return "".join(
        f"`{text}`" if text in KEYWORD_RELATIONS and before in (":", "|") else text
        for (_, text), before in zip(tokens, ["", *(text for _, text in tokens)], strict=False)
    )


def _allow(kind: str, text: str) -> None:
    match kind:
        case "open":
            raise StoreError(f"the query has a {text} that nothing closes")
        case "comment":
            raise StoreError("the query has a comment: leave it out")
        case "semicolon":
            raise StoreError("the query has more than one statement: ask them one by one")
        case "word" if text.upper() in REFUSED:
            raise StoreError(
                f"{text.upper()} is refused: queries only read the graph, with no files and no settings (if it is a "
                f"name, write `{text}` in backticks)"
            )
