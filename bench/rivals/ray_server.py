"""Ray Serve with its own batching."""

import os
import signal

from classifier import classify_batch, session
from ray import serve
from starlette.requests import Request


@serve.deployment(
    num_replicas=int(os.environ["BENCH_WORKERS"]), max_ongoing_requests=64, ray_actor_options={"num_cpus": 1}
)
class Classifier:
    def __init__(self):
        self.session = session()

    @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.002)
    async def run(self, jpegs):
        return classify_batch(self.session, jpegs)

    async def __call__(self, request: Request):
        return await self.run(await request.body())


serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])})
serve.run(Classifier.bind(), route_prefix="/classify")
signal.pause()
