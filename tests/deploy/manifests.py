"""Rendered manifests as Python sees them, and what the tests ask of them."""
import json
import re

import yaml


class Manifests:
    """All objects of one rendered file."""

    def __init__(self, text):
        self.objects = [document for document in yaml.safe_load_all(text) if document]

    def of(self, *kinds, namespace=None):
        return [one for one in self.objects
                if one["kind"] in kinds and namespace in (None, one["metadata"].get("namespace"))]

    def one(self, kind, name, namespace="noetl"):
        found = [one for one in self.of(kind) if one["metadata"]["name"] == name
                 and one["metadata"].get("namespace", namespace) == namespace]
        if len(found) != 1:
            raise LookupError(f"{kind} {namespace}/{name}: found {len(found)}")
        return found[0]

    def pods(self):
        """(what it is, template) of everything that makes pods."""
        return [(name_of(one), one["spec"]["template"]) for one in self.of("Deployment", "StatefulSet", "Job")]


def name_of(manifest):
    return f"{manifest['kind']} {manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"


def seconds_of(text):
    """A duration as the settings and compose write it, in seconds."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)?", str(text)).groups()
    return int(number) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600, "d": 86400}[unit]


def selects(selector, labels):
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())


def without_hash(name):
    """kustomize names generated objects after their contents."""
    return re.sub(r"-[a-z0-9]{10}$", "", name)


def comparable(manifest):
    """What must be equal in kustomize's and in the chart's form of one object: all but where it came from."""

    def cleaned(value, key=None):
        if isinstance(value, dict):
            return {k: cleaned(v, k) for k, v in value.items()}
        if isinstance(value, list):
            items = [cleaned(v) for v in value]
            # Kubernetes keys these lists by name: the order says nothing.
            return sorted(items, key=lambda one: json.dumps(one, sort_keys=True)) if key in ("env", "volumes", "volumeMounts", "triggers") else items
        return value

    one = cleaned(manifest)
    one["metadata"].pop("namespace", None)
    one["metadata"].pop("annotations", None)
    template = one.get("spec", {}).get("template") if isinstance(one.get("spec"), dict) else None
    if template:
        template["metadata"].pop("annotations", None)
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                source["configMapRef"]["name"] = without_hash(source["configMapRef"]["name"])
    if one["kind"] == "ConfigMap":
        one["metadata"]["name"] = without_hash(one["metadata"]["name"])
    if one["kind"] == "Job":
        # A hook runs before the release's service accounts are there.
        template["spec"].pop("serviceAccountName")
    return one
