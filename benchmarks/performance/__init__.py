"""Speed measured against the peer on this machine: ``python -m tutelage.benchmarks.performance.<name>``.

Each module has ``run()``, which returns its rows as dictionaries, and prints them as a table with targets.
"""
