#include "shared/fetch/target.hpp"

#include "shared/base/text/percent.hpp"

namespace noetl::fetch {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

std::string safe(std::string_view text) {
  std::string target;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    const bool is_unsafe = byte <= 0x20 || byte >= 0x7F ||
                           std::string_view("\"#<>\\^`{|}").find(c) != std::string_view::npos ||
                           (c == '%' && !is_escape(text, at));
    if (is_unsafe) {
      target += base::percent_encoded({&c, 1});
    } else {
      target += c;
    }
  }
  return target;
}

}  // namespace

QueryText QueryText::encoded(std::string_view text) {
  QueryText query;
  query.text_ = safe(text.starts_with('?') ? text.substr(1) : text);
  return query;
}

void QueryText::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  text_ += base::percent_encoded(name) + '=' + base::percent_encoded(value);
}

void QueryText::add(const QueryText& more) {
  if (more.empty()) return;
  if (!text_.empty()) text_ += '&';
  text_ += more.text_;
}

Target Target::encoded(std::string_view path_and_query) {
  Target target;
  target.text_ = safe(path_and_query.substr(0, path_and_query.find('#')));
  if (!target.text_.starts_with('/')) target.text_.insert(0, "/");
  return target;
}

void Target::add(const QueryText& query) {
  if (query.empty()) return;
  const std::size_t mark = text_.find('?');
  const bool needs_none = mark != std::string::npos && (mark + 1 == text_.size() || text_.ends_with('&'));
  if (!needs_none) text_ += mark == std::string::npos ? '?' : '&';
  text_ += query.text();
}

}  // namespace noetl::fetch
