"""Write a table into its place in the README."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def write_table(name, columns, rows, remark):
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    lines = [columns, ["---"] * len(columns), *rows]
    table = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    text = README.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"README.md has no place <!-- {name} --> ... <!-- /{name} -->")
    README.write_text(place.sub(lambda m: f"{m[1]}\n{table}\n\n{remark}\n\n{m[2]}", text), encoding="utf-8")
    print(table)
