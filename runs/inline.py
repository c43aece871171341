"""The inline executor: the same worker, in this process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mirrorplay.personas.errors import UserError
from mirrorplay.runs.blocks import InlineExecutor
from mirrorplay.runs.executor import Order, lanes
from mirrorplay.runs.worker import SessionWorker

PULSE_SECONDS = 0.25


def run_inline(order: Order, executor: InlineExecutor) -> None:
    """Play all leases here. As many shards are open at once as keep `in_flight` sessions busy."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(_run(order, executor))
        return
    # A notebook has a loop running in this thread; the sessions get one in another.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(lambda: asyncio.run(_run(order, executor))).result()


async def _run(order: Order, executor: InlineExecutor) -> None:
    worker = SessionWorker(order.run_dir, "inline", executor.in_flight)

    def stop() -> None:
        worker.stop(order.stop.grace_s(executor.shutdown_grace_s))

    order.stop.listeners.append(stop)
    if order.stop.asked:
        stop()
    waiting = list(reversed(order.leases))
    pulse = asyncio.create_task(_beat(worker, order))

    async def drain() -> None:
        while waiting and not order.stop.asked:
            order.on_report(await worker.run_shard(waiting.pop()))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(lanes(order, executor.in_flight)):
                group.create_task(drain())
    except* (OSError, UserError) as errors:
        raise errors.exceptions[0] from None
    finally:
        pulse.cancel()
        order.on_pulse(worker.pulse())
        await worker.close()


async def _beat(worker: SessionWorker, order: Order) -> None:
    while True:
        order.on_pulse(worker.pulse())
        await asyncio.sleep(PULSE_SECONDS)
