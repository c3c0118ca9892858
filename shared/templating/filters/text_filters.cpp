// Filters on text.
#include <algorithm>
#include <cctype>

#include "shared/templating/methods/methods.hpp"
#include "shared/templating/operations/operators.hpp"
#include "shared/templating/operations/python_format.hpp"
#include "shared/templating/program/filters.hpp"
#include "shared/templating/text/html.hpp"
#include "shared/templating/text/number_text.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

std::string input_text(const Use& use) { return python_str(use.input, use.budget); }

Value truncate(const Use& use) {
  const std::int64_t length = use.bound.integer(0, 255);
  const Points end = unicode::decode(use.bound.text(2, "...", use.budget));
  const std::int64_t leeway = use.bound.integer(3, 5);
  if (length < static_cast<std::int64_t>(end.size()) || leeway < 0) {
    fail("truncate: the length is shorter than the end mark, or leeway is negative");
  }
  if (!use.input.is_text() &&
      length_of(use.input).value_or(SIZE_MAX) > static_cast<std::size_t>(length) + static_cast<std::size_t>(leeway)) {
    fail("truncate wants text, not " + python_type(use.input));
  }
  if (!use.input.is_text()) {
    return use.input;
  }
  const Points points = unicode::decode(use.input.as_text());
  if (points.size() <= static_cast<std::size_t>(length) + static_cast<std::size_t>(leeway)) {
    return use.budget.text(unicode::encode(points));
  }
  Points kept = points.substr(0, static_cast<std::size_t>(length) - end.size());
  if (const std::size_t blank = kept.rfind(U' '); !use.bound.boolean(1, false) && blank != Points::npos) {
    kept.resize(blank);
  }
  return use.budget.text(unicode::encode(kept + end));
}

Value title(const Use& use) {
  Points out;
  bool at_start = true;
  for (const char32_t point : unicode::decode(input_text(use))) {
    out += at_start ? unicode::upper(point) : Points(1, unicode::lower(point));
    at_start = unicode::is_space(point) || point == '-' || point == '(' || point == '{' || point == '[' || point == '<';
  }
  return use.budget.text(unicode::encode(out));
}

Value word_count(const Use& use) {
  std::int64_t count = 0;
  bool inside = false;
  for (const char32_t point : unicode::decode(input_text(use))) {
    const bool is_word = unicode::is_word(point);
    count += is_word && !inside ? 1 : 0;
    inside = is_word;
  }
  return Value::integer(count);
}

std::string quoted(const std::string& text, bool in_query) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || std::string_view("_.-~").find(c) != std::string_view::npos ||
        (c == '/' && !in_query)) {
      out += c;
    } else if (c == ' ' && in_query) {
      out += '+';
    } else {
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return out;
}

Value url_encode(const Use& use) {
  if (!use.input.is_dict() && !use.input.is_sequence()) {
    const std::string text = input_text(use);
    use.budget.spend_bytes(3 * text.size());
    return use.budget.text(quoted(text, false));
  }
  std::string out;
  const auto add = [&](const Value& key, const Value& value) {
    out += (out.empty() ? "" : "&") + quoted(python_str(key, use.budget), true) + "=" +
           quoted(python_str(value, use.budget), true);
    use.budget.check_growing(out);
  };
  if (use.input.is_dict()) {
    for (const auto& [key, value] : use.input.entries()) {
      add(key, value);
    }
  } else {
    for (const Value& pair : use.input.elements()) {
      const Values parts = iterate(pair, use.budget);
      if (parts.size() != 2) {
        fail("urlencode wants pairs");
      }
      add(parts[0], parts[1]);
    }
  }
  return use.budget.text(std::move(out));
}

Value format(const Use& use) {
  if (!use.arguments.named.empty() && !use.arguments.positional.empty()) {
    fail("format takes positional or named arguments, not both");
  }
  Entries named;
  for (const auto& [name, value] : use.arguments.named) {
    named.emplace_back(use.budget.text(name), value);
  }
  const Value values = named.empty() ? Value::tuple(use.arguments.positional) : Value::dict(std::move(named));
  return use.budget.text(percent_format(input_text(use), values, use.budget));
}

std::string without_entities(const std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&#39;", "'"}, {"&#34;", "\""}, {"&quot;", "\""}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto* found = std::find_if(std::begin(entities), std::end(entities), [&](const auto& each) {
      return text.compare(at, each.first.size(), each.first) == 0;
    });
    const bool is_entity = found != std::end(entities);
    out += is_entity ? found->second : std::string_view(text).substr(at, 1);
    at += is_entity ? found->first.size() : 1;
  }
  return out;
}

Value strip_tags(const Use& use) {
  const std::string text = input_text(use);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '<') {
      const bool is_comment = text.compare(at, 4, "<!--") == 0;
      const std::size_t end = text.find(is_comment ? "-->" : ">", at);
      if (end != std::string::npos) {
        at = end + (is_comment ? 3 : 1);
        continue;
      }
    }
    out += text[at++];
  }
  std::string joined;
  for (const char32_t point : unicode::decode(stripped(out, nullptr, 3))) {
    const bool is_blank = unicode::is_space(point);
    if (!is_blank || !joined.ends_with(' ')) {
      unicode::append(joined, is_blank ? U' ' : point);
    }
  }
  return use.budget.text(without_entities(joined));
}

Value replace(const Use& use) {
  return use.budget.text(replaced(input_text(use), use.bound.text(0, "", use.budget), use.bound.text(1, "", use.budget),
                                  use.bound.integer(2, -1), use.budget));
}

Value center(const Use& use) {
  const auto width = static_cast<std::size_t>(std::max<std::int64_t>(use.bound.integer(0, 80), 0));
  use.budget.spend_bytes(width);
  return use.budget.text(centered(input_text(use), width, U' '));
}

Value trim(const Use& use) { return use.budget.text(stripped(input_text(use), use.bound[0], 3)); }
Value upper(const Use& use) { return use.budget.text(unicode::upper(input_text(use))); }
Value lower(const Use& use) { return use.budget.text(unicode::lower(input_text(use))); }
Value capitalize(const Use& use) { return use.budget.text(capitalized(input_text(use))); }
Value to_text(const Use& use) { return use.input.is_text() ? use.input : use.budget.text(input_text(use)); }
Value escape(const Use& use) {
  return use.input.is_markup() ? use.input : Value::markup(escaped(use.input, use.budget));
}
Value force_escape(const Use& use) { return Value::markup(escaped_always(use.input, use.budget)); }
Value safe(const Use& use) { return use.input.is_markup() ? use.input : Value::markup(input_text(use)); }

Value to_boolean(const Use& use) {
  if (!use.input.is_text()) {
    return Value::boolean(is_true(use.input));
  }
  const std::string word = unicode::lower(stripped(use.input.as_text(), nullptr, 3));
  return Value::boolean(word == "true" || word == "yes" || word == "on" || word == "1" || word == "y" || word == "t");
}

constexpr Filter text_filter_rows[] = {
    {"bool", "", to_boolean}, {"capitalize", "", capitalize}, {"center", "width", center},
    {"e", "", escape},        {"escape", "", escape},         {"forceescape", "", force_escape},
    {"format", "*", format},  {"lower", "", lower},           {"replace", "old! new! count", replace},
    {"safe", "", safe},       {"string", "", to_text},        {"striptags", "", strip_tags},
    {"title", "", title},     {"trim", "chars", trim},        {"truncate", "length killwords end leeway", truncate},
    {"upper", "", upper},     {"urlencode", "", url_encode},  {"wordcount", "", word_count},
};

}  // namespace

FilterTable text_filters() { return {std::begin(text_filter_rows), std::end(text_filter_rows)}; }

}  // namespace noetl::templating
