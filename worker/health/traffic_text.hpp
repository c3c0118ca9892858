#pragma once
// What a worker's metrics say of its connections to NATS, in the text format of Prometheus; those of a server have the same names.
#include <string>

namespace noetl::health {

[[nodiscard]] std::string traffic_text();

}  // namespace noetl::health
