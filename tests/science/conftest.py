"""Equations are compiled on first use, which is not a fault of the example that met it first."""

from hypothesis import settings

settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
