"""The conditional Real NVP in torch, whose automatic gradients are the reference of those written out by hand."""

from __future__ import annotations

import torch


def forward(flow, weights, noise, f):
    """Points and log densities, of flat weights."""
    x, logs = noise, log_logistic(noise)
    for i, part in enumerate(torch.split(weights, flow.sizes)):
        scale, shift, moved = _scale_and_shift(flow, part, i, x, f)
        logs = logs - scale.sum(dim=1)
        x = _replace(x, moved, x[:, moved] * scale.exp() + shift)
    return torch.sigmoid(x), logs - log_logistic(x)


def log_density(flow, weights, points, f):
    x = points.logit()
    logs = -log_logistic(x)
    for i, part in reversed(list(enumerate(torch.split(weights, flow.sizes)))):
        scale, shift, moved = _scale_and_shift(flow, part, i, x, f)
        logs = logs - scale.sum(dim=1)
        x = _replace(x, moved, (x[:, moved] - shift) * (-scale).exp())
    return logs + log_logistic(x)


def perceptron(x, weights, shapes, activation):
    parts = torch.split(weights, [torch.Size(shape).numel() for shape in shapes])
    for i in range(0, len(shapes), 2):
        x = torch.nn.functional.linear(x, parts[i].view(shapes[i]), parts[i + 1])
        x = activation(x) if i < len(shapes) - 2 else x
    return x


def log_logistic(x):
    return (torch.nn.functional.logsigmoid(x) + torch.nn.functional.logsigmoid(-x)).sum(dim=1)


def _scale_and_shift(flow, weights, i, x, f):
    seen, moved = flow.masks[i]
    condition = torch.stack([2.0 * f - 1.0, f.logit() / 4.0], dim=1)
    inputs = torch.cat([2.0 * torch.tanh(x[:, seen] / 4.0), condition], dim=1)
    scale, shift = perceptron(inputs, weights, flow.shapes[i], torch.tanh).chunk(2, dim=1)
    return 1.5 * torch.tanh(scale), shift, moved


def _replace(x, moved, values):
    x = x.clone()
    x[:, moved] = values
    return x
