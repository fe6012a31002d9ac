"""Building a student: a Stable-Baselines3 algorithm by name, with a preset."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..errors import RequestError, unknown_name
from .presets import preset

_CLASSES = {
    "ppo": "stable_baselines3:PPO",
    "a2c": "stable_baselines3:A2C",
    "sac": "stable_baselines3:SAC",
    "td3": "stable_baselines3:TD3",
    "dqn": "stable_baselines3:DQN",
    "recurrent-ppo": "sb3_contrib:RecurrentPPO",
}

_POLICIES = {"MazeLstmPolicy": "tutelage.students.maze_lstm_policy:MazeLstmPolicy"}
_EXTRACTORS = {
    "CombinedExtractor": "stable_baselines3.common.torch_layers:CombinedExtractor",
    "FlattenExtractor": "stable_baselines3.common.torch_layers:FlattenExtractor",
    "MazeExtractor": "tutelage.students.maze_extractor:MazeExtractor",
    "NatureCNN": "stable_baselines3.common.torch_layers:NatureCNN",
    "SubgoalExtractor": "tutelage.students.subgoal_extractor:SubgoalExtractor",
}


def list_students() -> list[str]:
    """Return the names `make_student` knows.

    Example:
        >>> list_students()
        ['a2c', 'dqn', 'ppo', 'recurrent-ppo', 'sac', 'td3']
    """
    return sorted(_CLASSES)


def student_class(name: str) -> Any:
    """Return the algorithm's class.

    Raises:
        RequestError: An unknown name.
    """
    if name not in _CLASSES:
        raise RequestError(unknown_name("student", name, _CLASSES))
    return _imported(_CLASSES[name])


def make_student(
    name: str,
    env: Any,
    *,
    preset_name: str | None = None,
    seed: int | None = None,
    device: str = "cpu",
    torch_threads: int | None = 1,
    **overrides: Any,
) -> Any:
    """Build a Stable-Baselines3 student.

    Args:
        name: One of `list_students`.
        env: The environment it learns in, usually a `CurriculumVecEnv`.
        preset_name: One of ``list_presets(name)``; by default Stable-Baselines3's own hyperparameters.
        seed: Seed of the student, 0 included.
        device: Where torch computes.
        torch_threads: Threads of torch for this process, 1 by default: small networks run faster on one thread than
            on several, and parallel runs then own one core each. None leaves torch as it is.
        **overrides: Arguments of the algorithm, over those of the preset; and ``normalize_observations`` (wrap the
            environment in ``VecNormalize``, rewards untouched), ``action_noise_std`` (Gaussian action noise),
            ``gradient_steps_per_env`` (times the number of environments: ``gradient_steps``) and ``rollout_steps``
            (divided by the number of environments: ``n_steps``). ``learning_rate`` and ``clip_range`` may be written
            ``"lin_1e-3"``, as in Stable-Baselines3's zoo: from that value linearly to 0 at the end of training.
            ``policy_kwargs`` are merged entry by entry; ``activation_fn`` may be a name of ``torch.nn``'s, in lower
            case, and ``features_extractor_class`` the name of `MazeExtractor` or of one of Stable-Baselines3's.
            ``policy`` may also be ``"MazeLstmPolicy"``.

    Returns:
        The algorithm, ready to ``learn``.

    Raises:
        RequestError: An unknown student, preset or argument; an action space the algorithm cannot handle.

    Example:
        >>> import gymnasium as gym
        >>> student = make_student("ppo", gym.make("CartPole-v1"), seed=0, n_steps=64, batch_size=32)
        >>> student.learn(64).num_timesteps
        64
    """
    cls = student_class(name)
    check_device(device)
    arguments = student_arguments(name, preset_name, overrides)
    venv = prepare(env, bool(arguments.pop("normalize_observations", False)), torch_threads)
    noise = arguments.pop("action_noise_std", None)
    gradient_steps = arguments.pop("gradient_steps_per_env", None)
    if gradient_steps is not None and "gradient_steps" not in arguments:
        arguments["gradient_steps"] = int(gradient_steps) * venv.num_envs
    if arguments.get("rollout_steps") is not None and "n_steps" not in arguments:
        arguments["n_steps"] = rollout_length(name, arguments, venv.num_envs) // venv.num_envs
    arguments.pop("rollout_steps", None)
    for key in ("learning_rate", "clip_range"):
        if isinstance(arguments.get(key), str):
            arguments[key] = _schedule(key, arguments[key])
    policy_kwargs = arguments.pop("policy_kwargs", {})
    if "activation_fn" in policy_kwargs:
        policy_kwargs["activation_fn"] = _activation(policy_kwargs["activation_fn"])
    if "features_extractor_class" in policy_kwargs:
        policy_kwargs["features_extractor_class"] = _extractor(policy_kwargs["features_extractor_class"])
    policy = arguments.pop("policy", None) or _policy_name(name, venv.observation_space)
    if isinstance(policy, str) and policy in _POLICIES:
        policy = _imported(_POLICIES[policy])
    try:
        if noise is not None:
            arguments["action_noise"] = _gaussian_noise(venv.action_space, float(noise))
        return cls(
            policy, venv, seed=seed, device=device, policy_kwargs=policy_kwargs or None, **{"verbose": 0, **arguments}
        )
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        # Stable-Baselines3 asserts that it supports the spaces, and lets torch refuse arguments.
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise RequestError(f"The student {name} cannot be built for this environment: {reason}.") from error


def check_device(device: str) -> None:
    """Refuse a device that torch does not have here; Stable-Baselines3 would fall back to the CPU in silence.

    Raises:
        RequestError: An unknown or missing device.

    Example:
        >>> check_device("cpu"), check_device("auto")
        (None, None)
    """
    import torch

    if device == "auto":
        return
    try:
        kind = torch.device(device).type
    except (RuntimeError, TypeError) as error:
        raise RequestError(f"Unknown device {device!r}: expected cpu, cuda, cuda:1, … or auto.") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise RequestError(f"The device {device!r} is not available: torch finds no GPU. Use 'cpu' or 'auto'.")


def student_arguments(name: str, preset_name: str | None, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a student: those of a preset, with others over them.

    Raises:
        RequestError: An unknown student, preset or argument.

    Example:
        >>> student_arguments("ppo", "sb3", {"n_steps": 64})
        {'n_steps': 64}
    """
    accepted = inspect.signature(student_class(name)).parameters
    known = [p for p in accepted if p not in ("env", "seed", "device") and not p.startswith("_")]
    ours = ["normalize_observations"]
    if "action_noise" in accepted:
        ours.append("action_noise_std")
    if "gradient_steps" in accepted:
        ours.append("gradient_steps_per_env")
    if "n_steps" in accepted:
        ours.append("rollout_steps")
    arguments = preset(name, preset_name or "sb3")
    for key in overrides:
        if key not in known and key not in ours:
            raise RequestError(unknown_name(f"argument of {name}", key, [*known, *ours]))
    given = overrides.get("policy_kwargs") or {}
    if not isinstance(given, Mapping):
        raise RequestError(
            f"Expected policy_kwargs as a mapping, e.g. policy_kwargs={{net_arch: [64, 64]}}; got {given!r}."
        )
    policy_kwargs = {**arguments.get("policy_kwargs", {}), **given}
    return {**arguments, **overrides, **({"policy_kwargs": policy_kwargs} if policy_kwargs else {})}


def rollout_length(name: str, arguments: Mapping[str, Any], n_envs: int) -> int:
    """Return how many environment steps a student plays, in all environments together, until it learns.

    Args:
        name: The student.
        arguments: Its arguments.
        n_envs: Environments.

    Example:
        >>> rollout_length("ppo", {}, 8), rollout_length("ppo", {"rollout_steps": 1000}, 16)
        (16384, 992)
        >>> rollout_length("sac", {}, 4)
        4
    """
    accepted = inspect.signature(student_class(name)).parameters
    if "train_freq" in accepted:
        every = arguments.get("train_freq", accepted["train_freq"].default)
        steps = every if isinstance(every, int) else 1
    elif "n_steps" not in arguments and arguments.get("rollout_steps") is not None:
        steps = int(arguments["rollout_steps"]) // n_envs
    else:
        steps = int(arguments.get("n_steps", accepted["n_steps"].default))
    return max(1, steps) * n_envs


def set_torch_threads(n: int | None) -> None:
    """Set how many threads torch uses in this process; the last bits of its results depend on it.

    Args:
        n: None leaves torch as it is.
    """
    import torch

    if n is not None:
        torch.set_num_threads(n)


def prepare(env: Any, normalize: bool, torch_threads: int | None = 1) -> Any:
    """Return the vector environment a student learns in, and set the number of torch's threads.

    Args:
        env: A vector environment, or a single one, which is wrapped in Monitor and a vector environment of one.
        normalize: Wrap it in ``VecNormalize``, rewards untouched.
        torch_threads: None leaves torch as it is.

    Raises:
        RequestError: Observations that cannot be normalised.
    """
    from gymnasium.spaces import Box, Dict
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

    set_torch_threads(torch_threads)
    venv = env if isinstance(env, VecEnv) else DummyVecEnv([lambda: Monitor(env)])
    if not normalize:
        return venv
    space = venv.observation_space
    keys = [key for key, part in space.spaces.items() if isinstance(part, Box)] if isinstance(space, Dict) else None
    if not (keys if isinstance(space, Dict) else isinstance(space, Box)):
        raise RequestError(f"Observations of {space} cannot be normalised: set normalize_observations to false.")
    return VecNormalize(venv, norm_obs=True, norm_reward=False, clip_obs=10.0, norm_obs_keys=keys)


def _policy_name(name: str, observation_space: Any) -> str:
    from gymnasium.spaces import Dict
    from stable_baselines3.common.preprocessing import is_image_space

    prefix = (
        "MultiInput" if isinstance(observation_space, Dict) else "Cnn" if is_image_space(observation_space) else "Mlp"
    )
    return f"{prefix}{'Lstm' if name == 'recurrent-ppo' else ''}Policy"


def _imported(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def _extractor(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in _EXTRACTORS:
        raise RequestError(unknown_name("features_extractor_class", value, _EXTRACTORS))
    return _imported(_EXTRACTORS[value])


def _gaussian_noise(action_space: Any, std: float) -> Any:
    import numpy as np
    from stable_baselines3.common.noise import NormalActionNoise

    return NormalActionNoise(np.zeros(action_space.shape), np.full(action_space.shape, std))


def _schedule(key: str, text: str) -> Any:
    from stable_baselines3.common.utils import LinearSchedule

    prefix, _, number = text.partition("_")
    try:
        start = float(number)
    except ValueError:
        start = -1.0
    if prefix != "lin" or not 0.0 < start < float("inf"):
        raise RequestError(f"{key} must be a number or a linear schedule such as 'lin_1e-3', got {text!r}.")
    return LinearSchedule(start, 0.0, 1.0)


def _activation(value: Any) -> Any:
    from torch import nn

    if not isinstance(value, str):
        return value
    known = {
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "elu": nn.ELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "leaky_relu": nn.LeakyReLU,
    }
    if value not in known:
        raise RequestError(unknown_name("activation_fn", value, known))
    return known[value]
