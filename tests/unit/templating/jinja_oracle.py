"""The oracle of the differential test: renders each case with Python's Jinja2.

Reads one JSON object per line {source, scope} and writes one per line: {text, native} or {error}.
`native` is there when the source is one {{ expression }}; what JSON cannot say is {"__unlike__": why}.
"""
import json
import math
import sys
import types

from jinja2 import ChainableUndefined, Environment, TemplateSyntaxError, Undefined


class Unlike(Exception):
    pass


class Lenient(ChainableUndefined):
    """As in NoETL, a name that is not there is no number to `int` and `float`: they give their default."""

    def __int__(self):
        raise TypeError("undefined")

    __float__ = __int__


def plain(value):
    if isinstance(value, Undefined):
        return {"__undefined__": True}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Unlike("integer beyond 64 bits")
        return value
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            raise Unlike("not finite")
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, range, types.GeneratorType)) or hasattr(value, "__iter__"):
        return [plain(item) for item in value]
    raise Unlike(type(value).__name__)


def main():
    environment = Environment(undefined=Lenient, keep_trailing_newline=True)
    for line in sys.stdin:
        case = json.loads(line)
        source, scope = case["source"], case["scope"]
        answer = {}
        try:
            answer["text"] = environment.from_string(source).render(**scope)
            if source.startswith("{{ ") and source.endswith(" }}") and source.count("{{") == 1:
                try:
                    expression = environment.compile_expression(source[3:-3], undefined_to_none=False)
                    answer["native"] = plain(expression(**scope))
                except TemplateSyntaxError:
                    pass  # {{ 1, 2 }} is a tuple in a template and refused alone
        except Unlike as why:
            answer = {"unlike": str(why)}
        except NameError as error:  # Jinja folds infinite constants into code that does not run
            answer = {"unlike": str(error)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            line_out = json.dumps(answer)
        except ValueError as why:
            line_out = json.dumps({"unlike": str(why)})
        sys.stdout.write(line_out + "\n")


main()
