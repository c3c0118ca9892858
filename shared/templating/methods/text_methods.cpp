// Methods of text: 'x'.upper() and the like. Part of methods.hpp.
#include <algorithm>

#include "shared/templating/methods/methods.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/operations/python_format.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

const std::string& self(const Use& use) { return use.input.as_text(); }

const std::string& wanted_text(const Use& use, std::size_t index) {
  const Value& value = *use.bound[index];
  if (!value.is_text()) {
    fail("must be str, not " + python_type(value));
  }
  return value.as_text();
}

Value of_size(std::size_t size) { return Value::integer(static_cast<std::int64_t>(size)); }

enum Side : unsigned { left_side = 1, right_side = 2 };

template <unsigned sides>
Value strip(const Use& use) {
  return use.budget.text(stripped(self(use), use.bound[0], sides));
}

template <bool at_end>
Value has_affix(const Use& use) {
  const Value& affix = *use.bound[0];
  const Values all = affix.is(Kind::tuple) ? affix.elements() : Values{affix};
  for (const Value& each : all) {
    if (!each.is_text()) {
      fail("startswith and endswith want str or a tuple of str, not " + python_type(each));
    }
    if (at_end ? self(use).ends_with(each.as_text()) : self(use).starts_with(each.as_text())) {
      return Value::boolean(true);
    }
  }
  return Value::boolean(false);
}

// The part of the text between the optional positions 1 and 2, and how many code points come before.
std::pair<std::string, std::size_t> searched(const Use& use) {
  if (use.bound[1] == nullptr && use.bound[2] == nullptr) {
    return {self(use), 0};
  }
  const std::size_t size = unicode::length(self(use));
  std::int64_t start = use.bound.integer(1, 0);
  start = start < 0 ? std::max<std::int64_t>(start + static_cast<std::int64_t>(size), 0) : start;
  const Value part = slice_of(use.input, use.bound[1], use.bound[2], nullptr, use.budget);
  return {part.as_text(), static_cast<std::size_t>(start)};
}

template <bool from_end>
std::optional<std::size_t> search(const Use& use) {
  const auto [text, before] = searched(use);
  const std::string& part = wanted_text(use, 0);
  use.budget.spend_bytes(text.size());
  std::size_t at = unicode::find(text, part);
  if (from_end && at != std::string::npos) {
    for (std::size_t next = at; next != std::string::npos && next < text.size();
         next = unicode::find(text, part, next + 1)) {
      use.budget.spend(1);
      at = next;
    }
    at = part.empty() ? text.size() : at;
  }
  if (at == std::string::npos || before > unicode::length(self(use))) {
    return std::nullopt;
  }
  return before + unicode::length(std::string_view(text).substr(0, at));
}

template <bool from_end>
Value find_part(const Use& use) {
  const auto at = search<from_end>(use);
  return at ? of_size(*at) : Value::integer(-1);
}

template <bool from_end>
Value index_of_part(const Use& use) {
  const auto at = search<from_end>(use);
  if (!at) {
    fail("substring not found");
  }
  return of_size(*at);
}

Value count_parts(const Use& use) {
  const std::string text = searched(use).first;
  const std::string& part = wanted_text(use, 0);
  use.budget.spend_bytes(text.size());
  if (part.empty()) {
    return of_size(unicode::length(text) + 1);
  }
  std::size_t count = 0;
  for (std::size_t at = unicode::find(text, part); at != std::string::npos;
       at = unicode::find(text, part, at + part.size())) {
    ++count;
  }
  return of_size(count);
}

template <bool (*holds)(char32_t)>
Value all_points(const Use& use) {
  const Points points = unicode::decode(self(use));
  return Value::boolean(!points.empty() && std::all_of(points.begin(), points.end(), holds));
}

template <bool upper>
Value has_case(const Use& use) {
  const Points points = unicode::decode(self(use));
  const bool wanted = std::any_of(points.begin(), points.end(), upper ? unicode::is_upper : unicode::is_lower);
  return Value::boolean(wanted &&
                        std::none_of(points.begin(), points.end(), upper ? unicode::is_lower : unicode::is_upper));
}

Value title(const Use& use) {
  Points out;
  bool inside = false;
  for (const char32_t point : unicode::decode(self(use))) {
    out += inside ? Points(1, unicode::lower(point)) : unicode::upper(point);
    inside = unicode::is_alpha(point);
  }
  return use.budget.text(unicode::encode(out));
}

Value swap_case(const Use& use) {
  Points out;
  for (const char32_t point : unicode::decode(self(use))) {
    out += unicode::is_lower(point) ? unicode::upper(point) : Points(1, unicode::lower(point));
  }
  return use.budget.text(unicode::encode(out));
}

template <char align>
Value justify(const Use& use) {
  const std::int64_t width = std::max<std::int64_t>(use.bound.integer(0, 0), 0);
  const Points fill = unicode::decode(use.bound.text(1, " ", use.budget));
  if (fill.size() != 1) {
    fail("the fill character must be exactly one character long");
  }
  use.budget.spend_bytes(static_cast<std::size_t>(width) * 4);
  return use.budget.text(align == '^' ? centered(self(use), static_cast<std::size_t>(width), fill[0])
                                      : pad(self(use), static_cast<std::size_t>(width), align, fill[0]));
}

Value zero_fill(const Use& use) {
  const std::int64_t width = std::max<std::int64_t>(use.bound.integer(0, 0), 0);
  use.budget.spend_bytes(static_cast<std::size_t>(width));
  const bool has_sign = self(use).starts_with('-') || self(use).starts_with('+');
  const std::size_t missing =
      static_cast<std::size_t>(width) - std::min(static_cast<std::size_t>(width), unicode::length(self(use)));
  return use.budget.text(self(use).substr(0, has_sign ? 1 : 0) + std::string(missing, '0') +
                         self(use).substr(has_sign ? 1 : 0));
}

template <bool at_end>
Value remove_affix(const Use& use) {
  const std::string& affix = wanted_text(use, 0);
  const bool has = at_end ? self(use).ends_with(affix) : self(use).starts_with(affix);
  return !has ? use.input
              : use.budget.text(at_end ? self(use).substr(0, self(use).size() - affix.size())
                                       : self(use).substr(affix.size()));
}

Value join(const Use& use) {
  std::string out;
  bool first = true;
  for (const Value& item : iterate(*use.bound[0], use.budget)) {
    if (!item.is_text()) {
      fail("join() wants text only, found " + python_type(item));
    }
    out += first ? "" : self(use);
    first = false;
    append_str(item, out, use.budget);
  }
  return use.budget.text(std::move(out));
}

Value replace(const Use& use) {
  return use.budget.text(
      replaced(self(use), wanted_text(use, 0), wanted_text(use, 1), use.bound.integer(2, -1), use.budget));
}

Value capitalize(const Use& use) { return use.budget.text(capitalized(self(use))); }
Value format(const Use& use) { return use.budget.text(brace_format(self(use), use.arguments, use.budget)); }

constexpr Filter methods[] = {
    {"capitalize", "", capitalize},
    {"casefold", "", [](const Use& use) { return use.budget.text(unicode::lower(self(use))); }},
    {"center", "width! fillchar", justify<'^'>},
    {"count", "sub! start end", count_parts},
    {"endswith", "suffix!", has_affix<true>},
    {"find", "sub! start end", find_part<false>},
    {"format", "*", format},
    {"index", "sub! start end", index_of_part<false>},
    {"isalnum", "", all_points<[](char32_t p) { return unicode::is_alpha(p) || unicode::is_digit(p); }>},
    {"isalpha", "", all_points<unicode::is_alpha>},
    {"isdecimal", "", all_points<unicode::is_digit>},
    {"isdigit", "", all_points<unicode::is_digit>},
    {"islower", "", has_case<false>},
    {"isnumeric", "", all_points<unicode::is_digit>},
    {"isspace", "", all_points<unicode::is_space>},
    {"isupper", "", has_case<true>},
    {"join", "iterable!", join},
    {"ljust", "width! fillchar", justify<'<'>},
    {"lower", "", [](const Use& use) { return use.budget.text(unicode::lower(self(use))); }},
    {"lstrip", "chars", strip<left_side>},
    {"partition", "sep!", [](const Use& use) { return partitioned(use, false); }},
    {"removeprefix", "prefix!", remove_affix<false>},
    {"removesuffix", "suffix!", remove_affix<true>},
    {"replace", "old! new! count", replace},
    {"rfind", "sub! start end", find_part<true>},
    {"rindex", "sub! start end", index_of_part<true>},
    {"rjust", "width! fillchar", justify<'>'>},
    {"rpartition", "sep!", [](const Use& use) { return partitioned(use, true); }},
    {"rsplit", "sep maxsplit", [](const Use& use) { return split(use, true); }},
    {"rstrip", "chars", strip<right_side>},
    {"split", "sep maxsplit", [](const Use& use) { return split(use, false); }},
    {"splitlines", "keepends",
     [](const Use& use) { return use.budget.list(lines_of(self(use), use.bound.boolean(0, false), use.budget)); }},
    {"startswith", "prefix!", has_affix<false>},
    {"strip", "chars", strip<left_side | right_side>},
    {"swapcase", "", swap_case},
    {"title", "", title},
    {"upper", "", [](const Use& use) { return use.budget.text(unicode::upper(self(use))); }},
    {"zfill", "width!", zero_fill},
};

}  // namespace

FilterTable text_methods() { return {std::begin(methods), std::end(methods)}; }

}  // namespace noetl::templating
