"""An HTTP service around a model: recordings in, labels, words or hits out, with limits on all that a request may take.

GET  /health     whether it is up
GET  /model      what it recognizes
GET  /metrics    requests, seconds, and what is in progress, in Prometheus' format
POST /predict    a recording, or raw samples: the label and probabilities; of a transcriber text, and words with times
POST /spot       a recording, or raw samples: words and when they are said
WS   /stream     raw samples block by block: words as soon as they are certain
"""

import functools
import json
import logging
import time

import numpy as np

from .._runtime.requirements import require_extra
from ..errors import AudioError
from .limits import Counters, Gate, Limits, Rate, RefusedError
from .recognition import Recognizer, as_samples

_LOGGER = logging.getLogger("sklspeech.service")
_LONGEST_RATE = 7  # digits
_MOST_BYTES_OF_MESSAGE = 2**20  # of a stream: half a minute of sound
_FOR_HEALTH = 8  # connections beyond those that compute, wait or stream
_CLOSED_BY_CLIENT = 499  # nginx's status for it, in the metrics alone


def create_app(model, limits=None, threshold=None):
    """Make the service, an ASGI application.

    Parameters
    ----------
    model : estimator
        A pipeline of labels or sentences, or a `WordSpotter`; frozen ones can be used by several threads at once.
    limits : Limits or None, default=None
        What a request may take; None is ``Limits()``.
    threshold : float or None, default=None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.

    Returns
    -------
    app : fastapi.FastAPI

    Raises
    ------
    ModuleNotFoundError
        FastAPI is not installed.
    """
    require_extra("the service", "serve", "fastapi", "uvicorn")
    from fastapi import FastAPI, Request, WebSocket
    from fastapi.responses import PlainTextResponse

    service = _Service(model, Limits() if limits is None else limits, threshold)
    app = FastAPI(title="sklspeech", description="Speech recognition: recordings in, labels or text out.")

    @app.get("/health")
    def health():
        """Whether the service is up."""
        return {"status": "ok"}

    @app.get("/model")
    def model_of():
        """What is recognized."""
        return service.recognizer.describe()

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics():
        """Requests, seconds, and what is in progress."""
        return service.counters.as_text(service.n_in_progress)

    body = {"requestBody": {"required": True, "content": {"application/octet-stream": {}, "audio/pcm": {}}}}

    @app.post("/predict", openapi_extra=body)
    async def predict(request: Request):
        """Recognize a recording: a file, or raw 16-bit samples of ``Content-Type: audio/pcm; rate=16000``."""
        return await service.answer(request, service.recognizer.predict)

    @app.post("/spot", openapi_extra=body)
    async def spot(request: Request):
        """Find words in a recording, which is given as for /predict."""
        return await service.answer(request, service.recognizer.spot)

    @app.websocket("/stream")
    async def stream(socket: WebSocket):
        """Find words in raw 16-bit samples at the rate of the model; an empty message ends the stream."""
        await service.stream(socket)

    return app


class _Service:
    """What is made of requests and streams, within their limits.

    Parameters
    ----------
    model, limits, threshold
        See `create_app`.
    """

    def __init__(self, model, limits, threshold):
        self.recognizer, self.counters = Recognizer(model, threshold, limits.max_duration), Counters()
        self._limits, self._rate_of_clients = limits, Rate(limits.max_per_minute)
        self._requests, self._streams = Gate(limits.n_workers + limits.max_waiting), Gate(limits.max_streams)
        self._workers = None  # their limiter belongs to the loop that runs the service, and is made in it

    @property
    def n_in_progress(self):
        return self._requests.n_inside + self._streams.n_inside

    async def answer(self, request, function):
        """What a function makes of a request, or what is wrong."""
        from fastapi.responses import JSONResponse
        from starlette.requests import ClientDisconnect

        start, status = time.perf_counter(), 200
        try:
            return JSONResponse(await self._found(request, function))
        except RefusedError as refused:
            status = refused.status
            return _error(JSONResponse, status, refused.detail)
        except AudioError as error:
            status = 422
            return _error(JSONResponse, status, f"the recording {error.fault}")
        except ClientDisconnect:
            status = _CLOSED_BY_CLIENT
            return _error(JSONResponse, status, "the client has gone")
        except Exception:
            status = 500
            _LOGGER.exception("a request failed")
            return _error(JSONResponse, status, "the request could not be computed")
        finally:
            self.counters.add(request.url.path, status, time.perf_counter() - start)

    async def _found(self, request, function):
        """Read a body within its limits, and compute: who sends slowly takes nobody's place."""
        import anyio

        limits = self._limits
        self._rate_of_clients.count(_client_of(request))
        _check_length(request.headers.get("content-length"), limits.max_bytes)
        rate = _rate_of(request.headers.get("content-type", ""), request.query_params.get("rate"))
        with anyio.move_on_after(limits.max_seconds_of_upload) as upload:
            content = await _body(request, limits.max_bytes)
        if upload.cancelled_caught:
            raise RefusedError(408, f"the body did not come within {limits.max_seconds_of_upload:g} s")
        with self._requests.inside():
            return await self._compute(function, content, rate)

    async def stream(self, socket):
        """Send the hits of a stream while it comes, or what is wrong."""
        from starlette.websockets import WebSocketDisconnect

        start, status = time.perf_counter(), 200
        try:
            self._rate_of_clients.count(_client_of(socket))
            with self._streams.inside():
                await socket.accept()
                if self.recognizer.spotter is None:
                    raise RefusedError(404, "this model has no words to spot")
                await _listen(socket, self.recognizer.spotter, self._limits, self._compute)
        except WebSocketDisconnect:
            pass
        except RefusedError as refused:
            status = refused.status
            await _close(socket, refused.detail)
        except Exception:
            status = 500
            _LOGGER.exception("a stream failed")
            await _close(socket, "the stream could not be computed")
        finally:
            self.counters.add("/stream", status, time.perf_counter() - start)

    async def _compute(self, function, *arguments):
        """Run a function in one of the workers' threads."""
        import anyio

        if self._workers is None:
            self._workers = anyio.CapacityLimiter(self._limits.n_workers)
        return await anyio.to_thread.run_sync(functools.partial(function, *arguments), limiter=self._workers)


async def _listen(socket, spotter, limits, compute):
    """Feed what comes to a spotter, and send its hits."""
    import anyio

    listener, n_samples, rate = spotter.listen(), 0, spotter.sample_rate_
    end = time.monotonic() + limits.max_stream_duration + limits.max_seconds_of_upload
    while True:
        if time.monotonic() > end:
            raise RefusedError(408, f"a stream may be open for {limits.max_stream_duration:g} s")
        with anyio.move_on_after(limits.max_seconds_of_upload) as waiting:
            message = await socket.receive()
        if waiting.cancelled_caught:
            raise RefusedError(408, f"nothing came for {limits.max_seconds_of_upload:g} s")
        if message["type"] == "websocket.disconnect":
            return
        content = message.get("bytes")
        if content is None:
            content = b""  # any text ends the stream as well
        if len(content) > limits.max_bytes:
            raise RefusedError(413, f"a message has {len(content)} bytes, at most {limits.max_bytes} are taken")
        samples = as_samples(content)
        n_samples += len(samples)
        if n_samples > limits.max_stream_duration * rate:
            raise RefusedError(413, f"at most {limits.max_stream_duration:g} s of a stream are taken")
        block = samples.astype(np.float32) / 2**15
        hits = await compute(listener.feed, block) if len(block) else await compute(listener.finish)
        for hit in hits:
            await socket.send_text(json.dumps(hit._asdict()))
        if not len(block):
            await socket.close()
            return


async def _close(socket, reason):
    """Say why, where there is still somebody to hear it."""
    from starlette.websockets import WebSocketDisconnect, WebSocketState

    try:
        if socket.application_state == WebSocketState.CONNECTED:
            await socket.send_text(json.dumps({"error": reason}))
        await socket.close(code=1008)
    except (RuntimeError, WebSocketDisconnect):  # it is closed already
        pass


def _client_of(connection):
    return connection.client.host if connection.client else ""


async def _body(request, max_bytes):
    """The body, read no further than is allowed."""
    parts, n_bytes = [], 0
    async for part in request.stream():
        n_bytes += len(part)
        if n_bytes > max_bytes:
            raise RefusedError(413, f"the body has more than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _check_length(length, max_bytes):
    if length is not None and length.isdecimal() and int(length) > max_bytes:
        raise RefusedError(413, f"the body has {length} bytes, at most {max_bytes} are taken")


def _rate_of(content_type, query):
    """Hertz of raw samples, by the type of the content or the query; None of a file."""
    kind, *params = [part.strip() for part in content_type.lower().split(";")]
    named = [param.removeprefix("rate=") for param in params if param.startswith("rate=")]
    text = query or (named[0] if named else None)
    if kind not in ("audio/pcm", "audio/l16") and query is None:
        return None
    if text is None or not text.isdecimal() or len(text) > _LONGEST_RATE:
        raise RefusedError(
            422, f"raw samples need a rate in hertz, such as 'audio/pcm; rate=16000', got {str(text)[:20]!r}"
        )
    return int(text)


def _error(response, status, detail):
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    return response({"detail": detail}, status_code=status, headers=headers)


def run(model, host, port, limits, threshold):
    """Run the service until it is stopped; requests in progress are finished.

    Parameters
    ----------
    model : estimator
        See `create_app`.
    host : str
        Address to listen on.
    port : int
        Port to listen on.
    limits : Limits
        What a request may take.
    threshold : float or None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.
    """
    app = create_app(model, limits, threshold)
    import uvicorn

    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="info",
        access_log=False,
        timeout_graceful_shutdown=30,
        timeout_keep_alive=10,
        ws_max_size=min(limits.max_bytes, _MOST_BYTES_OF_MESSAGE),
        limit_concurrency=limits.n_workers + limits.max_waiting + limits.max_streams + _FOR_HEALTH,
    )
