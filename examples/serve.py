"""An HTTP service over an artifact, speaking the Open Inference Protocol (version 2).

    python examples/serve.py model.pt2 --name flights

The rows of requests that come in together are answered together. Inputs are one tensor ``X``, or one tensor per column
(``BYTES`` for text); null is a missing value. Outputs are named after the methods, and are decoded: labels are the
classes, not their indices. JSON has no NaN and no infinity, so both come out as null.
"""

import argparse
import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from serving.protocol import InferRequest, Refusal, output_of
from serving.service import DEFAULT_METHODS, Service
from starlette.exceptions import HTTPException

import sk2torch

router = APIRouter()


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused as soon as it is known to be larger than ``limit``."""
    refusal = Refusal(413, f"the request is larger than {limit} bytes.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise refusal
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise refusal
    return bytes(body)


def service_of(request: Request, name: str | None = None) -> Service:
    service: Service = request.app.state.service
    if name not in (None, service.name):
        raise Refusal(404, f"there is no model {str(name)[:100]!r}; this is {service.name!r}.")
    return service


@router.get("/v2/health/live")
async def live() -> dict[str, bool]:
    return {"live": True}


@router.get("/v2/health/ready")
async def ready(request: Request) -> JSONResponse:
    is_ready = service_of(request).is_ready
    return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)


@router.get("/v2")
async def server() -> dict[str, Any]:
    return {"name": "sk2torch", "version": sk2torch.__version__, "extensions": []}


@router.get("/v2/models/{name}")
async def model(request: Request, name: str) -> dict[str, Any]:
    service = service_of(request, name)
    ports = {"inputs": service.inputs(), "outputs": service.described_outputs}
    return {"name": service.name, "versions": ["1"], "platform": "sk2torch", **ports}


@router.get("/v2/models/{name}/ready")
async def model_ready(request: Request, name: str) -> JSONResponse:
    is_ready = service_of(request, name).is_ready
    return JSONResponse({"name": name, "ready": is_ready}, 200 if is_ready else 503)


@router.post("/v2/models/{name}/infer")
async def infer(request: Request, name: str) -> dict[str, Any]:
    service = service_of(request, name)
    try:
        asked = InferRequest.model_validate_json(await read_body(request, service.max_bytes))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refusal(400, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
    known = [output["name"] for output in service.described_outputs]
    unknown = [output.name for output in asked.outputs or [] if output.name not in known]
    if unknown:
        raise Refusal(400, f"there is no output {unknown[0]!r}; there are {', '.join(known)}.")
    rows = await asyncio.get_running_loop().run_in_executor(service.encoder, service.encode, asked)
    try:
        results = await service.batcher.submit(rows)
    except (ValueError, IndexError) as error:
        # What only the model's own code finds wrong with the values.
        raise Refusal(400, str(error)) from error
    names = [output.name for output in asked.outputs] if asked.outputs else list(results)
    answer = {"model_name": service.name, "model_version": "1"}
    if asked.id is not None:
        answer["id"] = asked.id
    return {**answer, "outputs": [output_of(output, results[output]) for output in names]}


async def refuse(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
    status = error.status if isinstance(error, Refusal) else 500
    if status == 500:
        logging.getLogger("uvicorn.error").exception("a request failed", exc_info=error)
    return JSONResponse({"error": str(error) if status != 500 else "internal error"}, status)


@contextlib.asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Batches are answered while the app runs; those that wait when it stops are answered first."""
    service: Service = app.state.service
    work = asyncio.create_task(service.batcher.work())
    service.is_ready = True
    yield
    service.is_ready = False
    await service.batcher.close()
    await work
    service.encoder.shutdown()


def create_app(service: Service) -> FastAPI:
    """The service as an ASGI application."""
    app = FastAPI(title="sk2torch", lifespan=running, openapi_url=None)
    app.state.service = service
    app.include_router(router)
    for kind in (Refusal, HTTPException, Exception):
        app.add_exception_handler(kind, refuse)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", type=Path, help="an exported .pt, .pt2, .onnx or .safetensors")
    parser.add_argument("--name", help="default: the file's name without its suffix")
    parser.add_argument("--methods", nargs="+", help=f"default: those of {', '.join(DEFAULT_METHODS)} that it has")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-rows", type=int, default=256, help="rows in a batch")
    parser.add_argument("--max-delay", type=float, default=0.002, help="seconds that a request waits for others")
    parser.add_argument("--max-waiting", type=int, default=1024, help="requests that wait at a time")
    parser.add_argument("--max-bytes", type=int, default=2**23, help="size of a request")
    options = parser.parse_args()
    limits = {key: getattr(options, key) for key in ("max_rows", "max_delay", "max_waiting", "max_bytes")}
    service = Service(options.artifact, options.name or options.artifact.stem, options.methods, **limits)
    # Requests that have begun are answered before it stops.
    uvicorn.run(create_app(service), host=options.host, port=options.port, timeout_graceful_shutdown=30)


if __name__ == "__main__":
    main()
