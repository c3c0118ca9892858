#pragma once
// Value: what an expression is worth while rendering. It borrows JSON and text from the Scope and from
// the parsed template and copies nothing of them; what it makes itself is shared and immutable. Tuples,
// insertion order and keys that are no strings exist here and end when a Value becomes JSON. One thread.
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/templating/values/ledger.hpp"

namespace noetl::templating {

using Json = nlohmann::json;

enum class Kind : std::uint8_t { undefined, none, boolean, integer, floating, text, list, tuple, dict, object };

class Value;
class Budget;
// Something live of one rendering: namespace, loop, macro, function. Owned by the Renderer.
class Object;
using Entry = std::pair<Value, Value>;
using Values = MeteredVector<Value>;
using Entries = MeteredVector<Entry>;

struct ListStorage;
struct DictStorage;
// What a text, list or dict takes beside its content: the object, its count of owners, what the heap adds.
inline constexpr std::size_t storage_bytes = 96;

class Value {
 public:
  Value() = default;  // undefined
  // `name` is what the message of a failing use says; it must outlive the Value.
  static Value undefined(const std::string* name = nullptr);
  static Value none();
  static Value boolean(bool value);
  static Value integer(std::int64_t value);
  static Value floating(double value);
  static Value text(std::string value);
  static Value markup(std::string value);  // text that is already escaped HTML
  static Value borrowed_text(const std::string& value);  // must outlive the Value
  static Value list(Values items);
  static Value tuple(Values items);
  // A later entry replaces an earlier one of an equal key, as in Python.
  static Value dict(Entries entries);
  // Borrows; `owner` keeps `json` alive when it is not the Scope's.
  static Value json(const Json& json, std::shared_ptr<const void> owner = {});
  static Value owned_json(Json json);
  static Value object(Object& object);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  [[nodiscard]] bool is_undefined() const { return kind_ == Kind::undefined; }
  [[nodiscard]] bool is_none() const { return kind_ == Kind::none; }
  [[nodiscard]] bool is_text() const { return kind_ == Kind::text; }
  [[nodiscard]] bool is_markup() const { return is_markup_; }
  [[nodiscard]] bool is_dict() const { return kind_ == Kind::dict; }
  [[nodiscard]] bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  // bool, int or float: Python's bool is an int.
  [[nodiscard]] bool is_number() const {
    return kind_ == Kind::integer || kind_ == Kind::floating || kind_ == Kind::boolean;
  }
  [[nodiscard]] bool is_whole() const { return kind_ == Kind::integer || kind_ == Kind::boolean; }

  // Each only for its kind.
  [[nodiscard]] bool as_boolean() const { return boolean_; }
  [[nodiscard]] std::int64_t as_integer() const { return kind_ == Kind::boolean ? (boolean_ ? 1 : 0) : integer_; }
  [[nodiscard]] double as_floating() const {
    return kind_ == Kind::floating ? floating_ : static_cast<double>(as_integer());
  }
  [[nodiscard]] const std::string& as_text() const { return *text_; }
  [[nodiscard]] Object& as_object() const { return *object_; }
  [[nodiscard]] const std::string* undefined_name() const { return is_undefined() ? text_ : nullptr; }
  // The JSON behind a list or dict that is borrowed or parsed; null when made by the template.
  [[nodiscard]] const Json* as_json() const { return is_json_ ? json_ : nullptr; }

  // Lists, tuples and dicts.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Value at(std::size_t index) const;  // list, tuple
  [[nodiscard]] Values elements() const;  // list, tuple
  [[nodiscard]] Entries entries() const;  // dict
  // Undefined with found == false when the dict has no such key.
  [[nodiscard]] Value find(const Value& key, bool& found) const;
  [[nodiscard]] Value find(const std::string& key, bool& found) const;

  // How deep lists and dicts made by the template are nested; bounded, so that recursion is.
  [[nodiscard]] int depth() const;

 private:
  Kind kind_ = Kind::undefined;
  bool is_markup_ = false;
  bool is_json_ = false;
  union {
    bool boolean_;
    std::int64_t integer_;
    double floating_;
    const std::string* text_ = nullptr;
    const Json* json_;
    const ListStorage* list_;
    const DictStorage* dict_;
    Object* object_;
  };
  std::shared_ptr<const void> owner_;
};

struct ListStorage {
  Values items;
  int depth = 1;
  Charge charge{storage_bytes};
};

struct DictStorage {
  Entries entries;
  std::unordered_map<std::string, std::size_t> index;  // empty while few entries
  int depth = 1;
  Charge charge{storage_bytes};
};

// The same text for keys that Python holds equal (1, 1.0 and True). Fails on lists and dicts.
[[nodiscard]] std::string key_of(const Value& value);

// The JSON that leaves the rendering. Undefined becomes null, tuples arrays, keys text.
[[nodiscard]] Json to_json(const Value& value, Budget& budget);

}  // namespace noetl::templating
