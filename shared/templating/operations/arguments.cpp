#include "shared/templating/operations/arguments.hpp"

#include "shared/templating/operations/operators.hpp"
#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {

const Value* Arguments::find(std::string_view name) const {
  for (const auto& [key, value] : named) {
    if (key == name) {
      return &value;
    }
  }
  return nullptr;
}

Bound::Bound(std::string_view callee, std::string_view parameters, const Arguments& arguments) : callee_(callee) {
  std::size_t index = 0;
  std::size_t named_used = 0;
  for (std::size_t at = 0; at < parameters.size(); ++index) {
    std::size_t end = parameters.find(' ', at);
    end = end == std::string_view::npos ? parameters.size() : end;
    std::string_view name = parameters.substr(at, end - at);
    const bool required = name.ends_with('!');
    name = required ? name.substr(0, name.size() - 1) : name;
    at = end + 1;
    const Value* by_name = arguments.find(name);
    named_used += by_name != nullptr ? 1U : 0U;
    if (index < arguments.positional.size()) {
      if (by_name != nullptr) {
        fail(std::string(callee) + "() got several values for '" + std::string(name) + "'");
      }
      values_[index] = &arguments.positional[index];
    } else {
      values_[index] = by_name;
    }
    if (required && values_[index] == nullptr) {
      fail(std::string(callee) + "() needs the argument '" + std::string(name) + "'");
    }
  }
  if (arguments.positional.size() > index) {
    fail(std::string(callee) + "() takes at most " + std::to_string(index) + " arguments, " +
         std::to_string(arguments.positional.size()) + " given");
  }
  if (arguments.named.size() > named_used) {
    fail(std::string(callee) + "() got an unknown named argument; it knows: " + std::string(parameters));
  }
}

std::int64_t Bound::integer(std::size_t index, std::int64_t otherwise) const {
  const Value* value = values_[index];
  if (value == nullptr || value->is_none()) {
    return otherwise;
  }
  if (!value->is_whole()) {
    fail(std::string(callee_) + "() wants an integer, not " + python_type(*value));
  }
  return value->as_integer();
}

std::string Bound::text(std::size_t index, std::string_view otherwise, Budget& budget) const {
  const Value* value = values_[index];
  return value == nullptr ? std::string(otherwise) : python_str(*value, budget);
}

bool Bound::boolean(std::size_t index, bool otherwise) const {
  const Value* value = values_[index];
  return value == nullptr ? otherwise : is_true(*value);
}

}  // namespace noetl::templating
