#include "tests/e2e/hand_worker.hpp"

#include <stdexcept>

namespace noetl::e2e {

using Json = nlohmann::json;

HandWorker::HandWorker(support::HttpClient api, std::string worker_id)
    : api_(std::move(api)), worker_id_(std::move(worker_id)) {
  const auto answer = api_.post("/api/v2/workers", {{"worker_id", worker_id_},
                                                    {"pool", "default"},
                                                    {"hostname", "by-hand"},
                                                    {"pid", 1},
                                                    {"slots", 100},
                                                    {"version", "test"},
                                                    {"tools", {"noop", "shell"}}});
  if (answer.status / 100 != 2) throw std::runtime_error("register worker: " + answer.body);
}

support::HttpAnswer HandWorker::claim(const std::vector<std::string>& queue_ids) const {
  return api_.post("/api/v2/commands/claim", {{"worker_id", worker_id_}, {"queue_ids", queue_ids}});
}

Json HandWorker::claim_waiting(int slots) const {
  const auto answer = api_.post("/api/v2/commands/claim",
                                {{"worker_id", worker_id_}, {"pool", "default"}, {"slots", slots}, {"wait", 0}});
  if (answer.status != 200) throw std::runtime_error("claim: " + answer.body);
  return answer.json().at("commands");
}

support::HttpAnswer HandWorker::heartbeat(const Json& held) const {
  Json leases = Json::array();
  for (const auto& command : held)
    leases.push_back({{"queue_id", command.at("queue_id")}, {"epoch", command.at("epoch")}});
  return api_.post("/api/v2/workers/" + worker_id_ + "/heartbeat",
                   {{"worker_id", worker_id_}, {"held", leases}, {"running", leases.size()}, {"status", "ready"}});
}

support::HttpAnswer HandWorker::report(const Json& command, const std::string& name, const Json& payload) const {
  return api_.post("/api/v2/events", {{"worker_id", worker_id_},
                                      {"queue_id", command.at("queue_id")},
                                      {"epoch", command.at("epoch")},
                                      {"name", name},
                                      {"payload", payload}});
}

}  // namespace noetl::e2e
