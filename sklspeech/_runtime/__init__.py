"""How we run: threads, files, imports, names. Imports nothing else of ours."""
