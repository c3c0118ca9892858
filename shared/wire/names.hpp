#pragma once
// What names may look like on the wire: pools and tool kinds are tokens of NATS subjects, worker ids are
// parts of URLs. Bounds of texts that more than one codec reads. Pure; any thread.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace noetl::wire {

inline constexpr std::size_t playbook_path_bytes_max = 512;
inline constexpr std::size_t pool_bytes_max = 64;
inline constexpr std::size_t worker_id_bytes_max = 128;
inline constexpr std::size_t step_bytes_max = 256;
inline constexpr std::size_t idempotency_key_bytes_max = 256;
inline constexpr std::size_t group_bytes_max = 128;

inline constexpr std::int64_t milliseconds_max = 366LL * 24 * 3600 * 1000;  // of a time in claims and reports
inline constexpr std::size_t output_bytes_max = 1024 * 1024;  // of what an attempt printed, its messages and tracebacks

[[nodiscard]] bool is_pool_name(std::string_view text);  // [A-Za-z0-9_-]{1,64}
[[nodiscard]] bool is_tool_kind(std::string_view text);  // the same
[[nodiscard]] bool is_worker_id(std::string_view text);  // [A-Za-z0-9._-]{1,128}
[[nodiscard]] bool is_idempotency_key(std::string_view text);  // 1 to 256 visible ASCII characters or spaces
// 00-<32 hex>-<16 hex>-<2 hex>: W3C Trace Context, version 00.
[[nodiscard]] bool is_trace_id(std::string_view text);  // 32 hex digits, lower case
[[nodiscard]] bool is_traceparent(std::string_view text);
// "2026-01-31T12:00:00Z", t and z as well, with optional fraction and "+hh:mm" (RFC 3339), and a day that exists.
inline constexpr std::size_t time_bytes_max = 64;
[[nodiscard]] bool is_rfc3339(std::string_view text);

}  // namespace noetl::wire
