"""pyzmq's part: `peer.py send COUNT SIZE` prints its endpoint, `peer.py receive ENDPOINT COUNT` the seconds."""
import sys
import time
import zmq

context = zmq.Context()
if sys.argv[1] == "send":
    count, size = int(sys.argv[2]), int(sys.argv[3])
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.XPUB_NODROP, 1)  # wait, as ours does: nothing may be lost
    socket.sndhwm = 4000
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    print(f"tcp://127.0.0.1:{port}", flush=True)
    socket.recv()
    message = b"x" * size
    for _ in range(count):
        socket.send(message)
    socket.close(linger=10_000)
else:
    endpoint, count = sys.argv[2], int(sys.argv[3])
    socket = context.socket(zmq.SUB)
    socket.rcvhwm = 10_000
    socket.subscribe(b"")
    socket.connect(endpoint)
    socket.recv()
    start = time.perf_counter()
    for _ in range(count - 1):
        socket.recv()
    print(time.perf_counter() - start, flush=True)
    socket.close(linger=0)
context.term()
