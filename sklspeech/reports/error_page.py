"""A page of wrong clips: one HTML file that needs nothing else."""

import base64
import io
from html import escape

import numpy as np
import soundfile

from ..features.clips import clip_waveform
from ..features.mel import MelFeatures
from ..features.remarks import without_remarks
from ..metrics import word_error_rate

_RATE = 16_000  # Hertz of players and pictures
_LONGEST = 30.0  # seconds of a clip on the page
_SHORTEST = 1600  # samples of a picture
_CONFUSIONS = 20  # that are listed
_SUSPICIOUS = (
    "A label is suspicious where another one is as probable as that is, on average, for clips that bear it: listen to "
    "these, some are slips of the pen."
)

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --bad: light-dark(#b3261e, #ff8a80); --quiet: light-dark(#555, #aaa); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 2rem 1.5rem 0; }
.tables { display: flex; flex-wrap: wrap; align-items: flex-start; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
article { display: grid; grid-template-columns: 15rem 1fr; gap: 0 1.2rem; padding: 1rem 0; }
article { border-top: 1px solid var(--line); }
@media (max-width: 40rem) { article { grid-template-columns: 1fr; } }
img { width: 15rem; height: 6rem; image-rendering: auto; border-radius: 4px; }
audio { width: 15rem; height: 2.2rem; margin-top: .3rem; }
h2 { font-size: 1.1rem; margin: 0 0 .3rem; } h2 b { color: var(--bad); }
p { margin: .1rem 0; overflow-wrap: anywhere; } .quiet { color: var(--quiet); }
.mark { border: 1px solid var(--bad); border-radius: 4px; padding: 0 .4rem; color: var(--bad); font-size: .85rem; }
"""


def make_page(table, shown, clips, judges):
    """Write down what went wrong.

    Parameters
    ----------
    table : pandas.DataFrame
        All clips, see `error_report`.
    shown : pandas.DataFrame
        Those that are shown one by one.
    clips : sequence
        Paths or waveforms, by the index of the table.
    judges : str
        A sentence on who has judged them.

    Returns
    -------
    html : str
    """
    n_wrong = int((table["true"] != table["predicted"]).sum())
    if "word_error_rate" in table:
        rate = word_error_rate(table["true"], table["predicted"])
        summary = f"{n_wrong} of {len(table)} clips are not heard as they were said: word error rate {rate:.3f}"
    else:
        summary = f"{n_wrong} of {len(table)} clips are wrong: accuracy {1 - n_wrong / len(table):.3f}"
        n_suspicious = int(table["suspicious"].sum())
        summary += f"; {n_suspicious} labels are suspicious" if n_suspicious else ""
    tables = "" if "word_error_rate" in table else _confusions(table)
    tables += _speakers(table) if table["speaker"].notna().any() else ""
    articles = "".join(_article(row, clips[row["position"]]) for row in _rows(shown))
    heading = f"The worst {len(shown)} of them" if len(shown) < n_wrong else "All of them, the worst first"
    of_them = f"<h2>{heading}</h2>" if len(shown) else ""
    if "suspicious" in shown and shown["suspicious"].any():
        of_them += f'<p class="quiet">{_SUSPICIOUS}</p>'
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:;
 media-src data:"><title>Which clips are wrong</title><style>{_STYLE}</style></head>
<body><h1>Which clips are wrong</h1><p>{summary}. {escape(judges)}</p>
<div class="tables">{tables}</div>{of_them}{articles}</body></html>
"""


def _rows(shown):
    return shown.rename_axis("position").reset_index().to_dict("records")


def _confusions(table):
    wrong = table[table["true"] != table["predicted"]]
    counts = wrong.groupby(["true", "predicted"]).size().sort_values(ascending=False, kind="stable").head(_CONFUSIONS)
    return _as_table(["label", "heard as", "clips"], [(*pair, count) for pair, count in counts.items()])


def _speakers(table):
    if "word_error_rate" in table:
        rows = [
            (who, word_error_rate(own["true"], own["predicted"]), len(own)) for who, own in table.groupby("speaker")
        ]
        rows = sorted(rows, key=lambda row: -row[1])
        return _as_table(["speaker", "word error rate", "clips"], [(who, f"{x:.3f}", n) for who, x, n in rows])
    by = (table["true"] == table["predicted"]).groupby(table["speaker"])
    rows = sorted(zip(by.mean().index, by.mean(), by.size(), strict=True), key=lambda row: row[1])
    return _as_table(["speaker", "accuracy", "clips"], [(who, f"{x:.3f}", n) for who, x, n in rows])


def _as_table(columns, rows):
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(_cell(value, i) for i, value in enumerate(row)) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value, i):
    return f"<td>{escape(str(value))}</td>" if i == 0 or isinstance(value, str) else f'<td class="n">{value}</td>'


def _article(row, clip):
    waveform = clip_waveform(clip, _RATE)
    cut = waveform[: round(_LONGEST * _RATE)]
    facts = [f"{row['duration']:.2f} s"]
    if row["speaker"] is not None:
        facts.insert(0, f"speaker {row['speaker']}")
    if "probability_true" in row:
        facts.append(f"{row['predicted']} {row['probability']:.2f}, {row['true']} {row['probability_true']:.2f}")
    elif row.get("probability") is not None:
        facts.append(f"confidence {row['probability']:.2f}")
    mark = '<span class="mark">suspicious label</span>' if row.get("suspicious") else ""
    said, heard = escape(str(row["true"])), escape(str(row["predicted"]))
    return f"""<article><div><img alt="spectrogram of {said}" src="{_picture(cut)}"><audio controls preload="none"
 src="{_sound(cut)}"></audio></div><div><h2>{said} → <b>{heard}</b> {mark}</h2>
<p>{escape(", ".join(facts))}</p><p class="quiet">{escape(str(row["clip"]))}</p></div></article>"""


def _sound(waveform):
    """A WAV file of 16 bits, as an address."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform, -1, 1), _RATE, format="WAV", subtype="PCM_16")
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


def _picture(waveform):
    """The mel spectrogram, as an address."""
    from matplotlib.image import imsave

    padded = np.pad(waveform, (0, max(0, _SHORTEST - len(waveform))))
    with without_remarks():
        (mel,) = MelFeatures(duration=None, sample_rate=_RATE).fit_transform([padded])
    file = io.BytesIO()
    imsave(file, mel.T, cmap="magma", origin="lower", format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
