"""The playbooks of the load: `effects` are the endings of the tokens that each execution must write once, `ends` the status
that it must come to, `commands` about how many commands it is."""
import collections

from ledger import effect, slow_effect

Playbook = collections.namedtuple("Playbook", "text effects ends commands")

LOOP_ITEMS = 12


def text(name, steps):
    return f"""apiVersion: noetl.io/v2
kind: Playbook
metadata: {{ name: {name}, path: chaos/{name} }}
workload: {{ token: none, items: [], seconds: 0.5 }}
workflow:
{steps}"""


STEPS = text("steps", f"""
  - step: start
    tool: {{ kind: postgres, command: "{effect('{{ workload.token }}-a')}" }}
    next: {{ arcs: [{{ step: middle }}] }}
  - step: middle
    tool: {{ kind: noop, data: {{ n: 1 }} }}
    next: {{ arcs: [{{ step: end }}] }}
  - step: end
    tool: {{ kind: postgres, command: "{effect('{{ workload.token }}-b')}" }}
""")

SLOW_STEPS = text("slow_steps", f"""
  - step: start
    tool: {{ kind: postgres, command: "{slow_effect('{{ workload.token }}-a', '{{ workload.seconds }}')}" }}
    next: {{ arcs: [{{ step: end }}] }}
  - step: end
    tool: {{ kind: postgres, command: "{effect('{{ workload.token }}-b')}" }}
""")

LOOP = text("loop", f"""
  - step: start
    loop: {{ in: "{{{{ workload['items'] }}}}", iterator: i, spec: {{ mode: parallel, max_in_flight: 4 }} }}
    tool: {{ kind: postgres, command: "{effect('{{ workload.token }}-i{{ iter.i }}')}" }}
    next: {{ arcs: [{{ step: end, when: "{{{{ event.name == 'loop.done' }}}}" }}] }}
  - step: end
    tool: {{ kind: noop, data: {{ total: "{{{{ start.stats.total }}}}", success: "{{{{ start.stats.success }}}}" }} }}
""")

RETRY = text("retry", f"""
  - step: start
    tool:
      - name: flaky
        kind: shell
        command: "test {{{{ _attempt }}}} -ge 2"
        spec:
          policy:
            rules:
              - when: "{{{{ output.status == 'error' }}}}"
                then: {{ do: retry, attempts: 3, backoff: fixed, delay: 0.2 }}
              - else: {{ then: {{ do: continue }} }}
      - name: write
        kind: postgres
        command: "{effect('{{ workload.token }}-a')}"
    next: {{ arcs: [{{ step: end }}] }}
  - step: end
    tool: {{ kind: noop }}
""")

PARENT = text("parent", """
  - step: start
    tool: { kind: playbook, path: chaos/steps, input: { token: "{{ workload.token }}" } }
    next: { arcs: [{ step: end }] }
  - step: end
    tool: { kind: noop }
""")

FAILING = text("failing_steps", f"""
  - step: start
    tool: {{ kind: postgres, command: "{effect('{{ workload.token }}-a')}" }}
    next: {{ arcs: [{{ step: end }}] }}
  - step: end
    tool: {{ kind: shell, command: "exit 3" }}
""")

PLAYBOOKS = {
    "steps": Playbook(STEPS, ("-a", "-b"), "completed", 3),
    "slow_steps": Playbook(SLOW_STEPS, ("-a", "-b"), "completed", 2),
    "loop": Playbook(LOOP, tuple(f"-i{i}" for i in range(LOOP_ITEMS)), "completed", LOOP_ITEMS + 1),
    "retry": Playbook(RETRY, ("-a",), "completed", 4),
    "parent": Playbook(PARENT, ("-a", "-b"), "completed", 4),
    "failing_steps": Playbook(FAILING, ("-a",), "failed", 2),
}
