#pragma once
// list_pieces: a large body {"events": […], other fields} as the texts of its items, so that each becomes a tree alone and
// goes before the next: a tree takes up to thirty times its text. Pure; any thread.
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace noetl::json {

struct ListPieces {
  nlohmann::json rest = nlohmann::json::object();  // the other fields
  std::vector<std::string_view> items;  // JSON texts, in the body
};

// Of text that check_body has passed. Nothing: it is no such object, has more items or large other fields, or JSON that the
// quick readers do not take (json_cursor.hpp).
[[nodiscard]] std::optional<ListPieces> list_pieces(std::string_view text, std::string_view list_name,
                                                    std::size_t items_max);

}  // namespace noetl::json
