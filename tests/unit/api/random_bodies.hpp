#pragma once
// RandomBodies: values that keep to a schema of the document, or nearly do. One thread.
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace noetl::api_test {

class RandomBodies {
 public:
  using Json = nlohmann::json;

  RandomBodies(const Json& schemas, unsigned seed) : schemas_(schemas), random_(seed) {}

  // `slips`: about so many of its values in a hundred are not as the schema has them.
  [[nodiscard]] Json make(const Json& schema, int slips);

 private:
  [[nodiscard]] bool chance(int in_hundred) { return below(100) < in_hundred; }
  [[nodiscard]] int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  [[nodiscard]] const Json& one_of(const Json& list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
  }
  [[nodiscard]] Json anything();
  [[nodiscard]] Json text(const Json& schema, bool is_slip);
  [[nodiscard]] Json number(const Json& schema, bool is_integer, bool is_slip);
  [[nodiscard]] Json object(const Json& schema, int slips);
  [[nodiscard]] Json array(const Json& schema, int slips);

  const Json& schemas_;
  std::mt19937 random_;
};

}  // namespace noetl::api_test
