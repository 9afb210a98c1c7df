"""Write a table into RESULTS.md, with the date, the commit and the machine that it was measured on."""

import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_table(name, columns, rows, remark):
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Parameters
    ----------
    name : str
    columns : list of str
    rows : list of list
    remark : str
        How it was measured.
    """
    lines = [columns, ["---"] * len(columns), *rows]
    table = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    text = RESULTS.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"{RESULTS.name} has no place <!-- {name} --> ... <!-- /{name} -->")
    content = f"{table}\n\n{remark} {_provenance()}\n\n"
    RESULTS.write_text(place.sub(lambda m: f"{m[1]}\n{content}{m[2]}", text), encoding="utf-8")
    print(table)


def _provenance():
    """Date, commit and machine, as a sentence."""
    commit = _git("rev-parse", "--short", "HEAD") + ("" if not _git("status", "--porcelain") else " and changes")
    return (
        f"{date.today()}, commit {commit}, {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}."
    )


def _git(*arguments):
    run = subprocess.run(["git", *arguments], cwd=RESULTS.parent, capture_output=True, text=True)
    return run.stdout.strip()


def _processor():
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.processor()
