"""Speech recognition as scikit-learn estimators.

Pipeline([MelFeatures(), SpeechCNN()]).fit(paths, labels)

The public names are listed in ``__init__.pyi``, and each is imported on first use: the package alone loads neither
TensorFlow nor scikit-learn.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
