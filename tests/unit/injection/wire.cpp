#include "tests/unit/injection/wire.hpp"

#include <algorithm>
#include <charconv>

namespace noetl::injection {
namespace {

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool is_graphic(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

const std::vector<std::string>& hostile_texts() {
  using namespace std::string_literals;
  static const std::vector<std::string> texts{"a 0\r\n\r\nPUB injected 5\r\nowned\r\nPUB a"s,
                                              "a HTTP/1.1\r\nX-Injected: yes\r\nX-Rest:"s,
                                              "a\r\nX-Injected: yes"s,
                                              "a\r\n\r\nGET /injected HTTP/1.1\r\nHost: injected\r\n\r\n"s,
                                              "a\nX-Injected: yes"s,
                                              "a\rX-Injected: yes"s,
                                              "a\r\n"s,
                                              "\r\na"s,
                                              "a\0injected"s,
                                              "a b"s,
                                              " a "s,
                                              "a\tb"s,
                                              "a\x01\x7F\x1B[0m"s,
                                              "ünïcode"s,
                                              "K\xF6k"s,
                                              "a%0d%0aX-Injected:%20yes"s,
                                              "a%b"s,
                                              "a#b"s,
                                              "a?b&c=d;e"s,
                                              "a\"; injected=\"yes"s,
                                              "a\",\"injected\":\"yes"s,
                                              "a\\"s,
                                              "a:b"s,
                                              "../injected"s,
                                              "a/../../injected"s,
                                              "host=127.0.0.1 options=injected"s,
                                              "postgresql://injected@injected/injected"s,
                                              "--injected"s,
                                              "a=b"s,
                                              "\xE2\x80\xA8"s};
  return texts;
}

std::optional<SentRequest> only_request(std::string_view bytes) {
  SentRequest request;
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  std::string_view head = bytes.substr(0, head_end + 2);
  bool is_first = true;
  std::size_t length = 0;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return std::nullopt;
    if (is_first) {
      const auto words = words_of(line);
      if (words.size() != 3 || words[2] != "HTTP/1.1" || !is_graphic(words[0]) || !is_graphic(words[1]))
        return std::nullopt;
      request.method = words[0];
      request.target = words[1];
      is_first = false;
      continue;
    }
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || !is_graphic(line.substr(0, colon))) return std::nullopt;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "content-length") {
      const auto found = number_of(line.substr(colon + 2));
      if (!found || length != 0) return std::nullopt;
      length = *found;
    }
    request.headers.emplace_back(std::move(name), line.substr(colon + 2));
  }
  request.body = bytes.substr(head_end + 4);
  return request.body.size() == length ? std::optional(std::move(request)) : std::nullopt;
}

std::optional<SentToNats> sent_to_nats(std::string_view bytes) {
  SentToNats sent;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    const auto words = words_of(line);
    if (words[0] == "CONNECT" && sent.connect.empty()) {
      sent.connect = line.substr(8);
    } else if (words[0] == "PUB" || words[0] == "HPUB") {
      const auto size = number_of(words.back());
      if (words.size() < 3 || words.size() > 5 || !size || bytes.size() < *size + 2) return std::nullopt;
      if (bytes.substr(*size, 2) != "\r\n") return std::nullopt;
      bytes.remove_prefix(*size + 2);
      sent.subjects.emplace_back(words[1]);
    } else if (words[0] != "PING" && words[0] != "PONG" && words[0] != "SUB" && words[0] != "UNSUB") {
      return std::nullopt;
    }
  }
  return sent;
}

std::optional<std::map<std::string, std::string>> startup_fields(std::string_view bytes) {
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  constexpr std::size_t tls_request = 80877103;
  if (bytes.size() >= 8 && number(0) == 8 && number(4) == tls_request) bytes.remove_prefix(8);
  if (bytes.size() < 9 || number(0) != bytes.size() || !bytes.ends_with('\0')) return std::nullopt;
  bytes = bytes.substr(8, bytes.size() - 9);
  std::map<std::string, std::string> fields;
  while (!bytes.empty()) {
    const std::size_t name = bytes.find('\0');
    const std::size_t value = name == std::string_view::npos ? name : bytes.find('\0', name + 1);
    if (value == std::string_view::npos) return std::nullopt;
    fields.emplace(bytes.substr(0, name), bytes.substr(name + 1, value - name - 1));
    bytes.remove_prefix(value + 1);
  }
  return fields;
}

}  // namespace noetl::injection
