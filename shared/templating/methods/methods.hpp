#pragma once
// Methods of text, dicts and lists, and the pieces of text handling that filters and methods share.
// Pure; any thread.
#include <string>
#include <vector>

#include "shared/templating/program/filters.hpp"

namespace noetl::templating {

// Sorted by name; the same shape as filters, the input being the object.
[[nodiscard]] FilterTable text_methods();
[[nodiscard]] FilterTable dict_methods();
[[nodiscard]] FilterTable list_methods();

// Without blanks, or without the characters of `characters`, at the left (1), the right (2) or both.
[[nodiscard]] std::string stripped(const std::string& text, const Value* characters, unsigned sides);
[[nodiscard]] std::string capitalized(const std::string& text);
// A negative count replaces all.
[[nodiscard]] std::string replaced(const std::string& text, const std::string& old, const std::string& by,
                                   std::int64_t count, Budget& budget);
// str.center(): an odd rest goes where Python puts it.
[[nodiscard]] std::string centered(const std::string& text, std::size_t width, char32_t fill);
[[nodiscard]] Values lines_of(const std::string& text, bool keeps_ends, Budget& budget);
// split() and rsplit(); partition() and rpartition().
[[nodiscard]] Value split(const Use& use, bool from_end);
[[nodiscard]] Value partitioned(const Use& use, bool from_end);

}  // namespace noetl::templating
