"""The figures in Prometheus' text format.

No label carries a name or a text: labels are stages, outcomes, kinds, codes and states, all of them few.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from daemon.service.metrics import Sums
from packages_store.model import StageName

_KINDS = ("input", "output", "cached", "reasoning")


def exposition(sums: Callable[[], Sums]) -> Callable[[], bytes]:
    """A registry of its own over `sums`, and how to read it."""
    registry = CollectorRegistry()
    registry.register(_Figures(sums))
    return lambda: generate_latest(registry)


class _Figures(Collector):
    def __init__(self, sums: Callable[[], Sums]) -> None:
        self._sums = sums

    def collect(self) -> Iterable[Metric]:
        sums = self._sums()
        yield from _of_work(sums)
        yield from _of_models(sums)
        yield _labelled("loom_repairs", "What was found broken and repaired.", "reason", sums.repairs.items())
        files = GaugeMetricFamily("loom_drop_files", "Files in the drop folder.", labels=["state"])
        for state, count in sorted(sums.drop_files.items()):
            files.add_metric([state], count)
        yield files
        text = "How long the oldest file waits that was taken and is not imported yet."
        yield GaugeMetricFamily("loom_oldest_waiting_seconds", text, value=sums.waited_seconds)
        build = GaugeMetricFamily("loom_build_info", "Always 1.", labels=["version", "python"])
        build.add_metric([version("entity-loom"), platform.python_version()], 1)
        yield build


def _of_work(sums: Sums) -> Iterator[Metric]:
    text = "Items of each stage, as the ledgers hold them."
    items = CounterMetricFamily("loom_items", text, labels=["stage", "outcome"])
    for (stage, outcome), count in sorted(sums.items.items()):
        items.add_metric([stage, outcome], count)
    yield items
    seconds = SummaryMetricFamily("loom_stage_seconds", "How long runs of each stage took.", labels=["stage"])
    for stage in StageName:
        seconds.add_metric([stage], count_value=sums.runs[stage], sum_value=sums.seconds.get(stage, 0.0))
    yield seconds


def _of_models(sums: Sums) -> Iterator[Metric]:
    tokens = ((kind, sums.tokens[kind]) for kind in _KINDS)
    yield _labelled("loom_llm_tokens", "Tokens, as the provider counted them.", "kind", tokens)
    yield CounterMetricFamily("loom_llm_cost_usd", "What answers of known price cost.", value=float(sums.cost))
    text = "Requests to the language model that were sent again."
    yield _labelled("loom_llm_retries", text, "code", sums.retries.items())


def _labelled(name: str, text: str, label: str, counts: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts):
        family.add_metric([value], count)
    return family
