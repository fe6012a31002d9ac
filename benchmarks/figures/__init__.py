"""The figures of reports and of pages of results: each one plot of Matplotlib."""
