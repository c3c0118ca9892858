#pragma once
// EmptyTemplates: templates of a tool whose names nothing knows, for the error of a tool that failed. Those that name what has just
// happened, or what the worker alone knows, cannot be judged afterwards and are left out. One decision, one thread.
#include <string>

#include "shared/engine/context/context.hpp"

namespace noetl::engine {

class EmptyTemplates {
 public:
  explicit EmptyTemplates(Context& context) : context_(context) {}
  // Everywhere inside `value`, which stands at `place`.
  void look(const Json& value, const std::string& place);
  // ["input.rows: {{ fecth.results }}"], at most five.
  [[nodiscard]] const Json& found() const { return found_; }

 private:
  void look_at(const std::string& text, const std::string& place);

  Context& context_;
  Json found_ = Json::array();
  std::size_t looked_at_ = 0;
};

}  // namespace noetl::engine
