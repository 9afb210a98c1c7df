"""A grid search over front-end and network, leaving one speaker out: sklspeech beside what people write today.

    python benchmarks/search.py               both sides, half an hour on 2 cores; writes its table into RESULTS.md
    python benchmarks/search.py --clips 600   a part of the recordings

GridSearchCV of 12 candidates (3 front-ends, 4 networks) with 6 speakers on fsdd: the same networks, epochs, batches and
folds on both sides, and AdamW. What people write today is a FunctionTransformer around a loop over librosa, and
scikeras' KerasClassifier with Keras's AdamW. The two take turns, one front-end after the other, as a machine may become
faster or slower in half an hour. The stages are timed by wrapping the functions that do them.
"""

import argparse
import os
import time
from collections import Counter
from functools import partial, wraps

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# To share one operation of a network this small between the cores takes either side longer.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
# Without it the convolutions of either side take longer; TensorFlow has it on by itself on some processors alone.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from _data import folder
from _results import write_table
from baseline import librosa_loop
from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets
from sklspeech.networks import encoders as networks
from sklspeech.recognizers.estimator import KerasSpeechClassifier
from sklspeech.recognizers.network_pool import PooledNetwork

N_MELS = [24, 40, 64]
FILTERS = [(16, 24, 32), (24, 32, 48)]
DROPOUT = [0.1, 0.3]
EPOCHS = 3


def build(meta, filters=(16, 24, 32), dropout=0.3):
    encoder = partial(networks.cnn, filters=filters)
    return networks.classifier(meta["X_shape_"][1:], meta["n_classes_"], encoder, dropout=dropout)


def today(n_mels):
    """Pipeline and grid of a front-end."""
    network = KerasClassifier(
        build,
        filters=FILTERS[0],
        dropout=DROPOUT[0],
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.AdamW,
        optimizer__learning_rate=0.002,
        optimizer__weight_decay=0.05,
        metrics=["accuracy"],
        epochs=EPOCHS,
        batch_size=32,
        verbose=0,
        random_state=0,
    )
    grid = {
        "functiontransformer__kw_args": [{"n_mels": n_mels}],
        "kerasclassifier__filters": FILTERS,
        "kerasclassifier__dropout": DROPOUT,
    }
    return make_pipeline(FunctionTransformer(librosa_loop), network), grid


def ours(n_mels):
    """The same of sklspeech."""
    network = SpeechCNN(
        floor=None, epochs=EPOCHS, learning_rate_schedule="constant", label_smoothing=0.0, random_state=0
    )
    grid = {
        "melfeatures__n_mels": [n_mels],
        "speechcnn__filters": FILTERS,
        "speechcnn__dropout": DROPOUT,
    }
    return Pipeline([MelFeatures(duration=1.0, preemphasis=0.0, top_db=50.0), network]), grid


class Stages:
    """Seconds of every stage of a search."""

    def __init__(self):
        self.seconds = Counter()
        self._inside = []

    def wrap(self, owner, name, stage):
        """Count what a function takes, without what wrapped functions inside it take."""
        function = getattr(owner, name)

        @wraps(function)
        def timed(*args, **kwargs):
            self._inside.append(0.0)
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                elapsed = time.perf_counter() - start
                self.seconds[stage] += elapsed - self._inside.pop()
                if self._inside:
                    self._inside[-1] += elapsed

        setattr(owner, name, timed)


FEATURES, TRACING, TRAINING, PREDICTION = "reading and features", "building and tracing", "training", "prediction"
STAGES = [FEATURES, TRACING, TRAINING, PREDICTION]


def watch():
    """Wrap the functions of both sides."""
    stages = Stages()
    stages.wrap(FunctionTransformer, "transform", FEATURES)
    stages.wrap(MelFeatures, "fit", FEATURES)
    stages.wrap(MelFeatures, "transform", FEATURES)
    for owner, name in ((networks, "classifier"), (keras.Model, "compile"), (PooledNetwork, "__init__")):
        stages.wrap(owner, name, TRACING)
    stages.wrap(keras.Model, "fit", TRAINING)
    for owner in (KerasClassifier, KerasSpeechClassifier):
        stages.wrap(owner, "predict", PREDICTION)
    trace_first_steps(stages)
    return stages


def trace_first_steps(stages):
    """The first step of a network that was not trained before is its tracing, but for milliseconds."""
    make = keras.Model.make_train_function

    def make_train_function(model, force=False):
        if model.train_function is not None and not force:
            return model.train_function
        function = make(model, force)
        step, calls = model.train_function, Counter()

        def train_function(iterator):
            if calls["step"]:
                return step(iterator)
            calls["step"] += 1
            start = time.perf_counter()
            result = step(iterator)
            elapsed = time.perf_counter() - start
            stages.seconds[TRACING] += elapsed
            stages.seconds[TRAINING] -= elapsed
            return result

        model.train_function = train_function
        return function

    keras.Model.make_train_function = make_train_function


def search(make, n_mels, stages, clips):
    """Search with one front-end: seconds in all, seconds of the stages, scores of the candidates."""
    pipeline, grid = make(n_mels)
    stages.seconds.clear()
    start = time.perf_counter()
    fitted = GridSearchCV(pipeline, grid, cv=LeaveOneGroupOut(), refit=False).fit(*clips[:2], groups=clips[2])
    return time.perf_counter() - start, Counter(stages.seconds), fitted.cv_results_["mean_test_score"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=3000)
    args = parser.parse_args()
    speech = datasets.load_speech_folder(folder("fsdd"))
    chosen = np.arange(0, len(speech.data), len(speech.data) // args.clips)
    clips = speech.data[chosen], speech.target[chosen], speech.groups[chosen]
    stages = watch()
    sides = {"sklspeech": ours, "librosa + scikeras": today}
    turns = {name: [] for name in sides}
    for n_mels in N_MELS:
        for name, make in sides.items():
            turns[name].append(search(make, n_mels, stages, clips))
            print(n_mels, name, *turns[name][-1], flush=True)
    walls = {name: sum(wall for wall, _, _ in turns[name]) for name in sides}
    rows = []
    for name, wall in walls.items():
        seconds = sum((seconds for _, seconds, _ in turns[name]), Counter())
        shares = [f"{seconds[stage]:.0f} s ({100 * seconds[stage] / wall:.0f} %)" for stage in STAGES]
        scores = np.concatenate([scores for _, _, scores in turns[name]])
        ratio = walls["librosa + scikeras"] / wall
        rows.append([name, f"{wall:.0f}", f"{ratio:.1f}", *shares, f"{100 * scores.mean():.1f}"])
    columns = ["", "wall time, s", "x faster", *STAGES, "mean accuracy of the candidates, %"]
    remark = (
        f"`python benchmarks/search.py`: GridSearchCV, 12 candidates (mels {N_MELS}, filters {FILTERS}, dropout "
        f"{DROPOUT}) x 6 speakers on {len(chosen)} clips of fsdd, {EPOCHS} epochs, 2 cores, the sides in turns, one "
        "front-end after the other, TF_NUM_INTRAOP_THREADS=1 and TF_ENABLE_ONEDNN_OPTS=1. The more of the time is "
        "training, which Keras does on both sides, the smaller the ratio."
    )
    write_table("search", columns, rows, remark)


if __name__ == "__main__":
    main()
