"""Teachers made of exchangeable parts, of which many papers are presets: bandits, ladders, paced pools and others."""

from ...registry import register_presets, register_teacher

register_teacher("bandit", "tutelage.teachers.composable.bandit:Bandit")
register_teacher("ladder", "tutelage.teachers.composable.ladder:Ladder")
register_teacher("paced", "tutelage.teachers.composable.paced:Paced")
register_teacher("candidate", "tutelage.teachers.composable.candidate:Candidate")
register_teacher("mixture", "tutelage.teachers.composable.mixture:Mixture")
register_teacher("scheduled-mixture", "tutelage.teachers.composable.scheduled_mixture:ScheduledMixture")
register_teacher("fallback", "tutelage.teachers.composable.fallback:Fallback")
register_teacher("generator", "tutelage.teachers.composable.generator:GeneratorTeacher")
register_presets("tutelage.teachers.composable.papers:PRESETS")
