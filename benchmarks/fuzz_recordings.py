"""Mutated recordings: every one gives a right row or a named error, in bounded time and memory.

    python benchmarks/fuzz_recordings.py          20,000 of ten kinds, some minutes on 2 cores; writes into RESULTS.md
    python benchmarks/fuzz_recordings.py --number 500 --seed 1

A right row is one of finite features of the shape that was asked for; it is the same whether the recording is read as
far as it is needed or whole; and where neither a length in the header nor the number of streams is in doubt, its
waveform is that of soundfile. Batches run in processes of their own, so that a crash is one finding.
"""

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile

KINDS = {
    "WAV, 16 bits": ("wav", "WAV", "PCM_16", {}),
    "WAV, 24 bits": ("wav", "WAVEX", "PCM_24", {}),
    "WAV, float": ("wav", "WAV", "FLOAT", {}),
    "WAV, GSM": ("wav", "WAV", "GSM610", {}),
    "FLAC": ("flac", "FLAC", "PCM_16", {}),
    "OGG, Vorbis": ("ogg", "OGG", "VORBIS", {}),
    "OGG, Opus": ("ogg", "OGG", "OPUS", {}),
    "MP3": ("mp3", "MP3", "MPEG_LAYER_III", {}),
    "MP3, variable": ("mp3", "MP3", "MPEG_LAYER_III", {"bitrate_mode": "VARIABLE", "compression_level": 0.5}),
    "AIFF": ("aiff", "AIFF", "PCM_16", {}),
}
RATE = 16000
LONGEST_S, MOST_MB = 5.0, 600.0  # of a recording, and of a process over what it begins with
BATCH = 250


def recording(kind):
    """The bytes of a good recording of a kind."""
    _, file_format, subtype, options = KINDS[kind]
    random = np.random.default_rng(0)
    rate = 8000 if subtype == "GSM610" else RATE
    samples = random.normal(0, 0.1, rate) * np.hanning(rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=file_format, subtype=subtype, **options)
    return buffer.getvalue()


def mutate(content, random):
    """One to three changes to the bytes of a file."""
    content = bytearray(content)
    for _ in range(random.integers(1, 4)):
        place, size = int(random.integers(len(content) + 1)), int(random.integers(1, 200))
        change = random.integers(9)
        if change == 0:
            del content[place:]
        elif change == 1:
            for i in random.integers(len(content), size=random.integers(1, 9)) if content else ():
                content[i] ^= 1 << random.integers(8)
        elif change == 2:
            content[place : place + size] = bytes(len(content[place : place + size]))
        elif change == 3:
            content[place:place] = random.bytes(size)
        elif change == 4:
            del content[place : place + size]
        elif change == 5:
            content[place:place] = content[place : place + size]
        elif change == 6:  # a number of a header
            place = int(random.integers(0, 64))
            odd = random.choice([0, 1, 2, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1])
            content[place : place + 4] = int(odd).to_bytes(4, "little" if random.integers(2) else "big")
        elif change == 7:
            content += bytes(content)
        else:
            content += random.bytes(size)
        if not content:
            content += b"\0"
    return bytes(content)


def outcome(path, features):
    """What becomes of a file: "row", the class of a named error, or a fault."""
    from sklspeech import AudioError
    from sklspeech.audio import read_waveform

    start = time.perf_counter()
    try:
        row = features.transform([path])[0]
    except AudioError as error:
        return (
            f"{type(error).__name__}" if str(error).startswith(path) else f"FAULT: an error without its file: {error}"
        )
    except Exception as error:
        return f"FAULT: {type(error).__name__}: {error}"
    finally:
        seconds = time.perf_counter() - start
    if seconds > LONGEST_S:
        return f"FAULT: {seconds:.1f} s"
    if row.shape != features.row_shape(features.n_samples_) or not np.isfinite(row).all():
        return f"FAULT: a row of shape {row.shape}, finite: {np.isfinite(row).all()}"
    try:
        whole = read_waveform(path)
    except AudioError:
        return "row"  # what is wrong comes later than what was needed
    if not np.allclose(features.transform([whole])[0], row, atol=1e-2):
        return "FAULT: other samples when the file is read whole"
    return "row"


def run_batch(kind, seed, number):
    """Mutate and read, in this process; prints an outcome a line."""
    from sklspeech import MelFeatures

    warnings.simplefilter("ignore")
    ending = KINDS[kind][0]
    good, random = recording(kind), np.random.default_rng([seed, *kind.encode()])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/clip.{ending}"
        Path(path).write_bytes(good)
        features = MelFeatures(duration=0.5).fit([path])
        features.transform([path])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for i in range(number):
            path = f"{folder}/{i}.{ending}"
            content = mutate(good, random)
            Path(path).write_bytes(content)
            print(repr(outcome(path, features)), flush=True)
            Path(path).unlink()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(repr(f"FAULT: {grown:.0f} MB more memory") if grown > MOST_MB else repr("memory"), flush=True)


def main():
    """Run all batches and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", nargs=3, metavar=("KIND", "SEED", "NUMBER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.batch:
        kind, seed, number = args.batch
        run_batch(kind, int(seed), int(number))
        return 0
    rows, n_faults = [], 0
    for kind in KINDS:
        found: Counter = Counter()
        n_of_kind = args.number // len(KINDS)
        for start in range(0, n_of_kind, BATCH):
            size = min(BATCH, n_of_kind - start)
            command = [sys.executable, __file__, "--batch", kind, str(args.seed * 10**6 + start), str(size)]
            run = subprocess.run(command, capture_output=True, text=True, timeout=600)
            lines = run.stdout.splitlines()
            found.update(lines)
            if run.returncode:
                found[f"FAULT: the process ended with {run.returncode} after {len(lines)}: {run.stderr[-300:]}"] += 1
        faults = {line: n for line, n in found.items() if "FAULT" in line}
        n_faults += sum(faults.values())
        print(kind, dict(found), flush=True)
        rows.append([kind, n_of_kind, found["'row'"], found["'AudioError'"], sum(faults.values())])
    if args.number == parser.get_default("number"):
        from _results import write_table

        remark = f"python benchmarks/fuzz_recordings.py; {LONGEST_S:g} s and {MOST_MB:g} MB at most."
        write_table("fuzz-recordings", ["kind", "mutants", "right row", "named error", "anything else"], rows, remark)
    return 1 if n_faults else 0


if __name__ == "__main__":
    sys.exit(main())
