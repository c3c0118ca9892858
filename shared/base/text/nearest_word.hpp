#pragma once
// The word that somebody may have meant: for messages that say "did you mean". Pure; any thread.
#include <cstddef>
#include <span>
#include <string_view>

namespace noetl::base {

// Levenshtein distance with swaps of neighbours, letter case ignored.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

// The first of the nearest candidates at a distance of less than `limit`; empty when there is none.
[[nodiscard]] std::string_view nearest_word(std::string_view name, std::span<const std::string_view> candidates,
                                            std::size_t limit);

}  // namespace noetl::base
