"""The loop of one warm interpreter: read a request, run its code, write the reply, again.

Started by worker/tools/interpreter.cpp, which has the other end. Descriptor 3 is a socket that carries
frames: 4 bytes little-endian length, then that many bytes. A request is 8 bytes that name the call, then
JSON; a reply is the same 8 bytes, one byte of flags (1 = completed, 2 = do not use this interpreter again),
then the result or the error as JSON.
Descriptors 1 and 2 are a pipe that takes whatever the code prints. One thread, one call at a time.
"""
import ast
import builtins
import gc
import inspect
import json
import os
import re
import sys
import types
from base64 import b64encode

CHANNEL = 3
DRIVER_FILE = 4
COMPLETED, RETIRE = 1, 2
CODE_NAME = "<code>"
MODULE_NAME = "noetl_code"
COMPILED_MAX = 256
TRACEBACK_CHARS_MAX = 16_000
MESSAGE_CHARS_MAX = 4_000
RESULT_BYTES_MAX = int(sys.argv[1])
PID = os.getpid()
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# What `site` adds for people at a prompt is no part of the language: `license` may well be a workload's key.
BUILTIN_NAMES = frozenset(vars(builtins)) - {"copyright", "credits", "license", "help"}

compiled = {}  # code text -> Program, the least recently used first


class InvalidInput(Exception):
    """The input does not fit the code."""


class InvalidResult(Exception):
    """The result has no JSON form that can be stored."""


class ResultTooLarge(Exception):
    """The result is above the bound of the worker."""


# --- frames ---------------------------------------------------------------------------------------

def read_frame():
    chunk = os.read(CHANNEL, 65536)
    if not chunk:
        return None
    while len(chunk) < 4:
        chunk += os.read(CHANNEL, 65536)
    length = int.from_bytes(chunk[:4], "little")
    if len(chunk) == length + 4:
        return chunk[4:]
    parts, missing = [chunk[4:]], length + 4 - len(chunk)
    while missing > 0:
        chunk = os.read(CHANNEL, min(missing, 1 << 20))
        if not chunk:
            return None
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)


def write_frame(call, flags, body):
    frame = (len(body) + 9).to_bytes(4, "little") + call + bytes((flags,)) + body
    sent = os.write(CHANNEL, frame)
    while sent < len(frame):
        sent += os.write(CHANNEL, memoryview(frame)[sent:sent + (1 << 20)])


# --- results as JSON ------------------------------------------------------------------------------

def simpler(value):
    """What json cannot write, as something that it can."""
    kind = type(value)
    name = kind.__name__
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return b64encode(bytes(value)).decode("ascii")
    if name == "Decimal":
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(kind, "__dataclass_fields__"):
        return {field: getattr(value, field) for field in kind.__dataclass_fields__}
    for method in ("tolist", "model_dump", "to_dict", "_asdict"):
        if callable(getattr(kind, method, None)):
            return getattr(value, method)()
    if name == "UUID" or isinstance(value, os.PathLike):
        return str(value)
    if hasattr(kind, "__members__"):
        return value.value
    if isinstance(value, (range, type({}.keys()), type({}.values()), type({}.items()))):
        return list(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {key: value[key] for key in value.keys()}
    raise InvalidResult("the result has a value of type %s, which has no JSON form" % name)


def plain(value):
    """The slow way, for results with NaN or with keys that are no strings."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key if isinstance(key, (str, int, type(None))) else str(simpler(key))
                if not isinstance(key, (float, tuple)) else str(key): plain(item)
                for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return plain(simpler(value))


fast_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=simpler)


def encode(value):
    try:
        try:
            text = fast_encoder.encode(value)
        except (ValueError, TypeError) as error:
            if "Circular" in str(error):
                raise InvalidResult("the result contains itself")
            text = fast_encoder.encode(plain(value))
        body = text.encode("utf-8")
    except RecursionError:
        raise InvalidResult("the result is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise InvalidResult("the result has text that is not Unicode: %s" % error.reason) from None
    if len(body) > RESULT_BYTES_MAX:
        raise ResultTooLarge("the result has %d bytes as JSON, the bound is %d" % (len(body), RESULT_BYTES_MAX))
    if "\\u0000" in text and ESCAPED_NUL.search(text):
        raise InvalidResult("the result has a NUL character in a text, which cannot be stored")
    return body


# --- code -----------------------------------------------------------------------------------------

class Program:
    __slots__ = ("code", "returns", "assigns_result")

    def __init__(self, code, returns, assigns_result):
        self.code = code
        self.returns = returns                # a top-level return: calling __body__ gives the result
        self.assigns_result = assigns_result


def wrap_body(tree):
    """The statements of a module with a top-level return, as the body of a function. Its variables are
    declared global, so that they still are those of the module."""
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    body = [node for node in tree.body if node not in futures]

    def module_of(statements):
        function = ast.FunctionDef(
            name="__body__", body=statements, decorator_list=[], returns=None, type_comment=None, type_params=[],
            args=ast.arguments(posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None,
                               defaults=[]), lineno=1, col_offset=0)
        module = ast.Module(body=futures + [function], type_ignores=[])
        return compile(ast.fix_missing_locations(module), CODE_NAME, "exec")

    code = module_of(body)
    inner = next(item for item in code.co_consts if isinstance(item, types.CodeType) and item.co_name == "__body__")
    names = sorted(name for name in set(inner.co_varnames + inner.co_cellvars) if name.isidentifier())
    if not names:
        return code
    try:
        return module_of([ast.Global(names=names)] + body)
    except SyntaxError:  # an annotated name cannot be declared global: then it stays local
        return code


def program_of(source):
    program = compiled.pop(source, None)
    if program is None:
        tree = ast.parse(source, CODE_NAME)
        assigns_result = any(isinstance(node, ast.Name) and node.id == "result" and isinstance(node.ctx, ast.Store)
                             for node in ast.walk(tree))
        try:
            program = Program(compile(tree, CODE_NAME, "exec"), False, assigns_result)
        except SyntaxError as error:
            if error.msg != "'return' outside function":
                raise
            program = Program(wrap_body(tree), True, assigns_result)
        if len(compiled) >= COMPILED_MAX:
            del compiled[next(iter(compiled))]
    compiled[source] = program
    return program


def arguments_of(function, given, offered):
    """Positional and named arguments for main(): by name from the input; a lone `input_data` gets all of
    it; what the input lacks may be one of the offered names (context, workload, …)."""
    positional, named = [], {}
    taken = set()
    parameters = list(inspect.signature(function).parameters.values())
    lone = len(parameters) == 1
    for parameter in parameters:
        name = parameter.name
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            named.update((key, value) for key, value in given.items() if key not in taken)
            continue
        taken.add(name)
        if name in given:
            value = given[name]
        elif name == "context":  # also where it has a default: main(context={}, **kwargs) means ours
            value = offered[name]
        elif lone and name == "input_data":
            value = given
        elif parameter.default is not parameter.empty:
            continue
        elif name in offered:
            value = offered[name]
        else:
            raise InvalidInput("main() needs the argument '%s', which the input does not have; it has: %s"
                               % (name, ", ".join(sorted(given)) or "nothing"))
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            named[name] = value
    return positional, named


def import_libraries(libraries, names):
    if not isinstance(libraries, dict):  # a list names packages to install, which is not ours to do
        return
    import importlib
    for alias, module in libraries.items():
        if isinstance(module, dict):
            found = importlib.import_module(module["from"])
            names[alias] = getattr(found, module["import"]) if module.get("import") else found
        elif module:
            names[alias] = importlib.import_module(str(module))


def offered_names(request):
    """What code may use besides its input: (the names that its playbook gave, the ones of every call)."""
    given = request["input"]
    context = request["context"]
    ambient = context.pop("names", None)
    if not isinstance(ambient, dict):
        ambient = {}
    execution = context.get("execution_id")
    everything = {**ambient, **context}
    everything.setdefault("job", {"uuid": execution, "id": execution, "execution_id": execution})
    offered = {"input_data": given, "args": given, "context": everything, "workload": everything.get("workload", {}),
               "execution_id": execution, "step": context.get("step"), "job": everything["job"]}
    if "auth" in request:
        offered["auth"] = request["auth"]
    return ambient, offered


def finished(value):
    """Awaits and collects what code gave back: coroutines, generators of both sorts."""
    if inspect.isawaitable(value):
        import asyncio

        async def finish():
            return await value
        value = asyncio.run(finish())
    if inspect.isasyncgen(value):
        import asyncio

        async def collect():
            return [item async for item in value]
        return asyncio.run(collect())
    return list(value) if inspect.isgenerator(value) else value


def run(request):
    given = request["input"]
    ambient, offered = offered_names(request)
    program = program_of(request["code"])
    module = types.ModuleType(MODULE_NAME)
    names = module.__dict__
    names.update(json=json, os=os, sys=sys)  # playbooks use them without an import
    # A workload with the key `type` or a step called `list` must not break code that calls type() or list().
    names.update((key, value) for key, value in ambient.items()
                 if not key.startswith("__") and key not in BUILTIN_NAMES)
    names.update(offered)
    names.update(given)
    sys.modules[MODULE_NAME] = module  # dataclasses and pickle look a class's module up there
    os.environ.update(request.get("env") or {})
    import_libraries(request.get("libs"), names)
    exec(program.code, names)
    if program.returns:
        value = names["__body__"]()
        if value is None and program.assigns_result:
            value = names.get("result")
    elif callable(names.get("main")) and "main" not in given:
        main = names["main"]
        code = getattr(main, "__code__", None)
        if code is not None and code.co_argcount == 0 and code.co_kwonlyargcount == 0 and not code.co_flags & 8:
            value = main()  # without parameters: spare the look at the signature
        else:
            positional, named = arguments_of(main, given, {**ambient, **offered})
            value = main(*positional, **named)
    elif program.assigns_result or ("result" not in given and "result" not in ambient):
        value = names.get("result")
    else:
        value = None
    return finished(value)


# --- errors ---------------------------------------------------------------------------------------

def bounded(text):
    """The beginning of a message, with the mark of BoundedOutput: the worker masks what a cut leaves of a secret."""
    if len(text) <= MESSAGE_CHARS_MAX:
        return text
    return "%s\n[output cut: %d characters in all, the first %d kept]" % (
        text[:MESSAGE_CHARS_MAX], len(text), MESSAGE_CHARS_MAX)


def describe(error):
    kind = {InvalidInput: "invalid_input", InvalidResult: "invalid_result", ResultTooLarge: "output_limit",
            MemoryError: "memory_limit"}.get(type(error), "exception")
    if kind not in ("exception", "memory_limit"):
        return {"kind": kind, "message": bounded(str(error)), "traceback": ""}
    try:
        text = str(error)
    except BaseException as second:
        text = "<its text raised %s>" % type(second).__name__
    message = type(error).__name__ + (": " + text if text else "")
    return {"kind": kind, "message": bounded(message), "traceback": traceback_of(error)}


def traceback_of(error):
    import traceback
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != CODE_NAME:
        trace = trace.tb_next  # our own frames say nothing to the author of the code
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException as second:
        text = "<the traceback raised %s>" % type(second).__name__
    if len(text) <= TRACEBACK_CHARS_MAX:
        return text
    # Half a line may be half a secret, which the worker would not find to mask it.
    return "…\n" + text[-TRACEBACK_CHARS_MAX:].partition("\n")[2]


def remember_source(source):
    import linecache
    linecache.cache[CODE_NAME] = (len(source), None, source.splitlines(True), CODE_NAME)


# --- what the code must not leave behind ----------------------------------------------------------

def has_company():
    """True when the code left a process or a thread behind."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
        return True
    except ChildProcessError:
        pass
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def put_back(kept):
    """Restores what the code may have changed; True when the interpreter is not as it was."""
    sys.modules.pop(MODULE_NAME, None)
    try:
        sys.stdout, sys.stderr = kept["out"], kept["err"]
        sys.stdout.flush()
        sys.stderr.flush()
        if os.environ._data != kept["environment"]:
            os.environ._data.clear()
            os.environ._data.update(kept["environment"])
        if os.getcwd() != kept["cwd"]:
            os.chdir(kept["cwd"])
        return has_company()
    except BaseException:
        return True


def serve():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    kept = {"out": sys.stdout, "err": sys.stderr, "environment": dict(os.environ._data), "cwd": os.getcwd()}
    os.set_inheritable(CHANNEL, False)
    gc.collect()
    gc.freeze()
    while True:
        frame = read_frame()
        if frame is None:
            os._exit(0)
        flags = COMPLETED
        source = ""
        try:
            request = json.loads(frame[8:])
            source = request["code"]
            body = encode(run(request))
        except BaseException as error:  # also SystemExit: code that ends itself must not end us
            flags = RETIRE if isinstance(error, MemoryError) else 0
            if os.getpid() == PID:
                remember_source(source)
                body = json.dumps(describe(error)).encode("ascii")
            error = None
        if os.getpid() != PID:
            os._exit(0)  # a fork of the code that came back here: the parent answers
        if put_back(kept):
            flags |= RETIRE
        write_frame(frame[:8], flags, body)
        frame = request = body = None


os.close(DRIVER_FILE)
sys.argv = [""]
sys.path[0] = ""
serve()
