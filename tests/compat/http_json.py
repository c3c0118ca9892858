"""JSON over HTTP with Python's own library: what the harness and its tests need of a client."""
import json
import urllib.error
import urllib.request


class Refused(Exception):
    """An answer that is not 2xx. `value` is its body, parsed when it is JSON."""

    def __init__(self, method, url, status, value):
        self.status, self.value = status, value
        detail = value.get("detail") or value.get("error") or value if isinstance(value, dict) else value
        super().__init__(f"{method} {url}: HTTP {status}: {detail}")


class Client:
    """One server's address. Any thread."""

    def __init__(self, url, patience_seconds=60):
        self.url, self.patience_seconds = url.rstrip("/"), patience_seconds

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self.patience_seconds) as answer:
                return parsed(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                raise Refused(method, self.url + path, refused.code, parsed(refused.read())) from None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, {} if body is None else body)


def parsed(data):
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
