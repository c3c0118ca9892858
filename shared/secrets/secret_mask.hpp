#pragma once
// SecretMask: takes secrets out of texts in every form that secret_forms knows, in one pass. It belongs to one command. One thread at
// a time: what it searches with is built when it is first asked after something was added.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/secrets/pattern_search.hpp"
#include "shared/secrets/secret_fields.hpp"

namespace noetl::secrets {

class SecretMask {
 public:
  static constexpr std::string_view mask = "***";
  // Of all forms of all secrets. Above it nothing is looked for, and the whole text is left out.
  static constexpr std::size_t pattern_bytes_max = 8UL * 1024 * 1024;

  void add(const FoundSecrets& found);
  [[nodiscard]] bool is_empty() const { return texts_.empty() && words_.empty(); }

  // Text with every secret replaced by ***, also what a cut has left of one before `cut_mark`. Words: whole lines alone.
  [[nodiscard]] std::string in_text(std::string text, std::string_view cut_mark);
  // JSON text, which stays JSON: secrets inside of strings and numbers. Words: whole strings and numbers alone.
  [[nodiscard]] std::string in_json(std::string json, std::string_view cut_mark);
  // Bytes of a file: as many asterisks as the secret has, so that nothing moves.
  [[nodiscard]] std::string in_bytes(std::string bytes);

 private:
  struct Search {
    std::optional<PatternSearch> patterns;  // nothing: more than pattern_bytes_max
    std::vector<std::string> heads;  // whose beginnings may stand before a cut
  };
  [[nodiscard]] const Search& text_search();
  [[nodiscard]] const Search& json_search();

  std::vector<std::string> texts_;
  std::vector<std::string> words_;
  std::optional<Search> in_text_, in_json_;
};

}  // namespace noetl::secrets
