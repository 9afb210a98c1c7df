"""ProgressBar: what a long fit or search is doing, in one line."""

from .._runtime.progress import Progress
from .._runtime.public import public
from .._runtime.scikit_learn import close_listener, get_context_path, open_listener, send

_lines: dict = {}  # of the fits that run in this process, by their identifier


@public
class ProgressBar:
    """Callback of scikit-learn that shows a long fit in one line: how far, how long, which epoch, which loss.

    The line stands on a terminal or in a notebook, during searches and with several jobs as well; nothing is shown
    where messages go to a file. `sklearn.callback.ProgressBar` has a bar for every step instead, without losses.

    Parameters
    ----------
    max_propagation_depth : int or None, default=None
        How many estimators deep it looks, such as 1 for the steps of a pipeline; None is all.

    Examples
    --------
    >>> from sklspeech import FrameStatistics, ProgressBar, SpeechCNN
    >>> network = SpeechCNN().set_callbacks(ProgressBar())
    """

    def __init__(self, max_propagation_depth=None):
        self.max_propagation_depth = max_propagation_depth
        self._handles = {}

    def setup(self, estimator, context):
        """Begin a line; scikit-learn calls this before a fit.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        line = _lines[context.root_uuid] = _Line(context.estimator_name)
        self._handles[context.root_uuid] = open_listener(line.receive)  # of what workers send

    def on_fit_task_begin(self, estimator, context):
        """Tell of a task; scikit-learn calls this.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        self._tell("begin", context)

    def on_fit_task_end(self, estimator, context):
        """Tell that a task is done; scikit-learn calls this.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        self._tell("end", context)

    def _tell(self, event, context):
        """Send what has become of a task to the line, which may be in another process."""
        path = tuple(task.task_id for task in get_context_path(context))
        send(self._handles[context.root_uuid], (event, path, context.max_subtasks, _describe(context)))

    def teardown(self, estimator, context):
        """Take the line away; scikit-learn calls this after a fit.

        Parameters
        ----------
        estimator : estimator
            What is fitted.
        context : sklearn.callback.CallbackContext
            Of the task.
        """
        close_listener(self._handles.pop(context.root_uuid))
        _lines.pop(context.root_uuid).close()


def _describe(context):
    """What a task is: the epoch of a network with its losses, or the step of a pipeline."""
    if context.parent is not None and context.task_name == "epoch":
        of_all = "" if context.parent.max_subtasks is None else f"/{context.parent.max_subtasks}"
        losses = getattr(context, "figures", "")  # are there at its end
        return f"{context.estimator_name} epoch {context.task_id + 1}{of_all}" + (f", {losses}" if losses else "")
    return f"{context.estimator_name} {context.task_name}" if context.max_subtasks == 0 else context.estimator_name


class _Line:
    """How far a tree of tasks has come, of which every task counts alike among those of the one above it."""

    def __init__(self, name):
        self._progress = Progress(name, 1)
        self._totals = {}  # tasks of a task; None where nobody knows
        self._shares = {}  # of a task that is done
        self._done = 0.0

    def receive(self, message):
        """Take in what a task tells."""
        event, path, total, text = message
        if event == "begin":
            self._totals[path], self._shares[path] = total, 0.0
        elif path in self._totals:
            self._finish(path)
        done = self._shares.get(path[:1], 1.0)
        self._progress.advance(max(0.0, done - self._done), text)
        self._done = max(done, self._done)

    def _finish(self, path):
        self._totals.pop(path)
        added = 1.0 - self._shares.pop(path)
        for depth in range(len(path) - 1, 0, -1):
            parent = path[:depth]
            if not self._totals.get(parent):
                return
            added /= self._totals[parent]
            self._shares[parent] += added

    def close(self):
        """Take the line away."""
        self._progress.close()
