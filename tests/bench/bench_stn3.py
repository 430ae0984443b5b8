"""A training step of `stn3` beside a matrix product: how near to the processor's speed, and where time goes.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_stn3.py [--batch 50] [--rounds 5]

Floating-point operations are counted by torch. The bound is a product of two square matrices in the same
arithmetic, in the same run. Seconds are process time, best of the rounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from signsight.models.build import build

SIDE = 2048
PARTS = {
    "convolutions, forward": ("aten::mkldnn_convolution",),
    "convolutions, backward": ("aten::convolution_backward",),
    "grid_sample": ("aten::grid_sampler_2d", "aten::grid_sampler_2d_backward"),
}


def best(work: Callable[[], object], rounds: int) -> float:
    """Process seconds of the fastest of some rounds, after one that does not count."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def product(dtype: torch.dtype, rounds: int) -> float:
    """Operations a second of a matrix product."""
    one, two = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    return 2 * SIDE**3 / best(lambda: one @ two, rounds)


def measure(size: int, dtype: torch.dtype, batch: int, rounds: int) -> None:
    """Print one line on an image's cost, and one on the parts of the time."""
    torch.manual_seed(0)
    network = build("stn3", 43, size).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    target = torch.arange(batch) % 43

    def arithmetic() -> AbstractContextManager:
        return torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)

    def step() -> None:
        with arithmetic():
            logits = network(images)
        optimizer.zero_grad()
        functional.cross_entropy(logits.float(), target).backward()
        optimizer.step()

    def forward() -> None:
        with torch.inference_mode(), arithmetic():
            network.eval()(images)
            network.train()

    with FlopCounterMode(display=False) as counter:
        step()
    operations, bound = counter.get_total_flops(), product(dtype, rounds)
    seconds, alone = best(step, rounds), best(forward, rounds)
    print(
        f"{size} px, {str(dtype).removeprefix('torch.')}: {1e3 * seconds / batch:.1f} ms an image "
        f"({1e3 * alone / batch:.1f} ms forward), {operations / batch / 1e9:.2f} GFLOP, "
        f"{operations / seconds / 1e9:.0f} GFLOP/s; a matrix product {bound / 1e9:.0f} GFLOP/s "
        f"(ratio {seconds * bound / operations:.2f})"
    )
    with profile(activities=[ProfilerActivity.CPU]) as found:
        step()
    own = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    shares = {
        part: sum(own.get(name, 0) for name in names) / sum(own.values()) for part, names in PARTS.items()
    }
    print("   ", ", ".join(f"{part} {share:.0%}" for part, share in shares.items()), flush=True)


def main() -> None:
    """All sizes and kinds of arithmetic."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=50, help="images in a step")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the fastest counts")
    given = parser.parse_args()
    for size in (32, 48):
        for dtype in (torch.float32, torch.bfloat16):
            measure(size, dtype, given.batch, given.rounds)


if __name__ == "__main__":
    main()
