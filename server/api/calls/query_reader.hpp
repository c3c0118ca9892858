#pragma once
// QueryReader: reads the fields after the '?' of a URL strictly: the first thing found wrong is kept, and
// finish() gives it or refuses a field that nobody asked for. The mirror of json::ObjectReader. One thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/calls/call.hpp"
#include "shared/base/ids.hpp"

namespace noetl::api {

inline constexpr int limit_default = 100;
inline constexpr int limit_max = 1000;

class QueryReader {
 public:
  explicit QueryReader(const Call& call) : query_(call.query) {}
  QueryReader(const QueryReader&) = delete;
  QueryReader& operator=(const QueryReader&) = delete;

  [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max = 512);  // empty when left out
  [[nodiscard]] int limit();  // 1 … 1000, 100 when left out
  [[nodiscard]] bool flag(std::string_view name);  // true, True or 1; false when left out
  template <class IdType>
  [[nodiscard]] IdType id(std::string_view name) {
    return IdType{read_id(name)};
  }
  void refuse(std::string_view name, std::string_view problem);
  [[nodiscard]] std::optional<base::Error> finish();

 private:
  const std::string* find(std::string_view name);
  std::int64_t read_id(std::string_view name);

  const Query* query_;
  std::vector<std::string_view> asked_;
  std::optional<base::Error> error_;
};

}  // namespace noetl::api
