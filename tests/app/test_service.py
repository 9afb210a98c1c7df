"""The service: what it answers, what it refuses, and that one request harms no other."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import joblib
import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient
from loudness import Loudness
from starlette.websockets import WebSocketDisconnect

from sklspeech import AudioLoader, Pipeline, RejectOption, WordSpotter
from sklspeech.app.limits import Limits
from sklspeech.app.recognition import Recognizer
from sklspeech.app.service import create_app

RATE = 16_000


def fitted():
    return Pipeline([AudioLoader(duration=0.5), Loudness()]).fit([np.ones(8000)] * 2, ["other", "word"])


def wav(seconds=0.5, level=0.9):
    file = io.BytesIO()
    soundfile.write(file, level * np.sin(np.arange(round(seconds * RATE))), RATE, format="WAV")
    return file.getvalue()


def flac(n_seconds, n_channels=1, rate=RATE):
    """Silence, of which a second takes a few bytes."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros((n_seconds * rate, n_channels), np.int16), rate, format="FLAC")
    return file.getvalue()


@pytest.fixture(scope="module")
def client():
    with TestClient(
        create_app(fitted(), Limits(max_bytes=300_000, max_duration=8.0, max_stream_duration=6.0))
    ) as client:
        yield client


def test_predict(client):
    found = client.post("/predict", content=wav()).json()
    assert found["label"] == "word"
    assert found["probability"] == found["probabilities"]["word"] > 0.9
    assert client.post("/predict", content=wav(level=0.01)).json()["label"] == "other"


def test_what_is_rejected_has_the_probability_of_the_nearest_label():
    X = [np.full(8000, level) for level in (0.01, 0.9, 0.2) for _ in range(6)]
    model = RejectOption(fitted(), random_state=0).fit(X, np.repeat(["other", "word", "unknown"], 6))
    model.threshold_ = 0.99
    with TestClient(create_app(model)) as client:
        found = client.post("/predict", content=wav()).json()
    assert found["label"] == "unknown"
    assert found["probability"] == found["probabilities"]["word"] > 0.9


@pytest.mark.parametrize("url", ["/predict?rate=16000", "/predict"])
def test_raw_samples(client, url):
    samples = (30_000 * np.sin(np.arange(8000))).astype("<i2").tobytes()
    headers = {} if "rate" in url else {"Content-Type": "audio/pcm; rate=16000"}
    assert client.post(url, content=samples, headers=headers).json()["label"] == "word"


def test_spot(client):
    sound = np.zeros(5 * RATE)
    sound[2 * RATE :][:8000] = 0.9 * np.sin(np.arange(8000))
    samples = (sound * 32767).astype("<i2").tobytes()
    (hit,) = client.post("/spot?rate=16000", content=samples).json()["detections"]
    assert hit["label"] == "word"
    assert hit["start"] < 2.25 < hit["end"]


def test_stream(client):
    sound = np.zeros(5 * RATE)
    sound[2 * RATE :][:8000] = 0.9 * np.sin(np.arange(8000))
    samples = (sound * 32767).astype("<i2").tobytes()
    with client.websocket_connect("/stream") as socket:
        for start in range(0, len(samples), 6400):
            socket.send_bytes(samples[start : start + 6400])
        assert socket.receive_json()["label"] == "word"  # while the stream is open
        socket.send_bytes(b"")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\0" * 400_001, "has 400001 bytes"), (b"\0\0\0", "odd number"), (b"\0" * 250_000, "at most 6 s of a stream")],
)
def test_refused_streams(client, content, message):
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(content)
        assert message in socket.receive_json()["error"]


def test_what_it_says_of_itself(client):
    client.post("/predict", content=b"")
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/model").json() == {"kind": "labels", "labels": ["other", "word"], "spots": True}
    text = client.get("/metrics").text
    assert 'sklspeech_requests_total{path="/predict",status="422"}' in text
    assert "sklspeech_requests_in_progress 0" in text
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/spot", "/health", "/metrics", "/model"} <= set(paths)
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize(
    ("url", "content", "status", "message"),
    [
        ("/predict", b"", 422, "the recording is empty"),
        ("/predict", b"no audio", 422, "the recording is not audio"),
        ("/predict", wav()[:8000], 422, "truncated"),
        ("/predict", b"\0" * 300_001, 413, "has 300001 bytes, at most 300000"),
        ("/predict?rate=x", b"\0\0", 422, "need a rate in hertz"),
        ("/predict?rate=16000", b"\0\0\0", 422, "odd number of bytes"),
        ("/predict?rate=7", b"\0\0", 422, "a sample rate of 7 Hz"),
        ("/predict?rate=16000", b"", 422, "has no samples"),
        ("/spot?rate=1000", b"\0" * 20_000, 422, "the recording is longer than 8 s"),
        ("/predict?rate=" + "9" * 5000, b"\0\0", 422, "need a rate in hertz"),
        ("/predict", flac(n_seconds=600), 422, "the recording is longer than 8 s"),
        ("/predict", flac(n_seconds=2, n_channels=8, rate=192_000), 422, "has 8 channels at 192000 Hz"),
        ("/nowhere", b"", 404, "Not Found"),
    ],
)
def test_refused(client, url, content, status, message):
    response = client.post(url, content=content)
    assert response.status_code == status
    assert message in response.json()["detail"]


def test_a_body_without_a_length_is_read_no_further_than_allowed(client):
    given = []

    def parts():
        for _ in range(1000):
            given.append(1)
            yield b"\0" * 10_000

    response = client.post("/predict", content=parts())
    assert response.status_code == 413


def test_errors_of_the_program_are_not_told(client, monkeypatch):
    def fail(self, X):
        raise RuntimeError("a secret")

    monkeypatch.setattr(Loudness, "predict_proba", fail)
    response = client.post("/predict", content=wav())
    assert response.status_code == 500
    assert "secret" not in response.text


def test_a_client_that_sends_nothing_is_left():
    with TestClient(create_app(fitted(), Limits(max_seconds_of_upload=0.2))) as client:
        with client.websocket_connect("/stream") as socket:
            assert "nothing came for 0.2 s" in socket.receive_json()["error"]
        assert "in_progress 0" in client.get("/metrics").text


def test_too_many():
    with TestClient(create_app(fitted(), Limits(max_per_minute=3))) as client:
        codes = [client.post("/predict", content=wav()).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert response_to_a_third().headers["Retry-After"] == "1"


def response_to_a_third():
    """Of three requests at once, where one is computed and one may wait."""
    end = threading.Event()

    class Slow:
        def predict_words(self, X):
            end.wait(10)
            return [[] for _ in X]

    with TestClient(create_app(Slow(), Limits(n_workers=1, max_waiting=1))) as client, ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, "/predict", content=wav()) for _ in range(2)]
        while "in_progress 2" not in client.get("/metrics").text:
            time.sleep(0.01)
        response = client.post("/predict", content=wav())
        end.set()
        assert [future.result().status_code for future in waiting] == [200, 200]
    assert response.status_code == 503
    return response


def test_streams_have_places_of_their_own():
    with TestClient(create_app(fitted(), Limits(max_streams=1))) as client, client.websocket_connect("/stream"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/stream"):
            pass
        assert client.post("/predict", content=wav()).status_code == 200


def test_a_stream_ends_by_the_clock():
    limits = Limits(max_stream_duration=0.2, max_seconds_of_upload=0.2)
    with TestClient(create_app(fitted(), limits)) as client, client.websocket_connect("/stream") as stream:
        for _ in range(10):
            stream.send_bytes(b"\0\0")
            time.sleep(0.1)
        assert "a stream may be open for 0.2 s" in stream.receive_json()["error"]


@pytest.mark.parametrize("params", [{"n_workers": 0}, {"max_bytes": -1}], ids=str)
def test_limits_are_above_0(params):
    with pytest.raises(ValueError, match="must be above 0"):
        Limits(**params)


def test_what_is_wrong_with_a_model_is_said_at_the_beginning():
    with pytest.raises(ValueError, match="threshold='auto' is found by fit"):
        create_app(WordSpotter(fitted()))
    spotter = WordSpotter(fitted(), threshold=0.99)
    assert Recognizer(spotter, threshold=0.1).spotter.threshold == 0.1


def test_a_few_bytes_of_long_silence_take_little_memory():
    content = flac(n_seconds=119, n_channels=2, rate=48_000)
    assert len(content) < 100_000
    tracemalloc.start()
    Recognizer(fitted()).predict(content, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6


def test_sentences():
    class Writer:
        def predict_words(self, X):
            from sklspeech.text import Word

            return [[Word("yes", 0.1, 0.4, 0.9), Word("no", 0.5, 0.8, 0.8)] for _ in X]

    with TestClient(create_app(Writer())) as client:
        found = client.post("/predict", content=wav()).json()
        assert found["text"] == "yes no"
        assert found["words"][1] == {"text": "no", "start": 0.5, "end": 0.8, "confidence": 0.8}
        assert client.post("/spot", content=wav()).status_code == 404
        assert client.get("/model").json() == {"kind": "sentences"}


def test_a_spotter_serves_as_well():
    with TestClient(create_app(WordSpotter(fitted(), labels=["word"], threshold=0.5))) as client:
        assert client.post("/predict", content=wav()).json()["label"] == "word"
        assert [hit["label"] for hit in client.post("/spot", content=wav(1.0)).json()["detections"]] == ["word"]


@pytest.fixture
def server(tmp_path):
    """A service in a process of its own, and its address."""
    joblib.dump(fitted(), tmp_path / "model.joblib")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from sklspeech.app.cli import main; sys.exit(main(sys.argv[1:]))"
    argv = ["serve", str(tmp_path / "model.joblib"), "--port", str(port), "--per-minute", "100000"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}  # where the class of the model is
    process = subprocess.Popen([sys.executable, "-c", code, *argv], stderr=subprocess.PIPE, env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/health")
            break
        except httpx.TransportError:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.1)
    yield process, address
    process.kill()
    process.wait()


def test_many_clients_good_and_bad(server):
    _, address = server
    good, bad = wav(), wav()[:5000]

    def ask(i):
        with httpx.Client() as client:
            response = client.post(f"{address}/predict", content=bad if i % 5 == 0 else good, timeout=60)
            return response.status_code, response.json().get("label")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(200)))
    assert answers == [(422, None) if i % 5 == 0 else (200, "word") for i in range(200)]


def test_two_gigabytes_are_refused_without_being_read(server):
    _, address = server
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Length: {2 * 10**9}\r\n\r\n".encode())
        assert b"413" in connection.recv(4096).split(b"\r\n")[0]
    assert httpx.get(f"{address}/health").status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_it_stops_when_told_and_finishes_what_it_has(server):
    process, address = server
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{address}/spot", content=wav(60.0), timeout=60))
    )
    asking.start()
    while "requests_in_progress 0" in httpx.get(f"{address}/metrics").text and asking.is_alive():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    asking.join()
    assert answers[0].status_code == 200
    process.wait(timeout=30)
    assert json.loads(answers[0].text)["detections"]
