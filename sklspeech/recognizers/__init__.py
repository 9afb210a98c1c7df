"""Networks as estimators: the only package with Keras and scikit-learn."""

from .._runtime.quiet import import_keras
from .._runtime.requirements import require

require("networks are trained", keras="keras", scikeras="scikeras==0.13.0")
import_keras()  # before the modules of this package do, with TensorFlow's greetings
