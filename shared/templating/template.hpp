#pragma once
// Template: a Jinja2 text, parsed once, rendered many times with NoETL's rules: undefined names are
// chainable and falsy, a text that is one bare expression keeps its native type. A Template is
// immutable; any thread may render it. Pure: no clock, no I/O. Sizes, depth and steps are bounded, and
// what exceeds a bound is an Error, never a crash (R10).
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/templating/values/limits.hpp"
#include "shared/templating/values/scope.hpp"

namespace noetl::templating {

class Template {
 public:
  virtual ~Template() = default;
  // No marks at all: rendering gives the source back.
  [[nodiscard]] virtual bool is_plain() const = 0;
  // The whole text is one {{ expression }} with nothing around it.
  [[nodiscard]] virtual bool is_single_expression() const = 0;
  // The single expression is a bare dotted reference (a.b.c or a[0].b): no filter, no operator.
  [[nodiscard]] virtual bool is_bare_reference() const = 0;
  // Free names that the text reads: what a rendering may need from the outside. Sorted, unique.
  [[nodiscard]] virtual const std::vector<std::string>& roots() const = 0;
  // Two-part references "a.b" where statically known, to know which step results are read.
  [[nodiscard]] virtual base::Result<std::string> render(const Scope& scope) const = 0;
  // The native value of a single expression; otherwise render() as a string. Undefined becomes null;
  // `is_undefined` (may be null) says so.
  [[nodiscard]] virtual base::Result<Json> evaluate(const Scope& scope, bool* is_undefined = nullptr) const = 0;
};

using TemplatePtr = std::shared_ptr<const Template>;

// Errors: invalid_input with line and column in `details`.
[[nodiscard]] base::Result<TemplatePtr> parse(std::string_view source, const Limits& limits = {});
// parse() with a bounded cache shared by the process (LRU by source text). Any thread.
[[nodiscard]] base::Result<TemplatePtr> parse_cached(std::string_view source);

// NoETL's two renderers (noetl-reference.md section 4, "Rendering results").
// Conditions: native for a bare reference, else text; "true"/"false" become bool. Truth by is_truthy.
[[nodiscard]] base::Result<Json> render_condition(std::string_view source, const Scope& scope);
// Of a value with many templates inside: what all of them together may make, as a tree.
inline constexpr std::size_t rendered_bytes_max_default = 128 << 20;
// Tool options and args, any JSON value, recursively: bare reference native; other text coerced (JSON,
// Python literal, bool, integer, float, none). A text that fails is an error that names it, never passed on as written.
[[nodiscard]] base::Result<Json> render_value(const Json& value, const Scope& scope,
                                              std::size_t bytes_max = rendered_bytes_max_default);
// Truth as NoETL sees it: "", "false", "0", "no", "none", "null", "off", 0, [], {}, null are false.
[[nodiscard]] bool is_truthy(const Json& value);

// Whether rendering the value may give anything but the value.
[[nodiscard]] bool has_templates(const Json& value);

// Each {{ expression }} of a text as it is written, a template of its own. None of a text with blocks: those bind names and leave
// out parts.
[[nodiscard]] std::vector<std::string> expressions_of(std::string_view text);

// Free names of every template text inside a JSON value.
void collect_roots(const Json& value, std::vector<std::string>& into);

}  // namespace noetl::templating
