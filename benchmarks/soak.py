"""Hours of work in one process: many fits, and predictions from many threads; what comes of each, and the memory.

    python benchmarks/soak.py                         200 fits, ten minutes from 8 threads; writes into RESULTS.md
    python benchmarks/soak.py --fits 20 --minutes 1

Every fit has other parameters, and every tenth of them is repeated: it must give the same weights. A tenth of what is
predicted cannot be read, and must give an AudioError that names it; all else must give what it gave alone.
"""

import argparse
import os
import re
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from _data import folder
from _results import write_table

from sklspeech import AudioError, MelFeatures, Pipeline, SpeechCNN, SpeechRNN, datasets, freeze

N_THREADS = 8
NETWORKS = [
    SpeechCNN(stem=(8,), filters=(16,)),
    SpeechCNN(stem=(8,), filters=(8,), early_stopping=True),
    SpeechRNN(units=16, n_layers=1),
    SpeechCNN(architecture="broadcasted", filters=(8, 12)),
]


def anonymous_memory():
    """MB that this process has made."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def fit_often(number):
    """Outcomes, and the memory after a tenth of the fits and at the end."""
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 60, 40)).astype(np.float32)
    y = np.array(["yes", "no", "go"] * 40)
    found, memory, weights = Counter(), {}, []
    for i in range(number):
        params = {"epochs": 1 + i % 3, "batch_size": 8 + 8 * (i % 2), "random_state": i // 2, "dropout": (i % 5) / 10}
        network = type(NETWORKS[i % 4])(**(NETWORKS[i % 4].get_params() | params))
        weights = network.fit(X, y).network.get_weights()
        found["fitted"] += 1
        if i % 10 == 9:
            again = type(network)(**network.get_params()).fit(X, y).network.get_weights()
            same = all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
            found["again, the same weights" if same else "FAULT: other weights"] += 1
        if i == number // 10:
            memory["begin"] = anonymous_memory()
    memory["end"] = anonymous_memory()
    return found, memory


def predict_long(minutes):
    """Outcomes of predictions from several threads, and the memory."""
    speech = datasets.load_speech_folder(folder("fsdd"))
    pipeline = Pipeline([MelFeatures(sample_rate=8000), SpeechCNN(epochs=3, filters=(32,), random_state=0)])
    frozen = freeze(pipeline.fit(speech.data[::5], speech.target[::5]))
    paths = speech.data[:400].tolist()
    expected = {path: frozen.predict_proba([path])[0] for path in paths}
    bad = [str(path) for path in (Path(__file__), Path(__file__).with_name("missing.wav"))]
    found, end, lock = Counter(), time.monotonic() + 60 * minutes, threading.Lock()

    def work(seed):
        random = np.random.default_rng(seed)
        while time.monotonic() < end:
            path = str(random.choice(bad if random.uniform() < 0.1 else paths))
            try:
                (probabilities,) = frozen.predict_proba([path])
                right = path in expected and np.allclose(probabilities, expected[path], atol=1e-6)
                outcome = "as alone" if right else "FAULT: other probabilities"
            except AudioError as error:
                outcome = "AudioError, named" if path in bad and path in str(error) else f"FAULT: {error}"
            except Exception as error:
                outcome = f"FAULT: {type(error).__name__}"
            with lock:
                found[outcome] += 1

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(N_THREADS)]
    for thread in threads:
        thread.start()
    time.sleep(min(30, 6 * minutes))
    memory = {"begin": anonymous_memory()}
    for thread in threads:
        thread.join()
    return found, memory | {"end": anonymous_memory()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name, (found, memory) in {
        f"{args.fits} fits, of four networks": fit_often(args.fits),
        f"{args.minutes:g} minutes of predictions from {N_THREADS} threads": predict_long(args.minutes),
    }.items():
        outcomes = ", ".join(f"{n} {what}" for what, n in sorted(found.items()))
        rows.append([name, outcomes, f"{memory['begin']:.0f} MB", f"{memory['end']:.0f} MB"])
        print(rows[-1], flush=True)
    columns = ["what", "outcomes", "memory after a tenth", "memory at the end"]
    write_table("soak", columns, rows, "`python benchmarks/soak.py`; none of the outcomes is left out.")


if __name__ == "__main__":
    main()
