"""Transcription from scratch on two cores: word and character errors, seconds of training, with and without language.

    python benchmarks/transcription.py yesno an4 kathleen nathalie digits --seeds 0 1 2
    python benchmarks/transcription.py pocketsphinx      what one would use instead (pip install pocketsphinx)
    python benchmarks/transcription.py keras --seeds 0   and what one would write with Keras alone, on yesno
    python benchmarks/transcription.py --table           write the tables from the results so far

yesno, an4 and nathalie are split as their manifests say, kathleen by text. Digit strings are 3 to 7 clips of one
speaker of fsdd, joined with pauses of 0 to 0.3 s, every clip once; one speaker is tested who was not trained on.
Results are kept in transcription.json beside this file, fitted pipelines in the folder that --models names.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import joblib
import numpy as np
from _data import folder
from _results import write_table

from sklspeech import AudioLoader, MelFeatures, Pipeline, SpeechTranscriber, audio, datasets, freeze
from sklspeech.metrics import character_error_rate, word_error_rate
from sklspeech.text import normalize_text
from sklspeech.text.symbols import count_needed_steps

RESULTS = Path(__file__).with_suffix(".json")
RATE = 16_000
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SPEAKERS = ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
# What each set has besides the defaults.
OF_WORDS = {"units": "word", "stem": (16, 32, 32), "n_layers": 3, "snr": "auto"}
PARAMS = {
    "an4": {"normalization": "feature", "vocal_tract": 0.0},
    "yesno": {**OF_WORDS, "width": 128, "epochs": 100, "gain": 6.0},
    "digits": {**OF_WORDS, "vocal_tract": 0.15},
}
DECODERS = {
    "greedy": {"decoder": "greedy"},
    "beam": {"decoder": "beam"},
    "beam, language of the training": {"decoder": "beam", "language_model": "train"},
    "beam, vocabulary of the training": {"decoder": "beam", "vocabulary": "train"},
    "beam, both": {"decoder": "beam", "language_model": "train", "vocabulary": "train"},
}
PLAIN = {"language_model": None, "vocabulary": None, "lm_weight": SpeechTranscriber().lm_weight}


def manifest(name):
    """Rows of the table of a set."""
    with open(folder(name) / "manifest.csv", newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def has_room(path, text):
    """Whether a recording has the steps of 40 ms that its text needs; two of nathalie have not."""
    numbers = np.array([ord(c) for c in normalize_text(text)])
    return count_needed_steps(numbers) <= 25 * audio.read_duration(path)


def recordings(name):
    """Paths or features, sentences, and which are for the test."""
    rows = [row for row in manifest(name) if name != "nathalie" or has_room(folder(name) / row["path"], row["text"])]
    if name == "an4_mfcc":
        features = np.load(folder(name) / "features.npz")
        clips = [features[row["key"]] for row in rows]
    else:
        clips = [str(folder(name) / row["path"]) for row in rows]
    return clips, [row["text"] for row in rows], np.array([row["split"] != "train" for row in rows])


def digit_strings():
    """Waveforms, sentences, and speakers."""
    speech = datasets.load_speech_folder(folder("fsdd"))
    waveforms = AudioLoader(duration=None, sample_rate=RATE, n_jobs=2).fit_transform(speech.data)
    words = [DIGITS[int(label)] if label.isdigit() else label for label in speech.target]
    random = np.random.default_rng(0)
    clips, sentences, speakers = [], [], []
    for speaker in np.unique(speech.groups):
        waiting = list(random.permutation(np.flatnonzero(speech.groups == speaker)))
        while waiting:
            chosen = [waiting.pop() for _ in range(min(len(waiting), random.integers(3, 8)))]
            parts = []
            for i in chosen:
                pause = np.zeros(int(random.uniform(0, 0.3) * RATE), np.float32)
                parts += [waveforms[i] / np.abs(waveforms[i]).max() * 0.5, pause]
            clip = np.concatenate(parts[:-1])
            clips.append(clip + random.normal(0, 1e-4, len(clip)).astype(np.float32))
            sentences.append(" ".join(words[i] for i in chosen))
            speakers.append(str(speaker))
    return clips, sentences, np.array(speakers)


def tasks(names):
    """(task, clips, sentences, positions for the test) one after the other."""
    for name in names:
        if name == "digits":
            clips, sentences, speakers = digit_strings()
            for speaker in SPEAKERS:
                yield f"digits/{speaker}", clips, sentences, speakers == speaker
        elif name.startswith("digits/"):
            clips, sentences, speakers = digit_strings()
            yield name, clips, sentences, speakers == name.removeprefix("digits/")
        else:
            yield name, *recordings("an4_mfcc" if name == "an4" else name)


def measure(task, clips, sentences, is_test, seed, models, again, **params):
    """Train once, or load what was trained, and test with every decoder."""
    path = Path(models or "", f"{task.replace('/', '_')}_{seed}.joblib")
    if again:
        pipeline, seconds = joblib.load(path)
    else:
        pipeline, seconds = trained(task, clips, sentences, is_test, seed, **params)
        if models:
            joblib.dump((pipeline, seconds), path)
    return {"seconds": seconds} | errors(task, pipeline, clips, sentences, is_test)


def trained(task, clips, sentences, is_test, seed, **params):
    """A fitted pipeline, and how long it took."""
    train = np.flatnonzero(~is_test)
    network = SpeechTranscriber(random_state=seed, **(PARAMS.get(task.split("/")[0], {}) | params))
    steps = [network] if task == "an4" else [MelFeatures(duration=None, n_jobs=2), network]
    pipeline = Pipeline(steps)
    start = time.perf_counter()
    pipeline.fit([clips[i] for i in train], [sentences[i] for i in train])
    return pipeline, time.perf_counter() - start


def errors(task, pipeline, clips, sentences, is_test):
    """Word and character errors of every decoder."""
    test = np.flatnonzero(is_test)
    of_test, expected = [clips[i] for i in test], [sentences[i] for i in test]
    found = {}
    for name, decoder in DECODERS.items():
        pipeline[-1].set_params(**(PLAIN | decoder))
        heard = pipeline.predict(of_test)
        found[name] = [word_error_rate(expected, heard), character_error_rate(expected, heard)]
    if task == "nathalie":
        pipeline[-1].set_params(**PLAIN, decoder="greedy")
        found["word starts"] = start_errors(pipeline, of_test, expected)
    return found


def start_errors(pipeline, paths, sentences):
    """Median distance of the starts of words from those of words.csv, in seconds."""
    with open(folder("nathalie") / "words.csv", newline="", encoding="utf-8-sig") as file:
        known = {}
        for row in csv.DictReader(file):
            known.setdefault(row["path"], []).append((float(row["start"]), row["word"]))
    distances = []
    for path, words in zip(paths, pipeline.align(paths, sentences), strict=True):
        expected = sorted(known.get(Path(path).name, []))
        if len(expected) == len(words):  # the aligner counted words in another way otherwise
            distances += [word.start - start for word, (start, _) in zip(words, expected, strict=True)]
    return [float(np.median(np.abs(distances))), float(np.median(distances)), len(distances)]


def keep(task, key, found):
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results.setdefault(task, {})[key] = found
    RESULTS.write_text(json.dumps(results, indent=1))
    print(task, key, found, flush=True)


def pocketsphinx():
    """Digit strings by a recognizer that is trained already, with a grammar."""
    from pocketsphinx import Decoder

    words = " | ".join(DIGITS)
    grammar = f"#JSGF V1.0; grammar digits; public <digits> = ({words})+;"
    path = RESULTS.with_suffix(".gram")
    path.write_text(grammar)
    decoder = Decoder(jsgf=str(path), samprate=RATE, loglevel="FATAL")
    path.unlink()
    clips, sentences, speakers = digit_strings()
    for speaker in SPEAKERS:
        chosen = np.flatnonzero(speakers == speaker)
        heard = []
        for i in chosen:
            decoder.start_utt()
            decoder.process_raw((clips[i] * 32767).astype(np.int16).tobytes(), full_utt=True)
            decoder.end_utt()
            heard.append(decoder.hyp().hypstr if decoder.hyp() else "")
        expected = [sentences[i] for i in chosen]
        rates = [word_error_rate(expected, heard), character_error_rate(expected, heard)]
        keep(f"digits/{speaker}", "pocketsphinx", {"grammar": rates})


def keras_alone(seed):
    """Yesno by a network as in the example of Keras."""
    from _keras_ctc import transcribe

    paths, sentences, is_test = recordings("yesno")
    waveforms = AudioLoader(duration=None, sample_rate=RATE).fit_transform(paths)
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    start = time.perf_counter()
    given = [[waveforms[i] for i in train], [sentences[i] for i in train], [waveforms[i] for i in test]]
    heard = transcribe(*given, seed)
    expected = [sentences[i] for i in test]
    rates = [word_error_rate(expected, heard), character_error_rate(expected, heard)]
    keep("keras/yesno", str(seed), {"greedy": rates, "seconds": time.perf_counter() - start})


def latency(models):
    """Seconds that a frozen transcriber takes for a second of speech, on one core, greedy and beam."""
    clips, _, is_test = recordings("kathleen")
    paths = [clips[i] for i in np.flatnonzero(is_test)][:40]
    seconds = sum(len(w) for w in AudioLoader(duration=None, sample_rate=RATE).fit_transform(paths)) / RATE
    pipeline, _ = joblib.load(Path(models, "kathleen_0.joblib"))
    pipeline[0].set_params(n_jobs=1)
    frozen = {}
    for name in ("greedy", "beam, language of the training"):
        pipeline[-1].set_params(**(PLAIN | DECODERS[name]))
        frozen[name] = freeze(pipeline)
    times: dict = {name: [] for name in frozen}
    for _ in range(7):
        for name, one in frozen.items():
            start = time.perf_counter()
            for path in paths:
                one.predict([path])
            times[name].append((time.perf_counter() - start) / seconds * 1000)
    keep(
        "latency", "ms a second of speech", {name: [float(np.median(t)), float(np.ptp(t))] for name, t in times.items()}
    )


MEMORY = """
import re, sys, numpy as np
from sklspeech import SpeechTranscriber
random = np.random.default_rng(0)
lengths = [300] * 320 + [int(n) for n in sys.argv[1:]]
clips = [random.normal(size=(n, 40)).astype(np.float32) for n in lengths]
sentences = ["yes no", "no yes"] * (1 + len(clips) // 2)
SpeechTranscriber(epochs=1, random_state=0).fit(clips, sentences[: len(clips)])
# Not resource.getrusage, which counts the process that this one was forked from.
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def memory():
    """Peak memory of a training on clips of 3 s, and with one of 30 s among them, in MB."""
    peaks = {}
    for name, long_ones in {"320 clips of 3 s": [], "one of 30 s among them": ["3000"]}.items():
        command = [sys.executable, "-c", MEMORY, *long_ones]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[name] = float(done.stdout.split()[-1])
    keep("memory", "MB", peaks)


def write_tables():
    results = json.loads(RESULTS.read_text())
    write_other_tables(results)
    groups = {"yesno": ["yesno"], "an4": ["an4"], "kathleen": ["kathleen"], "nathalie": ["nathalie"]}
    groups["yesno, Keras alone, as in its example"] = ["keras/yesno"]
    groups["digit strings, leave one speaker out"] = [f"digits/{speaker}" for speaker in SPEAKERS]
    rows = []
    for group, names in groups.items():
        runs = [results[name] for name in names if name in results]
        seeds = sorted({key for run in runs for key in run if key.isdigit()})
        for decoder in [*DECODERS, "pocketsphinx"]:
            rates = [[run[seed][decoder] for run in runs if seed in run and decoder in run[seed]] for seed in seeds]
            if decoder == "pocketsphinx":
                rates = [[run[decoder]["grammar"] for run in runs if decoder in run]]
            rates = [100 * np.mean(of_seed, axis=0) for of_seed in rates if of_seed]
            if not rates:
                continue
            words, characters = np.array(rates).T
            seconds = [run[seed]["seconds"] for run in runs for seed in seeds if seed in run]
            label = "pocketsphinx with a grammar of the digits" if decoder == "pocketsphinx" else decoder
            trained = "" if decoder == "pocketsphinx" else f"{np.mean(seconds):.0f}"
            parts = f", {len(runs)} of {len(names)} speakers" if len(runs) < len(names) else ""
            rows.append([group + parts, label, _mean(words), _mean(characters), len(rates), trained])
    remark = (
        "`python benchmarks/transcription.py`: defaults, but for an4 (features are there already) "
        '`normalization="feature", vocal_tract=0`; for yesno and digits, which have few words, `units="word", '
        'stem=(16, 32, 32), n_layers=3, snr="auto"`, for yesno also `width=128, epochs=100, gain=6`, for digits '
        "`vocal_tract=0.15`. Mean ± standard deviation over seeds; of digit strings over "
        "speakers first. Most were trained beside other work: their seconds are too many. The language model of "
        "the first seeds of an4 and of the digits had the weight 0.6 of before, not 0.7."
    )
    columns = ["set", "decoder", "word errors, %", "character errors, %", "seeds", "training, s"]
    write_table("transcription", columns, rows, remark)


def write_other_tables(results):
    """Word times of nathalie, and how long a second of speech takes."""
    rows = []
    for seed, run in results.get("nathalie", {}).items():
        median, bias, n_words = run["word starts"]
        rows.append(
            [f"`align` on nathalie, seed {seed}", f"{1000 * median:.0f} ms from words.csv, median ({n_words} words)"]
        )
        rows.append([f"the same, how much later, seed {seed}", f"{1000 * bias:.0f} ms"])
    for runs in results.get("latency", {}).values():
        for name, (median, spread) in runs.items():
            rows.append(
                [f"frozen, features included, one core, {name}", f"{median:.1f} ms a second of speech ({spread:.1f})"]
            )
    for peaks in results.get("memory", {}).values():
        rows += [[f"peak memory of training, {name}", f"{peak:.0f} MB"] for name, peak in peaks.items()]
    write_table(
        "align", ["what", "figure"], rows, "`python benchmarks/transcription.py`, medians, and the range of 7 runs."
    )


def _mean(values):
    return f"{np.mean(values):.1f}" + (f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--models", help="folder to keep fitted pipelines in")
    parser.add_argument("--again", action="store_true", help="load the fitted pipelines instead of training")
    parser.add_argument("--params", type=json.loads, default={}, help="of SpeechTranscriber, as JSON")
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    sets = list(args.sets)
    if "pocketsphinx" in sets:
        sets.remove("pocketsphinx")
        pocketsphinx()
    if "memory" in sets:
        sets.remove("memory")
        memory()
    if "keras" in sets:
        sets.remove("keras")
        for seed in args.seeds:
            keras_alone(seed)
    if "latency" in sets:
        sets.remove("latency")
        latency(args.models)
    for task, clips, sentences, is_test in tasks(sets):
        for seed in args.seeds:
            key = f"{seed}" if not args.params else f"{seed} {json.dumps(args.params, sort_keys=True)}"
            keep(task, key, measure(task, clips, sentences, is_test, seed, args.models, args.again, **args.params))
    if args.table:
        write_tables()


if __name__ == "__main__":
    main()
