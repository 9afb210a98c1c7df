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
import threading
import time
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass

import numpy as np

from .._runtime.requirements import require_extra
from ..compose.spotter import WordSpotter
from ..errors import AudioError
from ..features.recordings import to_recording

_LOGGER = logging.getLogger("sklspeech.service")
_MOST_CLIENTS = 10_000  # whose requests are counted
_MINUTE = 60.0


class RefusedError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        Why.
    """

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(frozen=True)
class Limits:
    """What a request may take.

    Parameters
    ----------
    max_bytes : int, default=20_000_000
        Of a body; more is refused before it is read.
    max_duration : float, default=120.0
        Seconds of a recording.
    max_stream_duration : float, default=3600.0
        Seconds of a stream.
    n_workers : int, default=2
        Requests that are computed at once.
    max_waiting : int, default=32
        Requests that wait for that; more are refused.
    max_per_minute : int, default=600
        Requests of one client.
    max_seconds_of_upload : float, default=30.0
        In which a body must have come, and the next message of a stream.
    """

    max_bytes: int = 20_000_000
    max_duration: float = 120.0
    max_stream_duration: float = 3600.0
    n_workers: int = 2
    max_waiting: int = 32
    max_per_minute: int = 600
    max_seconds_of_upload: float = 30.0


class Recognizer:
    """What the service does with sound, without HTTP.

    Parameters
    ----------
    model : estimator
        A pipeline of labels or sentences, or a `WordSpotter`.
    threshold : float, default=0.8
        Of the hits of a model that has none of its own.
    max_duration : float, default=120.0
        Seconds of a recording.
    """

    def __init__(self, model, threshold=0.8, max_duration=120.0):
        is_spotter = hasattr(model, "detect")
        self.writes = hasattr(model, "predict_words")
        self._model = model.estimator if is_spotter else model
        self._max_duration = max_duration
        self.spotter = model if is_spotter else None
        if not is_spotter and not self.writes:
            spotter = WordSpotter(model, threshold=threshold)
            self.spotter = spotter if spotter.has_windows() else None

    def describe(self):
        """What is recognized.

        Returns
        -------
        described : dict
        """
        if self.writes:
            return {"kind": "sentences"}
        return {"kind": "labels", "labels": self._model.classes_.tolist(), "spots": self.spotter is not None}

    def predict(self, content, rate):
        """Recognize a recording.

        Parameters
        ----------
        content : bytes
            Of a file, or raw samples.
        rate : int or None
            Hertz of raw 16-bit samples; None is a file.

        Returns
        -------
        found : dict
        """
        return self.predict_clip(self._recording(content, rate))

    def predict_clip(self, recording):
        """Recognize a recording that was decoded already.

        Parameters
        ----------
        recording : Recording
            An entry of what `check_clips` gives.

        Returns
        -------
        found : dict
        """
        if self.writes:
            (words,) = self._model.predict_words([recording])
            return {"text": " ".join(word.text for word in words), "words": [word._asdict() for word in words]}
        (label,), (probabilities,) = self._model.predict([recording]).tolist(), self._model.predict_proba([recording])
        of_labels = dict(zip(map(str, self._model.classes_.tolist()), probabilities.tolist(), strict=True))
        return {"label": label, "probability": float(max(probabilities)), "probabilities": of_labels}

    def spot(self, content, rate):
        """Find words in a recording.

        Parameters
        ----------
        content : bytes
            Of a file, or raw samples.
        rate : int or None
            Hertz of raw 16-bit samples; None is a file.

        Returns
        -------
        found : dict
        """
        if self.spotter is None:
            raise RefusedError(404, "this model has no words to spot")
        (hits,) = self.spotter.detect([self._recording(content, rate)])
        return {"detections": [hit._asdict() for hit in hits]}

    def _recording(self, content, rate):
        source = content if rate is None else (rate, as_samples(content))
        recording = to_recording(source, 0, self._max_duration)
        if recording.duration > self._max_duration:
            raise RefusedError(
                413, f"the recording has {recording.duration:.0f} s, at most {self._max_duration:g} are taken"
            )
        return recording


def as_samples(content):
    """Raw 16-bit little-endian samples.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    samples : ndarray of shape (n_samples,), int16
    """
    if len(content) % 2:
        raise RefusedError(422, "raw samples have two bytes each, got an odd number of bytes")
    return np.frombuffer(content, "<i2")


class Gate:
    """Lets some requests in at once, some wait, and refuses the others; one client has no more than its share.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits):
        self._limits = limits
        self._n_inside = 0
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque] = OrderedDict()

    def enter(self, client):
        """Let a request in.

        Parameters
        ----------
        client : str
            Its address.

        Raises
        ------
        RefusedError
            There are too many.
        """
        with self._lock:
            self._count(client)
            if self._n_inside >= self._limits.n_workers + self._limits.max_waiting:
                raise RefusedError(503, "too many requests are waiting, try again in a moment")
            self._n_inside += 1

    def leave(self):
        """Let a request out."""
        with self._lock:
            self._n_inside -= 1

    @property
    def n_inside(self):
        """Requests that are computed or wait."""
        return self._n_inside

    def _count(self, client):
        now = time.monotonic()
        times = self._times.setdefault(client, deque())
        self._times.move_to_end(client)
        while len(self._times) > _MOST_CLIENTS:
            self._times.popitem(last=False)
        while times and now - times[0] > _MINUTE:
            times.popleft()
        if len(times) >= self._limits.max_per_minute:
            raise RefusedError(429, f"more than {self._limits.max_per_minute} requests a minute")
        times.append(now)


class Counters:
    """Requests by path and status, and their seconds."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests: dict = defaultdict(int)
        self._seconds: dict = defaultdict(float)

    def add(self, path, status, seconds):
        """Count a request.

        Parameters
        ----------
        path : str
        status : int
        seconds : float
        """
        with self._lock:
            self._requests[path, status] += 1
            self._seconds[path] += seconds

    def as_text(self, n_inside):
        """Prometheus' text format.

        Parameters
        ----------
        n_inside : int
            Requests in progress.

        Returns
        -------
        text : str
        """
        with self._lock:
            requests, seconds = dict(self._requests), dict(self._seconds)
        lines = ["# TYPE sklspeech_requests_total counter"]
        lines += [
            f'sklspeech_requests_total{{path="{path}",status="{status}"}} {n}' for (path, status), n in requests.items()
        ]
        lines += ["# TYPE sklspeech_request_seconds_total counter"]
        lines += [f'sklspeech_request_seconds_total{{path="{path}"}} {value:.6f}' for path, value in seconds.items()]
        lines += ["# TYPE sklspeech_requests_in_progress gauge", f"sklspeech_requests_in_progress {n_inside}"]
        return "\n".join(lines) + "\n"


def create_app(model, limits=Limits(), threshold=0.8):
    """Make the service, an ASGI application.

    Parameters
    ----------
    model : estimator
        A pipeline of labels or sentences, or a `WordSpotter`; frozen ones can be used by several threads at once.
    limits : Limits, default=Limits()
        What a request may take.
    threshold : float, default=0.8
        Of the hits of a model that has none of its own.

    Returns
    -------
    app : fastapi.FastAPI

    Raises
    ------
    ModuleNotFoundError
        FastAPI is not installed.
    """
    require_extra("the service", "serve", "fastapi", "uvicorn")
    import anyio
    from fastapi import FastAPI, Request, WebSocket
    from fastapi.responses import JSONResponse, PlainTextResponse
    from starlette.websockets import WebSocketDisconnect

    recognizer = Recognizer(model, threshold, limits.max_duration)
    gate, counters = Gate(limits), Counters()
    app = FastAPI(title="sklspeech", description="Speech recognition: recordings in, labels or text out.")
    workers: list = []  # the limiter belongs to the loop that runs the service, and is made in it

    async def compute(function, *arguments):
        """Run a function in one of the workers' threads."""
        if not workers:
            workers.append(anyio.CapacityLimiter(limits.n_workers))
        return await anyio.to_thread.run_sync(functools.partial(function, *arguments), limiter=workers[0])

    async def answer(request, function):
        """Read a body within its limits, compute, and say what is wrong where something is."""
        start, status = time.perf_counter(), 200
        client = request.client.host if request.client else ""
        entered = False
        try:
            _check_length(request.headers.get("content-length"), limits.max_bytes)
            rate = _rate_of(request.headers.get("content-type", ""), request.query_params.get("rate"))
            gate.enter(client)
            entered = True
            with anyio.move_on_after(limits.max_seconds_of_upload) as upload:
                content = await _body(request, limits.max_bytes)
            if upload.cancelled_caught:
                raise RefusedError(408, f"the body did not come within {limits.max_seconds_of_upload:g} s")
            return JSONResponse(await compute(function, content, rate))
        except RefusedError as refused:
            status = refused.status
            return _error(JSONResponse, status, refused.detail)
        except AudioError as error:
            status = 422
            return _error(JSONResponse, status, f"the recording {error.fault}")
        except Exception:
            status = 500
            _LOGGER.exception("a request failed")
            return _error(JSONResponse, status, "the request could not be computed")
        finally:
            if entered:
                gate.leave()
            counters.add(request.url.path, status, time.perf_counter() - start)

    @app.get("/health")
    def health():
        """Whether the service is up."""
        return {"status": "ok"}

    @app.get("/model")
    def model_of():
        """What is recognized."""
        return recognizer.describe()

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics():
        """Requests, seconds, and what is in progress."""
        return counters.as_text(gate.n_inside)

    body = {"requestBody": {"required": True, "content": {"application/octet-stream": {}, "audio/pcm": {}}}}

    @app.post("/predict", openapi_extra=body)
    async def predict(request: Request):
        """Recognize a recording: a file, or raw 16-bit samples of ``Content-Type: audio/pcm; rate=16000``."""
        return await answer(request, recognizer.predict)

    @app.post("/spot", openapi_extra=body)
    async def spot(request: Request):
        """Find words in a recording, which is given as for /predict."""
        return await answer(request, recognizer.spot)

    @app.websocket("/stream")
    async def stream(socket: WebSocket):
        """Find words in raw 16-bit samples at the rate of the model; an empty message ends the stream."""
        await socket.accept()
        start, status = time.perf_counter(), 200
        entered = False
        try:
            gate.enter(socket.client.host if socket.client else "")
            entered = True
            if recognizer.spotter is None:
                raise RefusedError(404, "this model has no words to spot")
            await _listen(socket, recognizer.spotter, limits, compute)
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
            if entered:
                gate.leave()
            counters.add("/stream", status, time.perf_counter() - start)

    return app


async def _listen(socket, spotter, limits, compute):
    """Feed what comes to a spotter, and send its hits."""
    import anyio

    listener, n_samples, rate = spotter.listen(), 0, spotter.sample_rate_
    while True:
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
    try:
        await socket.send_text(json.dumps({"error": reason}))
        await socket.close(code=1008)
    except RuntimeError:  # it is closed already
        pass


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
    if text is None or not text.isdecimal():
        raise RefusedError(422, f"raw samples need a rate in hertz, such as 'audio/pcm; rate=16000', got {text!r}")
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
    threshold : float
        Of the hits of a model that has none of its own.
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
        ws_max_size=limits.max_bytes,
    )
