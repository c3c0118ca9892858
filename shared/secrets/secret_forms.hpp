#pragma once
// secret_forms: how a secret may be written in a text: plain, percent-encoded, as base64 also inside of a longer one, as
// hexadecimal digits, escaped for JSON or HTML. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

namespace noetl::secrets {

// Pieces that are looked for each by itself: the lines of a text of several, and what is long in parts, so that a comparison
// has a bound and a cut leaves little.
inline constexpr std::size_t piece_bytes_max = 192;  // a multiple of 3: base64 of the parts is the parts of the base64
[[nodiscard]] std::vector<std::string> pieces_of(const std::string& secret);

// As it may stand in text that somebody printed.
[[nodiscard]] std::vector<std::string> forms_in_text(std::string_view piece);
// As it may stand between the quotes of a string in JSON text.
[[nodiscard]] std::vector<std::string> forms_in_json(std::string_view piece);

// As it stands between the quotes of JSON text; with `ascii` what is not ASCII becomes \uXXXX.
[[nodiscard]] std::string json_escaped(std::string_view text, bool ascii = false);

}  // namespace noetl::secrets
