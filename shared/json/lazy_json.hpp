#pragma once
// LazyJson: JSON that stays the text it came as until something reads it. A result goes from a worker's report into the log and the
// state of its execution, and most are read by no template: they are neither parsed nor written again. Copies share the text and the
// tree. Values; a value and its copies one thread at a time, as reading makes the tree.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "shared/domain/json_text.hpp"
#include "shared/json/json_tree.hpp"

namespace noetl::json {

class LazyJson {
 public:
  using Json = nlohmann::json;

  LazyJson() = default;  // null
  LazyJson(Json tree) {  // NOLINT(google-explicit-constructor): a value is a value
    if (!tree.is_null()) held_ = std::make_shared<Held>(std::string(), std::move(tree), true);
  }
  // Of text that is known to be JSON: it was checked when it came in.
  [[nodiscard]] static LazyJson of_text(std::string text) {
    LazyJson made;
    if (!text.empty() && text != "null") made.held_ = std::make_shared<Held>(std::move(text), Json(), false);
    return made;
  }

  [[nodiscard]] const Json& get() const {
    static const Json null;
    if (held_ == nullptr) return null;
    if (!held_->is_tree_made) {
      held_->tree = parse_known(held_->text);
      held_->is_tree_made = true;
    }
    return held_->tree;
  }
  // The tree, out of it: null is left.
  [[nodiscard]] Json take() {
    const auto held = std::exchange(held_, nullptr);
    if (held == nullptr) return nullptr;
    if (!held->is_tree_made) return parse_known(held->text);
    return held.use_count() == 1 ? std::move(held->tree) : held->tree;
  }
  [[nodiscard]] bool is_null() const { return held_ == nullptr; }
  // Length of its text, when there is one; 0: there is the tree alone.
  [[nodiscard]] std::size_t text_bytes() const { return held_ == nullptr ? 0 : held_->text.size(); }
  void append_to(std::string& out) const {
    if (text_bytes() == 0)
      domain::append_json(out, get());
    else
      out += held_->text;
  }
  [[nodiscard]] std::string text() const { return text_bytes() == 0 ? domain::json_text(get()) : held_->text; }

 private:
  struct Held {
    Held(std::string with_text, Json with_tree, bool has_tree)
        : text(std::move(with_text)), tree(std::move(with_tree)), is_tree_made(has_tree) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { drop_tree(tree); }
    std::string text;  // empty: there is the tree alone
    Json tree;
    bool is_tree_made;
  };
  std::shared_ptr<Held> held_;  // null: null
};

}  // namespace noetl::json
