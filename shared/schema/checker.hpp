#pragma once
// Checker: does a value keep to a schema of an OpenAPI document? It reads the part of JSON Schema 2020-12 that our document
// uses; a keyword that it does not know is an error of ours when it is made, so that none stands there unchecked.
// Immutable; any thread.
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "shared/base/error.hpp"

namespace noetl::schema {

// Texts without the character U+0000, which Postgres cannot store. Checked without a regular expression.
inline constexpr std::string_view no_nul_pattern = R"(^[^\u0000]*$)";

struct Rules {
  // Fields that no schema of the object names are an error, also where it does not forbid them: what our own answers have.
  bool all_fields_are_named = false;
  // if, then, else and not: which fields go together. Decoders say it in better words.
  bool fields_together = true;
  bool shows_values = true;  // in messages; false: they may be secret
  std::string_view subject = "the body";  // of messages about the whole value
};

class Checker {
 public:
  // `schemas`: the components/schemas of a document.
  explicit Checker(nlohmann::json schemas);
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // The first thing found wrong, as invalid_input with its JSON pointer; nothing when all is well.
  [[nodiscard]] std::optional<base::Error> check(std::string_view schema, const nlohmann::json& value,
                                                 Rules rules = {}) const;
  [[nodiscard]] const nlohmann::json& schemas() const { return schemas_; }

 private:
  using Json = nlohmann::json;
  struct Place;

  void learn(const Json& schema);
  [[nodiscard]] const Json& resolved(const Json& schema) const;
  [[nodiscard]] std::optional<base::Error> find(const Json& schema, const Json& value, const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_in_text(const Json& schema, const Json& value,
                                                        const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_in_object(const Json& schema, const Json& value,
                                                          const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_in_array(const Json& schema, const Json& value,
                                                         const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_in_alternatives(const Json& schema, const Json& value,
                                                                const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_together(const Json& schema, const Json& value,
                                                         const Place& place) const;
  [[nodiscard]] std::optional<base::Error> find_unnamed(const Json& schema, const Json& value,
                                                        const Place& place) const;
  [[nodiscard]] bool names(const Json& schema, const std::string& field) const;
  [[nodiscard]] bool takes_any_field(const Json& schema) const;

  Json schemas_;
  std::map<std::string, std::regex, std::less<>> patterns_;
};

}  // namespace noetl::schema
