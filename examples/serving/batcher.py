"""Micro-batching: rows of requests that come in together are answered together."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from serving.protocol import Refusal


@dataclass
class Waiting:
    """Rows that wait for their answer."""

    rows: torch.Tensor
    answer: "asyncio.Future[dict[str, np.ndarray]]"


class Batcher:
    """Answers rows that come in together together: at most ``max_rows`` of those that come within ``max_delay``.

    Args:
        run: from rows to a result per output, row by row.
        max_rows: rows in a batch; a request with more is a batch by itself.
        max_delay: seconds that the first of a batch waits for others.
        max_waiting: requests that wait at a time; others are refused.
    """

    def __init__(
        self, run: Callable[[torch.Tensor], dict[str, np.ndarray]], max_rows: int, max_delay: float, max_waiting: int
    ) -> None:
        self.run, self.max_rows, self.max_delay = run, max_rows, max_delay
        self.batches = self.requests = self.largest = 0
        self.queue: asyncio.Queue[Waiting | None] = asyncio.Queue(max_waiting)
        self.thread = ThreadPoolExecutor(1, "batches")

    async def submit(self, rows: torch.Tensor) -> dict[str, np.ndarray]:
        waiting = Waiting(rows, asyncio.get_running_loop().create_future())
        try:
            self.queue.put_nowait(waiting)
        except asyncio.QueueFull as error:
            raise Refusal(503, "too many requests are waiting; try again later.") from error
        return await waiting.answer

    async def work(self) -> None:
        """Answer until ``close`` was called and all that came before is answered."""
        held: Waiting | None = None
        is_open = True
        while is_open or held is not None:
            first = held or await self.queue.get()
            held = None
            if first is None:
                break
            batch, count, deadline = [first], len(first.rows), asyncio.get_running_loop().time() + self.max_delay
            while is_open and count < self.max_rows:
                left = deadline - asyncio.get_running_loop().time()
                try:
                    other = await asyncio.wait_for(self.queue.get(), left) if left > 0 else self.queue.get_nowait()
                except (TimeoutError, asyncio.QueueEmpty):
                    break
                if other is None:
                    is_open = False
                elif count + len(other.rows) > self.max_rows:
                    held = other
                    break
                else:
                    batch.append(other)
                    count += len(other.rows)
            self.batches, self.requests = self.batches + 1, self.requests + len(batch)
            self.largest = max(self.largest, len(batch))
            await self._answer(batch)
        self.thread.shutdown()

    async def close(self) -> None:
        await self.queue.put(None)

    async def _answer(self, batch: list[Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            whole = await loop.run_in_executor(self.thread, self.run, torch.cat([w.rows for w in batch]))
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].answer.done():
                    batch[0].answer.set_exception(error)
                return
            # One request's rows do not spoil the others' answers.
            for waiting in batch:
                await self._answer([waiting])
            return
        start = 0
        for waiting in batch:
            stop = start + len(waiting.rows)
            # Done already: whoever asked has gone.
            if not waiting.answer.done():
                waiting.answer.set_result({name: values[start:stop] for name, values in whole.items()})
            start = stop
