"""Makes what `sklspeech.frozen` loads."""
