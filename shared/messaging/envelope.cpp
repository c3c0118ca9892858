#include "shared/messaging/envelope.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "shared/nats/requests/parted_message.hpp"

namespace noetl::messaging {
namespace {

constexpr std::string_view checksum_prefix = "crc32:";
constexpr int number_max = 1'000'000;

bool is_type(std::string_view text) {
  constexpr std::string_view others = "._-";
  return !text.empty() && text.size() <= type_bytes_max && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

Result<int> number_of(const Headers& headers, const char* name) {
  const auto text = nats::header_of(headers, name);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > number_max)
    return failure(FailureKind::serialization, std::string("header ") + name + " is '" +
                                                   std::string(text.substr(0, 64)) + "', expected a number from 1 to " +
                                                   std::to_string(number_max));
  return number;
}

}  // namespace

Result<nlohmann::json> Envelope::json() const {
  const auto failed = [&](const std::string& why) {
    return failure(FailureKind::serialization,
                   "payload of '" + type + "', " + std::to_string(payload.size()) + " bytes: " + why);
  };
  if (encoding != Encoding::json) return failed("its encoding is not json");
  bool is_too_deep = false;
  using Event = nlohmann::json::parse_event_t;
  const auto watch = [&](int depth, Event event, nlohmann::json&) {
    const bool is_start = event == Event::array_start || event == Event::object_start;
    is_too_deep = is_too_deep || (is_start && depth >= json_depth_max);
    return !is_too_deep;  // what is below is dropped while it is read
  };
  auto parsed = nlohmann::json::parse(payload, watch, false);
  if (is_too_deep) return failed("deeper than " + std::to_string(json_depth_max) + " levels");
  if (parsed.is_discarded()) return failed("no JSON");
  return parsed;
}

Envelope json_envelope(std::string type, const nlohmann::json& payload, int schema_version) {
  return {.type = std::move(type),
          .schema_version = schema_version,
          .encoding = Encoding::json,
          .payload = payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

std::string checksum_of(std::string_view payload) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto sum =
      static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(payload.data()), payload.size()));
  std::string text(checksum_prefix);
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[(sum >> static_cast<unsigned>(shift)) & 0xFU];
  return text;
}

Result<Headers> headers_of(const Envelope& envelope) {
  if (!is_type(envelope.type) || envelope.schema_version < 1 || envelope.schema_version > number_max)
    return failure(FailureKind::serialization,
                   "type '" + envelope.type.substr(0, type_bytes_max) + "' version " +
                       std::to_string(envelope.schema_version) +
                       ": a type has 1 to 128 letters, digits, '.', '_' and '-', and versions from 1");
  return Headers{{envelope_header, std::to_string(envelope_version)},
                 {type_header, envelope.type},
                 {schema_header, std::to_string(envelope.schema_version)},
                 {encoding_header, envelope.encoding == Encoding::json ? "json" : "bytes"},
                 {checksum_header, checksum_of(envelope.payload)}};
}

Result<Envelope> open_envelope(const Headers& headers, std::string payload) {
  const auto version = number_of(headers, envelope_header);
  if (!version) return failure(version.error());
  if (*version != envelope_version)
    return failure(FailureKind::unknown_version, "envelope version " + std::to_string(*version) +
                                                     " is not known here, only " + std::to_string(envelope_version));
  Envelope envelope;
  envelope.type = nats::header_of(headers, type_header);
  if (!is_type(envelope.type))
    return failure(FailureKind::serialization, std::string("header ") + type_header + " is missing or no type");
  const auto schema = number_of(headers, schema_header);
  if (!schema) return failure(schema.error());
  envelope.schema_version = *schema;
  const auto encoding = nats::header_of(headers, encoding_header);
  if (encoding != "json" && encoding != "bytes")
    return failure(FailureKind::serialization, "encoding '" + std::string(encoding.substr(0, 64)) + "' of type '" +
                                                   envelope.type + "' is not known here, only json and bytes");
  envelope.encoding = encoding == "json" ? Encoding::json : Encoding::bytes;
  const auto said = nats::header_of(headers, checksum_header);
  if (const auto found = checksum_of(payload); said != found)
    return failure(FailureKind::checksum, "type '" + envelope.type + "': checksum of the payload is " + found +
                                              ", the header says '" + std::string(said.substr(0, 64)) + "'");
  envelope.payload = std::move(payload);
  return envelope;
}

}  // namespace noetl::messaging
