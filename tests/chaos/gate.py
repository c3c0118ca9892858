"""Gates: TCP proxies between two processes, which can delay, stall, cut, refuse, or drop a share of the replies.
All gates of a run live in one thread of their own; any thread may turn their knobs."""
import asyncio
import random
import threading

CHUNK_BYTES = 1 << 16


class Gate:
    """127.0.0.1:port leads to `target` (host, port). Made by Gates.open. The knobs are plain fields, each read anew for every
    piece of traffic: `delay` in seconds before each piece, `is_stalled`, `is_closed` (new connections are cut at once),
    `dropped_share` of replies: the answer to what the client has sent is thrown away and its connection cut, as when
    a network fails right after the request was carried out."""

    def __init__(self, target, seed):
        self.target, self.random = target, random.Random(seed)
        self.delay, self.dropped_share, self.is_stalled, self.is_closed = 0.0, 0.0, False, False
        self.replies = self.dropped = self.accepted = 0
        self.writers = set()
        self.port = None

    async def serve(self, reader, writer):
        self.accepted += 1
        if self.is_closed:
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.close()
            return
        # Whether the next piece from the far side begins a reply: set by each request that passes.
        awaits = {"reply": False}
        pair = {writer, far_writer}
        self.writers |= pair
        try:
            await asyncio.wait([asyncio.ensure_future(self.carry(reader, far_writer, awaits, False)),
                                asyncio.ensure_future(self.carry(far_reader, writer, awaits, True))],
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.writers -= pair
            for one in pair:
                one.close()

    async def carry(self, reader, writer, awaits, is_reply):
        try:
            while data := await reader.read(CHUNK_BYTES):
                if self.delay:
                    await asyncio.sleep(self.delay)
                while self.is_stalled:
                    await asyncio.sleep(0.02)
                if not is_reply:
                    awaits["reply"] = True
                elif awaits["reply"]:
                    awaits["reply"] = False
                    self.replies += 1
                    if self.dropped_share and self.random.random() < self.dropped_share:
                        self.dropped += 1
                        return
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass  # one end is gone: so is the other


class Gates:
    """The thread in which gates live. Used as a context."""

    def __init__(self, seed):
        self.seed, self.gates = seed, []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        async def finish():
            for gate in self.gates:
                gate.server.close()
                for writer in list(gate.writers):
                    writer.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.run(finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def open(self, port, host="127.0.0.1"):
        """A gate to a port, on a free port of its own."""
        gate = Gate((host, port), f"{self.seed}/{len(self.gates)}")

        async def listen():
            gate.server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
            gate.port = gate.server.sockets[0].getsockname()[1]
        self.run(listen())
        self.gates.append(gate)
        return gate

    def cut(self, gate):
        """Ends all connections that go through the gate; new ones may come."""
        async def end():
            for writer in list(gate.writers):
                writer.transport.abort()
        self.run(end())
