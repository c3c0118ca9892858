#include <unordered_map>

#include "shared/templating/program/filters.hpp"

namespace noetl::templating {

const Filter* find_filter(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const Filter*> all;
    for (const FilterTable& table : {text_filters(), number_filters(), sequence_filters(), selection_filters(),
                                     layout_filters(), json_filters()}) {
      for (const Filter* filter = table.begin; filter != table.end; ++filter) {
        all.emplace(filter->name, filter);
      }
    }
    return all;
  }();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

}  // namespace noetl::templating
