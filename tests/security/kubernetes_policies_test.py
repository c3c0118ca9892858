"""Who may talk to whom in the cluster: a step reaches no private address that is not listed, and not everybody in the namespace the API."""
import ipaddress
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/deploy"))
from manifests import Manifests  # noqa: E402

TARGETS = {name: Manifests((ROOT / f"tests/deploy/rendered/{name}.yaml").read_text(encoding="utf-8")) for name in ("kind", "production", "chart")}
# The API server, Postgres, nodes, the cloud's metadata service, in the ranges where clusters have them.
INSIDE = ["10.96.0.1", "10.244.3.7", "172.18.0.2", "192.168.1.10", "100.64.0.9", "169.254.169.254", "127.0.0.1", "0.0.0.0", "fd00:ec2::254", "fc00::1",
          "fe80::1", "::1", "::ffff:10.0.0.1"]
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700::1111"]


def reaches(block, address):
    address = ipaddress.ip_address(address)

    def has(cidr):
        network = ipaddress.ip_network(cidr)
        return network.version == address.version and address in network
    return has(block["cidr"]) and not any(has(one) for one in block.get("except", []))


class PoliciesTest(unittest.TestCase):
    def rules_of(self, manifests, name, direction):
        return manifests.one("NetworkPolicy", name)["spec"][direction]

    def test_steps_reach_the_internet_and_no_private_address(self):
        for target, manifests in TARGETS.items():
            rules = self.rules_of(manifests, "noetl-worker", "egress")
            self.assertTrue(all(rule.get("to") for rule in rules), f"{target}: a rule without `to` is for everywhere")
            blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
            for address in INSIDE:
                self.assertFalse(any(reaches(block, address) for block in blocks), f"{target}: {address}")
            for address in OUTSIDE:
                self.assertTrue(any(reaches(block, address) for block in blocks), f"{target}: {address}")

    def test_steps_reach_no_namespace_that_is_not_listed(self):
        for target, manifests in TARGETS.items():
            peers = [(peer, rule.get("ports")) for rule in self.rules_of(manifests, "noetl-worker", "egress") for peer in rule["to"] if "ipBlock" not in peer]
            listed = [{"podSelector": {"matchLabels": {"app": "noetl-server"}}}, {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "nats"}}},
                      {"namespaceSelector": {"matchLabels": {"noetl.io/peer": "true"}}}]
            self.assertEqual(listed, [peer for peer, _ports in peers], target)
            for peer, ports in peers[:2]:
                self.assertEqual(1, len(ports), f"{target}: {peer}")

    def test_the_api_is_open_to_workers_and_to_what_is_labelled(self):
        for target, manifests in TARGETS.items():
            for name in ("noetl-server", "noetl-worker"):
                for rule in self.rules_of(manifests, name, "ingress"):
                    # kind's NodePort is open to the machine, which the overlay says.
                    self.assertTrue(rule.get("from") or (target == "kind" and name == "noetl-server"), f"{target}: {name}")
                    for peer in rule.get("from", []):
                        (selector,) = peer.values()
                        self.assertTrue(selector.get("matchLabels"), f"{target}: {name} is open to {peer}")

    def test_secrets_are_files_and_not_in_the_environment(self):
        for target, manifests in TARGETS.items():
            for what, template in manifests.pods():
                if "noetl" not in what.split("/")[1]:
                    continue
                containers = template["spec"]["containers"]
                referring = [variable["name"] for one in containers for variable in one.get("env", []) if "secretKeyRef" in variable.get("valueFrom", {})]
                self.assertEqual([], referring, f"{target}: {what}")
                mounted = [one["secret"] for one in template["spec"]["volumes"] if one["name"] == "secrets"]
                self.assertEqual([0o440], [one["defaultMode"] for one in mounted], f"{target}: {what}")
                named = [variable["value"] for variable in containers[0]["env"] if variable["name"].endswith("_FILE")]
                self.assertTrue(named and all(one.startswith("/run/noetl/") for one in named), f"{target}: {what}")
                self.assertEqual(10001, template["spec"]["securityContext"]["fsGroup"], "its group may read them")


if __name__ == "__main__":
    unittest.main()
