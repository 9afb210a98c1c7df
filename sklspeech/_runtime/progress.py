"""Progress bars where a person watches and waits: a line on a terminal or in a notebook, after a few seconds."""

import multiprocessing
import sys
import threading
import time
from contextlib import contextmanager

_DELAY = 3.0  # seconds of work that nobody needs to be told of
_FORMAT = "{percentage:3.0f} % {bar:4} {remaining} left  {desc}"
_WIDTH = 79  # what is longer loses its end
_PAUSE = 0.2  # seconds between two changes of a text
_open: list = []  # of the main thread, the outermost first


class Progress:
    """A line that tells how far some work has come; nothing where nobody watches.

    Work within work has no line of its own: what it does is shown in that of the whole.

    Parameters
    ----------
    title : str
        What is done, such as "features".
    total : int
        Steps.
    delay : float, default=3.0
        Seconds before anything is shown.
    """

    def __init__(self, title, total, delay=_DELAY):
        self._title = self._detail = title
        self._lock = threading.Lock()
        self._bar, self._outer, self._shown = None, None, time.monotonic() + delay
        if total and is_watched():
            self._outer = _open[-1] if _open else None
            self._bar = None if _open else _make_bar(total, delay)
            _open.append(self)

    @property
    def is_shown(self):
        """Whether it has a line."""
        return self._bar is not None

    def advance(self, n_steps=1, detail=""):
        """Tell that steps are done, from any thread.

        Parameters
        ----------
        n_steps : float, default=1
        detail : str, default=""
            What is shown instead of the title.
        """
        if self._outer is not None:
            self._outer.mention(detail or self._title)
        if self._bar is None:
            return
        with self._lock:
            self._detail = detail or self._title
            self._bar.set_description_str(self._detail, refresh=False)
            self._bar.update(n_steps)

    def mention(self, text):
        """Show what is done within a step.

        Parameters
        ----------
        text : str
        """
        if self._outer is not None:
            self._outer.mention(text)
        if self._bar is None or time.monotonic() < self._shown:
            return
        with self._lock:
            self._shown = time.monotonic() + _PAUSE
            self._bar.set_description_str(f"{self._detail}: {text}", refresh=True)
            self._bar.last_print_t = time.time()  # by which tqdm knows that there is something to take away

    def close(self):
        """Take the line away."""
        if self in _open:
            _open.remove(self)
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


@contextmanager
def beside_progress():
    """Take the line away while something else is printed."""
    if not any(progress.is_shown for progress in _open):
        yield
        return
    from tqdm import tqdm

    with tqdm.external_write_mode(file=sys.stderr):
        yield


def is_watched():
    """Whether somebody can see a line that changes: not from a worker, nor where messages go to a file.

    Returns
    -------
    is_watched : bool
    """
    from joblib.parallel import get_active_backend  # not before: the command line is to start at once

    if multiprocessing.parent_process() is not None or get_active_backend()[0].nesting_level:
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    return is_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def is_notebook():
    """Whether this is the kernel of a notebook.

    Returns
    -------
    is_notebook : bool
    """
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == "ZMQInteractiveShell"


def _make_bar(total, delay):
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # in production, where few wait
        return None
    # tqdm itself is quiet where the user has set TQDM_DISABLE.
    return tqdm(total=total, bar_format=_FORMAT, ncols=_WIDTH, delay=delay, leave=False, file=sys.stderr, ascii=False)
