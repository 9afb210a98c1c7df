"""Words in running speech: misses and false alarms of wake words and digits, unknown words, an hour's time and memory.

    python benchmarks/spotting.py athena digits unknown --seeds 0 1 2
    python benchmarks/spotting.py hour server pocketsphinx openwakeword
    python benchmarks/spotting.py --table              write the tables from the results so far

Nothing that is tested was trained on or chosen by: neither files of wake words, speakers of digits, nor the speech in
which they are looked for. athena is looked for between the sentences of kathleen by recognizers whose background was
nathalie, and the other way round; thresholds are chosen in a third of the background that was left out of training.
Results are kept in spotting.json beside this file.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import soundfile
from _data import folder
from _results import write_table
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklspeech import (
    AudioLoader,
    AugmentedClassifier,
    FrameStatistics,
    MelFeatures,
    Pipeline,
    RejectOption,
    SpeechCNN,
    SpeechEmbedding,
    WordSpotter,
    audio,
    datasets,
    freeze,
    metrics,
    save,
)
from sklspeech.metrics import spotting_scores

RESULTS = Path(__file__).with_suffix(".json")
RATE = 16_000
PAUSE = 0.5  # seconds between two recordings of a stream
SNRS = [None, 10.0, 5.0]
WINDOW = 1.2  # seconds, in which athena fits
LONGEST = 1.5  # seconds of a wake word in a stream: some clips have it twice
LEVEL = 0.1  # effective value of the digits of a stream
EVERY = 4  # sentences, behind one of which a wake word is said


def manifest(name):
    """Rows of the table of a set."""
    with open(folder(name) / "manifest.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def waveforms(name, rows):
    """Waveforms of rows."""
    return [audio.read_waveform(folder(name) / row["path"]) for row in rows]


def loudest(waveform, seconds):
    """The part with most of the energy: where in a clip of a wake word the word is, is not known."""
    n_samples = round(seconds * RATE)
    if len(waveform) <= n_samples:
        return centred(waveform, n_samples)
    energy = np.concatenate([[0], np.cumsum(np.square(waveform, dtype=np.float64))])
    start = int((energy[n_samples:] - energy[:-n_samples]).argmax())
    return waveform[start : start + n_samples]


def noises():
    """Recorded noise, one for training and one for the test."""
    paths = sorted((folder("arabic20") / "_background_noise_").glob("*.wav"))
    return [audio.read_waveform(path) for path in paths]


def with_noise(stream, noise, snr, random):
    """A stream with noise all along, so much below the speech in it."""
    if snr is None:
        return stream
    start = int(random.integers(len(noise)))
    repeated = np.take(noise, np.arange(start, start + len(stream)), mode="wrap")
    is_speech = np.abs(stream) > 0.02
    power = np.square(stream[is_speech], dtype=np.float64).mean() / np.square(noise, dtype=np.float64).mean()
    return stream + np.float32(np.sqrt(power * 10 ** (-snr / 10))) * repeated


def level(waveform):
    """Effective value of the loud part."""
    loud = np.abs(waveform) > 0.1 * np.abs(waveform).max()
    return np.sqrt(np.square(waveform[loud], dtype=np.float64).mean())


def placed(words, sentences):
    """Wake words, one in each clip, as loud as the sentences are: the noise is so much below them as well."""
    usual = np.median([level(sentence) for sentence in sentences])
    cut = [loudest(word, LONGEST) if len(word) > LONGEST * RATE else word for word in words]
    return [word * np.float32(usual / level(word)) for word in cut]


def stream_of(sentences, words, label, random):
    """Sentences one behind the other with a word after every few, as one waveform, and when the words are said."""
    words = placed(words, sentences)
    parts, events, place = [], [], 0
    order = list(random.permutation(len(words)))
    for i, sentence in enumerate(sentences):
        pieces = [(None, sentence)] + ([(label, words[order.pop()])] if order and i % EVERY == EVERY - 1 else [])
        for name, piece in pieces:
            if name is not None:
                events.append((name, place / RATE, (place + len(piece)) / RATE))
            parts += [piece, random.normal(0, 1e-4, round(PAUSE * RATE)).astype(np.float32)]
            place += len(piece) + len(parts[-1])
    return np.concatenate(parts), events


def small_network(seed):
    """Ours, from scratch."""
    return Pipeline([MelFeatures(duration=WINDOW, n_jobs=2), SpeechCNN(random_state=seed, shift=0.15)])


def small_head(seed):
    """The way of openWakeWord: a pretrained embedding, and two small layers on all of its steps."""
    head = MLPClassifier((64, 64), early_stopping=True, random_state=seed)
    features = SpeechEmbedding(duration=WINDOW, n_jobs=2), FunctionTransformer(in_rows), StandardScaler()
    return Pipeline([*features, head])


def in_rows(X):
    """All steps of a clip as one row."""
    return X.reshape(len(X), -1)


def three_parts_of_athena(random):
    """Clips to train with, to choose thresholds by, and to test."""
    rows = [row for row in manifest("wakewords") if row["label"] == "athena"]
    # Some files are there twice: none may be on both sides.
    clips = list({waveform.tobytes(): waveform for waveform in waveforms("wakewords", rows)}.values())
    parts = np.split(random.permutation(len(clips)), [round(0.6 * len(clips)), round(0.8 * len(clips))])
    return [[clips[i] for i in part] for part in parts]


def openwakeword(seed):
    """What one would use instead, at one level of noise."""
    return athena(seed, small_head, [10.0])


def athena(seed, make=small_network, snrs=SNRS):
    """Misses and false alarms of a wake word, at several levels of noise."""
    random = np.random.default_rng(seed)
    train, tune, test = three_parts_of_athena(random)
    others = waveforms("wakewords", [row for row in manifest("wakewords") if row["label"] != "athena"])
    others += waveforms("arabic20", [row for row in manifest("arabic20") if row["split"] == "train"][::3])
    noise_of_training, noise_of_test = noises()
    found = {}
    for name, background_name in (("kathleen", "nathalie"), ("nathalie", "kathleen")):
        background = waveforms(background_name, manifest(background_name))
        n_train = 2 * len(background) // 3
        start = time.perf_counter()
        spotter = trained(make(seed), train, others, background[:n_train], noise_of_training, seed)
        stream, events = stream_of(background[n_train:], tune, "athena", random)
        noisy = with_noise(stream, noise_of_training, 10.0, random)
        spotter.fit([stream, noisy], [events, events])
        found[f"{name} seconds"] = time.perf_counter() - start
        found[f"{name} threshold"] = spotter.thresholds_["athena"]
        sentences = waveforms(name, manifest(name))
        without, _ = stream_of(sentences, [], "athena", random)
        with_words, events = stream_of(sentences, test, "athena", random)
        last = round((events[-1][2] + 2) * RATE)
        for snr in snrs:
            for kind, some, said in (("without", without, []), ("with", with_words[:last], events)):
                hits = spotter.detect([with_noise(some, noise_of_test, snr, random)])
                scores = spotting_scores(hits, [said], [len(some) / RATE])
                found[f"{name} {kind} {snr}"] = [scores.n_events, scores.n_hits, scores.n_false_alarms, scores.hours]
                print(name, kind, snr, found[f"{name} {kind} {snr}"], flush=True)
    return found


def pocketsphinx(seed):
    """What one would use instead: its keyword search for athena, kathleen's speech with noise 10 dB below."""
    from pocketsphinx import Decoder

    streams = test_streams(seed)
    found = {}
    for threshold in ("1e-30", "1e-15"):
        counts = {}
        for kind, (stream, events) in streams.items():
            decoder = Decoder(
                keyphrase="athena", kws_threshold=float(threshold), samprate=RATE, loglevel="FATAL", lm=None
            )
            hits, start = [], 0
            decoder.start_utt()
            for block in np.array_split((np.clip(stream, -1, 1) * 32767).astype(np.int16), len(stream) // 1600):
                decoder.process_raw(block.tobytes())
                start += len(block)
                if decoder.hyp():  # it says so at the end of the word; then it begins anew
                    hits.append(("athena", start / RATE - 0.8, start / RATE - 0.2, 1.0))
                    decoder.end_utt()
                    decoder.start_utt()
            decoder.end_utt()
            scores = spotting_scores([hits], [events], [len(stream) / RATE], tolerance=0.6)
            counts[kind] = [scores.n_events, scores.n_hits, scores.n_false_alarms, scores.hours]
        found[threshold] = counts
        print(threshold, counts, flush=True)
    return found


def test_streams(seed):
    """Kathleen's speech with and without athena, with noise 10 dB below."""
    random = np.random.default_rng(seed)
    *_, test = three_parts_of_athena(random)
    sentences, (_, noise) = waveforms("kathleen", manifest("kathleen")), noises()
    without, _ = stream_of(sentences, [], "athena", random)
    with_words, events = stream_of(sentences, test, "athena", random)
    with_words = with_words[: round((events[-1][2] + 2) * RATE)]
    streams = {"without": (without, []), "with": (with_words, events)}
    return {kind: (with_noise(stream, noise, 10.0, random), said) for kind, (stream, said) in streams.items()}


def trained(pipeline, words, others, background, noise, seed):
    """A spotter of one word, without thresholds yet."""
    X = [loudest(clip, WINDOW) for clip in words] + [loudest(clip, WINDOW) for clip in others]
    y = np.array(["athena"] * len(words) + ["unknown"] * len(others))
    params = {"noise": [noise], "snr": (0.0, 30.0), "gain": 6.0, "speed": 0.1, "background_rounds": 3}
    classifier = AugmentedClassifier(pipeline, background=background, random_state=seed, **params).fit(X, y)
    has_network = hasattr(classifier.estimator_[-1], "network")
    return WordSpotter(freeze(classifier) if has_network else classifier, refractory=2.0)


def digits(seed):
    """Hits and false alarms of digits of unheard speakers, in five minutes each, with noise 20 dB below."""
    speech = datasets.load_speech_folder(folder("fsdd"))
    clips = AudioLoader(duration=None, sample_rate=RATE, n_jobs=2).fit_transform(speech.data)
    labels, speakers = speech.target, speech.groups
    noise_of_training, noise_of_test = noises()
    speech_of_others = waveforms("nathalie", manifest("nathalie")[:300])
    random = np.random.default_rng(seed)
    names = np.unique(speakers)
    found = {}
    for i in (2 * seed, 2 * seed + 1):
        tested, tuned = names[i % 6], names[(i + 1) % 6]
        train = np.flatnonzero((speakers != tested) & (speakers != tuned))
        head = FrameStatistics(), StandardScaler(), LogisticRegression(C=0.01, max_iter=500)
        classifier = AugmentedClassifier(
            Pipeline([SpeechEmbedding(duration=1.0, n_jobs=2), *head]),
            noise=[noise_of_training],
            snr=(10.0, 40.0),
            background=[at_changing_levels(noise_of_training, random), *speech_of_others],
            background_share=0.5,
            random_state=seed,
        )
        classifier.fit([centred(clips[i], RATE) for i in train], labels[train])
        params = {"hop": 0.05, "smoothing": 0.25, "refractory": 0.4, "max_false_alarms_per_hour": 60.0}
        spotter = WordSpotter(classifier, **params)
        streams = []
        for speaker, noise in ((tuned, noise_of_training), (tested, noise_of_test)):
            stream, events = digit_stream(clips, labels, np.flatnonzero(speakers == speaker), random)
            streams.append((with_noise(stream, noise, 20.0, random), events))
        spotter.fit([streams[0][0]], [streams[0][1]])
        stream, events = streams[1]
        scores = spotting_scores(spotter.detect([stream]), [events], [len(stream) / RATE])
        of_tested = np.flatnonzero(speakers == tested)
        alone = np.mean(classifier.predict([centred(clips[i], RATE) for i in of_tested]) == labels[of_tested])
        found[tested] = [scores.precision, scores.recall, scores.n_events, float(alone)]
        print(tested, found[tested], spotter.thresholds_, flush=True)
    return found


def at_changing_levels(noise, random):
    """Five minutes of noise."""
    parts = np.array_split(np.resize(noise, 300 * RATE), 100)
    return np.concatenate([part * np.float32(10 ** random.uniform(-2, 0)) for part in parts])


def digit_stream(clips, labels, waiting, random):
    """Clips of a speaker one behind the other with pauses, for five minutes, and when they are said."""
    parts, events, place = [], [], 0
    for i in random.permutation(waiting):
        pause = np.zeros(int(random.uniform(0.3, 1.5) * RATE), np.float32)
        clip = clips[i] * np.float32(LEVEL / level(clips[i]))  # most of one speaker's are 20 dB below his others
        parts += [pause, clip]
        place += len(pause)
        events.append((labels[i], place / RATE, (place + len(clips[i])) / RATE))
        place += len(clips[i])
        if place > 300 * RATE:
            break
    return np.concatenate(parts), events


def centred(clip, n_samples):
    """A clip in the middle of as many samples."""
    before = np.zeros(max(0, n_samples - len(clip)) // 2, np.float32)
    return audio.fit_length(np.concatenate([before, clip]), n_samples)


def unknown(seed):
    """Ten words that are known and ten that were never heard, by speakers who were not either."""
    train, test = (datasets.load_speech_folder(folder("arabic20"), split=split) for split in ("train", "val"))
    words = np.random.default_rng(seed).permutation(np.unique(train.target))[:10]
    is_known, is_word = np.isin(train.target, words), np.isin(test.target, words)
    pipeline = Pipeline([MelFeatures(n_jobs=2), SpeechCNN(random_state=seed)])
    start = time.perf_counter()
    classifier = RejectOption(pipeline, random_state=seed)
    classifier.fit(train.data[is_known], train.target[is_known], train.groups[is_known])
    seconds = time.perf_counter() - start
    y = np.where(is_word, test.target, "unknown")
    scores, predicted = classifier.known_score(test.data), classifier.predict(test.data)
    found = {
        "AUROC": metrics.open_set_roc_auc_score(y, scores),
        "EER": metrics.equal_error_rate(is_word, scores),
        "OSCR": metrics.open_set_classification_rate(y, classifier.predict_known(test.data), scores),
        "false alarms": float(np.mean(predicted[~is_word] != "unknown")),
        "misses": float(np.mean(predicted[is_word] == "unknown")),
        "right": float(np.mean(predicted[is_word] == y[is_word])),
        "seconds": seconds,
    }
    print(found, flush=True)
    return found


HOUR = """
import re, sys, time
from sklspeech import WordSpotter, load
model = load(sys.argv[1])
start = time.perf_counter()
hits = WordSpotter(model, threshold=0.9).detect([sys.argv[2]])[0]
# Not resource.getrusage, which counts the process that this one was forked from.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(time.perf_counter() - start, time.process_time(), peak, len(hits))
"""


def hour(seed):
    """Seconds and memory that an hour of speech takes, in a process of its own on one core."""
    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=seed)
    pipeline = Pipeline([MelFeatures(duration=1.0), SpeechCNN(random_state=seed, epochs=4)])
    pipeline.fit(speech.data, speech.target)
    sentences = waveforms("kathleen", manifest("kathleen"))
    found = {}
    with tempfile.TemporaryDirectory() as place:
        model, recording = str(Path(place, "model.sklspeech")), str(Path(place, "hour.wav"))
        save(freeze(pipeline), model)
        soundfile.write(recording, np.concatenate(sentences)[: 3600 * RATE], RATE, "PCM_16")
        core = ["taskset", "-c", "0"] if shutil.which("taskset") else []
        for repeat in range(3):
            argv = [*core, sys.executable, "-c", HOUR, model, recording]
            run = subprocess.run(argv, capture_output=True, text=True, check=True)
            found[str(repeat)] = [float(value) for value in run.stdout.split()]
            print(found[str(repeat)], flush=True)
    return found


def server(seed):
    """200 requests by 8 clients, every fifth of a cut recording: answers, and milliseconds of the good ones."""
    import httpx

    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=seed)
    pipeline = Pipeline([MelFeatures(duration=1.0), SpeechCNN(random_state=seed, epochs=12)])
    pipeline.fit(speech.data, speech.target)
    with tempfile.TemporaryDirectory() as place:
        model, recording = str(Path(place, "model.sklspeech")), Path(place, "clip.wav")
        save(freeze(pipeline), model)
        soundfile.write(recording, speech.data[0], RATE)
        good = recording.read_bytes()
        code = "import sys; from sklspeech.app.cli import main; sys.exit(main(sys.argv[1:]))"
        argv = [sys.executable, "-c", code, "serve", model, "--port", "8765", "--per-minute", "100000"]
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    httpx.get("http://127.0.0.1:8765/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)

            def ask(i):
                start = time.perf_counter()
                content = good[:5000] if i % 5 == 0 else good
                answer = httpx.post("http://127.0.0.1:8765/predict", content=content, timeout=60)
                return i, answer.status_code, answer.json().get("label"), 1000 * (time.perf_counter() - start)

            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(ask, range(200)))
        finally:
            process.terminate()
    expected = {True: (422, None), False: (200, str(speech.target[0]))}
    n_wrong = sum((status, label) != expected[i % 5 == 0] for i, status, label, _ in answers)
    times = [taken for _, status, _, taken in answers if status == 200]
    found = {"answers": len(answers), "wrong": n_wrong, "p50": np.median(times), "p99": np.percentile(times, 99)}
    print(found, flush=True)
    return {name: float(value) for name, value in found.items()}


def write_tables():
    """All tables, of the results so far."""
    results = json.loads(RESULTS.read_text())
    rows = []
    for snr in SNRS:
        for kind in ("misses, %", "false alarms an hour"):
            values = [_athena_figure(run, snr, kind) for run in results.get("athena", {}).values()]
            rows.append([f"athena, {'clean' if snr is None else f'noise {snr:g} dB below'}", kind, *_spread(values)])
    for name, measure in (("precision", 0), ("recall", 1)):
        values = [100 * np.mean([run[s][measure] for s in run]) for run in results.get("digits", {}).values()]
        rows.append(["digits of unheard speakers, noise 20 dB below, embedding", f"{name}, %", *_spread(values)])
    for name in ("AUROC", "OSCR", "EER", "false alarms", "misses", "right"):
        values = [run[name] for run in results.get("unknown", {}).values()]
        rows.append(["ten known words, ten never heard", name, *_spread(values, digits=3)])
    for run in results.get("hour", {}).values():
        seconds, _, megabytes, _ = np.median(list(run.values()), axis=0)
        rows += [
            ["an hour of speech, one core", "seconds", f"{seconds:.0f}", 3],
            ["", "peak MB", f"{megabytes:.0f}", 3],
        ]
    for run in results.get("server", {}).values():
        rows += [["200 requests by 8 clients, 40 bad", name, f"{value:.0f}", 1] for name, value in run.items()]
    for kind in ("misses, %", "false alarms an hour") if "openwakeword" in results else ():
        values = [_athena_figure(run, 10.0, kind) for run in results["openwakeword"].values()]
        rows.append(["pretrained embedding and a small head: athena, noise 10 dB below", kind, *_spread(values)])
    for run in results.get("pocketsphinx", {}).values():
        for threshold, counts in run.items():
            n_events, n_hits, *_ = counts["with"]
            *_, n_false, hours = counts["without"]
            figure = f"{100 * (1 - n_hits / n_events):.0f} and {n_false / hours:.1f}"
            label = f"pocketsphinx, keyword search {threshold}: athena, noise 10 dB below"
            rows.append([label, "misses, %, and false alarms an hour", figure, 1])
    remark = (
        "`python benchmarks/spotting.py`: mean ± standard deviation over seeds. athena: 96 clips each between "
        "sentences of kathleen and of nathalie, false alarms in 2.4 hours without it; digits: two speakers a seed, "
        "five minutes each; false alarms and misses of ten known words at a target of 0.05; times in milliseconds."
    )
    write_table("spotting", ["what", "measure", "figure", "runs"], rows, remark)


def _athena_figure(run, snr, kind):
    """Of both halves together."""
    if kind == "misses, %":
        counts = np.sum([run[f"{name} with {snr}"] for name in ("kathleen", "nathalie")], axis=0)
        return 100 * (1 - counts[1] / counts[0])
    counts = np.sum([run[f"{name} without {snr}"] for name in ("kathleen", "nathalie")], axis=0)
    return counts[2] / counts[3]


def _spread(values, digits=2):
    if not values:
        return "", 0
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}", len(values)


def keep(task, key, found):
    """Add results to the file."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results.setdefault(task, {})[key] = found
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


TASKS = {
    "athena": athena,
    "digits": digits,
    "unknown": unknown,
    "hour": hour,
    "server": server,
    "pocketsphinx": pocketsphinx,
    "openwakeword": openwakeword,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="task", help=", ".join(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    for task in args.tasks:
        for seed in args.seeds:
            keep(task, str(seed), TASKS[task](seed))
    if args.table:
        write_tables()


if __name__ == "__main__":
    main()
