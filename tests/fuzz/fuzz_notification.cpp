// Any bytes as a notification: read or refused, and what was read is written so that it is read as the same again.
#include <string_view>

#include "shared/wire/notification.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace noetl::wire;
  const auto read = decode_notification({reinterpret_cast<const char*>(data), size});
  if (!read) {
    NOETL_FUZZ_CHECK(read.error().code == noetl::base::ErrorCode::malformed_body);
    return 0;
  }
  NOETL_FUZZ_CHECK(!read->queue_ids.empty() && read->queue_ids.front().is_set());
  const auto again = decode_notification(encode(*read));
  NOETL_FUZZ_CHECK(again.has_value());
  NOETL_FUZZ_CHECK(again->queue_ids == read->queue_ids && again->execution_id == read->execution_id);
  // A long name is cut, and a character that the cut goes through is replaced: it is for people who look at the stream.
  std::string_view step = again->step;
  if (step != read->step && step.ends_with("\xEF\xBF\xBD")) step.remove_suffix(3);
  NOETL_FUZZ_CHECK(read->step.starts_with(step) && again->server_url == read->server_url);
  return 0;
}
