"""Networks as estimators: the only package with Keras and scikit-learn."""

from .._runtime.requirements import require

require("networks are trained", keras="keras", scikeras="scikeras==0.13.0")
