#include "shared/json/object_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "shared/base/ids.hpp"

namespace noetl::json {
namespace {

constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t word_bytes_max = 63;

// Cut at a character boundary: the text goes into JSON, which must stay valid UTF-8.
std::string shortened(std::string_view text) {
  if (text.size() <= shown_bytes_max) return std::string(text);
  std::size_t end = shown_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string bounds_text(std::string_view thing, std::size_t min, std::size_t max) {
  return std::string(thing) + " of " + std::to_string(min) + " to " + std::to_string(max);
}

std::string int_text(IntBounds bounds) {
  if (bounds.min == IntBounds{}.min && bounds.max == IntBounds{}.max) return "an integer";
  return "an integer from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::array<std::size_t, word_bytes_max + 1> row{};
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[right.size()];
}

// RFC 6901: "~" and "/" inside a name are escaped.
void append_pointer_token(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
}

// Characters are at least a quarter of the bytes and at most all of them: few texts need to be counted.
bool is_within(std::string_view text, TextBounds bounds) {
  if (text.size() < bounds.characters_min) return false;
  if (text.size() > bounds.characters_max && count_characters(text) > bounds.characters_max) return false;
  return bounds.characters_min <= 1 || count_characters(text) >= bounds.characters_min;
}

std::string shown_pointer(const std::string& pointer) { return pointer.empty() ? "the body" : "'" + pointer + "'"; }

}  // namespace

std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: return "null";
    case Json::value_t::boolean: return value.get<bool>() ? "true" : "false";
    case Json::value_t::string: return "string '" + shortened(value.get_ref<const std::string&>()) + "'";
    case Json::value_t::array: return "array of " + std::to_string(value.size()) + " items";
    case Json::value_t::object: return "object of " + std::to_string(value.size()) + " fields";
    default: return "number " + value.dump();
  }
}

std::optional<std::int64_t> integer_of(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  constexpr double limit = 9223372036854775808.0;  // 2^63; its neighbours below are integers
  if (!(number >= -limit && number < limit) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> id_of(const Json& value) {
  if (value.is_string()) return base::parse_id(value.get_ref<const std::string&>());
  const auto number = integer_of(value);
  return number && *number > 0 ? number : std::nullopt;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > word_bytes_max) return {};
  std::string_view best;
  std::size_t best_distance = word.size() < 4 ? 2 : 3;  // at most 1 or 2 slips
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word_bytes_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

ObjectReader::ObjectReader(const Json& object, std::string pointer)
    : object_(object.is_object() ? &object : nullptr), pointer_(std::move(pointer)) {
  if (object_ == nullptr) {
    error_ = base::Error{.code = base::ErrorCode::invalid_input,
                         .message = shown_pointer(pointer_) + " must be an object, found " + describe(object),
                         .field = pointer_,
                         .retry_after = {},
                         .details = {}};
  }
  asked_.reserve(12);
}

std::string ObjectReader::pointer_to(std::string_view name) const {
  std::string pointer = pointer_;
  append_pointer_token(pointer, name);
  return pointer;
}

void ObjectReader::refuse(base::Error error) {
  if (!error_) error_ = std::move(error);
}

void ObjectReader::refuse(std::string_view name, std::string_view problem) {
  if (error_) return;
  std::string pointer = pointer_to(name);
  std::string message = "'" + pointer + "' ";
  message += problem;
  error_ = base::Error{.code = base::ErrorCode::invalid_input,
                       .message = std::move(message),
                       .field = std::move(pointer),
                       .retry_after = {},
                       .details = {}};
}

void ObjectReader::mismatch(std::string_view name, const std::string& expected, const Json& found) {
  if (!error_) refuse(name, "must be " + expected + ", found " + describe(found));
}

const Json* ObjectReader::find(std::string_view name, bool is_required, std::string_view expected) {
  asked_.push_back(name);
  if (error_) return nullptr;
  const auto found = object_->find(name);
  if (found != object_->end() && !found->is_null()) return &*found;
  if (is_required) refuse(name, "is missing; expected " + std::string(expected));
  return nullptr;
}

std::optional<std::string> ObjectReader::read_string(std::string_view name, bool is_required, TextBounds bounds) {
  const Json* value = find(name, is_required, "a string");
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    mismatch(name, "a string", *value);
    return std::nullopt;
  }
  const auto& text = value->get_ref<const std::string&>();
  if (!is_within(text, bounds)) {
    refuse(name, "must be " + bounds_text("a string", bounds.characters_min, bounds.characters_max) +
                     " characters, found " + std::to_string(count_characters(text)) + " characters");
    return std::nullopt;
  }
  return text;
}

std::string ObjectReader::required_string(std::string_view name, TextBounds bounds) {
  return read_string(name, true, bounds).value_or(std::string{});
}

std::optional<std::string> ObjectReader::optional_string(std::string_view name, TextBounds bounds) {
  return read_string(name, false, bounds);
}

std::optional<std::int64_t> ObjectReader::read_int(std::string_view name, bool is_required, IntBounds bounds) {
  const Json* value = find(name, is_required, int_text(bounds));
  if (value == nullptr) return std::nullopt;
  const auto number = integer_of(*value);
  if (!number || *number < bounds.min || *number > bounds.max) {
    mismatch(name, int_text(bounds), *value);
    return std::nullopt;
  }
  return number;
}

std::int64_t ObjectReader::required_int(std::string_view name, IntBounds bounds) {
  return read_int(name, true, bounds).value_or(0);
}

std::optional<std::int64_t> ObjectReader::optional_int(std::string_view name, IntBounds bounds) {
  return read_int(name, false, bounds);
}

std::optional<double> ObjectReader::optional_number(std::string_view name, double min, double max) {
  const Json* value = find(name, false, "a number");
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : 0.0;
  if (!value->is_number() || !std::isfinite(number) || number < min || number > max) {
    mismatch(name, "a number from " + Json(min).dump() + " to " + Json(max).dump(), *value);
    return std::nullopt;
  }
  return number;
}

std::optional<bool> ObjectReader::optional_bool(std::string_view name) {
  const Json* value = find(name, false, "true or false");
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    mismatch(name, "true or false", *value);
    return std::nullopt;
  }
  return value->get<bool>();
}

std::int64_t ObjectReader::read_id(std::string_view name, bool is_required) {
  static constexpr std::string_view expected = "an id from 1 to 9223372036854775807, as a string or a number";
  const Json* value = find(name, is_required, expected);
  if (value == nullptr) return 0;
  const auto id = id_of(*value);
  if (!id) mismatch(name, std::string(expected), *value);
  return id.value_or(0);
}

const Json* ObjectReader::required_object(std::string_view name) {
  const Json* value = find(name, true, "an object");
  if (value == nullptr || value->is_object()) return value;
  mismatch(name, "an object", *value);
  return nullptr;
}

const Json* ObjectReader::optional_object(std::string_view name) {
  const Json* value = find(name, false, "an object");
  if (value == nullptr || value->is_object()) return value;
  mismatch(name, "an object", *value);
  return nullptr;
}

const Json* ObjectReader::read_array(std::string_view name, bool is_required, IntBounds items) {
  const Json* value = find(name, is_required, "an array");
  if (value == nullptr) return nullptr;
  const auto size = static_cast<std::int64_t>(value->size());
  if (value->is_array() && size >= items.min && size <= items.max) return value;
  mismatch(name,
           bounds_text("an array", static_cast<std::size_t>(items.min), static_cast<std::size_t>(items.max)) + " items",
           *value);
  return nullptr;
}

const Json* ObjectReader::required_array(std::string_view name, std::size_t items_max, std::size_t items_min) {
  return read_array(name, true, {static_cast<std::int64_t>(items_min), static_cast<std::int64_t>(items_max)});
}

const Json* ObjectReader::optional_array(std::string_view name, std::size_t items_max, std::size_t items_min) {
  return read_array(name, false, {static_cast<std::int64_t>(items_min), static_cast<std::int64_t>(items_max)});
}

const Json* ObjectReader::optional_value(std::string_view name) {
  asked_.push_back(name);
  if (error_) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() ? nullptr : &*found;
}

std::vector<std::string> ObjectReader::optional_strings(std::string_view name, std::size_t items_max,
                                                        TextBounds bounds) {
  std::vector<std::string> texts;
  const Json* value = optional_array(name, items_max);
  if (value == nullptr) return texts;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const Json& item = (*value)[i];
    if (!item.is_string() || !is_within(item.get_ref<const std::string&>(), bounds)) {
      const std::string pointer = pointer_to(name) + "/" + std::to_string(i);
      refuse(base::Error{.code = base::ErrorCode::invalid_input,
                         .message = "'" + pointer + "' must be " +
                                    bounds_text("a string", bounds.characters_min, bounds.characters_max) +
                                    " characters, found " + describe(item),
                         .field = pointer,
                         .retry_after = {},
                         .details = {}});
      return {};
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

bool ObjectReader::has(std::string_view name) const {
  if (object_ == nullptr) return false;
  const auto found = object_->find(name);
  return found != object_->end() && !found->is_null();
}

void ObjectReader::ignore(std::string_view name) { asked_.push_back(name); }

void ObjectReader::refuse_given(std::string_view name, std::string_view problem) {
  asked_.push_back(name);
  if (has(name)) refuse(name, problem);
}

// A field that is missing may be there under another name.
void ObjectReader::name_slip() {
  if (object_ == nullptr || error_->message.find(" is missing") == std::string::npos) return;
  for (const auto& [name, value] : object_->items()) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const std::string_view near = nearest_word(name, asked_);
    if (near.empty()) continue;
    error_->message += "; " + shown_pointer(pointer_to(shortened(name))) + " is not a known field, did you mean '" +
                       std::string(near) + "'?";
    return;
  }
}

std::optional<base::Error> ObjectReader::finish() {
  if (error_) {
    name_slip();
    return error_;
  }
  for (const auto& [name, value] : object_->items()) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const std::string_view near = nearest_word(name, asked_);
    std::string problem = "is not a known field";
    if (!near.empty()) problem += "; did you mean '" + std::string(near) + "'?";
    refuse(shortened(name), problem);
    error_->details.push_back(base::ErrorDetail{
        .field = error_->field, .message = "unknown field", .line = 0, .column = 0, .suggestion = std::string(near)});
    return error_;
  }
  return std::nullopt;
}

}  // namespace noetl::json
