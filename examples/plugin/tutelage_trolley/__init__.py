"""A teacher and an environment that take part in Tutelage's experiments by name."""
