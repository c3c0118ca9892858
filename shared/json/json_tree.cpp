#include "shared/json/json_tree.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "shared/json/json_scanner.hpp"
#include "shared/json/parse_body.hpp"

namespace noetl::json {
namespace {

using Json = nlohmann::json;

constexpr std::size_t name_shown_bytes_max = 60;

// Receives what nlohmann's parser finds. Its member names are the parser's, and JsonScanner's too.
class TreeBuilder {
 public:
  bool null() { return place(nullptr); }
  bool boolean(bool value) { return place(value); }
  bool number_integer(std::int64_t value) { return place(value); }
  bool number_unsigned(std::uint64_t value) { return place(value); }
  bool number_float(double value, const std::string&) { return place(value); }
  bool string(std::string& value) { return place(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // not in JSON text
  bool start_object(std::size_t) { return open(Json::value_t::object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::value_t::array); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    auto& fields = open_.back()->get_ref<Json::object_t&>();
    const auto [field, is_new] = fields.try_emplace(std::move(name));
    if (!is_new) return fail_twice(field->first);
    field_ = &field->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    const std::string reason = error.what();  // "[json.exception.parse_error.101] parse error at …: syntax error …"
    const std::size_t colon = reason.find(": ");
    mistake_ = colon == std::string::npos ? reason : reason.substr(colon + 2);
    mistake_ += ", at byte " + std::to_string(position == 0 ? 0 : position - 1);
    return false;
  }

  Json& root() { return root_; }
  std::string& mistake() { return mistake_; }

 private:
  // Where the next value goes: the document, the field just named, or the end of the array.
  template <class Value>
  Json* put(Value&& value) {
    if (open_.empty()) {
      root_ = Json(std::forward<Value>(value));
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.get_ref<Json::array_t&>().emplace_back(std::forward<Value>(value));
      return &parent.get_ref<Json::array_t&>().back();
    }
    *field_ = Json(std::forward<Value>(value));
    return field_;
  }
  template <class Value>
  bool place(Value&& value) {
    static_cast<void>(put(std::forward<Value>(value)));
    return true;
  }
  bool open(Json::value_t kind) {
    open_.push_back(put(kind));  // stays where it is: its parent takes nothing until it is closed
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool fail_twice(std::string name) {
    if (name.size() > name_shown_bytes_max) {
      name.resize(name_shown_bytes_max);
      if (const auto end = find_invalid_utf8(name); end != std::string_view::npos) name.resize(end);
      name += "…";
    }
    mistake_ = "the field '" + name + "' twice in one object";
    if (const std::string place = open_place(); !place.empty()) mistake_ += ", the one at " + place;
    return false;
  }

  // The JSON pointer of the object or list that is open. Asked when something is wrong: no name was kept until then.
  std::string open_place() const {
    constexpr std::size_t bytes_max = 200;
    std::string place;
    for (std::size_t i = 0; i + 1 < open_.size() && place.size() < bytes_max; ++i) {
      if (open_[i]->is_array()) {
        place += "/" + std::to_string(open_[i]->size() - 1);
        continue;
      }
      for (const auto& [name, value] : open_[i]->get_ref<const Json::object_t&>()) {
        if (&value == open_[i + 1])
          place += "/" + name.substr(0, find_invalid_utf8(name.substr(0, name_shown_bytes_max)));
      }
    }
    return place;
  }

  Json root_;
  std::vector<Json*> open_;
  Json* field_ = nullptr;
  std::string mistake_;
};

}  // namespace

namespace {
std::optional<Json> quick_tree(std::string_view text) {
  TreeBuilder quick;
  JsonScanner scanner(text, quick);
  if (!scanner.run() || (scanner.has_more_than_ascii() && find_invalid_utf8(text) != std::string_view::npos))
    return std::nullopt;
  return std::move(quick.root());
}
}  // namespace

tl::expected<Json, std::string> build_tree(std::string_view text) {
  if (auto tree = quick_tree(text)) return std::move(*tree);
  TreeBuilder builder;  // whatever is wrong or unusual: nlohmann's parser says it
  if (Json::sax_parse(text, &builder)) return std::move(builder.root());
  return tl::unexpected<std::string>(std::move(builder.mistake()));
}

namespace {
void drop_inner(Json& value, int levels_left) noexcept {
  const auto drop = [levels_left](Json& inner) {
    if (inner.is_structured() && levels_left > 0) drop_inner(inner, levels_left - 1);
  };
  if (auto* members = value.get_ptr<Json::object_t*>()) {
    for (auto& [name, inner] : *members) drop(inner);
    members->clear();
  } else if (auto* items = value.get_ptr<Json::array_t*>()) {
    for (auto& inner : *items) drop(inner);
    items->clear();
  }
}
}  // namespace

void drop_tree(Json& value) noexcept {
  constexpr int levels_max = 200;
  drop_inner(value, levels_max);
}

Json parse_known(std::string_view text) {
  if (auto tree = quick_tree(text)) return std::move(*tree);
  return Json::parse(text);
}

}  // namespace noetl::json
