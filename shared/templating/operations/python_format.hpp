#pragma once
// Python's two ways to format text: 'a %s' % x and '{} b'.format(x). Pure; any thread.
#include <string>
#include <string_view>

#include "shared/templating/operations/arguments.hpp"
#include "shared/templating/values/value.hpp"

namespace noetl::templating {

// `values`: a tuple, a dict for %(name)s, or one value.
[[nodiscard]] std::string percent_format(const std::string& format, const Value& values, Budget& budget);
[[nodiscard]] std::string brace_format(const std::string& format, const Arguments& arguments, Budget& budget);

// One value by a format specification: [[fill]align][sign][#][0][width][,][.precision][type].
[[nodiscard]] std::string format_value(const Value& value, std::string_view specification, Budget& budget);

}  // namespace noetl::templating
