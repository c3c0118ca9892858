#pragma once
// Which members of one name the templates of a value read: of `keychain` in "Bearer {{ keychain.api.token }}" it is
// {api, [token]}. Read from the text, not by rendering, so that what is secret can be fetched first and nothing else
// is. Pure; any thread.
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>

namespace noetl::templating {

struct MemberNames {
  // Member → the members of it that are read by name; empty when it is read as a whole.
  std::map<std::string, std::set<std::string>> members;
  // Read as a whole, or by an index that only rendering can tell: keychain[name].
  bool is_open = false;
};

// Looks at `root.member.inner`, `root['member']['inner']` and `root.get('member')` within {{ }} and {% %}.
void collect_members(std::string_view source, std::string_view root, MemberNames& into);
// The same for every text inside a value.
void collect_members(const nlohmann::json& value, std::string_view root, MemberNames& into);

}  // namespace noetl::templating
