"""Teachers that keep the student at the edge of what it can do: neither mastered nor out of reach."""

from ...registry import register_teacher
