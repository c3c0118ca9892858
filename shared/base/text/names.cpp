#include "shared/base/text/names.hpp"

#include <algorithm>

namespace noetl::base {

std::vector<std::string> names_of(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    std::string name(text.substr(0, end));
    std::erase(name, ' ');
    if (!name.empty()) names.push_back(std::move(name));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

}  // namespace noetl::base
