"""Teachers over a learned latent space of tasks."""

from ...registry import register_teacher

register_teacher("clutr", "tutelage.teachers.latent.clutr:CLUTR")
