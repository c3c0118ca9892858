#pragma once
// AttributePath: "a.b.0" in map(attribute=…), sort, groupby and the like. One rendering, one thread.
#include <string>
#include <vector>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

class AttributePath {
 public:
  // Text, an integer, or null and none for the value itself. Commas separate several paths (sort).
  AttributePath(const Value* attribute, Budget& budget);

  [[nodiscard]] Value read(const Value& from) const;
  // A list of what the paths give, as Jinja sorts: equal values need no order, so none may meet none.
  // Text in lower case unless `case_sensitive`.
  [[nodiscard]] Value sort_key(const Value& from, bool case_sensitive) const;

 private:
  using Path = Values;
  [[nodiscard]] Value follow(const Path& path, const Value& from) const;

  std::vector<Path> paths_;
  Budget& budget_;
};

[[nodiscard]] Value without_case(const Value& value, Budget& budget);

}  // namespace noetl::templating
