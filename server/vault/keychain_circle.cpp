#include <algorithm>
#include <functional>
#include <set>

#include "server/vault/keychain_entry.hpp"

namespace noetl::vault {

base::Result<void> check_no_circle(const Json& keychain, const std::string& name) {
  // Depth first; `open` is the way to where we are.
  std::vector<std::string> open;
  std::set<std::string> done;
  const std::function<bool(const std::string&)> has_circle = [&](const std::string& at) {
    if (std::find(open.begin(), open.end(), at) != open.end()) return true;
    if (done.contains(at)) return false;
    const auto entry = find_entry(keychain, at);
    if (!entry) return false;  // told when it is read
    open.push_back(at);
    for (const auto& next : entry->needs) {
      if (has_circle(next)) return true;
    }
    open.pop_back();
    done.insert(at);
    return false;
  };
  if (!has_circle(name)) return {};
  std::string chain;
  for (const auto& one : open) chain += (chain.empty() ? "" : " → ") + one;
  return base::failure(base::ErrorCode::invalid_input, "keychain entries need each other in a circle: " + chain,
                       "name");
}

}  // namespace noetl::vault
