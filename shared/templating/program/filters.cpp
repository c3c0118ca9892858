#include "shared/templating/program/filters.hpp"

#include "shared/templating/program/renderer.hpp"

namespace noetl::templating {

Value apply_filter(const Filter& filter, Renderer& renderer, const Value& input, const Arguments& arguments) {
  static const Arguments nothing;
  renderer.budget().spend(input.is_text() ? input.as_text().size() / 64 : 0);
  const bool is_free = filter.parameters == "*";
  const Bound bound(filter.name, is_free ? std::string_view() : filter.parameters, is_free ? nothing : arguments);
  return filter.apply(Use{renderer, renderer.budget(), input, bound, arguments});
}

}  // namespace noetl::templating
