#pragma once
// Which fields of a credential or keychain entry are secret, and what of them is to be masked. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace noetl::secrets {

// By its name: every text is a secret but those of fields that say who or where: db_user, token_url, scope, key_id.
[[nodiscard]] bool is_secret_field(const std::string& name);

struct FoundSecrets {
  std::vector<std::string> texts;
  std::vector<std::string> words;  // of four to seven characters: not looked for inside of other texts
};

// Not what a field that is no secret says, too. Also what stands inside of them: the password of a URL, the fields of JSON text.
[[nodiscard]] FoundSecrets secrets_in(const nlohmann::json& fields);

}  // namespace noetl::secrets
