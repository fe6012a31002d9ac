"""Checkpoints: folders that are complete or not there.

A checkpoint is written under a temporary name, listed in a manifest with the size and the SHA-256 of every file, and of
the manifest's own content, and renamed into place. A run killed at any moment leaves whole checkpoints only; damage
done later is found and named.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import RunError
from .state import write_text

_MANIFEST = "manifest.json"
_WRITING = ".writing-"
_REMOVING = ".removing-"


@dataclass(frozen=True)
class Checkpoint:
    """One complete checkpoint.

    Attributes:
        path: Its folder.
        step: The number of environment steps after which it was taken.
        meta: What the writer wanted to remember, plain data.
    """

    path: Path
    step: int
    meta: dict[str, Any]


class CheckpointStore:
    """Writes, finds and verifies the checkpoints of a run.

    Args:
        folder: Where they lie; it is made when the first one is written.
        keep: How many of the latest to keep, at least 1.

    Example:
        >>> import tempfile
        >>> store = CheckpointStore(tempfile.mkdtemp())
        >>> with store.writing(1000, {"seed": 0}) as folder:
        ...     _ = (folder / "weights.txt").write_text("1 2 3")
        >>> store.latest().step, store.latest().meta
        (1000, {'seed': 0})
    """

    def __init__(self, folder: str | os.PathLike[str], keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, got {keep}.")
        self.folder = Path(folder)
        self.keep = keep

    @contextmanager
    def writing(self, step: int, meta: Mapping[str, Any]) -> Iterator[Path]:
        """Give a folder to write files into; it becomes a checkpoint when the block ends without an error.

        Raises:
            RunError: The disk is full or the folder cannot be written; earlier checkpoints are intact.
        """
        temporary: Path | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            temporary = Path(tempfile.mkdtemp(prefix=_WRITING, dir=self.folder))
            yield temporary
            files = {}
            for file in sorted(p for p in temporary.iterdir() if p.is_file()):
                files[file.name] = {"bytes": file.stat().st_size, "sha256": _sha256(file)}
                _sync(file)
            manifest: dict[str, Any] = {"step": step, "meta": dict(meta), "files": files}
            manifest["sha256"] = _digest(json.loads(json.dumps(manifest)))
            write_text(temporary / _MANIFEST, json.dumps(manifest, indent=1) + "\n")
            os.chmod(temporary, 0o755)
            target = self._path(step)
            if target.exists():
                self._retire(target)
            os.replace(temporary, target)
            _sync(self.folder)
            temporary = None
            for old in self._paths()[: -self.keep]:
                self._retire(old)
            self._sweep()
        except OSError as error:
            raise RunError(
                f"Cannot write a checkpoint in {self.folder}: {error.strerror or error}. "
                "The checkpoints written before are intact."
            ) from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def _retire(self, path: Path) -> None:
        """Take a checkpoint out of sight in one step; removing it takes several."""
        os.replace(path, tempfile.mkdtemp(prefix=_REMOVING, dir=self.folder))

    def _sweep(self) -> None:
        """Remove what is out of sight, and what a killed process was writing."""
        for path in self.folder.iterdir():
            if path.name.startswith((_WRITING, _REMOVING)):
                shutil.rmtree(path, ignore_errors=True)

    def latest(self) -> Checkpoint | None:
        """Return the latest checkpoint after verifying it, or None where there is none.

        Raises:
            RunError: It is damaged; the message names the file.
        """
        paths = self._paths()
        return self.verify(paths[-1]) if paths else None

    def latest_step(self) -> int | None:
        """Return the step of the latest checkpoint, unverified, or None where there is none."""
        paths = self._paths()
        return int(paths[-1].name.removeprefix("step_")) if paths else None

    def verify(self, path: str | os.PathLike[str]) -> Checkpoint:
        """Check every file of a checkpoint against its manifest.

        Raises:
            RunError: A file is missing or differs.
        """
        path = Path(path)
        older = [other.name for other in self._paths() if other.name < path.name]
        back = f"go back to {older[-1]}" if older else "begin anew, for there is no older checkpoint"
        mend = f"Delete {path} to {back}."
        manifest_file = path / _MANIFEST
        try:
            manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
            if manifest.pop("sha256") != _digest(manifest):
                raise ValueError("its content is not what was written")
            step, meta, files = int(manifest["step"]), dict(manifest["meta"]), dict(manifest["files"])
            sizes = {name: (int(entry["bytes"]), str(entry["sha256"])) for name, entry in files.items()}
        except FileNotFoundError as error:
            raise RunError(f"{manifest_file} is missing. {mend}") from error
        except UnicodeDecodeError as error:
            raise RunError(f"{manifest_file} is damaged: it is no text. {mend}") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RunError(f"{manifest_file} is damaged ({error!r:.200}). {mend}") from error
        for name, (size, digest) in sizes.items():
            file = path / name
            if not file.is_file():
                raise RunError(f"{file} is missing. {mend}")
            try:
                intact = file.stat().st_size == size and _sha256(file) == digest
            except OSError as error:
                raise RunError(f"{file} cannot be read: {error.strerror or error}. {mend}") from error
            if not intact:
                raise RunError(f"{file} is damaged: its content is not what was written. {mend}")
        return Checkpoint(path, step, meta)

    def _path(self, step: int) -> Path:
        return self.folder / f"step_{step:012d}"

    def _paths(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(p for p in self.folder.iterdir() if re.fullmatch(r"step_\d{12,}", p.name))


def _digest(manifest: dict[str, Any]) -> str:
    """The SHA-256 of a manifest's content, however it is written."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode("utf-8")).hexdigest()


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
