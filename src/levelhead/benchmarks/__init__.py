"""Measuring the product: what `levelhead bench` runs. Each prints what it compares with."""
