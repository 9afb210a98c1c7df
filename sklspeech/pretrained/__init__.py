"""Networks that others have trained, as transformers."""
