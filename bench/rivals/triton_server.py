"""NVIDIA Triton by pytriton with its dynamic batching: encoded pictures in, scores out, as its own clients send them."""

import os

import numpy as np
from classifier import MODEL, prepare, session
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def worker():
    sess = session()

    @batch
    def infer(image):
        inputs = np.stack([prepare(row[0]) for row in image])
        return {"logits": sess.run([MODEL["output"]], {MODEL["input"]: inputs})[0]}

    return infer


ports = [int(port) for port in os.environ["BENCH_PORTS"].split(",")]
config = TritonConfig(
    http_address="127.0.0.1", grpc_address="127.0.0.1", http_port=ports[0], grpc_port=ports[1], metrics_port=ports[2]
)
with Triton(config=config) as triton:
    triton.bind(
        "classifier",
        [worker() for _ in range(int(os.environ["BENCH_WORKERS"]))],
        inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
        outputs=[Tensor(name="logits", dtype=np.float32, shape=(1000,))],
        config=ModelConfig(max_batch_size=8, batcher=DynamicBatcher(max_queue_delay_microseconds=2000)),
    )
    triton.serve()
