#include "server/api/routes/router.hpp"

#include <algorithm>

#include "shared/json/parse_body.hpp"
#include "shared/wire/messages/credential.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;

constexpr std::size_t path_bytes_max = 1024;
constexpr std::size_t variable_name_bytes_max = 256;

bool is_parameter(std::string_view part) { return part.starts_with('{'); }

// "/a/b" → {"a","b"}; "/" → {""}: an empty part never matches a parameter.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    parts.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return parts;
    path.remove_prefix(end + 1);
  }
}

bool matches(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& parts) {
  return std::equal(pattern.begin(), pattern.end(), parts.begin(), parts.end(),
                    [](std::string_view expected, std::string_view part) {
                      return is_parameter(expected) ? !part.empty() : expected == part;
                    });
}

bool is_variable_name(std::string_view text) {
  return text.size() <= variable_name_bytes_max && json::find_invalid_utf8(text) == std::string_view::npos &&
         std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

// What error messages show of a path: it may be anything.
std::string shown(std::string_view path) {
  std::string text(path.substr(0, 200));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return "'" + text + "'";
}

}  // namespace

Router::Router(std::span<const Endpoint> table) : table_(table) {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    templates_.push_back(Template{.endpoint = i, .parts = split(table_[i].path)});
    if (table_[i].path.find('{') == std::string_view::npos) literal_paths_[table_[i].path].push_back(i);
  }
}

std::vector<std::size_t> Router::endpoints_at(std::string_view path, const std::vector<std::string_view>& parts) const {
  if (const auto literal = literal_paths_.find(path); literal != literal_paths_.end()) return literal->second;
  std::vector<std::size_t> found;
  for (const auto& candidate : templates_) {
    if (matches(candidate.parts, parts)) found.push_back(candidate.endpoint);
  }
  return found;
}

base::Result<Route> Router::bind(const Template& found, const std::vector<std::string_view>& parts) {
  Route route{.endpoint = found.endpoint, .id = 0, .worker_id = {}, .name = {}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_parameter(found.parts[i])) continue;
    const std::string name(found.parts[i].substr(1, found.parts[i].size() - 2));
    if (name == "worker_id") {
      if (!wire::is_worker_id(parts[i])) {
        return base::failure(ErrorCode::invalid_input,
                             shown(parts[i]) + " is no worker id: letters, digits, '.', '_' and '-', at most 128",
                             name);
      }
      route.worker_id = parts[i];
    } else if (name == "pool") {
      if (!wire::is_pool_name(parts[i])) {
        return base::failure(ErrorCode::invalid_input,
                             shown(parts[i]) + " is no pool's name: letters, digits, '_' and '-', at most 64", name);
      }
      route.name = parts[i];
    } else if (name == "name" || name == "var_name") {
      if (name == "name" ? !wire::is_secret_name(parts[i]) : !is_variable_name(parts[i])) {
        return base::failure(ErrorCode::invalid_input,
                             shown(parts[i]) + " is no name: letters, digits, '_', '.', ':', '@' and '-', at most 128",
                             name);
      }
      route.name = parts[i];
    } else {
      const auto id = base::parse_id(parts[i]);
      if (!id) {
        return base::failure(ErrorCode::invalid_input,
                             shown(parts[i]) + " is no id: a decimal number from 1 to 9223372036854775807", name);
      }
      route.id = *id;
    }
  }
  return route;
}

base::Result<Route> Router::find(std::string_view method, std::string_view path) const {
  const auto nothing = [&] {
    return base::failure(ErrorCode::not_found, "there is no route " + shown(path) + "; GET /openapi.json lists them");
  };
  if (path.empty() || path.front() != '/' || path.size() > path_bytes_max) return nothing();
  const auto parts = split(path);
  const auto found = endpoints_at(path, parts);
  if (found.empty()) return nothing();

  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
  std::string allowed;
  for (const std::size_t i : found) {
    if (table_[i].method == wanted) return bind(templates_[i], parts);
    allowed += (allowed.empty() ? "" : ", ") + std::string(table_[i].method);
    if (table_[i].method == "GET") allowed += ", HEAD";
  }
  return base::failure(ErrorCode::method_not_allowed,
                       std::string(method) + " is not a method of " + shown(path) + "; it has " + allowed, allowed);
}

}  // namespace noetl::api
