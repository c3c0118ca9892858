#pragma once
// HandWorker: a worker played by a test over HTTP, so that it can be late, silent or wrong. Main thread.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"

namespace noetl::e2e {

class HandWorker {
 public:
  // Registers.
  HandWorker(support::HttpClient api, std::string worker_id);

  [[nodiscard]] const std::string& id() const { return worker_id_; }
  // The raw answer, for tests of refusals.
  [[nodiscard]] support::HttpAnswer claim(const std::vector<std::string>& queue_ids) const;
  // The commands of a claim from the default pool.
  [[nodiscard]] nlohmann::json claim_waiting(int slots) const;
  support::HttpAnswer heartbeat(const nlohmann::json& held) const;
  // Ends one attempt with `name`, e.g. command.completed.
  [[nodiscard]] support::HttpAnswer report(const nlohmann::json& command, const std::string& name = "command.completed",
                                           const nlohmann::json& payload = {{"result", {{"by", "hand"}}}}) const;

 private:
  support::HttpClient api_;
  std::string worker_id_;
};

}  // namespace noetl::e2e
