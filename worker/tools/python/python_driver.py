"""What runs the code of python steps: read a request, run its code, write the reply.

Started by worker/tools/python/interpreter.cpp, which has the other end, in one of two modes:

fork (the usual one): this process never runs code of a step. For each call the worker sends a channel and a pipe for the call alone
over descriptor 3, which makes this process fork; the child serves that call and ends. The worker hears "F" once it is there and "E"
with its wait status when it has ended, 6 bytes each: the letter, the status, and 1 when the call left a process behind.
reuse: this process serves one call after another itself; descriptor 3 is its channel.

The channel carries frames: 4 bytes little-endian length, then that many bytes. A request is 8 bytes that name the call, then JSON; a
reply is the same 8 bytes, one byte of flags (1 = completed, 2 = do not use this process again), then the result or the error as JSON.
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

import _locale
import _signal
import time

CHANNEL = 3
DRIVER_FILE = 4
COMPLETED, RETIRE = 1, 2
CODE_NAME = "<code>"
MODULE_NAME = "noetl_code"
COMPILED_MAX = 256
TRACEBACK_CHARS_MAX = 16_000
MESSAGE_CHARS_MAX = 4_000
DEPTH_MAX = 100  # levels of a result, as the server takes them
RESULT_BYTES_MAX = int(sys.argv[1])
MODE = sys.argv[2]
CPU_SECONDS_MAX = int(sys.argv[3])  # of one call in a process of its own; 0: no bound
PRELOADED = [name for name in sys.argv[4].split(",") if name]
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# What `site` adds for people at a prompt is no part of the language: `license` may well be a workload's key.
BUILTIN_NAMES = frozenset(vars(builtins)) - {"copyright", "credits", "license", "help"}

PLAIN_TYPES = frozenset((dict, list, str, int, float, bool, type(None)))

SIGNALS = sorted(number for number in _signal.valid_signals() if number < 32)

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


scan = json.JSONDecoder().scan_once  # as json.loads does, less what it looks at around the value


# --- results as JSON ------------------------------------------------------------------------------

def simpler(value):
    """What json cannot write, as something that it can and that says the same: docs/reference/tools.md has the table."""
    kind = type(value)
    name = kind.__name__
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(bytes(value)).decode("ascii")
    if name == "Decimal":
        return decimal_as_json(value)
    if name in ("datetime64", "timedelta64"):  # of numpy, whose tolist() gives a bare number for nanoseconds
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        seconds = value.total_seconds()
        return seconds if kind(seconds=seconds) == value else str(value)
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
    raise InvalidResult("has a value of type %s, which has no JSON form" % name)


def decimal_as_json(value):
    """A number where 64 bits or a double hold it exactly, else its digits as a text: as the SQL tools do."""
    if not value.is_finite():
        return str(value)
    if value.adjusted() < 20 and value == value.to_integral_value():
        whole = int(value)
        return whole if -(1 << 63) <= whole < 1 << 64 else str(value)
    number = float(value)
    return number if number - number == 0 and type(value)(repr(number)) == value else str(value)


def float_as_json(value):
    if value - value == 0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def place_of(path):
    return "result" + "".join("[%.60r]" % (step,) for step in path[:20]) + ("[…]" if len(path) > 20 else "")


def checked_text(text, path):
    if "\0" in text:
        raise InvalidResult("%s has a NUL character in a text, which cannot be stored" % place_of(path))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidResult("%s has text that is not Unicode: %s" % (place_of(path), error.reason)) from None
    return text


def key_as_json(key, path):
    if isinstance(key, str):
        return checked_text(key, path)
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return str(float_as_json(key))
    return checked_text(str(key if isinstance(key, tuple) else simpler(key)), path)


def plain(value, path=(), opened=()):
    """The slow way, for results with NaN or with keys that are no strings, and for whatever json refuses: it says where that is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return checked_text(value, path)
    if isinstance(value, int):
        try:
            int.__repr__(value)
        except ValueError:
            raise InvalidResult("%s is an integer of too many digits: give it as a text" % place_of(path)) from None
        return value
    if isinstance(value, float):
        return float_as_json(value)
    if id(value) in opened:
        raise InvalidResult("%s contains itself" % place_of(path[:opened.index(id(value))]))
    if len(opened) >= DEPTH_MAX:
        raise InvalidResult("the result nests deeper than %d levels: %s" % (DEPTH_MAX, place_of(path)))
    opened += (id(value),)
    if isinstance(value, dict):
        fields, names = {}, {}
        for key, item in value.items():
            name = key_as_json(key, path)
            if name in fields:
                raise InvalidResult("%s has the keys %.60r and %.60r, which are the same in JSON" % (place_of(path), names[name], key))
            names[name] = key
            fields[name] = plain(item, path + (key,), opened)
        return fields
    if isinstance(value, (list, tuple)):
        return [plain(item, path + (at,), opened) for at, item in enumerate(value)]
    try:
        other = simpler(value)
    except InvalidResult as error:
        raise InvalidResult("%s %s" % (place_of(path), error)) from None
    return plain(other, path, opened)


fast_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=simpler)


def fast_form(value):
    text = fast_encoder.encode(value)
    body = text.encode("utf-8")
    if "\\u0000" in text and ESCAPED_NUL.search(text):
        raise InvalidResult("NUL")
    return body


def encode(value):
    try:
        body = fast_form(value)
    except (InvalidResult, ValueError, TypeError, RecursionError):
        body = fast_form(plain(value))
    if len(body) > RESULT_BYTES_MAX:
        raise ResultTooLarge("the code ran to its end, but its result has %d bytes as JSON, the bound is %d"
                             % (len(body), RESULT_BYTES_MAX))
    return body


# --- code -----------------------------------------------------------------------------------------

class Program:
    __slots__ = ("code", "returns", "source")

    def __init__(self, code, returns, source):
        self.code = code
        self.returns = returns                # a top-level return: calling __body__ gives the result
        self.source = source

    def assigns_result(self):
        """Looked for only when it matters: a process of its own pays for each page of memory that it touches."""
        return "result" in self.source and any(
            isinstance(node, ast.Name) and node.id == "result" and isinstance(node.ctx, ast.Store)
            for node in ast.walk(ast.parse(self.source, CODE_NAME)))


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
        try:
            program = Program(compile(source, CODE_NAME, "exec"), False, source)
        except SyntaxError as error:
            if error.msg != "'return' outside function":
                raise
            program = Program(wrap_body(ast.parse(source, CODE_NAME)), True, source)
        if len(compiled) >= COMPILED_MAX:
            del compiled[next(iter(compiled))]
    compiled[source] = program
    return program


POSITIONAL_ONLY, NAMED, VAR_POSITIONAL, VAR_KEYWORD = range(4)


def inspected_parameters(function):
    kinds = {inspect.Parameter.POSITIONAL_ONLY: POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL: VAR_POSITIONAL,
             inspect.Parameter.VAR_KEYWORD: VAR_KEYWORD}
    return [(parameter.name, kinds.get(parameter.kind, NAMED), parameter.default is not parameter.empty)
            for parameter in inspect.signature(function).parameters.values()]


def parameters_of(function):
    """(name, kind, whether it has a default) of each. A plain function's code says it: inspect would touch 80 pages of memory more, and a
    process of its own pays for each."""
    if type(function) is not types.FunctionType or function.__dict__:  # __wrapped__ and __signature__ would be there
        return inspected_parameters(function)
    code = function.__code__
    names, count, by_name = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    first_default = count - len(function.__defaults__ or ())
    parameters = [(name, POSITIONAL_ONLY if at < code.co_posonlyargcount else NAMED, at >= first_default)
                  for at, name in enumerate(names[:count])]
    parameters += [(name, NAMED, name in (function.__kwdefaults__ or ())) for name in names[count:count + by_name]]
    rest = count + by_name
    if code.co_flags & inspect.CO_VARARGS:
        parameters.append((names[rest], VAR_POSITIONAL, False))
        rest += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        parameters.append((names[rest], VAR_KEYWORD, False))
    return parameters


def arguments_of(function, given, offered):
    """Positional and named arguments for main(): by name from the input; a lone `input_data` gets all of
    it; what the input lacks may be one of the offered names (context, workload, …)."""
    positional, named = [], {}
    taken = set()
    parameters = parameters_of(function)
    lone = len(parameters) == 1
    for name, kind, has_default in parameters:
        if kind == VAR_POSITIONAL:
            continue
        if kind == VAR_KEYWORD:
            named.update((key, value) for key, value in given.items() if key not in taken)
            continue
        taken.add(name)
        if name in given:
            value = given[name]
        elif name == "context":  # also where it has a default: main(context={}, **kwargs) means ours
            value = offered[name]
        elif lone and name == "input_data":
            value = given
        elif has_default:
            continue
        elif name in offered:
            value = offered[name]
        else:
            raise InvalidInput("main() needs the argument '%s', which the input does not have; it has: %s"
                               % (name, ", ".join(sorted(given)) or "nothing"))
        if kind == POSITIONAL_ONLY:
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
    if type(value) in PLAIN_TYPES:
        return value
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
    if "env" in request:
        os.environ.update(request["env"] or {})
    if "libs" in request:
        import_libraries(request["libs"], names)
    exec(program.code, names)
    if program.returns:
        value = names["__body__"]()
        if value is None and program.assigns_result():
            value = names.get("result")
    elif callable(names.get("main")) and "main" not in given:
        main = names["main"]
        code = getattr(main, "__code__", None)
        if code is not None and code.co_argcount == 0 and code.co_kwonlyargcount == 0 and not code.co_flags & 8:
            value = main()  # without parameters: spare the look at the signature
        else:
            positional, named = arguments_of(main, given, {**ambient, **offered})
            value = main(*positional, **named)
    elif ("result" not in given and "result" not in ambient) or program.assigns_result():
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


def shown(text):
    """A text as UTF-8 can have it: names of files may have bytes that Python keeps as halves of surrogate pairs."""
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")


def text_of(error):
    try:
        return shown(str(error))
    except BaseException as second:
        return "<its text raised %s>" % type(second).__name__


def word_on_retrying(error):
    """What an exception says of another attempt: `retryable = False` in its class, or on the object. None: nothing."""
    try:
        said = getattr(error, "retryable", None)
    except BaseException:
        return None
    return said if said is True or said is False else None


def describe(error):
    kind = {InvalidInput: "invalid_input", InvalidResult: "invalid_result", ResultTooLarge: "output_limit",
            MemoryError: "memory_limit"}.get(type(error), "exception")
    if kind not in ("exception", "memory_limit"):
        return {"kind": kind, "message": bounded(text_of(error)), "traceback": "", "line": 0}
    text = text_of(error)
    message = shown(type(error).__name__) + (": " + text if text else "")
    return {"kind": kind, "message": bounded(message), "traceback": traceback_of(error), "line": line_of(error),
            "retryable": word_on_retrying(error)}


def line_of(error):
    """The line of the step's code where it went wrong, the innermost of them; 0: in none."""
    line = 0
    if isinstance(error, SyntaxError) and error.filename == CODE_NAME and type(error.lineno) is int:
        line = error.lineno
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CODE_NAME:
            line = trace.tb_lineno or line
        trace = trace.tb_next
    return max(line, 0)


def traceback_of(error):
    import traceback
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != CODE_NAME:
        trace = trace.tb_next  # our own frames say nothing to the author of the code
    try:
        text = shown("".join(traceback.format_exception(type(error), error, trace)))
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

def has_children():
    """True when a process is left, orphans included: they come to us."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
        return True
    except ChildProcessError:
        return False


def has_company():
    """True when the code left a process or a thread behind."""
    if has_children():
        return True
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def settings_of_process():
    """What code may change of a process that serves others, as far as a look costs a microsecond; docs/reference/tools.md lists it. There is no end
    to what it may change: reuse is for code that is trusted."""
    socket = sys.modules.get("_socket")
    umask = os.umask(0o77)
    os.umask(umask)
    return (umask, [_signal.getsignal(number) for number in SIGNALS], _signal.pthread_sigmask(_signal.SIG_BLOCK, ()),
            [_signal.getitimer(number) for number in range(3)], limits_of_process(), os.sched_getaffinity(0), os.sched_getscheduler(0),
            os.getpriority(os.PRIO_PROCESS, 0), time.tzname, time.timezone, sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(),
            tuple(sys.path), socket and socket.getdefaulttimeout(), _locale.setlocale(_locale.LC_ALL))


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
        return (has_company() or settings_of_process() != kept["settings"]
                or any(vars(module) != names for module, names in kept["modules"]))
    except BaseException:
        return True


quoted = json.encoder.encode_basestring_ascii  # code may have changed what json's classes do


def error_body(kind, message, traceback, line, retryable=None):
    return ('{"kind":"%s","message":%s,"traceback":%s,"line":%d,"retryable":%s}' % (
        kind, quoted(message), quoted(traceback), line, {True: "true", False: "false"}.get(retryable, "null"))).encode("ascii")


def answer(frame, own_pid):
    """Runs the request of a frame: (flags, body) of its reply."""
    source = ""
    try:
        request = scan(frame[8:].decode(), 0)[0]
        source = request["code"]
        return COMPLETED, encode(run(request))
    except BaseException as error:  # also SystemExit: code that ends itself must not end us
        if os.getpid() != own_pid:
            os._exit(0)
        try:
            remember_source(source)
            body = error_body(**describe(error))
        except BaseException:  # a signal's handler that raises, or no memory
            body = b'{"kind":"exception","message":"the code raised, and its error could not be shown","traceback":""}'
        return RETIRE if isinstance(error, MemoryError) else 0, body


def reply(frame, own_pid):
    flags, body = answer(frame, own_pid)
    if os.getpid() != own_pid:
        os._exit(0)  # a fork of the code that came back here: the parent answers
    return flags, body


def serve_calls():
    """One call after another, here."""
    watched = [sys.modules[name] for name in ("builtins", "json", "json.encoder", "json.decoder", "os", "posixpath", "time", "__main__")]
    kept = {"out": sys.stdout, "err": sys.stderr, "environment": dict(os.environ._data), "cwd": os.getcwd(),
            "settings": settings_of_process(), "modules": [(module, dict(vars(module))) for module in watched]}
    own_pid = os.getpid()
    os.set_inheritable(CHANNEL, False)
    gc.collect()
    gc.freeze()
    while True:
        frame = read_frame()
        if frame is None:
            os._exit(0)
        flags, body = reply(frame, own_pid)
        if put_back(kept):
            flags |= RETIRE
        write_frame(frame[:8], flags, body)
        frame = body = None


# --- a process for each call ----------------------------------------------------------------------

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
never_closed = []
FORKED, ENDED = b"F" + bytes(5), b"E" + bytes(5)


def prctl_of_libc():
    """Python has no prctl. None where it was built without _ctypes."""
    try:
        import _ctypes
        address = _ctypes.dlsym(_ctypes.dlopen(None, 2), "prctl")
        return lambda *arguments: _ctypes.call_function(address, arguments + (0,) * (5 - len(arguments)))
    except (ImportError, OSError, AttributeError):
        return None


def keep_private(prctl):
    """True when no process of the same user, a call's first of all, can write into our memory."""
    return prctl is not None and prctl(PR_SET_DUMPABLE, 0) == 0 and prctl(PR_GET_DUMPABLE) == 0


def limits_of_process():
    import resource
    return [resource.getrlimit(number) for number in range(16)]


def set_from_outside():
    """What another process of the same user could change of us, and later calls would inherit."""
    return limits_of_process(), os.sched_getaffinity(0), os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)


def received_descriptors(control):
    """The channel and the pipe of the next call; None when the worker is gone."""
    try:
        data, ancillary, _flags, _address = control.recvmsg(1, 64)
    except OSError:
        return None
    if not data or not ancillary:
        return None
    numbers = ancillary[0][2]
    return [int.from_bytes(numbers[at:at + 4], sys.byteorder) for at in range(0, 8, 4)]


def become_call(channel, output):
    """Leaves us with the descriptors of one call and nothing of the process that forks: the channel takes the place of its socket."""
    os.dup2(channel, CHANNEL, False)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(channel)
    os.close(output)
    if CPU_SECONDS_MAX > 0:
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX + 1))


def serve_call():
    """The one call of this process."""
    out, err, own_pid = sys.stdout, sys.stderr, os.getpid()
    frame = read_frame()
    if frame is None:
        os._exit(0)
    flags, body = reply(frame, own_pid)
    try:
        out.flush()
    except BaseException:  # closed by the code, for one
        pass
    try:
        err.flush()
        if sys.stdout is not out and sys.stdout is not None:
            sys.stdout.flush()
    except BaseException:
        pass
    try:
        write_frame(frame[:8], flags & COMPLETED, body)
    except OSError as error:
        os.write(2, b"the interpreter's channel was closed or changed by the code: %s\n" % str(error).encode())
        os._exit(1)
    os._exit(0)


def warm_up():
    """Calls of our own, so that what calls usually touch is as they leave it: each page that a child changes is copied for it, and
    Python changes its caches and the code of functions until they have run some times."""
    for number in range(8):
        for code in ("def main():\n    return {}\n", "def main(a, b=1):\n    return {'a': a, 'b': [b, 'c', None, 1.5]}\n", "result = a"):
            request = {"code": code, "input": {"a": number}, "context": {"execution_id": "1", "step": "s", "workload": {}, "names": {}}}
            reply(bytes(8) + json.dumps(request).encode(), os.getpid())
            compiled.clear()
    sys.modules.pop(MODULE_NAME, None)


def serve_forks():
    """Returns in a child, which has a call to serve."""
    import _socket
    prctl = prctl_of_libc()
    is_private = keep_private(prctl)
    control = _socket.socket(fileno=CHANNEL)
    never_closed.append(control)  # its end in a child would close what has taken its place
    os.set_inheritable(CHANNEL, False)
    warm_up()
    before = set_from_outside()
    gc.collect()
    gc.freeze()
    while True:
        descriptors = received_descriptors(control)
        if descriptors is None or set_from_outside() != before:
            os._exit(0)
        if not is_private:  # code could change us: serve this call and end with it
            control.send(FORKED)
            return become_call(*descriptors)
        pid = os.fork()
        if pid == 0:
            return become_call(*descriptors)
        try:
            os.close(descriptors[0])
            os.close(descriptors[1])
            control.send(FORKED)
            status = os.waitpid(pid, 0)[1]
            is_left = has_children()
            control.send(b"E" + status.to_bytes(4, "little") + bytes((is_left,)) if status or is_left else ENDED)
            if is_left:  # the worker ends us together with it
                control.recv(1)
                os._exit(0)
        except OSError:
            os._exit(0)  # the worker is gone


os.close(DRIVER_FILE)
sys.argv = [""]
sys.path[0] = ""
for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(errors="backslashreplace", line_buffering=True)
for name in PRELOADED:
    __import__(name)
if MODE == "reuse":
    serve_calls()
else:
    serve_forks()
    serve_call()
