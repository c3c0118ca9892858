// Any bytes as the head of a request: found to end at the same place whatever pieces they come in, and refused, or read as what a
// strict reader would write again.
#include <algorithm>
#include <string>
#include <string_view>

#include "shared/http/head.hpp"
#include "tests/fuzz/target.hpp"

using namespace noetl::http;

namespace {

// A head of the same meaning, written plainly.
std::string written(const Head& head) {
  std::string text = head.method + " " + head.target + " HTTP/1." + std::to_string(head.minor_version) + "\r\n";
  for (const auto& header : head.headers) text += header.name + ": " + header.value + "\r\n";
  return text + "\r\n";
}

void check_target(const Head& head) {
  const auto path = decode_path(head.raw_path());
  if (const auto* text = std::get_if<std::string>(&path)) {
    NOETL_FUZZ_CHECK(text->size() <= head.raw_path().size() && text->find('\0') == std::string::npos);
    // Decoding adds no separator.
    const auto count = [](std::string_view in) { return std::count(in.begin(), in.end(), '/'); };
    NOETL_FUZZ_CHECK(count(*text) == count(head.raw_path()));
  }
  const auto query = decode_query(head.query());
  if (const auto* wrong = std::get_if<Refused>(&query)) NOETL_FUZZ_CHECK(wrong->status == 400);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  HeadEnd at_once;
  const auto found = at_once.find(bytes);
  HeadEnd in_pieces;
  std::variant<std::size_t, Refused> pieces = std::size_t{0};
  const std::size_t step = size > 512 ? 17 : 1;
  for (std::size_t seen = 0;
       seen < size && std::holds_alternative<std::size_t>(pieces) && std::get<std::size_t>(pieces) == 0;) {
    seen = std::min(seen + step, size);
    pieces = in_pieces.find(bytes.substr(0, seen));
  }
  NOETL_FUZZ_CHECK(found == pieces);
  const auto* end = std::get_if<std::size_t>(&found);
  if (end == nullptr || *end == 0) return 0;
  NOETL_FUZZ_CHECK(*end <= size && bytes.substr(0, *end).ends_with("\r\n\r\n"));
  const auto read = read_head(bytes.substr(0, *end));
  if (const auto* wrong = std::get_if<Refused>(&read)) {
    NOETL_FUZZ_CHECK(wrong->status >= 400 && wrong->status < 500 && !wrong->message.empty());
    return 0;
  }
  const Head& head = std::get<Head>(read);
  NOETL_FUZZ_CHECK(!(head.is_chunked && head.has_content_length) && head.headers.size() <= headers_max);
  NOETL_FUZZ_CHECK(head.minor_version == 0 || head.count("host") == 1);
  const auto again = read_head(written(head));
  NOETL_FUZZ_CHECK(std::holds_alternative<Head>(again) && std::get<Head>(again) == head);
  check_target(head);
  return 0;
}
