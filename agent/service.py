"""The resident service: HTTP in front of `agent.answering`, so that a question finds its tools and models loaded."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import anyio
import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.base import TTLConfig
from langgraph.store.sqlite.aio import AsyncSqliteStore
from PIL import Image

from agent import tracing
from agent.answering import Answering
from agent.exchange import NDJSON, Question
from agent.launch import SERVICE, SERVICE_KEY
from agent.processes import home, log_path
from tools.errors import UserError, misfit
from tools.models import SHARED, Models
from tools.registry import load_tools

CHECKPOINTS, LEDGER = "checkpoints.sqlite", "ledger.sqlite"
LEDGER_TTL: TTLConfig = {"default_ttl": 30 * 24 * 60}
"""In minutes, how long a call that wanted approval is remembered: no run waits for a person that long."""
CLIENT_GONE = 499  # nginx's code: nobody reads the reply

T = TypeVar("T")


def app(models: Models = SHARED) -> FastAPI:
    """The application; uvicorn calls this.

    Args:
        models: What the tools look with; loaded in the background as the service starts.
    """
    key = os.environ[SERVICE_KEY]

    @asynccontextmanager
    async def life(made: FastAPI) -> AsyncIterator[None]:
        home().mkdir(parents=True, exist_ok=True)
        tracing.start()
        async with (
            AsyncSqliteSaver.from_conn_string(str(home() / CHECKPOINTS)) as kept,
            AsyncSqliteStore.from_conn_string(str(home() / LEDGER), ttl=LEDGER_TTL) as ledger,
        ):
            await kept.setup()
            await ledger.setup()
            await ledger.sweep_ttl()
            made.state.answering = Answering(load_tools(), models, kept, ledger)
            warming = asyncio.create_task(asyncio.to_thread(_warm_up, models))
            yield
            await warming

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
            raise HTTPException(401, "wrong or missing bearer key")

    # No pages of documentation: they would be open to all, and load scripts from elsewhere.
    made = FastAPI(lifespan=life, openapi_url=None)
    made.exception_handler(UserError)(_user_error)
    made.exception_handler(HTTPException)(_refused)
    made.exception_handler(RequestValidationError)(_malformed)
    made.exception_handler(Exception)(_bug)
    made.get("/health")(_health)
    made.post("/ask", dependencies=[Depends(authorised)])(_ask)
    made.get("/threads/{name}", dependencies=[Depends(authorised)])(_thread)
    return made


async def _health() -> dict[str, str]:
    return {"status": "ok"}


async def _ask(question: Question, request: Request) -> Response:
    """Answer; a client that goes away takes its run with it."""
    answering: Answering = request.app.state.answering
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(answering, question, request), media_type=NDJSON)
    reply = await _while_there(request, answering.answer(question))
    if reply is None:
        return Response(status_code=CLIENT_GONE)
    return Response(reply.model_dump_json(), media_type="application/json")


async def _lines(answering: Answering, question: Question, request: Request) -> AsyncIterator[bytes]:
    """What the run does, line by line, and in the last line what would else be the whole response."""
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def work() -> None:
        try:
            reply = await answering.answer(question, lambda line: lines.put_nowait(orjson.dumps({"doing": line})))
            last = Response(reply.model_dump_json())
        except UserError as error:
            last = await _user_error(request, error)
        except Exception as error:
            logging.getLogger("uvicorn.error").exception("a question failed")
            last = await _bug(request, error)
        lines.put_nowait(orjson.dumps({"status": last.status_code, "reply": orjson.Fragment(last.body)}))
        lines.put_nowait(None)

    working = asyncio.ensure_future(work())
    try:
        while (line := await lines.get()) is not None:
            yield line + b"\n"
    finally:
        working.cancel()
        # The scope in which the server cancels this would cancel at each await, and so keep a run from tidying up.
        with anyio.CancelScope(shield=True):
            await asyncio.gather(working, return_exceptions=True)


async def _thread(name: str, request: Request) -> dict[str, list[str]]:
    """What a conversation is about."""
    answering: Answering = request.app.state.answering
    images = await answering.images(name)
    if images is None:
        raise HTTPException(404, f"no conversation {name!r}: start one with images")
    return {"images": images}


async def _while_there(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives, or None once it was cancelled because the client is gone."""
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _warm_up(models: Models) -> None:
    """Load what the first look and the first picture need; a tool that needs it sooner waits, and meets any error."""
    import supervision  # noqa: F401  # with which the overlay draws, and which alone takes seconds

    try:
        # The first look also builds what later ones reuse.
        models.get("segment")(Image.new("RGB", (64, 64)))
    except UserError as error:
        logging.getLogger("uvicorn.error").warning("no detector yet: %s", error)


def _said(status: int, line: str) -> JSONResponse:
    return JSONResponse({"error": line}, status)


async def _user_error(_: Request, error: Exception) -> JSONResponse:
    return _said(422, str(error))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _said(error.status_code, str(error.detail))


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Not the input, which holds a key.
    return _said(422, "; ".join(map(misfit, error.errors())))


async def _bug(_: Request, error: Exception) -> JSONResponse:
    return _said(500, f"the service failed with {type(error).__name__}: look at {log_path(SERVICE.name)}")
