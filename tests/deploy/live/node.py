"""One node of Kubernetes on this machine: etcd, control plane, containerd, kubelet and proxy as processes, in a network namespace of
their own, so that the machine's addresses, ports and packet filter stay as they are."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import time

from api import wait_for
from engine import run

NAME = "noetl-control-plane"
NAMESPACE = "noetl-node"
OUTSIDE, INSIDE, PODS, SERVICES = "10.231.0.1", "10.231.0.2", "10.244.0.0/24", "10.96.0.0/16"
ROLES = {"admin": ("admin", "system:masters"), "controllers": ("system:kube-controller-manager", ""), "scheduler": ("system:kube-scheduler", ""),
         "kubelet": (f"system:node:{NAME}", "system:nodes"), "proxy": ("system:kube-proxy", "")}
# kubelet and kube-proxy set them for the whole machine; they are put back at the end.
KERNEL = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
RUNTIME = pathlib.Path("/run/noetl-node")
CNI, CONTROL = pathlib.Path("/run/netns"), pathlib.Path("/sys/fs/cgroup")


class Node:
    def __init__(self, work, programs):
        self.work, self.programs = pathlib.Path(work).resolve(), pathlib.Path(programs)
        self.processes = {}
        self.kernel = {name: pathlib.Path("/proc/sys", name).read_text() for name in KERNEL}
        self.secrets = self.work / "secrets"
        self.before = set(CNI.glob("cni-*"))

    def inside(self, *command):
        return ["nsenter", f"--net=/run/netns/{NAMESPACE}", *map(str, command)]

    def start(self):
        shutil.rmtree(self.work / "state", ignore_errors=True)
        for folder in ("state", "log", "secrets"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        RUNTIME.mkdir(exist_ok=True)
        self.make_network()
        self.make_secrets()
        state = self.work / "state"
        self.launch("etcd", "etcd", "--data-dir", state / "etcd", "--name=try")
        self.launch("kube-apiserver", self.programs / "kube-apiserver", *self.api_flags())
        wait_for("the API server", lambda: self.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok", 90)
        self.launch("kube-controller-manager", self.programs / "kube-controller-manager", f"--kubeconfig={self.config('controllers')}",
                    f"--authentication-kubeconfig={self.config('controllers')}", f"--authorization-kubeconfig={self.config('controllers')}",
                    "--use-service-account-credentials", f"--service-account-private-key-file={self.secrets}/accounts.key",
                    f"--root-ca-file={self.secrets}/ca.crt", "--leader-elect=false", f"--cert-dir={state}/controllers")
        self.launch("kube-scheduler", self.programs / "kube-scheduler", f"--kubeconfig={self.config('scheduler')}", "--leader-elect=false",
                    f"--authentication-kubeconfig={self.config('scheduler')}", f"--authorization-kubeconfig={self.config('scheduler')}")
        self.start_runtime()
        (state / "kubelet.json").write_text(json.dumps(self.kubelet_configuration()))
        self.launch("kubelet", self.programs / "kubelet", f"--config={state}/kubelet.json", f"--kubeconfig={self.config('kubelet')}",
                    f"--root-dir={state}/kubelet", f"--cert-dir={state}/kubelet-certificates", f"--hostname-override={NAME}", f"--node-ip={INSIDE}")
        self.launch("kube-proxy", self.programs / "kube-proxy", f"--kubeconfig={self.config('proxy')}", f"--hostname-override={NAME}",
                    f"--cluster-cidr={PODS}", "--conntrack-max-per-core=0", "--proxy-mode=iptables")
        _ready, took = wait_for("a ready node", lambda: self.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.conditions[?(@.type=='Ready')].status}",
                                                                      check=False).stdout == "True")
        return took

    def launch(self, name, *command):
        log = open(self.work / "log" / f"{name}.log", "w", encoding="utf-8")  # noqa: SIM115, the process holds it
        process = subprocess.Popen(self.inside(*command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.processes[name] = process
        time.sleep(0.5)
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}: {(self.work / 'log' / f'{name}.log').read_text()[-2000:]}")

    def make_network(self):
        run("ip", "netns", "delete", NAMESPACE, check=False)
        run("ip", "link", "delete", NAMESPACE, check=False)
        run("ip", "netns", "add", NAMESPACE)
        run("ip", "link", "add", NAMESPACE, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        run("ip", "address", "add", f"{OUTSIDE}/24", "dev", NAMESPACE)
        run("ip", "link", "set", NAMESPACE, "up")
        for command in (("ip", "link", "set", "lo", "up"), ("ip", "address", "add", f"{INSIDE}/24", "dev", "eth0"), ("ip", "link", "set", "eth0", "up"),
                        ("ip", "route", "add", "default", "via", OUTSIDE), ("sysctl", "-qw", "net.ipv4.ip_forward=1")):
            run(*self.inside(*command))

    def make_secrets(self):
        place = self.secrets
        run("openssl", "genrsa", "-out", place / "accounts.key", "2048")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=try", "-keyout", place / "ca.key", "-out", place / "ca.crt")
        names = f"subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:{INSIDE},IP:10.96.0.1"
        for name, subject in (("api", "/CN=kube-apiserver"), ("api-to-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client")):
            run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", place / f"{name}.key", "-out", place / "request")
            (place / "names").write_text(f"{names}\nextendedKeyUsage=serverAuth,clientAuth\n")
            run("openssl", "x509", "-req", "-in", place / "request", "-CA", place / "ca.crt", "-CAkey", place / "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", place / "names", "-out", place / f"{name}.crt")
        tokens = {role: os.urandom(16).hex() for role in ROLES}
        (place / "tokens.csv").write_text("".join(f'{tokens[role]},{user},{user},"{groups}"\n' for role, (user, groups) in ROLES.items()))
        authority = base64.b64encode((place / "ca.crt").read_bytes()).decode()
        for role, token in tokens.items():
            self.config(role).write_text(json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "try",
                "clusters": [{"name": "try", "cluster": {"server": f"https://{INSIDE}:6443", "certificate-authority-data": authority}}],
                "users": [{"name": role, "user": {"token": token}}], "contexts": [{"name": "try", "context": {"cluster": "try", "user": role}}]}))

    def config(self, role):
        return self.secrets / f"{role}.config"

    def api_flags(self):
        place = self.secrets
        return ["--etcd-servers=http://127.0.0.1:2379", f"--advertise-address={INSIDE}", f"--service-cluster-ip-range={SERVICES}",
                "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged", f"--client-ca-file={place}/ca.crt",
                f"--tls-cert-file={place}/api.crt", f"--tls-private-key-file={place}/api.key", f"--token-auth-file={place}/tokens.csv",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local", f"--service-account-key-file={place}/accounts.key",
                f"--service-account-signing-key-file={place}/accounts.key", f"--kubelet-client-certificate={place}/api-to-kubelet.crt",
                f"--kubelet-client-key={place}/api-to-kubelet.key", "--kubelet-preferred-address-types=InternalIP"]

    def kubelet_configuration(self):
        return {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "cgroupfs", "failSwapOn": False,
                "containerRuntimeEndpoint": f"unix://{RUNTIME}/containerd.sock", "clusterDNS": ["10.96.0.10"], "clusterDomain": "cluster.local",
                "resolvConf": str(self.work / "state/resolv.conf"), "imageGCHighThresholdPercent": 100, "enforceNodeAllocatable": ["none"],
                "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
                "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}, "x509": {"clientCAFile": f"{self.secrets}/ca.crt"}},
                "authorization": {"mode": "Webhook"}, "podLogsDir": str(self.work / "state/pod-logs")}

    def start_runtime(self):
        state = self.work / "state"
        (state / "resolv.conf").write_text("")
        (state / "cni").mkdir()
        (state / "cni/10-bridge.conflist").write_text(json.dumps({"cniVersion": "1.0.0", "name": "try", "plugins": [
            {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": True, "hairpinMode": True,
             "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "dataDir": str(state / "addresses"), "routes": [{"dst": "0.0.0.0/0"}]}},
            {"type": "portmap", "capabilities": {"portMappings": True}}]}))
        (state / "containerd.toml").write_text(f"""version = 2
root = "{state}/containerd"
state = "{RUNTIME}/containerd"
[grpc]
  address = "{RUNTIME}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/local/pause:try"
  # Root of a machine inside another one may not make a process safer than it is.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{state}/cni"
""")
        self.launch("containerd", "containerd", "--config", state / "containerd.toml")
        wait_for("containerd", lambda: self.ctr("version", check=False).returncode == 0)

    def ctr(self, *arguments, **options):
        return run(*self.inside("ctr", "--address", RUNTIME / "containerd.sock", "--namespace", "k8s.io", *arguments), **options)

    def load(self, engine, images):
        """Images of the engine, by the names that manifests use."""
        saved = self.work / "state/images.tar"
        engine("save", "-o", saved, *images)
        self.ctr("images", "import", saved)
        saved.unlink()

    def kubectl(self, *arguments, **options):
        return run("kubectl", f"--kubeconfig={self.config('admin')}", *arguments, **options)

    def stop(self):
        """Pods first, so that nothing of theirs stays on the machine."""
        for name in ("kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager"):
            self.end(name)
        if "containerd" in self.processes:
            for task in self.ctr("tasks", "list", "--quiet", check=False).stdout.split():
                self.ctr("tasks", "kill", "--signal", "SIGKILL", "--all", task, check=False)
            wait_for("the containers' end", lambda: "RUNNING" not in self.ctr("tasks", "list", check=False).stdout, 30)
            for task in self.ctr("containers", "list", "--quiet", check=False).stdout.split():
                self.ctr("tasks", "delete", "--force", task, check=False)
                self.ctr("containers", "delete", task, check=False)
        for name in ("containerd", "kube-apiserver", "etcd"):
            self.end(name)
        run("ip", "netns", "delete", NAMESPACE, check=False)
        run("ip", "link", "delete", NAMESPACE, check=False)
        for namespace in set(CNI.glob("cni-*")) - self.before:
            run("ip", "netns", "delete", namespace.name, check=False)
        for mount in sorted((line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()
                             if line.split()[1].startswith((str(self.work), str(RUNTIME)))), reverse=True):
            run("umount", "--lazy", mount, check=False)
        # Control groups of the pods: empty by now, and removed from the leaves on.
        for group in sorted((one for root in CONTROL.glob("*/kubepods") for one in [root, *root.rglob("*")] if one.is_dir()), reverse=True):
            run("rmdir", group, check=False)
        for name, value in self.kernel.items():
            pathlib.Path("/proc/sys", name).write_text(value)

    def end(self, name):
        process = self.processes.pop(name, None)
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
