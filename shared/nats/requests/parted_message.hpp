#pragma once
// Headers and bodies of any size on plain subjects. A body beyond the server's max_payload travels in parts, in order, each with
// `part of parts` in its headers. For requester.cpp and responder.cpp. Any thread.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/subject.hpp"

struct __natsMsg;

namespace noetl::nats {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of a header, whatever the case of its name; empty when there is none.
[[nodiscard]] std::string_view header_of(const Headers& headers, std::string_view name);

struct Part {
  std::size_t number = 1;  // from 1
  std::size_t count = 1;
  std::size_t bytes_total = 0;  // of the whole body
};

inline constexpr std::size_t parts_max = 4096;

// Most bytes of a body in one message on this connection.
[[nodiscard]] std::size_t part_bytes_max(const Connection& connection);
// invalid_input: the headers of a part do not make sense.
[[nodiscard]] base::Result<Part> part_of(const Headers& headers, std::size_t bytes);
[[nodiscard]] Headers headers_of(__natsMsg* message);
// One message with headers; `reply` may be null.
[[nodiscard]] base::Result<void> publish_with_headers(Connection& connection, const char* subject, const char* reply,
                                                      const Headers& headers, std::string_view bytes);
// A body in as many messages as it needs, from part `first` on; the headers go with the first.
[[nodiscard]] base::Result<void> publish_parts(Connection& connection, const char* subject, const Headers& headers,
                                               std::string_view bytes, std::size_t first = 1);
// The headers of part 1, when there are several.
[[nodiscard]] Headers with_part(Headers headers, const Part& part);

}  // namespace noetl::nats
