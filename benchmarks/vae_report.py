"""The report of a task VAE: one HTML page with its numbers, reconstructions, samples and interpolations."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..spaces import TaskSpace
from ..state import write_text
from ..teachers.latent.latent_decoder import LatentDecoder
from ..teachers.latent.vae_files import read_description
from .figures.latent_space import interpolations, loss_curves, prior_samples, reconstructions, wall_counts
from .figures.style import save_figure, style

_STYLE = """
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1d21;
  background: #fff; max-width: 900px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.2rem; margin: 40px 0 8px; }
img { max-width: 100%; height: auto; } p { margin: 6px 0; } .quiet { color: #4a5159; }
table { border-collapse: collapse; font-size: 0.9rem; } th { color: #4a5159; font-weight: 600; }
th, td { text-align: left; padding: 3px 16px 3px 0; border-bottom: 1px solid #e3e6ea; }
"""

_MEASURES = {
    "accuracy": "tokens that come back in their place",
    "exact": "tasks that come back whole",
    "overlap": "tokens in common / tokens of either, wherever they are",
    "cross_entropy": "cross-entropy of a token, nats",
    "kl": "KL divergence of a task from the prior, nats",
    "active_units": "latent dimensions in use (their means vary by more than 0.01)",
    "seconds_per_level": "seconds to decode a task",
}


def write_vae_report(
    folder: str | Path, decoder: LatentDecoder, space: TaskSpace, sequences: NDArray[np.int64]
) -> Path:
    """Draw the report of a VAE into its folder ``report``.

    Args:
        folder: Where the VAE is.
        decoder: The VAE.
        space: The tasks.
        sequences: Tasks that it has not seen, at least 300.

    Returns:
        The page, ``report/report.html``; the pictures lie next to it.

    Raises:
        RunError: The folder cannot be written to.
    """
    description = read_description(folder)
    target = Path(folder) / "report"
    try:
        target.mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot write to {target}: {error.strerror or error}.") from error
    history = description["training"].get("history", [])
    figures: list[tuple[str, str, Callable[[], Any], str]] = [
        ("losses", "Losses", lambda: loss_curves(history), "Of the batches of the training."),
        (
            "reconstructions",
            "What comes back",
            lambda: reconstructions(decoder, space, sequences),
            "Tasks that the VAE has not seen, from the shortest sequence to the longest, and the greedy decoding of "
            "the encoder's means. What is not part of a sequence, such as the direction in a maze, is drawn anew.",
        ),
        (
            "prior",
            "What the prior holds",
            lambda: prior_samples(decoder, space, sequences),
            "Tasks of latents drawn from the prior.",
        ),
        ("walls", "Walls", lambda: wall_counts(decoder, space, sequences), "How full such levels are."),
        (
            "interpolations",
            "Between two tasks",
            lambda: interpolations(decoder, space, sequences),
            "Tasks on straight lines between the latents of two tasks that the VAE has not seen.",
        ),
    ]
    parts = []
    for name, title, draw, caption in figures:
        path = target / f"{name}.png"
        with style():
            figure = draw()
            if figure is None:
                path.unlink(missing_ok=True)
                continue
            save_figure(figure, path)
        content = base64.b64encode(path.read_bytes()).decode("ascii")
        image = f'<img alt="{html.escape(title)}" src="data:image/png;base64,{content}">'
        parts.append(f"<h2>{html.escape(title)}</h2>{image}<p class='quiet'>{html.escape(caption)}</p>")
    page = target / "report.html"
    write_text(page, _page(folder, description, "\n".join(parts)))
    return page


def _page(folder: str | Path, description: dict[str, Any], pictures: str) -> str:
    title = f"Task VAE for {description['codec']['name']}"
    training = description["training"]
    measures = {_MEASURES[name]: value for name, value in training.get("measures", {}).items() if name in _MEASURES}
    others = {name: value for name, value in training.items() if name not in ("measures", "history")}
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    body = [
        f"<h1>{html.escape(title)}</h1><p class='quiet'>{html.escape(str(folder))}</p>",
        _table("On tasks that it has not seen", measures),
        pictures,
        _table("Training", others),
        _table("Settings", description["config"]),
        _table("Codec", description["codec"]),
    ]
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _table(title: str, pairs: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(_shown(v))}</td></tr>" for k, v in pairs.items()
    )
    return f"<h2>{html.escape(title)}</h2><table>{rows}</table>" if rows else ""


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
