"""Time and memory of a layer over the length, the number and the width of the series, and where it stops fitting."""

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from tsattn_lab.bench.rounds import compare, in_turn
from tsattn_tutorial.torch import AttentionPooling

USUAL = {"series": 2, "steps": 512, "width": 64}
#: What is varied, and its values, each twice the one before; the other two stay as usual.
VARIED = {
    name: [first * 2**power for power in range(count)]
    for name, first, count in (("steps", 128, 7), ("series", 1, 7), ("width", 16, 6))
}
ENOUGH = 0.1  # seconds of passes that make up a measurement
MEMORY = 2 * 2**30  # bytes, what Binder gives
PATIENCE = 60  # CPU seconds a pass may take when the limit is looked for
LONGEST = 2**20  # steps
LOCAL_WIDTH = 64  # how far a step of the local attention sees, itself included, to either side


class _SelfAttention(nn.Module):
    """One head of scaled scores. The ways to get from queries, keys and values to the output differ."""

    def __init__(self, attend: Callable[[Tensor, Tensor, Tensor], Tensor], width: int) -> None:
        super().__init__()
        self.attend, self.projections = attend, nn.Linear(width, 3 * width)

    def forward(self, x: Tensor) -> Tensor:
        return self.attend(*self.projections(x).chunk(3, dim=2))  # (B, T, K) each


def _explicit(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The weights ``(B, T, T)`` are a matrix in memory, and the backward pass keeps it."""
    return torch.softmax(query @ key.transpose(1, 2) / query.shape[2] ** 0.5, dim=2) @ value


def _fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The same numbers from the kernel of PyTorch, which never holds more than a tile of the weights."""
    # The dimension of heads is not decoration: without it, the kernel is not used, and weights are stored.
    return scaled_dot_product_attention(*(part[:, None] for part in (query, key, value)))[:, 0]


def _local(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Each step sees the steps less than ``LOCAL_WIDTH`` away: blocks of steps, each beside its two neighbours."""
    batch, steps, width = query.shape
    blocks = -(-steps // LOCAL_WIDTH)
    rest = blocks * LOCAL_WIDTH - steps
    query = pad(query, (0, 0, 0, rest)).view(batch, blocks, LOCAL_WIDTH, width)
    key, value = (  # (B, blocks, K, 3 W): a block and its neighbours
        pad(part, (0, 0, LOCAL_WIDTH, LOCAL_WIDTH + rest)).unfold(1, 3 * LOCAL_WIDTH, LOCAL_WIDTH)
        for part in (key, value)
    )
    here = torch.arange(blocks * LOCAL_WIDTH).view(blocks, LOCAL_WIDTH, 1)
    there = torch.arange(-LOCAL_WIDTH, (blocks + 1) * LOCAL_WIDTH).unfold(0, 3 * LOCAL_WIDTH, LOCAL_WIDTH)[:, None]
    # A step of the filling may see itself, else its softmax would be over nothing; it is cut off below.
    seen = ((there >= 0) & (there < steps) & ((here - there).abs() < LOCAL_WIDTH)) | (here == there)
    scores = (query @ key / width**0.5).masked_fill(~seen, -torch.inf)  # (B, blocks, W, 3 W)
    return (torch.softmax(scores, dim=3) @ value.transpose(2, 3)).reshape(batch, -1, width)[:, :steps]


#: Layers by name; each is built from its width K. All lead from ``(B, T, K)`` to one vector a step, or one a series for
#: the pooling; BiLSTM and pooling return it first, beside states and weights.
LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "BiLSTM": lambda width: nn.LSTM(width, width // 2, batch_first=True, bidirectional=True),
    "additive pooling": lambda width: AttentionPooling(width, width),
    "self-attention, explicit": partial(_SelfAttention, _explicit),
    "self-attention, fused": partial(_SelfAttention, _fused),
    "self-attention, local": partial(_SelfAttention, _local),
}


def costs() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time each layer at each size, in turn, and count its memory once; return all measurements, and the ratios.

    The measurements have ``series``, ``steps``, ``width`` and ``bytes``, and at the end `limits`.
    """
    parts, ratios = [], []
    for varied, values in VARIED.items():
        for value in values:
            size = USUAL | {varied: value}
            passes = {name: one_pass(name, **size) for name in LAYERS}
            memory = {name: peak_bytes(run) for name, run in passes.items()}
            cases = {name: lambda number, run=run: {"seconds": _seconds(run)} for name, run in passes.items()}
            rows = in_turn(f"forward and backward, {varied} = {value}", cases, 5)
            ratios.append(compare(rows, "additive pooling"))
            parts.append(rows.assign(group=varied, **size, bytes=rows["case"].map(memory)))
    return pd.concat([*parts, limits()], ignore_index=True), pd.concat(ratios)


def one_pass(name: str, *, series: int, steps: int, width: int) -> Callable[[], None]:
    """Return a forward and backward pass of a layer over data of that size. It has run once: memory was fetched."""
    layer = LAYERS[name](width)
    x = torch.randn(series, steps, width, generator=torch.Generator().manual_seed(0))

    def run() -> None:
        output = layer(x)
        (output[0] if isinstance(output, tuple) else output).sum().backward()
        layer.zero_grad()  # at the end, so that the gradients count as memory of this pass

    run()
    return run


def _seconds(run: Callable[[], None]) -> float:
    """Time a pass: the median of as many as fill a tenth of a second, because one of 1 ms is soon disturbed.

    What is taken is CPU time: on one thread the same as time by the clock, but for the waits while others compute.
    """
    taken: list[float] = []
    while sum(taken) < ENOUGH:
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return median(taken)


def peak_bytes(run: Callable[[], Any]) -> int:
    """Count what PyTorch holds at most while a function runs once, beside what it held before.

    The same on every machine with the same kernels. Memory that a library fetches without PyTorch's allocator is not
    seen.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler says on stderr when it starts and stops
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes = (event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))  # negative when freed
    return max(accumulate(changes), default=0)


def limits() -> pd.DataFrame:
    """Double the length of two series until a pass of a layer no longer fits, each try in a new process.

    Returns
    -------
    pandas.DataFrame
        One row a layer: ``case``, ``steps`` (the greatest length that went well), ``stopped_by`` (``memory`` of 2 GiB,
        ``time`` of a minute, or ``length``, a million steps) and ``seconds`` of the last pass that went well.
    """
    rows = []
    for name in LAYERS:
        steps, seconds, stopped_by = 0, 0.0, ""
        while not stopped_by:
            longer = 2 * steps or min(VARIED["steps"])
            if longer > LONGEST:
                stopped_by = "length"
            elif 4 * seconds > PATIENCE:
                stopped_by = "time"  # twice the length may take four times as long
            elif (took := fits(name, longer)) is None:
                stopped_by = "memory"
            else:
                steps, seconds = longer, took
        row = {"group": "limit", "case": name, "stopped_by": stopped_by, "seconds": seconds, "bytes": MEMORY}
        rows.append(row | USUAL | {"steps": steps})
        print(f"  limit: {name}, {steps} steps, stopped by {stopped_by}", flush=True)
    return pd.DataFrame(rows)


def fits(name: str, steps: int, memory: int = MEMORY) -> float | None:
    """Try a pass over two series in a process that may take so many bytes beside what Python and PyTorch need.

    Returns
    -------
    float or None
        CPU seconds of the pass; None when memory did not suffice.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_try, name, steps, memory).result()


def _try(name: str, steps: int, memory: int) -> float | None:
    """Do what `fits` does, in this process."""
    torch.set_num_threads(1)
    one_pass(name, **USUAL | {"steps": 2})  # so that everything is loaded before the limit is set
    status = Path("/proc/self/status").read_text().splitlines()
    taken = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize:"))
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory, taken + memory))
    started = time.process_time()
    try:
        one_pass(name, **USUAL | {"steps": steps})
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        return None
    return time.process_time() - started
