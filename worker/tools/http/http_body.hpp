#pragma once
// HttpBody: takes the body of an answer as it comes: into memory up to a bound, or, where the step asked for it, in parts into
// the store of results, so that memory is bounded by a part however long the body is. One request on one thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/tools/http/http_answer.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class HttpBody {
 public:
  struct Settings {
    std::size_t bytes_max;  // of a body in memory
    std::optional<std::size_t> streams_above;  // larger ones are kept apart; absent: none is
    ResultSource* results;  // where; null: nobody keeps anything
    Progress* progress;  // hears how much has come; may be null
  };
  explicit HttpBody(Settings settings) : settings_(settings) {}

  // False: enough, `answer.end` says why.
  [[nodiscard]] bool take(HttpAnswer& answer, std::string_view piece);
  // After the last piece.
  void finish(HttpAnswer& answer);

  static constexpr std::size_t part_bytes = 1024UL * 1024;
  static constexpr std::uint64_t streamed_bytes_max = 16ULL * 1024 * 1024 * 1024;

 private:
  bool keep_part(HttpAnswer& answer, std::string_view part);

  Settings settings_;
  std::vector<std::string> parts_;  // references
  std::uint64_t bytes_ = 0;
};

}  // namespace noetl::tools
