#pragma once
// Envelope: what a message says about its payload: type, schema version, encoding, checksum. It travels in the headers, so that the body
// is the payload itself, and any client of NATS can read both. Values; any thread.
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/messaging/failure.hpp"

namespace noetl::messaging {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline constexpr const char* envelope_header = "Noetl-Envelope";  // version of these headers
inline constexpr const char* type_header = "X-Event-Type";
inline constexpr const char* schema_header = "Noetl-Schema";
inline constexpr const char* encoding_header = "Noetl-Encoding";
inline constexpr const char* checksum_header = "Noetl-Checksum";

inline constexpr int envelope_version = 1;
inline constexpr std::size_t type_bytes_max = 128;
inline constexpr int json_depth_max = 128;

enum class Encoding { json, bytes };

struct Envelope {
  std::string type;  // letters, digits, '.', '_' and '-'
  int schema_version = 1;
  Encoding encoding = Encoding::json;
  std::string payload = {};
  bool operator==(const Envelope&) const = default;

  // serialization: it is not encoded as JSON, or no JSON, or nested deeper than json_depth_max.
  [[nodiscard]] Result<nlohmann::json> json() const;
};

[[nodiscard]] Envelope json_envelope(std::string type, const nlohmann::json& payload, int schema_version = 1);

// "crc32:0a1b2c3d": of the payload.
[[nodiscard]] std::string checksum_of(std::string_view payload);

// serialization: a type that is none.
[[nodiscard]] Result<Headers> headers_of(const Envelope& envelope);
// Errors: serialization (a header is missing or makes no sense), unknown_version (of the envelope), checksum.
[[nodiscard]] Result<Envelope> open_envelope(const Headers& headers, std::string payload);

}  // namespace noetl::messaging
