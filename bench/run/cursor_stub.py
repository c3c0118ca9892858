"""The service that the flow of cursor.py asks: `GET /<kind>/<patient>?page=N` gives ten documents. HTTP/1.1 with kept connections; TCP_NODELAY, since an
answer in two segments would wait 40 ms for the peer's delayed acknowledgement. `cursor_stub.py PORT_FILE` writes where it listens."""

import json
import os
import socketserver
import sys
import urllib.parse


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while True:
            head = self.rfile.readline()
            if not head:
                return
            while self.rfile.readline().strip():
                pass
            parts = urllib.parse.urlsplit(head.split()[1].decode())
            kind, patient = parts.path.strip("/").split("/")
            page = int(urllib.parse.parse_qs(parts.query)["page"][0])
            items = [{"id": f"{kind}-{patient}-{page}-{n}", "value": n, "note": "x" * 40} for n in range(10)]
            body = json.dumps({"patient": int(patient), "kind": kind, "page": page, "items": items}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    with open(sys.argv[1] + ".new", "w") as out:
        out.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()
