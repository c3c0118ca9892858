#pragma once
// LazyJson: JSON that stays the text it came as until something reads it. A result goes from a worker's report into the log and the
// state of its execution, and most are read by no template: they are neither parsed nor written again. Values; one thread at a time,
// as reading makes the tree.
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
  LazyJson(Json tree) : tree_(std::move(tree)) {}  // NOLINT(google-explicit-constructor): a value is a value
  // Of text that is known to be JSON: it was checked when it came in.
  [[nodiscard]] static LazyJson of_text(std::string text) {
    LazyJson made;
    made.text_ = std::move(text);
    made.is_tree_made_ = made.text_.empty();
    return made;
  }

  [[nodiscard]] const Json& get() const {
    if (!is_tree_made_) {
      tree_ = parse_known(text_);
      is_tree_made_ = true;
    }
    return tree_;
  }
  // The tree, out of it: null is left.
  [[nodiscard]] Json take() {
    (void)get();
    text_.clear();
    return std::exchange(tree_, nullptr);
  }
  [[nodiscard]] bool is_null() const { return is_tree_made_ ? tree_.is_null() : text_ == "null"; }
  // Length of its text, when there is one; 0: there is the tree alone.
  [[nodiscard]] std::size_t text_bytes() const { return text_.size(); }
  void append_to(std::string& out) const {
    if (text_.empty())
      domain::append_json(out, tree_);
    else
      out += text_;
  }
  [[nodiscard]] std::string text() const { return text_.empty() ? domain::json_text(tree_) : text_; }

 private:
  std::string text_;  // empty: there is the tree alone
  mutable Json tree_;
  mutable bool is_tree_made_ = true;
};

}  // namespace noetl::json
