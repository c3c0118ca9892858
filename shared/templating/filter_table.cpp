#include <unordered_map>

#include "shared/templating/filters.hpp"
#include "shared/templating/renderer.hpp"

namespace noetl::templating {

const Filter* find_filter(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const Filter*> all;
    for (const FilterTable& table : {text_filters(), number_filters(), sequence_filters(),
                                     selection_filters(), layout_filters(), json_filters()}) {
      for (const Filter* filter = table.begin; filter != table.end; ++filter) {
        all.emplace(filter->name, filter);
      }
    }
    return all;
  }();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

Value apply_filter(const Filter& filter, Renderer& renderer, const Value& input, const Arguments& arguments) {
  static const Arguments nothing;
  renderer.budget().spend(input.is_text() ? input.as_text().size() / 64 : 0);
  const bool is_free = filter.parameters == "*";
  const Bound bound(filter.name, is_free ? std::string_view() : filter.parameters,
                    is_free ? nothing : arguments);
  return filter.apply(Use{renderer, renderer.budget(), input, bound, arguments});
}

}  // namespace noetl::templating
