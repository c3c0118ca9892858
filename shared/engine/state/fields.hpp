#pragma once
// Reading JSON that the loader keeps as written: a rule's action may be a plain text or a map. Pure; any thread.
#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// The first of the named members that is a text; the spec itself when it is a text; else empty.
[[nodiscard]] std::string text_of(const domain::Json& spec, std::initializer_list<std::string_view> names);

// A member that is a map, or nothing.
[[nodiscard]] const domain::Json* map_member(const domain::Json& spec, std::string_view name);

// The member of the first of these maps that has it; null when none does.
[[nodiscard]] const domain::Json& first_member(std::string_view name, std::initializer_list<const domain::Json*> maps);

// The first of the named members that the map has; null when it has none, or is no map.
[[nodiscard]] const domain::Json& first_of(const domain::Json& map, std::initializer_list<std::string_view> names);

// a.b.c inside a value; null pointer when something on the way is not there. An empty path is the value.
[[nodiscard]] const domain::Json* at_path(const domain::Json& value, std::string_view path);

// Whether a text in `value`, at any depth, contains the word.
[[nodiscard]] bool mentions(const domain::Json& value, std::string_view word);

// A text with a {{ template }} in it.
[[nodiscard]] bool has_template(const domain::Json& text);

}  // namespace noetl::engine
