"""NATS' text protocol, as much of it as a harness needs without a client library: one exchange for each connection. Any thread."""
import json
import socket


def exchange(port, lines, wants_answer, patience=20, login=None):
    """Sends the lines. With an answer: what comes to the subject `answer`, which the lines subscribe to. `login`: user and password."""
    user, password = login or (None, None)
    connect = {"verbose": False, "pedantic": False, **({"user": user, "pass": password} if login else {})}
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection, connection.makefile("rb") as reader:
        connection.sendall(b"CONNECT " + json.dumps(connect).encode() + b"\r\n" + lines + b"PING\r\n")
        for line in reader:
            if line.startswith(b"MSG"):
                return reader.read(int(line.split()[-1]))
            if line.startswith(b"PONG") and not wants_answer:
                return b""
            if line.startswith(b"PING"):
                connection.sendall(b"PONG\r\n")
            if line.startswith(b"-ERR"):
                raise RuntimeError(f"nats-server on port {port}: {line.decode().strip()}")
    raise RuntimeError(f"nats-server on port {port} closed the connection before it answered")


def published(subject, payload, reply=""):
    return f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n"


def request(port, subject, body=None, patience=20, login=None):
    """One request with a JSON body, or none, and its answer."""
    data = b"" if body is None else json.dumps(body).encode()
    return json.loads(exchange(port, b"SUB answer 1\r\n" + published(subject, data, "answer"), True, patience, login))


def publish(port, subject, payload):
    exchange(port, published(subject, payload), False)
