#pragma once
// Url: an http or https address in parts, and the little that is done with one. Values; any thread.
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/fetch/target.hpp"

namespace noetl::fetch {

struct Url {
  bool is_tls = false;
  std::string host;  // without brackets
  int port = 0;
  Target target;
  std::string user;  // decoded; empty when absent
  std::string password;
  // As text without user and password; those belong in no result and no log.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string origin() const;  // scheme://host[:port]
  [[nodiscard]] bool has_same_origin(const Url& other) const;
};

// Absolute http or https only.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);
// What a Location header names, seen from a url.
[[nodiscard]] base::Result<Url> resolve_url(const Url& from, std::string_view location);

}  // namespace noetl::fetch
