#include "shared/http/head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "shared/base/text/ascii.hpp"

namespace noetl::http {
namespace {

constexpr std::size_t method_bytes_max = 32;
constexpr std::size_t length_digits_max = 18;  // more would not fit into 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// tchar of RFC 9110.
bool is_token_char(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

// Visible, a blank, a tab, or above ASCII: no control characters, NUL among them.
bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Refused refused(std::string message, int status = 400) { return {.status = status, .message = std::move(message)}; }

std::optional<Refused> read_request_line(std::string_view line, Head& head) {
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end)
    return refused("the request line is not 'METHOD target HTTP/1.1'");
  const auto method = line.substr(0, method_end);
  const auto target = line.substr(method_end + 1, target_end - method_end - 1);
  const auto version = line.substr(target_end + 1);
  if (!is_token(method) || method.size() > method_bytes_max) return refused("the method is no method of HTTP");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refused("the version is not HTTP/1.1 or HTTP/1.0");
  const bool is_plain =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (target.empty() || target.front() != '/' || !is_plain)
    return refused("the target is no path: it begins with '/' and has visible ASCII characters without '#'");
  head.method = method;
  head.target = target;
  head.minor_version = version.back() - '0';
  return std::nullopt;
}

std::optional<Refused> read_header_line(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t')
    return refused("a header goes on in the next line (obsolete folding)");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return refused("a header has no ':'");
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return refused("the name of a header is none: no blank may stand before the ':'");
  const auto value = without_blanks(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_char))
    return refused("the value of a header has a control character");
  if (head.headers.size() >= headers_max)
    return refused("the head has more than " + std::to_string(headers_max) + " headers", 431);
  head.headers.push_back({.name = base::lower_case(name), .value = std::string(value)});
  return std::nullopt;
}

bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view(".-_:[]~%").find(c) != std::string_view::npos;
  });
}

std::optional<Refused> read_framing(Head& head) {
  const std::size_t lengths = head.count("content-length");
  const std::size_t codings = head.count("transfer-encoding");
  if (lengths > 1 || (lengths > 0 && codings > 0)) return refused("the length of the body is told twice");
  if (codings > 1) return refused("Transfer-Encoding is there twice");
  if (codings == 1) {
    if (head.minor_version == 0) return refused("HTTP/1.0 has no Transfer-Encoding");
    if (base::lower_case(head.header("transfer-encoding")) != "chunked")
      return refused("Transfer-Encoding is not 'chunked'");
    head.is_chunked = true;
  }
  if (lengths == 1) {
    const auto text = head.header("content-length");
    if (text.empty() || text.size() > length_digits_max || !std::all_of(text.begin(), text.end(), is_digit))
      return refused("Content-Length is no number");
    std::from_chars(text.data(), text.data() + text.size(), head.content_length);
    head.has_content_length = true;
  }
  return std::nullopt;
}

std::optional<Refused> read_meanings(Head& head) {
  const std::size_t hosts = head.count("host");
  if (hosts > 1) return refused("Host is there twice");
  if (hosts == 0 && head.minor_version == 1) return refused("Host is missing");
  if (!is_host(head.header("host"))) return refused("Host is no name of a host");
  if (auto problem = read_framing(head)) return problem;
  head.keeps_alive = head.minor_version == 1;
  for (const auto& header : head.headers) {
    if (header.name != "connection") continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      const auto word = base::lower_case(without_blanks(rest.substr(0, end)));
      if (word == "close") head.keeps_alive = false;
      if (word == "keep-alive" && head.minor_version == 0) head.keeps_alive = true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (head.has("expect")) {
    if (base::lower_case(head.header("expect")) != "100-continue" || head.count("expect") > 1)
      return refused("Expect is not '100-continue'", 417);
    head.expects_continue = head.minor_version == 1 && head.has_body();
  }
  return std::nullopt;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of the escape that `text` begins with, or -1.
int escaped_byte(std::string_view text) {
  if (text.size() < 3) return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<std::string> decode_field(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+') {
      text += ' ';
    } else if (raw[i] != '%') {
      text += raw[i];
    } else {
      const int byte = escaped_byte(raw.substr(i));
      if (byte < 0) return std::nullopt;
      text += static_cast<char>(byte);
      i += 2;
    }
  }
  return text;
}

}  // namespace

std::string_view Head::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

std::size_t Head::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const Header& header) { return header.name == name; }));
}

std::string_view Head::raw_path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view Head::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::variant<std::size_t, Refused> HeadEnd::find(std::string_view bytes) {
  // The last byte of the piece before may have been a CR whose LF comes now.
  for (std::size_t at = seen_; at < bytes.size(); ++at) {
    if (at >= head_bytes_max)
      return refused("the head has more than " + std::to_string(head_bytes_max) + " bytes", 431);
    const char c = bytes[at];
    if (c != '\r' && c != '\n') continue;
    if (c == '\n') return refused("a line of the head ends with LF alone, not with CR LF");
    if (at + 1 == bytes.size()) {
      seen_ = at;
      return std::size_t{0};
    }
    if (bytes[at + 1] != '\n') return refused("a CR of the head has no LF behind it");
    ++at;
    if (at == 1) return refused("the request begins with an empty line");
    if (at >= 3 && bytes[at - 2] == '\n') return at + 1;
  }
  seen_ = bytes.size();
  return std::size_t{0};
}

std::variant<Head, Refused> read_head(std::string_view bytes) {
  Head head;
  bool is_first = true;
  while (true) {
    const auto end = bytes.find("\r\n");
    if (end == std::string_view::npos) return refused("the head does not end with an empty line");
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.empty()) break;
    auto problem = is_first ? read_request_line(line, head) : read_header_line(line, head);
    if (problem) return std::move(*problem);
    is_first = false;
  }
  if (is_first) return refused("the request line is missing");
  if (auto problem = read_meanings(head)) return std::move(*problem);
  return head;
}

std::variant<std::string, Refused> decode_path(std::string_view raw) {
  std::string path;
  path.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      path += raw[i];
      continue;
    }
    const int byte = escaped_byte(raw.substr(i));
    if (byte < 0) return refused("the path has a '%' that begins no escape");
    const char c = static_cast<char>(byte);
    if (c == '/' || c == '\0') return refused("the path has an escaped '/' or NUL");
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~')
      return refused("the path escapes a character that needs no escape");
    path += c;
    i += 2;
  }
  return path;
}

std::variant<QueryFields, Refused> decode_query(std::string_view raw) {
  QueryFields fields;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const auto field = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    auto name = decode_field(field.substr(0, equals));
    auto value = decode_field(field.substr(std::min(equals + 1, field.size())));
    if (!name || !value) return refused("the query has a '%' that begins no escape");
    if (name->empty()) return refused("the query has a value without a name");
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

std::string host_name(std::string_view host) {
  const bool is_v6 = host.starts_with('[');
  const auto end = is_v6 ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == std::string_view::npos) return {};
  const auto name = host.substr(0, is_v6 ? end + 1 : end);
  const auto rest = host.substr(name.size());
  const bool has_port =
      rest.size() > 1 && rest.size() <= 6 && rest.front() == ':' && std::all_of(rest.begin() + 1, rest.end(), is_digit);
  if (!rest.empty() && !has_port) return {};
  return base::lower_case(name);
}

}  // namespace noetl::http
