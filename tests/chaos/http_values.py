"""Requests that no client would send: values of a JSON schema, and what is wrong with them. Pure, from a seeded random."""
import copy
import json
import re
import string

# In what is sent, to be looked for in what is stored. The second number checks the first: requests are broken at random places.
CANARY = re.compile(rb"cnry(\d+)q(\d+)z")


def canary_of(number):
    return f"cnry{number}q{number * 7919 % 9973}z"


def numbers_in(data):
    return {int(one) for one, check in CANARY.findall(data) if int(check) == int(one) * 7919 % 9973}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
PLAYBOOK = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {{ name: fuzz, path: fuzz/{name} }}
workflow:
  - step: start
    tool: {{ kind: noop, data: {data} }}
    next: {{ arcs: [{{ step: end }}] }}
  - step: end
    tool: {{ kind: noop }}
"""
TEMPLATES = ["{{", "{{ 1/0 }}", "{{ 'a' * 1000000000 }}", "{% for i in range(1000000000) %}x{% endfor %}", "{{ " + "(" * 5000 + " }}",
             "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}", "{{ ''.__class__.__mro__ }}", "{{ workload.a.b.c.d }}", "{{ 9 ** 9 ** 9 }}",
             "{% set x = [1] %}{% for i in range(60) %}{% set x = x + x %}{% endfor %}{{ x }}", "{{ 'x' | center(1000000000) }}"]
TEXTS = ["", " ", "\0", "a\0b", "\ufeff", "\u202e", "𝔘𝔫𝔦", "é" * 300, "../../etc/passwd", "%00", "%2e%2e", "'; drop table noetl.queue; --", "\r\nX: y",
         "null", "NaN", "1e999", "-0", "9" * 400, "{}", "[]", "x" * 5000, "\\u0000", "noetl.commands.>", "*", "a.b", "\x7f", "\u2028"] + TEMPLATES
NUMBERS = [0, -1, 1, 2 ** 31, 2 ** 53 + 1, 2 ** 63 - 1, 2 ** 63, -2 ** 63 - 1, 10 ** 30, 0.5, -0.0, 1e308, 1e-320, 10 ** 400]
RAW = [b"", b"{", b"}", b"{}}", b"[]", b"null", b"42", b'"text"', b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":1e999}',
       b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b'{"a":"\x00"}', b"{'a':1}", b'{"a":1,}', b"\0" * 100, b"[" * 100_000,
       b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b'{"a":' + b"[" * 101 + b"]" * 101 + b"}", b"a=1&b=2", b"<xml/>", b'{"a":01}', b'{"a":+1}', b"//{}", b'{"a":"' + b"x" * 200_000 + b'"}']
CONTENT_TYPES = ["application/json", "application/json; charset=utf-8", "application/json; charset=latin1", "text/plain", "application/x-www-form-urlencoded",
                 "multipart/form-data; boundary=x", "application/yaml", "", "application/jsonx", "*/*", "application/json\tx"]
ENCODINGS = ["gzip", "deflate", "br", "identity", "chunked", "gzip, gzip"]


class Values:
    """Makes and breaks values of the schemas of one OpenAPI document."""

    def __init__(self, document, random, ids):
        self.schemas, self.random, self.ids = document["components"]["schemas"], random, ids
        self.canary = ""

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def valid(self, schema, name="", depth=0):
        """A value that the schema allows, more or less; the canary is in most of its texts."""
        schema, choose = self.resolved(schema), self.random.choice
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.valid(choose(schema[key]), name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return choose(schema["enum"])
        kind = schema.get("type", "any")
        if isinstance(kind, list):
            kind = choose(kind)
        if kind == "object":
            return self.an_object(schema, depth)
        if kind == "array":
            count = min(self.random.randint(schema.get("minItems", 0), 3), schema.get("maxItems", 3))
            return [self.valid(schema.get("items", {}), name, depth + 1) for _ in range(count)]
        if kind in ("integer", "number"):
            if name == "wait":
                return 0  # a long poll holds a thread of ours
            least = schema.get("minimum", 0)
            return self.random.randint(int(least), int(min(schema.get("maximum", least + 100), least + 100)))
        if kind == "boolean":
            return choose([True, False])
        if kind == "null":
            return None
        if kind == "string":
            return self.a_text(schema, name)
        return choose([None, True, 3, self.canary, [1, self.canary], {"x": self.canary}])

    def an_object(self, schema, depth):
        properties = schema.get("properties", {})
        required = set(schema.get("required", []))
        share = 0.5 if depth < 3 else 0.1
        made = {name: self.valid(one, name, depth + 1) for name, one in properties.items() if name in required or self.random.random() < share}
        if not properties:
            made = {self.random.choice("abc"): self.canary}
        return made

    def a_text(self, schema, name):
        if "id" in name.split("_") and self.random.random() < 0.5:
            return str(self.random.choice(self.ids))
        if name == "content":
            return PLAYBOOK.format(name=self.canary, data=self.random.choice(["1", "\"" + self.canary + "\"", "[1, 2]"]))
        if name in ("path", "kind", "name", "worker_id", "pool", "template"):
            known = {"path": "fuzz/known", "kind": "noop", "name": "command.completed", "worker_id": "fuzz-worker", "pool": "default",
                     "template": "{{ workload }}"}
            return self.random.choice([known[name], self.canary])
        longest = schema.get("maxLength", 40)
        return self.canary[:longest] if self.random.random() < 0.8 else self.random.choice(string.ascii_letters)

    # What is wrong.

    def broken(self, value):
        """The value with one to three things wrong somewhere inside."""
        value = copy.deepcopy(value)
        for _ in range(self.random.randint(1, 3)):
            value = self.broken_once(value)
        return value

    def broken_once(self, value):
        places = [[]]
        self.walk(value, [], places)
        place = self.random.choice(places)
        if not place:
            return self.random.choice([self.replaced(value), self.with_stranger(value)])
        parent = value
        for key in place[:-1]:
            parent = parent[key]
        action = self.random.random()
        if action < 0.15:
            del parent[place[-1]]
        elif action < 0.25 and isinstance(parent[place[-1]], dict):
            parent[place[-1]] = self.with_stranger(parent[place[-1]])
        else:
            parent[place[-1]] = self.replaced(parent[place[-1]])
        return value

    def walk(self, value, at, places):
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in children:
            places.append(at + [key])
            self.walk(child, at + [key], places)

    def with_stranger(self, value):
        return {**value, self.random.choice(["nonsense", "", "__proto__", "a" * 300, self.canary, "é"]): self.canary} if isinstance(value, dict) else [value]

    def replaced(self, value):
        choices = [lambda: self.random.choice(TEXTS) + self.random.choice(["", self.canary]), lambda: self.random.choice(NUMBERS), lambda: None, lambda: True,
                   lambda: [], lambda: {}, lambda: [value], lambda: {"x": value}, lambda: self.nested(self.random.choice([5, 99, 100, 101, 3000])),
                   lambda: self.canary * self.random.choice([1, 10, 1000]), lambda: [value] * self.random.choice([2, 1500]), lambda: BOMB + self.canary]
        return self.random.choice(choices)()

    def nested(self, depth):
        text = "[" * depth + "]" * depth
        try:
            return json.loads(text)
        except RecursionError:
            return [text]

    def body(self, schema):
        """(bytes, content type, whether it may be right)."""
        roll = self.random.random()
        if roll < 0.12:
            raw = self.random.choice(RAW)
            return raw, self.random.choice(CONTENT_TYPES) if self.random.random() < 0.2 else "application/json"
        value = self.valid(schema)
        if roll > 0.35:
            value = self.broken(value)
        try:
            text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        except RecursionError:
            text = "[" * 3000
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        if self.random.random() < 0.12 and data:
            for _ in range(self.random.randint(1, 4)):
                at = self.random.randint(0, len(data))
                data[at:at + self.random.randint(0, 2)] = bytes(self.random.randrange(256) for _ in range(self.random.randint(0, 3)))
        return bytes(data), "application/json" if self.random.random() < 0.95 else self.random.choice(CONTENT_TYPES)

    def parameter(self, parameter):
        """A value of a path or query parameter, percent-encoded as a client would or not."""
        roll = self.random.random()
        if roll < 0.4:
            return str(self.random.choice(self.ids))
        if roll < 0.6:
            return str(self.valid(parameter.get("schema", {"type": "string"}), parameter["name"]))
        if roll < 0.7:
            return self.canary
        return str(self.random.choice(TEXTS + [str(one) for one in NUMBERS]))
