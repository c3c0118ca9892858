#pragma once
// Client: one connection's worth of HTTP, kept for the next request to the same place. It follows no redirects, reads no
// environment, bounds every byte that the peer sends, and connects only where Egress allows. One thread at a time; a stop
// may come from any. send() returns at the deadline or the stop, also while a name is resolved.
#include <memory>
#include <stop_token>

#include "shared/fetch/message.hpp"
#include "shared/reach/egress.hpp"

namespace noetl::fetch {

class Client {
 public:
  explicit Client(const reach::Egress& egress);  // which outlives it
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] Ending send(const Message& message, const Bounds& bounds, const std::stop_token& stop,
                            const Reader& reader);

 private:
  struct Handles;
  const reach::Egress& egress_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace noetl::fetch
