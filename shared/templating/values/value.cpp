#include "shared/templating/values/value.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "shared/templating/values/budget.hpp"
#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

constexpr int depth_max = 100;
constexpr std::size_t index_entry_bytes = 96;
constexpr std::size_t unindexed_max = 8;  // a scan beats a hash table up to about here

struct TextStorage {
  explicit TextStorage(std::string made) : charge(storage_bytes + made.capacity()), text(std::move(made)) {}
  const Charge charge;
  const std::string text;
};

int deeper(int depth) {
  if (depth >= depth_max) {
    fail_bound("lists and dicts are nested deeper than " + std::to_string(depth_max));
  }
  return depth + 1;
}

std::size_t position_of(const DictStorage& dict, const std::string& key) {
  if (!dict.index.empty()) {
    const auto found = dict.index.find(key);
    return found == dict.index.end() ? dict.entries.size() : found->second;
  }
  std::size_t at = 0;
  while (at < dict.entries.size() && key_of(dict.entries[at].first) != key) {
    ++at;
  }
  return at;
}

}  // namespace

Value Value::undefined(const std::string* name) {
  Value value;
  value.text_ = name;
  return value;
}

Value Value::none() {
  Value value;
  value.kind_ = Kind::none;
  return value;
}

Value Value::boolean(bool truth) {
  Value value;
  value.kind_ = Kind::boolean;
  value.boolean_ = truth;
  return value;
}

Value Value::integer(std::int64_t number) {
  Value value;
  value.kind_ = Kind::integer;
  value.integer_ = number;
  return value;
}

Value Value::floating(double number) {
  Value value;
  value.kind_ = Kind::floating;
  value.floating_ = number;
  return value;
}

Value Value::text(std::string text) {
  auto owner = std::make_shared<const TextStorage>(std::move(text));
  Value value;
  value.kind_ = Kind::text;
  value.text_ = &owner->text;
  value.owner_ = std::move(owner);
  return value;
}

Value Value::markup(std::string text) {
  Value value = Value::text(std::move(text));
  value.is_markup_ = true;
  return value;
}

Value Value::borrowed_text(const std::string& text) {
  Value value;
  value.kind_ = Kind::text;
  value.text_ = &text;
  return value;
}

Value Value::list(Values items) {
  auto owner = std::make_shared<ListStorage>();
  int deepest = 0;
  for (const Value& item : items) {
    deepest = std::max(deepest, item.depth());
  }
  owner->depth = deeper(deepest);
  owner->items = std::move(items);
  Value value;
  value.kind_ = Kind::list;
  value.list_ = owner.get();
  value.owner_ = std::move(owner);
  return value;
}

Value Value::tuple(Values items) {
  Value value = list(std::move(items));
  value.kind_ = Kind::tuple;
  return value;
}

Value Value::dict(Entries entries) {
  auto owner = std::make_shared<DictStorage>();
  int deepest = 0;
  for (Entry& entry : entries) {
    deepest = std::max(deepest, entry.second.depth());
    std::string key = key_of(entry.first);
    const std::size_t at = position_of(*owner, key);
    if (at < owner->entries.size()) {
      owner->entries[at].second = std::move(entry.second);
      continue;
    }
    owner->charge.add(index_entry_bytes + key.size());
    if (!owner->index.empty()) {
      owner->index.emplace(std::move(key), at);
    }
    owner->entries.push_back(std::move(entry));
    if (owner->index.empty() && owner->entries.size() > unindexed_max) {
      for (std::size_t i = 0; i < owner->entries.size(); ++i) {
        owner->index.emplace(key_of(owner->entries[i].first), i);
      }
    }
  }
  owner->depth = deeper(deepest);
  Value value;
  value.kind_ = Kind::dict;
  value.dict_ = owner.get();
  value.owner_ = std::move(owner);
  return value;
}

Value Value::json(const Json& json, std::shared_ptr<const void> owner) {
  Value value;
  switch (json.type()) {
    case Json::value_t::boolean: return boolean(json.get<bool>());
    case Json::value_t::number_integer: return integer(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      const bool fits = number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return fits ? integer(static_cast<std::int64_t>(number)) : floating(static_cast<double>(number));
    }
    case Json::value_t::number_float: return floating(json.get<double>());
    case Json::value_t::string:
      value.kind_ = Kind::text;
      value.text_ = json.get_ptr<const std::string*>();
      break;
    case Json::value_t::array:
    case Json::value_t::object:
      value.kind_ = json.is_array() ? Kind::list : Kind::dict;
      value.is_json_ = true;
      value.json_ = &json;
      break;
    default: return none();
  }
  value.owner_ = std::move(owner);
  return value;
}

Value Value::owned_json(Json json) {
  auto owner = std::make_shared<const Json>(std::move(json));
  const Json& held = *owner;
  return Value::json(held, std::move(owner));
}

Value Value::object(Object& object) {
  Value value;
  value.kind_ = Kind::object;
  value.object_ = &object;
  return value;
}

std::size_t Value::size() const {
  if (is_json_) {
    return json_->size();
  }
  return kind_ == Kind::dict ? dict_->entries.size() : list_->items.size();
}

Value Value::at(std::size_t index) const { return is_json_ ? json((*json_)[index], owner_) : list_->items[index]; }

Values Value::elements() const {
  if (!is_json_) {
    return list_->items;
  }
  Values items;
  items.reserve(json_->size());
  for (const Json& item : *json_) {
    items.push_back(json(item, owner_));
  }
  return items;
}

Entries Value::entries() const {
  if (!is_json_) {
    return dict_->entries;
  }
  Entries entries;
  entries.reserve(json_->size());
  for (const auto& [name, member] : json_->get_ref<const Json::object_t&>()) {
    Value key = borrowed_text(name);
    key.owner_ = owner_;
    entries.emplace_back(std::move(key), json(member, owner_));
  }
  return entries;
}

Value Value::find(const std::string& key, bool& found) const {
  if (is_json_) {
    const auto& members = json_->get_ref<const Json::object_t&>();
    const auto member = members.find(key);
    found = member != members.end();
    return found ? json(member->second, owner_) : Value();
  }
  const std::size_t at = position_of(*dict_, "s" + key);
  found = at < dict_->entries.size();
  return found ? dict_->entries[at].second : Value();
}

Value Value::find(const Value& key, bool& found) const {
  if (key.is_text()) {
    return find(key.as_text(), found);
  }
  const std::string name = key_of(key);
  if (is_json_) {
    found = false;  // JSON has no other keys than text
    return {};
  }
  const std::size_t at = position_of(*dict_, name);
  found = at < dict_->entries.size();
  return found ? dict_->entries[at].second : Value();
}

int Value::depth() const {
  if (is_json_) {
    return 1;
  }
  if (kind_ == Kind::dict) {
    return dict_->depth;
  }
  return is_sequence() ? list_->depth : 0;
}

std::string key_of(const Value& value) {
  switch (value.kind()) {
    case Kind::text: return "s" + value.as_text();
    case Kind::boolean:
    case Kind::integer: return "i" + std::to_string(value.as_integer());
    case Kind::floating: {
      const double number = value.as_floating();
      if (std::trunc(number) == number && std::abs(number) < 9e18) {
        return "i" + std::to_string(static_cast<std::int64_t>(number));
      }
      return "f" + python_float(number);
    }
    case Kind::none: return "n";
    case Kind::undefined: return "u";
    case Kind::tuple: {
      std::string key = "t";
      for (const Value& item : value.elements()) {
        const std::string part = key_of(item);
        key += std::to_string(part.size()) + ":" + part;
      }
      return key;
    }
    default: fail("unhashable type: '" + python_type(value) + "'");
  }
}

namespace {

// Of JSON, beside its texts: an item of a growing array, a text, a list or map, a member of a map.
constexpr std::size_t item_bytes = 32;
constexpr std::size_t text_bytes = 48;
constexpr std::size_t structure_bytes = 64;
constexpr std::size_t member_bytes = 96;

// Copies of the Scope's values cost memory as well: each part counts, or a list of a thousand
// references to one large value would be copied for free.
void count_parts(const Json& json, Budget& budget) {
  budget.spend(1);
  budget.keep_bytes(item_bytes);
  if (json.is_string()) {
    budget.spend_bytes(json.get_ref<const std::string&>().size());
    budget.keep_bytes(text_bytes + json.get_ref<const std::string&>().size());
  } else if (json.is_structured()) {
    const Budget::Level level(budget);
    budget.keep_bytes(structure_bytes);
    if (const auto* members = json.get_ptr<const Json::object_t*>()) {
      for (const auto& member : *members) {
        budget.keep_bytes(member_bytes + member.first.size());
        count_parts(member.second, budget);
      }
    } else {
      for (const Json& part : json) {
        count_parts(part, budget);
      }
    }
  }
}

Json structure_to_json(const Value& value, Budget& budget) {
  const Budget::Level level(budget);
  Json json = value.is_dict() ? Json::object() : Json::array();
  const auto part = [&](const Value& item) -> Json {
    if (const Json* borrowed = item.as_json()) {
      count_parts(*borrowed, budget);
      return *borrowed;
    }
    budget.spend(1);
    budget.keep_bytes(item_bytes);
    return to_json(item, budget);
  };
  budget.keep_bytes(structure_bytes);
  if (value.is_dict()) {
    for (const auto& [key, item] : value.entries()) {
      std::string name = key.is_text() ? key.as_text() : json_key(key);
      budget.keep_bytes(member_bytes + name.size());
      json[std::move(name)] = part(item);
    }
  } else {
    for (const Value& item : value.elements()) {
      json.push_back(part(item));
    }
  }
  return json;
}

}  // namespace

Json to_json(const Value& value, Budget& budget) {
  if (const Json* borrowed = value.as_json()) {
    return *borrowed;
  }
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none: return nullptr;
    case Kind::boolean: return value.as_boolean();
    case Kind::integer: return value.as_integer();
    case Kind::floating: return value.as_floating();
    case Kind::text:
      budget.spend_bytes(value.as_text().size());
      budget.keep_bytes(text_bytes + value.as_text().size());
      return value.as_text();
    case Kind::object: return python_str(value, budget);
    default: return structure_to_json(value, budget);
  }
}

}  // namespace noetl::templating
