#include "shared/secrets/secret_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "shared/base/text/ascii.hpp"

namespace noetl::secrets {

namespace {

using Json = nlohmann::json;

// Shorter ones are words that happen to be in other texts, too.
constexpr std::size_t text_bytes_min = 8;
constexpr std::size_t word_bytes_min = 4;
constexpr int depth_max = 8;

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    const bool is_escape =
        text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16).ptr == text.data() + at + 3;
    plain += is_escape ? static_cast<char>(byte) : text[at];
    if (is_escape) at += 2;
  }
  return plain;
}

struct Gathered {
  std::vector<std::string> secret;
  std::set<std::string> shown;
};

void gather(const Json& value, bool is_secret, int depth, Gathered& into);

// postgresql://user:password@host and libpq's password=….
void gather_passwords(const std::string& text, Gathered& into) {
  for (auto scheme = text.find("://"); scheme != std::string::npos; scheme = text.find("://", scheme + 3)) {
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?# ,", begin), text.size());
    const std::size_t at = text.rfind('@', end == 0 ? 0 : end - 1);
    const std::size_t colon = text.find(':', begin);
    if (at == std::string::npos || at < begin || colon >= at) continue;
    const std::string raw = text.substr(colon + 1, at - colon - 1);
    into.secret.push_back(raw);
    if (const std::string plain = percent_decoded(raw); plain != raw) into.secret.push_back(plain);
  }
  constexpr std::string_view keyword = "password=";
  const auto at = text.find(keyword);
  if (at == std::string::npos) return;
  std::string word = text.substr(at + keyword.size(), text.find_first_of(" &", at) - at - keyword.size());
  std::erase(word, '\'');
  into.secret.push_back(std::move(word));
}

void gather_text(const std::string& text, bool is_secret, int depth, Gathered& into) {
  gather_passwords(text, into);
  if (!is_secret) {
    into.shown.insert(text);
    return;
  }
  into.secret.push_back(text);
  if (!text.starts_with('{')) return;
  const Json inner = Json::parse(text, nullptr, false);
  if (inner.is_object()) gather(inner, false, depth + 1, into);
}

void gather(const Json& value, bool is_secret, int depth, Gathered& into) {
  if (depth > depth_max) return;
  if (value.is_string()) return gather_text(value.get_ref<const std::string&>(), is_secret, depth, into);
  if (value.is_number_integer() && is_secret) into.secret.push_back(value.dump());
  if (!value.is_structured()) return;
  for (const auto& [name, inner] : value.items())
    gather(inner, is_secret || (value.is_object() && is_secret_field(name)), depth + 1, into);
}

}  // namespace

bool is_secret_field(const std::string& name) {
  static constexpr std::array<std::string_view, 9> named_alike{"token_type", "token_url",  "token_uri",
                                                               "key_id",     "auth_style", "auth_type",
                                                               "key_name",   "keyspace",   "key_file_name"};
  static constexpr std::array<std::string_view, 9> secret_words{"pass", "secret",     "token",  "key",      "jwt",
                                                                "auth", "credential", "cookie", "signature"};
  static constexpr std::array<std::string_view, 47> shown_names{"user",
                                                                "username",
                                                                "login",
                                                                "email",
                                                                "name",
                                                                "dbname",
                                                                "database",
                                                                "db",
                                                                "host",
                                                                "hostname",
                                                                "port",
                                                                "region",
                                                                "bucket",
                                                                "url",
                                                                "uri",
                                                                "endpoint",
                                                                "servers",
                                                                "server",
                                                                "scope",
                                                                "scopes",
                                                                "audience",
                                                                "resource",
                                                                "type",
                                                                "kind",
                                                                "header",
                                                                "param",
                                                                "in",
                                                                "location",
                                                                "method",
                                                                "sslmode",
                                                                "role",
                                                                "schema",
                                                                "account",
                                                                "project",
                                                                "tenant",
                                                                "warehouse",
                                                                "realm",
                                                                "provider",
                                                                "description",
                                                                "status",
                                                                "version",
                                                                "environment",
                                                                "env",
                                                                "expires_in",
                                                                "expires_at",
                                                                "application_name",
                                                                "target_session_attrs"};
  static constexpr std::array<std::string_view, 10> shown_ends{"_id",   "_url",  "_uri",  "_host",  "_port",
                                                               "_type", "_name", "_user", "_email", "_database"};
  if (std::find(named_alike.begin(), named_alike.end(), name) != named_alike.end()) return false;
  const std::string small = base::lower_case(name);
  const auto is_in = [&](std::string_view word) { return small.find(word) != std::string::npos; };
  if (std::any_of(secret_words.begin(), secret_words.end(), is_in)) return true;
  if (std::find(shown_names.begin(), shown_names.end(), small) != shown_names.end()) return false;
  return std::none_of(shown_ends.begin(), shown_ends.end(), [&](std::string_view end) { return small.ends_with(end); });
}

FoundSecrets secrets_in(const Json& fields) {
  Gathered gathered;
  gather(fields, false, 0, gathered);
  FoundSecrets found;
  for (auto& text : gathered.secret) {
    // A password that is its user's name is none, and masking it would take the name out of everything.
    if (text.size() < word_bytes_min || gathered.shown.contains(text)) continue;
    (text.size() < text_bytes_min ? found.words : found.texts).push_back(std::move(text));
  }
  return found;
}

}  // namespace noetl::secrets
