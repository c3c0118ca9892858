#include "shared/json/list_pieces.hpp"

#include "shared/json/json_cursor.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::json {
namespace {
constexpr std::size_t rest_bytes_max = 64UL * 1024;  // of one other field
constexpr std::size_t rest_fields_max = 16;
}  // namespace

std::optional<ListPieces> list_pieces(std::string_view text, std::string_view list_name, std::size_t items_max) {
  ListPieces pieces;
  bool has_list = false;
  JsonCursor cursor(text);
  cursor.object();
  std::string_view name;
  while (cursor.field(name)) {
    if (name == list_name) {
      if (has_list) return std::nullopt;
      has_list = true;
      cursor.array();
      while (cursor.item()) {
        if (pieces.items.size() >= items_max) return std::nullopt;
        pieces.items.push_back(cursor.any());
      }
      continue;
    }
    const std::string_view value = cursor.any();
    if (cursor.has_failed() || value.size() > rest_bytes_max || pieces.rest.size() >= rest_fields_max ||
        pieces.rest.contains(name)) {
      return std::nullopt;
    }
    pieces.rest[std::string(name)] = parse_known(value);
  }
  if (!cursor.is_done() || !has_list) return std::nullopt;
  return pieces;
}

}  // namespace noetl::json
