"""Networks as estimators: the only package with Keras and scikit-learn."""
