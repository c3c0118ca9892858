#pragma once
// storable_json: JSON text of a peer, a program or code as it is stored: what no column and no number here can hold is replaced by
// one rule for every tool. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

namespace noetl::domain {

// Numbers that would be rounded become texts of their digits (is_kept_number); in texts and names NUL, halves of surrogate pairs and
// bytes that are no UTF-8 become U+FFFD, as in plain output. Nothing: there is nothing to replace. What is no JSON stays none.
[[nodiscard]] std::optional<std::string> storable_json(std::string_view json);

// The text with every invalid UTF-8 sequence and every NUL replaced by U+FFFD.
[[nodiscard]] std::string storable_text(std::string_view bytes);

}  // namespace noetl::domain
