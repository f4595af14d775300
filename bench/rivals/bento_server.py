"""BentoML with its adaptive batching."""

import os
from pathlib import Path

import bentoml
from classifier import classify_batch, session


@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]), traffic={"timeout": 60, "max_concurrency": 128})
class Classifier:
    def __init__(self):
        self.session = session()

    @bentoml.api(batchable=True, max_batch_size=8, max_latency_ms=10000, route="/classify")
    def classify(self, images: list[Path]) -> list[list]:
        return classify_batch(self.session, [path.read_bytes() for path in images])
