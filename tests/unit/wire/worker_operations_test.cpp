#include "shared/wire/operations/worker_operations.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace noetl::wire;

TEST_CASE("each operation is found by its request over HTTP and by its subject") {
  std::set<std::string> subjects;
  for (const auto& operation : worker_operations()) {
    const auto path =
        operation.path.empty() ? std::string("/api/credentials/orders") : path_of(operation, "worker-0.3");
    CHECK(worker_operation_of(operation.method, path) == &operation);
    const auto subject = subject_of("noetl.cluster", operation, "worker-0.3");
    CHECK(subjects.insert(subject).second);
    const auto call = worker_call_of("noetl.cluster", subject);
    REQUIRE(call.has_value());
    CHECK(call->operation == &operation);
    CHECK(call->worker_id == (operation.names_worker ? "worker-0.3" : ""));
  }
  CHECK(subjects.contains("noetl.cluster.register"));
  CHECK(subjects.contains("noetl.cluster.heartbeat.worker-0.3"));
}

TEST_CASE("a subject of another prefix, operation or form is no call") {
  for (const char* subject :
       {"noetl.cluster", "noetl.cluster.", "noetl.clusters.register", "noetl.cluster.register.worker-0",
        "noetl.cluster.heartbeat", "noetl.cluster.heartbeat.", "noetl.cluster.cmd.worker-0.drain", "register"}) {
    CAPTURE(subject);
    CHECK_FALSE(worker_call_of("noetl.cluster", subject).has_value());
  }
}

TEST_CASE("a path below a worker's is no operation, and a GET is read") {
  CHECK(worker_operation_of("POST", "/api/v2/workers/a/b/heartbeat") == nullptr);
  CHECK(worker_operation_of("POST", "/api/v2/workers//heartbeat") == nullptr);
  CHECK(worker_operation_of("POST", "/api/v2/execute") == nullptr);
  CHECK(worker_operation_of("GET", "/api/v2/results/7?x=1")->name == "read");
}
