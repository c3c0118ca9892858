#include "shared/nats/requests/parted_message.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "shared/base/text/ascii.hpp"
#include "shared/nats/failure.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {
namespace {

constexpr const char* part_header = "Noetl-Part";
constexpr const char* parts_header = "Noetl-Parts";
constexpr const char* total_header = "Noetl-Bytes";
constexpr std::size_t headers_room = 16 * 1024;  // max_payload counts headers too

struct Freed {
  void operator()(const char** names) const noexcept { std::free(static_cast<void*>(names)); }
};

std::size_t number_of(const Headers& headers, const char* name, std::size_t otherwise) {
  const auto text = header_of(headers, name);
  if (text.empty()) return otherwise;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

}  // namespace

std::string_view header_of(const Headers& headers, std::string_view name) {
  const auto wanted = base::lower_case(name);
  const auto found =
      std::ranges::find_if(headers, [&](const auto& header) { return base::lower_case(header.first) == wanted; });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::size_t part_bytes_max(const Connection& connection) {
  const auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(connection.handle()), 0));
  return limit > 2 * headers_room ? limit - headers_room : std::max<std::size_t>(limit / 2, 1024);
}

base::Result<Part> part_of(const Headers& headers, std::size_t bytes) {
  const Part part{.number = number_of(headers, part_header, 1),
                  .count = number_of(headers, parts_header, 1),
                  .bytes_total = number_of(headers, total_header, bytes)};
  const bool is_sound = part.number >= 1 && part.number <= part.count && part.count <= parts_max &&
                        part.bytes_total >= bytes && (part.count > 1 || part.bytes_total == bytes);
  if (!is_sound)
    return base::failure(base::ErrorCode::invalid_input,
                         "the headers Noetl-Part, Noetl-Parts and Noetl-Bytes do not fit together, or to the message");
  return part;
}

Headers with_part(Headers headers, const Part& part) {
  if (part.count == 1) return headers;
  headers.emplace_back(part_header, std::to_string(part.number));
  headers.emplace_back(parts_header, std::to_string(part.count));
  headers.emplace_back(total_header, std::to_string(part.bytes_total));
  return headers;
}

Headers headers_of(__natsMsg* message) {
  Headers headers;
  const char** raw = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &raw, &count) != NATS_OK) return headers;
  const std::unique_ptr<const char*, Freed> names(raw);
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(message, raw[i], &value) == NATS_OK && value != nullptr) headers.emplace_back(raw[i], value);
  }
  return headers;
}

base::Result<void> publish_with_headers(Connection& connection, const char* subject, const char* reply,
                                        const Headers& headers, std::string_view bytes) {
  for (const auto& [name, value] : headers) {
    if (auto checked = check_header_value(name, value); !checked) return checked;
  }
  natsMsg* raw = nullptr;
  natsStatus status = natsMsg_Create(&raw, subject, reply, bytes.data(), static_cast<int>(bytes.size()));
  const MessageHandle message(raw);
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Set(raw, name.c_str(), value.c_str());
  }
  if (status == NATS_OK) status = natsConnection_PublishMsg(connection.handle(), raw);
  traffic().sent(subject, bytes.size(), status == NATS_OK);
  if (status != NATS_OK) return nats_failure(status, std::string("publish to '") + subject + "'");
  return {};
}

base::Result<void> publish_parts(Connection& connection, const char* subject, const Headers& headers,
                                 std::string_view bytes, std::size_t first) {
  const std::size_t most = part_bytes_max(connection);
  Part part{.number = first,
            .count = std::max<std::size_t>((bytes.size() + most - 1) / most, 1),
            .bytes_total = bytes.size()};
  if (part.count > parts_max)
    return base::failure(base::ErrorCode::payload_too_large, "a message of " + std::to_string(bytes.size()) +
                                                                 " bytes to '" + subject + "' does not fit into " +
                                                                 std::to_string(parts_max) + " parts of " +
                                                                 std::to_string(most) + " bytes");
  for (; part.number <= part.count; ++part.number) {
    const auto piece = bytes.substr((part.number - 1) * most, most);
    auto sent = publish_with_headers(connection, subject, nullptr,
                                     with_part(part.number == 1 ? headers : Headers{}, part), piece);
    if (!sent) return sent;
  }
  return {};
}

}  // namespace noetl::nats
