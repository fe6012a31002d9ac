"""Experiments from files, from the ready-made ones that come with the library, and from folders that go on."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ...errors import RequestError, unknown_name
from .experiment import Experiment
from .folder import ExperimentFolder


def ready_made() -> dict[str, str]:
    """Return the names of the ready-made experiments, and what each is about.

    Example:
        >>> "quickstart" in ready_made()
        True
    """
    folder = files(__package__) / "ready_made"
    found = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {name: str(_read_text(name).get("about", "")) for name in found}


def is_ready_made(experiment: Experiment) -> bool:
    """Tell whether an experiment is the ready-made one of its name, and not a file of one's own that is called alike.

    Example:
        >>> is_ready_made(read_experiment("quickstart")[0])
        True
    """
    return experiment.name in ready_made() and _read_text(experiment.name) == dict(experiment.plain)


def default_folder(experiment: Experiment) -> Path:
    """Return where an experiment is played unless it is told otherwise.

    Example:
        >>> str(default_folder(read_experiment("quickstart")[0]))
        'runs/benchmarks/quickstart'
    """
    return Path("runs") / "benchmarks" / experiment.name


def _read_text(name: str) -> dict[str, Any]:
    content = yaml.safe_load((files(__package__) / "ready_made" / f"{name}.yaml").read_text(encoding="utf-8"))
    return dict(content)


def read_experiment(source: str) -> tuple[Experiment, Path | None]:
    """Read an experiment.

    Args:
        source: A YAML file, the name of a ready-made experiment, or the folder of one that has begun.

    Returns:
        The experiment, and its folder if it is one that has begun.

    Raises:
        RequestError: There is nothing of that name, or what is there is no experiment; the message names the file.
        RunError: The experiment of a folder is damaged.

    Example:
        >>> read_experiment("quickstart")[0].name
        'quickstart'
    """
    path = Path(source)
    if path.is_dir():
        return ExperimentFolder(path).read(), path
    if path.is_file():
        return _from_file(path), None
    if source in ready_made():
        return Experiment.from_mapping(_read_text(source), source), None
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise RequestError(f"There is no file {source}.")
    raise RequestError(unknown_name("experiment", source, ready_made(), "Anything else is a YAML file or a folder."))


class _UniqueNames(yaml.SafeLoader):
    """Refuses a name that is given twice, of which the last would win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _from_file(path: Path) -> Experiment:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueNames)
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise RequestError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    except RecursionError as error:
        raise RequestError(f"{path} is nested too deeply.") from error
    name = path.stem
    if isinstance(content, dict):  # that of a folder has its name in it
        name = content.pop("name", name)
        if not isinstance(name, str) or not name.strip() or Path(name).name != name:
            raise RequestError(f"{path}: name: expected a text that can be a folder's name, got {name!r:.60}.")
    try:
        return Experiment.from_mapping(content, name)
    except RequestError as error:
        raise RequestError(f"{path}: {error}") from error
