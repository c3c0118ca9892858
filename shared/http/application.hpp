#pragma once
// Application: what answers the requests that a Server has read. Request and Response are values; the Application is used by all
// threads of the server and outlives it.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/http/head.hpp"
#include "shared/http/memory_budget.hpp"

namespace noetl::http {

struct Response {
  int status = 200;
  std::string content_type = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

// A note of the application about a request, from its head until the body is there.
struct Ticket {
  virtual ~Ticket() = default;
};

enum class Place {
  at_once,  // on the thread of the sockets: what neither waits nor takes time
  health,  // on threads for this alone
  reports,  // of workers: heartbeats, reports
  claims,
  general,
};

// After the head, before the body: is it answered at once, and if not, where and how large may its body be?
struct Admission {
  std::optional<Response> refusal = {};
  Place place = Place::general;
  std::size_t body_bytes_max = 0;
  std::unique_ptr<Ticket> ticket = {};
};

struct Request {
  Head head;
  std::string peer;  // address
  std::string body;
  std::unique_ptr<Ticket> ticket;
  MemoryBudget::Charge memory;  // of the body; more may be added to it
  std::function<bool()> is_peer_there;  // has the connection not been closed? While the request lasts; any thread
};

class Application {
 public:
  virtual ~Application() = default;
  // On the thread of the sockets, or on one that answers: must not wait. The peer is an address.
  [[nodiscard]] virtual Admission admit(const Head& head, const std::string& peer) = 0;
  // On a thread of the place that admit() named.
  [[nodiscard]] virtual Response answer(Request request) = 0;
  // For refusals of the server's own, in the application's form. 503: `message` says what is in use.
  [[nodiscard]] virtual Response refuse(const Refused& refused) = 0;
};

}  // namespace noetl::http
