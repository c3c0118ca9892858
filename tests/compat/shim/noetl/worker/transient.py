"""noetl.worker.transient for playbooks that import it: the variables of an execution, over the server's /api/vars."""
import asyncio
import json
import os
import urllib.error
import urllib.parse
import urllib.request


def _call(method, path, body=None):
    server = os.environ.get("SERVER_API_URL") or os.environ.get("NOETL_SERVER_URL") or "http://127.0.0.1:8082"
    request = urllib.request.Request(f"{server.rstrip('/')}/api/vars/{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code == 404:
                return None
            raise RuntimeError(f"{method} /api/vars/{path}: HTTP {refused.code}: {refused.read().decode()[:500]}") from None


async def _ask(*arguments):
    return await asyncio.to_thread(_call, *arguments)


def _path(execution_id, name):
    return f"{execution_id}/{urllib.parse.quote(name, safe='')}"


class TransientVars:
    """As NoETL's worker has it: every call names its execution."""

    @staticmethod
    async def get_cached(var_name, execution_id):
        """{value, type, source_step, created_at, accessed_at, access_count}, or None."""
        return await _ask("GET", _path(execution_id, var_name))

    @staticmethod
    async def set_cached(var_name, var_value, execution_id, var_type="user_defined", source_step=None):
        return await TransientVars.set_multiple({var_name: var_value}, execution_id, var_type, source_step) == 1

    @staticmethod
    async def set_multiple(variables, execution_id, var_type="user_defined", source_step=None):
        body = {"variables": variables, "var_type": var_type}
        if source_step:
            body["source_step"] = source_step
        await _ask("POST", str(execution_id), body)
        return len(variables)

    @staticmethod
    async def get_all_vars_with_metadata(execution_id):
        found = await _ask("GET", str(execution_id)) or {}
        return found.get("variables", {})

    @staticmethod
    async def get_all_vars(execution_id):
        every = await TransientVars.get_all_vars_with_metadata(execution_id)
        return {name: one["value"] if isinstance(one, dict) and "value" in one else one for name, one in every.items()}

    @staticmethod
    async def delete_var(var_name, execution_id):
        return await _ask("DELETE", _path(execution_id, var_name)) is not None
