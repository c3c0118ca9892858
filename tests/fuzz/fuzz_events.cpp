// Any body of POST /api/v2/events: refused, or read and written so that it is read as the same again.
#include <nlohmann/json.hpp>
#include <string_view>

#include "shared/json/parse_body.hpp"
#include "shared/wire/codecs/report_json.hpp"
#include "shared/wire/quick_read.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::json;
  using namespace noetl::wire;
  const auto body = parse_body({reinterpret_cast<const char*>(data), size}, report_bytes_max, report_depth_max);
  if (!body) {
    NOETL_FUZZ_CHECK(!body.error().message.empty());
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = decode_report_request(*body);
  const auto quick = quick_report_request(text);
  NOETL_FUZZ_CHECK(!quick || (read.has_value() && quick->attempts.size() == read->attempts.size() &&
                              quick->worker_id == read->worker_id));
  const auto answer = decode_report_answer(*body);
  const auto quick_answer = quick_report_answer(text);
  NOETL_FUZZ_CHECK(!quick_answer || (answer.has_value() && quick_answer->verdicts.size() == answer->verdicts.size()));
  if (!read) {
    NOETL_FUZZ_CHECK(!read.error().message.empty());
    return 0;
  }
  if (read->worker_id.empty()) return 0;  // a lone event of a step; who encodes is a worker and has a name
  const auto written = encode(*read);
  const auto parsed = parse_body(written, 2 * report_bytes_max, report_depth_max + 8);
  NOETL_FUZZ_CHECK(parsed.has_value());
  const auto again = decode_report_request(*parsed);
  NOETL_FUZZ_CHECK(again.has_value());
  NOETL_FUZZ_CHECK(again->attempts.size() == read->attempts.size() && again->events.size() == read->events.size());
  for (std::size_t i = 0; i < read->attempts.size(); ++i) {
    NOETL_FUZZ_CHECK(again->attempts[i].lease == read->attempts[i].lease);
    NOETL_FUZZ_CHECK(again->attempts[i].outcome == read->attempts[i].outcome);
  }
  return 0;
}
