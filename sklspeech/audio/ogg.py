"""Pages of OGG files (RFC 3533), of which libsndfile reads the first stream alone and misses no end."""

from typing import NamedTuple

_BEGINS, _ENDS = 2, 4  # flags of a page


class Pages(NamedTuple):
    """What the pages of a file say: number of streams, whether the last page is whole, and marks the end."""

    n_streams: int
    is_whole: bool
    has_end: bool


def read_pages(content):
    """Look at every page of a file.

    Parameters
    ----------
    content : FileBytes

    Returns
    -------
    pages : Pages
    """
    position, n_streams, flags, is_whole = 0, 0, 0, True
    while position < len(content):
        head = content[position : position + 282]  # 27 bytes and at most 255 lengths
        if head[:4] != b"OggS" or len(head) < 27:
            is_whole = not any(content[position : position + 2**16])  # some writers leave zeros behind the end
            break
        lengths = head[27 : 27 + head[26]]
        flags = head[5]
        n_streams += bool(flags & _BEGINS)
        position += 27 + head[26] + sum(lengths)
        is_whole = len(lengths) == head[26] and position <= len(content)
    return Pages(n_streams, is_whole, bool(flags & _ENDS))
