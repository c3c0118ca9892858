#pragma once
// ExpressionGenerator: random templates that mostly mean something, over a fixed scope. Test code.
#include <random>
#include <string>

namespace noetl::templating {

class ExpressionGenerator {
 public:
  explicit ExpressionGenerator(std::uint64_t seed) : random_(seed) {}

  std::string expression(int depth);
  // Text with blocks around expressions.
  std::string document(int depth);

 private:
  std::size_t pick(std::size_t size) { return std::uniform_int_distribution<std::size_t>(0, size - 1)(random_); }
  template <class List>
  std::string one_of(const List& list) {
    return std::string(list[pick(std::size(list))]);
  }
  std::string literal();
  std::string collection(int depth);
  std::string filtered(int depth);
  std::string method(int depth);
  std::string check(int depth);

  std::mt19937_64 random_;
};

}  // namespace noetl::templating
