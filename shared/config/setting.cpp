#include "shared/config/setting.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "shared/base/text/ascii.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 8> bytes_units{{{"", 1},
                                           {"B", 1},
                                           {"KiB", 1024},
                                           {"MiB", 1024 * 1024},
                                           {"GiB", 1024LL * 1024 * 1024},
                                           {"KB", 1000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000}}};

template <std::size_t N>
base::Result<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return failure(ErrorCode::invalid_input, "not a number with a unit");
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& known : units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / known.factor) {
      return failure(ErrorCode::invalid_input, "too large");
    }
    return number * known.factor;
  }
  return failure(ErrorCode::invalid_input, "unknown unit '" + std::string(unit) + "'");
}

std::string bytes_text(std::int64_t value) {
  for (const auto& unit : {bytes_units[4], bytes_units[3], bytes_units[2]}) {
    if (value >= unit.factor && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value);
}

template <class Show>
std::string range_text(const Setting& setting, Show show) {
  if (setting.most == std::numeric_limits<std::int64_t>::max()) return "of at least " + show(setting.least);
  return "of " + show(setting.least) + " to " + show(setting.most);
}

// The number behind the text of an integer, duration or size.
base::Result<std::int64_t> amount(SettingKind kind, std::string_view text) {
  switch (kind) {
    case SettingKind::duration:
      return durations::parse_duration(text).map(
          [](std::chrono::milliseconds value) { return std::int64_t{value.count()}; });
    case SettingKind::bytes: return parse_bytes(text);
    default: return parse_integer(text);
  }
}

// Has one of the URLs (several with commas) a user, and a password when `needs_password`? A lone user of NATS is a token.
bool has_user(std::string_view urls, bool needs_password = false) {
  for (auto at = urls.find("://"); at != std::string_view::npos; at = urls.find("://")) {
    urls.remove_prefix(at + 3);
    // A password may have a '/' that somebody forgot to encode: look up to the next URL.
    const auto one = urls.substr(0, urls.find(','));
    const auto user = one.substr(0, one.find('@'));
    if (user.size() < one.size() && (!needs_password || user.find(':') != std::string_view::npos)) return true;
  }
  return false;
}

bool contains_password_keyword(std::string_view text) {
  const std::string lower = base::lower_case(text);
  for (auto at = lower.find("password"); at != std::string::npos; at = lower.find("password", at + 1)) {
    const auto after = lower.find_first_not_of(" \t\n", at + 8);
    if (after != std::string::npos && lower[after] == '=') return true;
  }
  return false;
}

}  // namespace

bool shows_secret(const Setting& setting, std::string_view value) {
  if (!setting.is_secret || value.empty()) return false;
  if (!setting.is_address) return true;
  const bool is_postgres = setting.name.find("nats") == std::string_view::npos;
  return has_user(value, is_postgres) || (is_postgres && contains_password_keyword(value));
}

base::Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return failure(ErrorCode::invalid_input, "not a whole number");
  }
  return number;
}

base::Result<std::int64_t> parse_bytes(std::string_view text) { return parse_with_unit(text, bytes_units); }

std::string expectation(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::text: return "a text";
    case SettingKind::integer:
      return "a whole number " + range_text(setting, [](std::int64_t n) { return std::to_string(n); });
    case SettingKind::duration:
      return "a duration " +
             range_text(setting,
                        [](std::int64_t n) { return durations::duration_text(std::chrono::milliseconds{n}); }) +
             ", e.g. 500ms, 5s, 2m";
    case SettingKind::bytes: return "a size " + range_text(setting, bytes_text) + ", e.g. 65536, 256KiB, 1GiB";
    case SettingKind::http_url: return "an http or https address without user and password";
    case SettingKind::choice: {
      std::string text = "one of";
      for (const auto choice : setting.choices) text.append(text == "one of" ? " " : ", ").append(choice);
      return text;
    }
  }
  return {};
}

base::Result<void> check_value(const Setting& setting, std::string_view text) {
  const auto refused = [&] { return failure(ErrorCode::invalid_input, "expected " + expectation(setting)); };
  if (text.find('\0') != std::string_view::npos) return refused();
  if (setting.kind == SettingKind::text) return {};
  if (setting.kind == SettingKind::http_url) return has_user(text) ? refused() : base::Result<void>{};
  if (setting.kind == SettingKind::choice) {
    const auto& choices = setting.choices;
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) return refused();
    return {};
  }
  const auto value = amount(setting.kind, text);
  if (!value || *value < setting.least || *value > setting.most) return refused();
  return {};
}

const Setting* find_setting(std::string_view name) {
  std::string wanted(name);
  std::replace(wanted.begin(), wanted.end(), '_', '-');
  const auto& all = all_settings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.name == wanted; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace noetl::config
