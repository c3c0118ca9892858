#pragma once
// A connection to NATS with typed failures, and the calls of JetStream's API that readers need. Any thread.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shared/messaging/failure.hpp"
#include "shared/nats/connection.hpp"

namespace noetl::messaging {

// Waits until it is connected. Errors: settings, auth, connect. A connection that is lost later comes back by itself.
[[nodiscard]] Result<std::shared_ptr<nats::Connection>> connect(
    const nats::ConnectionSettings& settings, std::chrono::milliseconds patience = std::chrono::milliseconds(5000));

struct StreamFacts {
  std::string made_at;  // tells a stream from another of the same name
  std::uint64_t first_sequence = 0;  // of what is still there; one beyond the last when nothing is
  std::uint64_t last_sequence = 0;
};

// Errors: subscribe (no such stream, or JetStream is off), timeout, connect.
[[nodiscard]] Result<StreamFacts> find_stream(nats::Connection& connection, const std::string& stream,
                                              std::chrono::milliseconds patience);

// A pull consumer that lives while it is asked, without acknowledgements, from a sequence on. Gives its name.
[[nodiscard]] Result<std::string> make_reading_consumer(nats::Connection& connection, const std::string& stream,
                                                        const std::string& filter, std::uint64_t from,
                                                        std::chrono::milliseconds patience);

// The value of a header of a message that the stream has; empty: it has no such header, or is not there any more.
[[nodiscard]] Result<std::string> header_at(nats::Connection& connection, const std::string& stream,
                                            std::uint64_t sequence, const std::string& name,
                                            std::chrono::milliseconds patience);

// Makes the stream when there is none of that name: file storage, old messages go first.
[[nodiscard]] Result<void> ensure_stream(nats::Connection& connection, const std::string& stream,
                                         const std::vector<std::string>& subjects,
                                         std::chrono::milliseconds patience = std::chrono::milliseconds(5000));

}  // namespace noetl::messaging
