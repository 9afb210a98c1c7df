"""Progress bars where a person watches and waits: a line on a terminal or in a notebook, after a few seconds."""

import multiprocessing
import sys
import threading

from joblib.parallel import get_active_backend

_DELAY = 3.0  # seconds of work that nobody needs to be told of
_FORMAT = "{percentage:3.0f} % {bar:4} {remaining} left  {desc}"
_WIDTH = 79  # what is longer loses its end


class Progress:
    """A line that tells how far some work has come; nothing where nobody watches.

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
        self._title = title
        self._bar = _make_bar(total, delay) if total and is_watched() else None
        self._lock = threading.Lock()

    def advance(self, n_steps=1, detail=""):
        """Tell that steps are done, from any thread.

        Parameters
        ----------
        n_steps : float, default=1
        detail : str, default=""
            What is shown instead of the title.
        """
        if self._bar is None:
            return
        with self._lock:
            self._bar.set_description_str(detail or self._title, refresh=False)
            self._bar.update(n_steps)

    def close(self):
        """Take the line away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def is_watched():
    """Whether somebody can see a line that changes: not from a worker, nor where messages go to a file.

    Returns
    -------
    is_watched : bool
    """
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
