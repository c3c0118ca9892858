#include "server/cluster/request_form.hpp"

#include <array>

namespace noetl::cluster {
namespace {

// Headers that mean the same over both; others of a message are not read.
constexpr std::array headers_taken{"authorization", "traceparent", "idempotency-key", "content-encoding",
                                   "noetl-worker-instance"};

}  // namespace

http::Head head_of(HttpForm form, const nats::Headers& headers, std::size_t bytes) {
  http::Head head;
  head.method = std::move(form.method);
  head.target = std::move(form.target);
  head.headers = std::move(form.headers);
  for (const char* name : headers_taken) {
    const auto value = nats::header_of(headers, name);
    if (!value.empty() && !head.has(name)) head.headers.push_back({.name = name, .value = std::string(value)});
  }
  head.headers.push_back({.name = "host", .value = "localhost"});
  if (bytes > 0) head.headers.push_back({.name = "content-type", .value = "application/json"});
  head.content_length = bytes;
  head.has_content_length = true;
  return head;
}

}  // namespace noetl::cluster
