"""Archives taken apart, changed and put together again, as somebody would who means to hurt."""

import hashlib
import json
import zipfile


def contents(path):
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path, parts):
    """A file made by hand: the manifest has the digest of the graph as it is now."""
    graph = parts.get("network.onnx", b"")
    old = contents_digest(parts)
    if old and old != hashlib.sha256(graph).hexdigest():
        manifest = parts["manifest.json"]
        manifest = (manifest if isinstance(manifest, str) else manifest.decode()).replace(
            old, hashlib.sha256(graph).hexdigest()
        )
        parts = parts | {"manifest.json": manifest}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def contents_digest(parts):
    """The digest that a manifest tells, if it does."""
    try:
        return json.loads(parts["manifest.json"])["sha256"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def with_manifest(change):
    def make(parts):
        manifest = json.loads(parts["manifest.json"])
        change(manifest)
        return parts | {"manifest.json": json.dumps(manifest)}

    return make
