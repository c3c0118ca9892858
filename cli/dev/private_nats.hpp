#pragma once
// A nats-server of one's own on 127.0.0.1 with a JetStream store in the data folder. Main thread.
#include <memory>
#include <stop_token>
#include <string>

#include "cli/dev/child_process.hpp"
#include "cli/dev/dev_folder.hpp"
#include "shared/base/result.hpp"

namespace noetl::dev {

struct PrivateNats {
  std::unique_ptr<ChildProcess> process;
  std::string url;
  int port = 0;
};

// Returns when it greets. Errors: not_found (not installed), unavailable (with the log's tail).
[[nodiscard]] base::Result<PrivateNats> start_nats(DevFolder& data, const std::stop_token& stop);

}  // namespace noetl::dev
