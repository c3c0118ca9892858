// Configuration files of TOML: a key for each setting, and the sections [nats], [nats.auth], [nats.tls], [nats.retry] and [nats.service],
// whose keys stand for settings of other names.
#include "shared/config/toml_file.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#include <algorithm>
#include <array>

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

struct SectionKey {
  std::string_view path;
  std::string_view setting;
  std::string_view unit = {};  // of the number; the setting reads it with that
  std::string_view suffix = {};  // of the subject that a prefix stands for
};

constexpr std::array section_keys{
    SectionKey{"nats.url", "nats-url"},
    SectionKey{"nats.subject_prefix", "cluster-prefix", "", ".cluster"},
    SectionKey{"nats.subject_prefix", "nats-subject", "", ".commands"},
    SectionKey{"nats.subject_prefix", "session-subject", "", ".workflow.execute"},
    SectionKey{"nats.subject_prefix", "session-stream-subject", "", ".workflow.submit"},
    SectionKey{"nats.subject_prefix", "nats-events-subject", "", ".events"},
    SectionKey{"nats.auth.username", "nats-user"},
    SectionKey{"nats.auth.password", "nats-password"},
    SectionKey{"nats.auth.token", "nats-token"},
    SectionKey{"nats.auth.credentials", "nats-credentials"},
    SectionKey{"nats.auth.nkey", "nats-nkey"},
    SectionKey{"nats.tls.ca", "nats-ca"},
    SectionKey{"nats.tls.certificate", "nats-certificate"},
    SectionKey{"nats.tls.key", "nats-key"},
    SectionKey{"nats.retry.max_reconnects", "nats-max-reconnects"},
    SectionKey{"nats.retry.reconnect_delay_ms", "nats-reconnect-delay", "ms"},
    SectionKey{"nats.retry.max_reconnect_delay_ms", "nats-reconnect-delay-max", "ms"},
    SectionKey{"nats.service.name", "service-name"},
    SectionKey{"nats.service.version", "service-version"},
    SectionKey{"nats.service.description", "service-description"},
};

class Reading {
 public:
  explicit Reading(const std::string& file_name) : file_name_(file_name) {}

  base::Result<void> table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      if (const auto* inner = node.as_table()) {
        if (auto read = this->table(*inner, path + "."); !read) return read;
      } else if (auto read = value(path, node); !read) {
        return read;
      }
    }
    return {};
  }
  // By the lines of the file.
  base::Result<FileValues> values() {
    std::ranges::stable_sort(entries_, {}, &Entry::line);
    FileValues values;
    for (const auto& entry : entries_) {
      const std::string where = file_name_ + ":" + std::to_string(entry.line);
      const auto [at, is_new] = values.try_emplace(entry.setting, FileValue{entry.text, where});
      if (is_new) continue;
      return failure(ErrorCode::invalid_input,
                     where + ": '" + entry.setting + "' is set twice, first at " + at->second.where, entry.setting);
    }
    return values;
  }

 private:
  struct Entry {
    std::uint32_t line = 0;
    std::string setting;
    std::string text;
  };
  [[nodiscard]] std::string where(const toml::node& node) const {
    return file_name_ + ":" + std::to_string(node.source().begin.line);
  }

  base::Result<void> value(const std::string& path, const toml::node& node) {
    std::string text;
    if (const auto* found = node.as_string())
      text = found->get();
    else if (const auto* number = node.as_integer())
      text = std::to_string(number->get());
    else if (const auto* flag = node.as_boolean())
      text = flag->get() ? "on" : "off";
    else
      return failure(ErrorCode::invalid_input,
                     where(node) + ": '" + path + "' must be a text, a whole number or a boolean", path);
    if (path.find('.') == std::string::npos) {
      add(path, text, node);
      return {};
    }
    bool is_known = false;
    for (const auto& key : section_keys) {
      if (key.path != path) continue;
      is_known = true;
      add(std::string(key.setting), text + std::string(key.unit) + std::string(key.suffix), node);
    }
    if (is_known) return {};
    return failure(
        ErrorCode::invalid_input,
        where(node) + ": unknown key '" + path + "': sections are [nats] and its auth, tls, retry and service", path);
  }

  void add(const std::string& setting, std::string text, const toml::node& node) {
    const auto* known = find_setting(setting);
    entries_.push_back({.line = node.source().begin.line,
                        .setting = known != nullptr ? std::string(known->name) : setting,
                        .text = std::move(text)});
  }

  const std::string& file_name_;
  std::vector<Entry> entries_;
};

}  // namespace

base::Result<FileValues> parse_toml(std::string_view text, const std::string& file_name) {
  const auto parsed = toml::parse(text);
  if (!parsed)
    return failure(ErrorCode::invalid_input, file_name + ":" + std::to_string(parsed.error().source().begin.line) +
                                                 ": " + std::string(parsed.error().description()));
  Reading reading(file_name);
  if (auto read = reading.table(parsed.table(), ""); !read) return base::failure(std::move(read.error()));
  return reading.values();
}

}  // namespace noetl::config
