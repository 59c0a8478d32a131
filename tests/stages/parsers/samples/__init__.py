"""One sample for every variant of every parser: what the common suite runs on. A module here has `SAMPLES`."""

from importlib import import_module
from pkgutil import iter_modules

from tests.stages.parsers.harness import Sample

SAMPLES: tuple[Sample, ...] = tuple(
    sample for module in iter_modules(__path__) for sample in import_module(f"{__name__}.{module.name}").SAMPLES
)
