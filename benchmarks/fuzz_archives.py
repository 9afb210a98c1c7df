"""Mutated archives: every one is refused with an ArchiveError, or predicts as the original, in bounded time and memory.

    python benchmarks/fuzz_archives.py            7,500 of six kinds, some minutes; writes into RESULTS.md
    python benchmarks/fuzz_archives.py --number 200 --seed 1

The mutants are structured: values of the manifest, fields of the graph's Protocol Buffers, entries of the zip file,
arrays. They are made by code of their own, not by that which is tested.
"""

import argparse
import hashlib
import io
import json
import resource
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

import sklspeech

ODD = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    1e308,
    0.5,
    "",
    "auto",
    "hann",
    "\x1b[2J",
    "x" * 5000,
    [],
    {},
    [1, 2],
    ["a"],
    ["a"] * 20_000,
]
LONGEST_S, MOST_MB = 5.0, 600.0
TOLERANCE = 1e-2  # of a probability: of a weight that was changed by hand the golden input may show 1e-4 alone


def write(entries, path, method=zipfile.ZIP_DEFLATED):
    """Write entries as a zip file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that are there twice
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in entries:
                archive.writestr(name, content)


def mutate_around(entries, random):
    """Replace, remove or add a value in what the manifest says of RejectOption or WordSpotter."""
    return mutate_manifest(entries, random, "around")


def mutate_manifest(entries, random, part=None):
    """Replace, remove or add a value, anywhere in the manifest or in a part of it."""
    manifest = json.loads(dict(entries)["manifest.json"])
    places = []

    def collect(value):
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for key in keys:
            places.append((value, key))
            collect(value[key])

    collect(manifest if part is None else manifest[part])
    for _ in range(random.integers(1, 3)):
        holder, key = places[random.integers(len(places))]
        change = random.integers(4)
        try:
            if change == 0:
                del holder[key]
            elif change == 1 and isinstance(holder, dict):
                holder["extra"] = ODD[random.integers(len(ODD))]
            elif change == 2 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                holder[key] = holder[key] * random.choice([-1, 0.5, 2, 1000]) + random.integers(2)
            else:
                holder[key] = ODD[random.integers(len(ODD))]
        except (KeyError, IndexError):
            pass  # it was removed by the change before
    return replaced(entries, "manifest.json", json.dumps(manifest, default=np.generic.item).encode())


def varint(value):
    """A number as Protocol Buffers write it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def parse(message):
    """Fields of a message: (number, wire type, value); raises where there are none."""
    fields, place = [], 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = number()
        kind = key & 7
        if kind == 0:
            value = number()
        else:
            size = {1: 8, 5: 4}.get(kind) or number()
            value, place = message[place : place + size], place + size
        fields.append((key >> 3, kind, value))
    return fields


def serialize(fields):
    """The bytes of a message."""
    out = bytearray()
    for number, kind, value in fields:
        out += varint(number << 3 | kind)
        if kind == 0:
            out += varint(value)
        else:
            out += (varint(len(value)) if kind == 2 else b"") + value
    return bytes(out)


def mutate_graph(entries, random):
    """Change a field of a message, some messages deep."""

    def change(message, depth):
        try:
            fields = parse(message)
        except IndexError:
            fields = []
        if not fields:
            return random.bytes(random.integers(1, 9))
        i = random.integers(len(fields))
        number, kind, value = fields[i]
        if depth and kind == 2 and random.random() < 0.8:
            fields[i] = number, kind, change(value, depth - 1)
            return serialize(fields)
        what = random.integers(9)
        if what == 0:
            del fields[i]
        elif what == 1:
            fields.insert(random.integers(len(fields) + 1), fields[i])
        elif what == 2:
            fields[i] = int(random.integers(0, 40)), kind, value
        elif what == 3:
            fields.append((int(random.integers(1, 2**20)), 2, random.bytes(4)))
        elif what == 4:
            fields[i] = number, 0, int(random.integers(2**62))
        elif what == 5:
            fields[i] = number, 2, random.bytes(random.integers(0, 40))
        elif what == 6:
            fields[i] = number, 5, struct.pack("<f", random.choice([0.0, 1.0, np.nan, 1e30]))
        elif what == 7 and kind == 0:
            fields[i] = number, 0, value + int(random.integers(1, 4))
        else:
            some = bytearray(serialize(fields))
            some[random.integers(len(some))] ^= 1 << random.integers(8)
            return bytes(some)
        return serialize(fields)

    graph = change(dict(entries)["network.onnx"], int(random.integers(0, 6)))
    if random.integers(2):  # made by hand, not by damage
        manifest = json.loads(dict(entries)["manifest.json"]) | {"sha256": hashlib.sha256(graph).hexdigest()}
        entries = replaced(entries, "manifest.json", json.dumps(manifest).encode())
    return replaced(entries, "network.onnx", graph)


def mutate_arrays(entries, random):
    """Other numbers, shapes, types, or damage."""
    name = ["input.npy", "output.npy"][random.integers(2)]
    array = np.load(io.BytesIO(dict(entries)[name]))
    what = random.integers(6)
    if what == 0:
        array = array + np.float32(random.choice([1e-3, np.nan, 1.0]))
    elif what == 1:
        array = array[..., : random.integers(array.shape[-1])]
    elif what == 2:
        array = array.astype(random.choice(["f8", "f2", "i4", ">f4"]))
    elif what == 3:
        array = array[None]
    buffer = io.BytesIO()
    np.save(buffer, array)
    content = bytearray(buffer.getvalue())
    if what >= 4:
        for i in random.integers(len(content) if what == 4 else 128, size=3):
            content[i] ^= 1 << random.integers(8)
    return replaced(entries, name, bytes(content))


def replaced(entries, name, content):
    """The entries with one of them replaced."""
    return [(key, content if key == name else value) for key, value in entries]


def write_mutated_zip(entries, path, random):
    """A zip file that is damaged, or has more than it should."""
    what = random.integers(8)
    if what == 0:
        entries = [*entries, entries[random.integers(len(entries))]]
    elif what == 1:
        entries = [*entries, ("../" * random.integers(3) + "x", b"x")]
    elif what == 2:
        entries = replaced(entries, entries[random.integers(len(entries))][0], bytes(int(random.integers(2**27))))
    write(entries, path, random.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    content = bytearray(path.read_bytes())
    if what == 3:
        content[:0] = random.bytes(random.integers(1, 40))
    elif what == 4:
        content += random.bytes(random.integers(1, 40))
    elif what == 5:
        del content[random.integers(len(content)) :]
    elif what >= 6:
        places = len(content) if what == 6 else 200
        for i in random.integers(1, places + 1, size=random.integers(1, 5)):
            content[-i] ^= 1 << random.integers(8)
    path.write_bytes(content)


def model():
    """A small frozen pipeline, the same as a RejectOption and a WordSpotter have it, and clips to compare it on."""
    from sklspeech import MelFeatures, Pipeline, RejectOption, SpeechCNN, WordSpotter, datasets, freeze

    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=3, random_state=0)
    pipeline = Pipeline([MelFeatures(duration=0.4), SpeechCNN(stem=(4,), filters=(8,), epochs=3, random_state=0)])
    clips = [*speech.data[:3], speech.data[0] * np.float32(1e-3), np.zeros(8000, np.float32)]
    frozen = freeze(pipeline.fit(speech.data, speech.target))
    rejecting = RejectOption(frozen)
    rejecting.threshold_, rejecting.false_alarm_rate_, rejecting.miss_rate_ = 0.5, 0.0, 0.1
    rejecting.unknown_label_, rejecting.estimator_ = "unknown", frozen
    rejecting.classes_ = np.array(["no", "unknown", "yes"])
    return frozen, rejecting, WordSpotter(frozen, threshold={"no": 0.5, "yes": 0.6}), clips


def predicted(model, clips):
    """Probabilities of the pipeline, after what else a model can do, which must not fail."""
    if hasattr(model, "detect"):
        model.detect(clips)
        return model.estimator.predict_proba(clips)
    model.predict(clips)
    return getattr(model, "estimator_", model).predict_proba(clips)


def outcome(path, clips, expected):
    """Whether a file predicts as the original, is refused, or neither."""
    start = time.perf_counter()
    try:
        got = predicted(sklspeech.load(path), clips)
    except sklspeech.ArchiveError as error:
        if len(str(error)) > 600 or str(path) not in str(error):
            return f"FAULT: a message of {len(str(error))} characters: {str(error)[:100]}"
        result = "ArchiveError"
    except Exception as error:
        return f"FAULT: {type(error).__name__}: {str(error)[:200]}"
    else:
        difference = np.abs(got - expected).max() if got.shape == expected.shape else np.inf
        result = "same" if difference <= TOLERANCE else f"FAULT: other probabilities, by {difference:.2g}"
    seconds = time.perf_counter() - start
    return f"FAULT: {seconds:.1f} s" if seconds > LONGEST_S else result


def main():
    """Make all mutants and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=7500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    frozen, rejecting, spotter, clips = model()
    expected, rows = frozen.predict_proba(clips), []
    kinds = {
        "manifest": (frozen, mutate_manifest),
        "graph": (frozen, mutate_graph),
        "arrays": (frozen, mutate_arrays),
        "zip file": (frozen, None),
        "manifest of RejectOption": (rejecting, mutate_around),
        "manifest of WordSpotter": (spotter, mutate_around),
    }
    random = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.sklspeech")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for kind, (original, change) in kinds.items():
            sklspeech.save(original, path)
            with zipfile.ZipFile(path) as archive:
                entries = [(name, archive.read(name)) for name in archive.namelist()]
            found: Counter = Counter()
            for _ in range(args.number // len(kinds)):
                if change is None:
                    write_mutated_zip(entries, path, random)
                else:
                    write(change(entries, random), path)
                found[outcome(path, clips, expected)] += 1
            print(kind, dict(found), flush=True)
            faults = sum(n for what, n in found.items() if what.startswith("FAULT"))
            rows.append([kind, args.number // len(kinds), found["same"], found["ArchiveError"], faults])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{grown:.0f} MB more memory")
    if args.number == parser.get_default("number"):
        from _results import write_table

        remark = f"python benchmarks/fuzz_archives.py; {LONGEST_S:g} s at most, {grown:.0f} MB more memory at the end."
        columns = ["what is changed", "mutants", "predicts as the original", "ArchiveError", "anything else"]
        write_table("fuzz-archives", columns, rows, remark)
    return 1 if any(row[-1] for row in rows) or grown > MOST_MB else 0


if __name__ == "__main__":
    sys.exit(main())
