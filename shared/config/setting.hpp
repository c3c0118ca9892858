#pragma once
// Setting: the one declaration of something an operator can set. Flags, environment, file keys, docs and
// the typed structs of program_settings.hpp all come from the table here. Values; any thread.
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::config {

enum class SettingKind : std::uint8_t {
  text,
  integer,  // within [least, most]
  duration,  // "500ms", "5s", "2m", "1h", "7d"; a bare number is seconds
  bytes,  // "65536", "256KiB", "1GiB"
  choice,  // one of `choices`
  http_url,  // without user and password: it is told to others
};

// Which programs read it. Bits.
enum Program : unsigned { server = 1, worker = 2, client = 4, all_programs = 7 };

struct Setting {
  std::string_view name;  // file key, and flag with "--" before it
  std::vector<std::string_view> environment;  // the first one is the name that docs recommend
  std::string_view default_value;
  SettingKind kind = SettingKind::text;
  unsigned programs = all_programs;
  std::string_view help;
  bool is_secret = false;
  std::int64_t least = 0;  // of integers, bytes; milliseconds of durations
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string_view> choices = {};
  bool is_address = false;  // of a secret: a URL or libpq keywords, which is one only with a user or a password in it
  bool is_in_files = true;  // false: flag and environment alone
  std::string_view content_of = {};  // not empty: names a file; its content is the value of this secret setting
};

// Every setting of every program, in the order of the docs.
[[nodiscard]] const std::vector<Setting>& all_settings();
// Nothing found: nullptr. `name` with '_' for '-' is accepted.
[[nodiscard]] const Setting* find_setting(std::string_view name);

// Does this value of a secret setting show a secret? Then it may not be a flag: arguments are seen by every user of a machine.
[[nodiscard]] bool shows_secret(const Setting& setting, std::string_view value);
// Is `text` a value of that setting? If not, the message says what was expected.
[[nodiscard]] base::Result<void> check_value(const Setting& setting, std::string_view text);
// "a duration of 100ms to 1h, e.g. 5s"
[[nodiscard]] std::string expectation(const Setting& setting);

[[nodiscard]] base::Result<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] base::Result<std::int64_t> parse_bytes(std::string_view text);

}  // namespace noetl::config
