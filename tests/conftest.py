"""Settings of the whole suite."""

from hypothesis import settings

# A busy machine is no failure: no example has a deadline, and the examples are the same every time.
settings.register_profile("tutelage", deadline=None, derandomize=True)
settings.load_profile("tutelage")
