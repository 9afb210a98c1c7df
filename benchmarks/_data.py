"""Where the recordings for the benchmarks are."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("SKLSPEECH_DATA", Path(__file__).parents[2] / "shared" / "data"))


def folder(name):
    """The folder of a set of recordings."""
    path = ROOT / name
    if not path.is_dir():
        raise SystemExit(f"no recordings in {path}; set SKLSPEECH_DATA to the folder that holds {name}")
    return path
