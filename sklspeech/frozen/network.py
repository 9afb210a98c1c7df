"""FrozenNetwork: a trained network as an ONNX graph, loaded and run without the framework that trained it."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

from sklearn.base import BaseEstimator

from .._runtime.onnx_graph import start_session
from .._runtime.threads import count_threads, map_in_threads
from ..errors import FrozenError
from ..features.frames import batch_indices, network_inputs, take_clips

INFERENCE_BATCH = 32  # clips: bounded memory, and fastest of what was measured
_MAX_FRAMES = 2**13  # of a batch of clips of different lengths
_INPUTS = "features", "n_frames"


@dataclass(eq=False, repr=False, kw_only=True)
class FrozenNetwork(BaseEstimator):
    """The base of what is trained already and predicts with ONNX Runtime."""

    _parameter_constraints: ClassVar[dict] = {"graph": [bytes], "n_jobs": [Integral, None]}

    graph: bytes
    n_jobs: int | None = None

    def fit(self, X, y=None):
        """Refuse: a frozen network does not train.

        Parameters
        ----------
        X : object
            Ignored.
        y : object, default=None
            Ignored.

        Raises
        ------
        FrozenError
            Always.
        """
        raise FrozenError("this network is frozen: it can be neither trained, nor cross-validated, nor searched")

    @property
    def n_features_in_(self):
        """Features of a frame."""
        return self.input_shape_[1]

    @property
    def input_shape_(self):
        """Frames and features of a clip; None frames where clips have different lengths."""
        n_frames, n_features = self.load_graph().get_inputs()[0].shape[1:]
        return n_frames if isinstance(n_frames, int) else None, n_features

    def _run(self, clips):
        """Positions of some clips, and what the network makes of them, batch by batch."""
        session = self.load_graph()
        batches = batch_indices(clips, INFERENCE_BATCH, _MAX_FRAMES)

        def run(indices):
            return session.run(None, dict(zip(_INPUTS, network_inputs(take_clips(clips, indices)), strict=False)))[0]

        return zip(batches, map_in_threads(run, batches, count_threads(self.n_jobs)), strict=True)

    def load_graph(self):
        """The session of the graph, loaded on first use and again where it has been changed.

        Returns
        -------
        session : onnxruntime.InferenceSession
        """
        graph, session = vars(self).get("_loaded", (None, None))
        if graph is not self.graph:
            session = start_session(self.graph)
            self._loaded = self.graph, session
        return session

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_loaded", None)
        return state

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
